"""Functions that a student calls in the notebook: check, progress, budget, keep, submit."""
