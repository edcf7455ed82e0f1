"""Every docstring's example shows what the check really says."""

from __future__ import annotations

import doctest
import importlib
import pkgutil
import time

import numpy as np
import pytest

import autograder.expect

pytestmark = pytest.mark.check
MODULES = sorted(
    m.name for m in pkgutil.walk_packages(autograder.expect.__path__, "autograder.expect.")
)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("name", MODULES)
def test_the_examples_of(name: str) -> None:
    module = importlib.import_module(name)
    failed, _ = doctest.testmod(module, extraglobs={"np": np, "time": time})
    assert failed == 0
