"""Calibration of thresholds: scores of right answers over many seeds, compared with wrong ones."""

from autograder.steps.authoring.calibrate.measuring import calibrate
from autograder.steps.authoring.calibrate.report import (
    CalibrationReport,
    CalibrationRow,
    Joint,
    Rate,
    Separation,
)

__all__ = ["CalibrationReport", "CalibrationRow", "Joint", "Rate", "Separation", "calibrate"]
