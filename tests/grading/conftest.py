"""Warm servers for the whole session, and small assignments to judge."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from autograder.sandbox.supervisor import isolation_level
from autograder.sandbox.supervisor.warm_server import WarmServer


@pytest.fixture(scope="session")
def students() -> Iterator[WarmServer]:
    with WarmServer("inside", tier=isolation_level.find()) as server:
        yield server


@pytest.fixture(scope="session")
def checkers() -> Iterator[WarmServer]:
    with WarmServer("checking", tier=isolation_level.find()) as server:
        yield server
