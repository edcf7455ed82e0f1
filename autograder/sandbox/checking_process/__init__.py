"""Run criteria in a clean process, and reach the student's objects by proxy."""
