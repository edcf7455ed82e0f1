"""No call of a job maps memory for its frame: wherever a loop lies, its calls cost the same."""

from __future__ import annotations

import resource
from collections.abc import Callable

from autograder.sandbox.warm_process.server import _in_one_chunk

CALLS = 100


def called() -> None:
    return None


called.__code__ = called.__code__.replace(co_stacksize=200)  # more than a step of the recursion


def faults_of_calls(depth: int) -> int:
    """Page faults of a loop of calls that many frames deep."""
    if depth:
        return faults_of_calls(depth - 1)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(CALLS):
        called()
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before


def most_faults() -> int:
    return max(faults_of_calls(depth) for depth in range(400))


def within(job: Callable[[], int]) -> int:
    found: list[int] = []
    _in_one_chunk(lambda _request, _reply: found.append(job()), 0, 0)
    return found[0]


def test_calls_do_not_map_memory_wherever_they_lie() -> None:
    assert most_faults() >= CALLS  # as CPython does by itself
    assert within(most_faults) < CALLS / 2
