"""What all tests share: two warm servers, for TensorFlow takes longer to import than most of them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from autograder.steps.grading.pipeline.workers import Workers


@pytest.fixture(scope="session")
def workers() -> Iterator[Workers]:
    with Workers(parallel=2) as hired:
        yield hired
