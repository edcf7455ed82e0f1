"""Graded submissions, scores, lateness and the audit."""
