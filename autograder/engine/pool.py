"""Run work items on any concurrent.futures.Executor; outcomes as they finish, interruptible."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Executor, Future, wait
from dataclasses import dataclass
from itertools import islice
from typing import Generic, TypeVar

Item = TypeVar("Item")
Value = TypeVar("Value")


@dataclass(frozen=True)
class Done(Generic[Item, Value]):
    """One item and its outcome: a value, or the exception that it raised."""

    item: Item
    value: Value | None = None
    error: BaseException | None = None


def run_all(
    executor: Executor, work: Callable[[Item], Value], items: Iterable[Item], *, at_once: int
) -> Iterator[Done[Item, Value]]:
    """Yield the outcomes in the order in which they finish; run at most `at_once` items at a time.

    If the consumer stops or is interrupted, no further items are started.
    """
    waiting = iter(items)
    running: dict[Future[Value], Item] = {}
    try:
        while True:
            for item in islice(waiting, at_once - len(running)):
                running[executor.submit(work, item)] = item
            if not running:
                return
            finished, _ = wait(running, return_when=FIRST_COMPLETED)
            ended = {future: running.pop(future) for future in finished}
            for item in islice(waiting, len(ended)):  # the consumer may be slow
                running[executor.submit(work, item)] = item
            for future, item in ended.items():
                error = future.exception()
                yield Done(item, None if error else future.result(), error)
    finally:
        for future in running:
            future.cancel()
