"""Validation of assignments: proof that they grade fairly, before any student is graded."""

from autograder.steps.authoring.validate.proving import validate
from autograder.steps.authoring.validate.report import (
    Tried,
    Validated,
    ValidationReport,
    ValidationRow,
)

__all__ = ["Tried", "Validated", "ValidationReport", "ValidationRow", "validate"]
