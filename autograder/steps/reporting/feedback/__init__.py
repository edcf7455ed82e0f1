"""Feedback: one page per student and notebook, made from results, gradebook and evidence."""

from autograder.steps.reporting.feedback.writing import FeedbackReport, feedback, first_given

__all__ = ["FeedbackReport", "feedback", "first_given"]
