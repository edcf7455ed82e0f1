"""Judging of one submission: plan the run, run it in the sandbox, then judge it by its criteria."""
