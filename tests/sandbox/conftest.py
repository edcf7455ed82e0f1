from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from autograder.nouns import Limits
from autograder.sandbox.isolation import Tier
from autograder.sandbox.supervisor import Job, Outcome, WarmServer
from autograder.sandbox.wire import pack

LIMITS = Limits(cpu_seconds=20, wall_factor=3, memory_mb=1024, disk_mb=64, file_mb=32)
ENTRIES = "tests.sandbox.entries"


@pytest.fixture(scope="session")
def bare() -> Iterator[WarmServer]:
    """A server without TensorFlow and without isolation: quick to start."""
    with WarmServer(f"{ENTRIES}:run", tier=Tier.NONE, preload=()) as server:
        yield server


def ask(job: Job, code: str) -> dict[str, Any]:
    """What a job of the entry `run` answers to a piece of code."""
    job.send(pack({"code": code}))
    frame = job.receive()
    assert frame is not None, job.finish()
    return frame.header


def outcome(server: WarmServer, code: str, limits: Limits = LIMITS) -> Outcome:
    """How a job ends that runs this code."""
    with server.start(limits) as job:
        job.send(pack({"code": code}))
        job.receive()
        return job.finish()
