"""Notebooks are read in threads: while one parses, another may be let in by the collector."""

from __future__ import annotations

import gc
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from autograder.notebook.source.names import tree_of

CODE = "\n".join(f"def f{i}(x):\n    return [x + {i} for _ in range({i})]" for i in range(60))


class Litter:
    """An object in a cycle, whose end lets other threads go on."""

    def __init__(self) -> None:
        self.me = self

    def __del__(self) -> None:
        time.sleep(0)


@pytest.fixture
def busy_collector():
    before = gc.get_threshold()
    gc.set_threshold(5)
    yield
    gc.set_threshold(*before)


@pytest.mark.usefixtures("busy_collector")
def test_many_threads_parse_at_the_same_time():
    def work(_: int) -> int:
        Litter()
        return len(tree_of(CODE).body)

    with ThreadPoolExecutor(4) as threads:
        assert set(threads.map(work, range(150))) == {60}
