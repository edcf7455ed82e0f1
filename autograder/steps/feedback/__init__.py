"""Feedback: a page per student and notebook, made of results, the gradebook and evidence."""

from autograder.steps.feedback.writing import Report, feedback, first_given

__all__ = ["Report", "feedback", "first_given"]
