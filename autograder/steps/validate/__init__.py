"""Validation of assignments: proof that they grade fairly, before any student is graded."""

from autograder.steps.validate.proving import validate
from autograder.steps.validate.report import Report, Row, Tried, Validated

__all__ = ["Report", "Row", "Tried", "Validated", "validate"]
