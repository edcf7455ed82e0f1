"""What a threshold may demand: right answers measured with many seeds, wrong ones beside them."""

from autograder.steps.calibrate.measuring import calibrate
from autograder.steps.calibrate.report import Joint, Rate, Report, Row, Separation

__all__ = ["Joint", "Rate", "Report", "Row", "Separation", "calibrate"]
