"""Warm servers for the whole session, and small assignments to judge."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from autograder.sandbox.supervisor import WarmServer
from autograder.steps.grade import isolation_tier


@pytest.fixture(scope="session")
def students() -> Iterator[WarmServer]:
    with WarmServer("inside", tier=isolation_tier(sandbox=True)) as server:
        yield server


@pytest.fixture(scope="session")
def checkers() -> Iterator[WarmServer]:
    with WarmServer("checking", tier=isolation_tier(sandbox=True)) as server:
        yield server
