"""What runs in a student's kernel: check, progress, budget, keep, submit."""
