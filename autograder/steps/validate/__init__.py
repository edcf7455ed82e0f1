"""Proof that an assignment grades fairly, before anybody is graded by it."""

from autograder.steps.validate.proving import validate
from autograder.steps.validate.report import Report, Row, Tried, Validated

__all__ = ["Report", "Row", "Tried", "Validated", "validate"]
