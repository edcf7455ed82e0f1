from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from autograder.nouns import Limits
from autograder.sandbox.lockdown.isolation import Tier
from autograder.sandbox.supervisor import isolation_level
from autograder.sandbox.supervisor.warm_server import Job, Outcome, WarmServer
from autograder.sandbox.wire import pack

LIMITS = Limits(cpu_seconds=20, wall_factor=3, memory_mb=1024, disk_mb=64, file_mb=32)
ENTRIES = "tests.sandbox.entries"


TESTS = str(Path(__file__).parents[1])


def serve(
    tier: Tier, entry: str = "run", preload: Sequence[str] = (), **options: Any
) -> WarmServer:
    """A server of this tier for one of the stand-in entries, by default without TensorFlow."""
    return WarmServer(f"{ENTRIES}:{entry}", tier=tier, preload=preload, readable=[TESTS], **options)


@pytest.fixture(scope="session", params=list(Tier), ids=str)
def tier(request: pytest.FixtureRequest) -> Tier:
    return held_here(request.param)


@pytest.fixture(params=[Tier.FULL, Tier.NONE], ids=str)
def warm_tier(request: pytest.FixtureRequest) -> Tier:
    """A tier whose jobs are forks of one process."""
    return held_here(request.param)


def held_here(tier: Tier) -> Tier:
    """The tier, or a skip where this machine does not have it."""
    if tier is Tier.FULL and isolation_level.find() is not Tier.FULL:
        pytest.skip("tier A cannot be had on this machine")
    if tier is Tier.PARTIAL and isolation_level.find() is Tier.NONE:
        pytest.skip("tier B cannot be had on this machine")
    return tier


@pytest.fixture(scope="session")
def server(tier: Tier) -> Iterator[WarmServer]:
    """A server of each tier in turn."""
    with serve(tier) as started:
        yield started


@pytest.fixture(scope="session")
def full() -> Iterator[WarmServer]:
    """A server of tier A."""
    with serve(held_here(Tier.FULL)) as started:
        yield started


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
