"""Checks of generated images and of the networks that generate them."""

from autograder.expect.generative.adversaries import (
    balanced_fight,
    cycle_back,
    generator_step_helps,
    identity_kept,
    steps_separate,
)
from autograder.expect.generative.samples import (
    diverse,
    feature_distance,
    generator_output,
    not_copied,
    really_translated,
)

__all__ = [
    "balanced_fight",
    "cycle_back",
    "diverse",
    "feature_distance",
    "generator_output",
    "generator_step_helps",
    "identity_kept",
    "not_copied",
    "really_translated",
    "steps_separate",
]
