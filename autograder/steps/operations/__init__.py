"""Operate a course: backup, deletion, self-test, demo."""
