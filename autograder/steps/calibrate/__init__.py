"""Calibration of thresholds: scores of right answers over many seeds, compared with wrong ones."""

from autograder.steps.calibrate.measuring import calibrate
from autograder.steps.calibrate.report import Joint, Rate, Report, Row, Separation

__all__ = ["Joint", "Rate", "Report", "Row", "Separation", "calibrate"]
