"""Feedback: one page per student and notebook, made from results, gradebook and evidence."""

from autograder.steps.feedback.writing import Report, feedback, first_given

__all__ = ["Report", "feedback", "first_given"]
