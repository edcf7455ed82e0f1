"""Task and its criteria as a test cell declares them, shared by the kernel and grading.

    task = Task("unet")

    @task.criterion("Output: one probability per pixel, shape {shape}", points=1)
    def mask_shape(unet, *, shape=(None, 64, 64, 1)):
        expect.output_shape(unet, shape)

Positional parameters are names from the student's notebook (`rng` is reserved). Keyword-only
parameters are settings; their defaults fill in the sentence.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any, TypeVar

from autograder.nouns import fill

Check = Callable[..., Any]
C = TypeVar("C", bound=Check)


@dataclass(frozen=True)
class CriterionSpec:
    """One criterion as declared in a test cell; `check` is None if it is hidden."""

    name: str
    demand: str
    points: float
    check: Check | None
    parameters: tuple[str, ...] = ()
    settings: Mapping[str, Any] = field(default_factory=dict)
    draws: bool = False
    after: tuple[str, ...] = ()
    retry: bool = False
    retrain: bool = False
    hints: tuple[str, ...] = ()

    @property
    def sentence(self) -> str:
        """The demand with its settings filled in."""
        return fill(self.demand, self.settings)


class Task:
    """The criteria of one grade cell in the order of their declaration."""

    def __init__(self, grade_id: str) -> None:
        self.grade_id = grade_id
        self.criteria: dict[str, CriterionSpec] = {}
        tasks = _collecting.get()
        if tasks is not None:
            tasks.append(self)

    @property
    def collected(self) -> bool:
        """True if an outside runner runs the criteria, so that `check()` does nothing."""
        tasks = _collecting.get()
        return tasks is not None and any(task is self for task in tasks)

    def criterion(
        self,
        demand: str,
        *,
        points: float,
        after: Check | str | Sequence[Check | str] = (),
        retry: bool = False,
        retrain: bool = False,
        was: str | None = None,  # noqa: ARG002
        hints: str | Sequence[str] = (),
    ) -> Callable[[C], C]:
        """Return a decorator that makes the function a criterion of this task.

        `after` names criteria that must pass first. `retry` grants a failure a second attempt with
        other hidden draws; with `retrain`, grading first trains again. `was` is the former name of
        a renamed criterion; only the author's tools read it. `hints` are shown to a student one by
        one, from the second different failure on.
        """

        def declare(check: C) -> C:
            name = check.__name__
            if name in self.criteria:
                raise ValueError(f"task {self.grade_id!r} has two criteria named {name!r}")
            parameters, settings, draws = signature(check)
            self.criteria[name] = CriterionSpec(
                name,
                demand,
                points,
                check,
                parameters,
                settings,
                draws,
                _names(after),
                retry,
                retrain,
                (hints,) if isinstance(hints, str) else tuple(hints),
            )
            return check

        return declare

    def hidden(self, demand: str, *, points: float, id: str) -> None:
        """Declare the public part of a criterion that is checked after submission."""
        self.criteria[id] = CriterionSpec(id, demand, points, None)


def signature(check: Check) -> tuple[tuple[str, ...], dict[str, Any], bool]:
    """Return the notebook names that a check uses, its settings, and whether it takes `rng`."""
    parameters = inspect.signature(check).parameters.values()
    names = tuple(p.name for p in parameters if p.kind is not p.KEYWORD_ONLY)
    settings = {p.name: p.default for p in parameters if p.kind is p.KEYWORD_ONLY}
    return tuple(n for n in names if n != "rng"), settings, "rng" in names


def _names(after: Check | str | Sequence[Check | str]) -> tuple[str, ...]:
    many = after if isinstance(after, list | tuple) else (after,)
    return tuple(one if isinstance(one, str) else one.__name__ for one in many if one)


_collecting: ContextVar[list[Task] | None] = ContextVar("collected_tasks", default=None)


@contextmanager
def collecting() -> Iterator[list[Task]]:
    """Collect the tasks declared inside the block, in order; their `check()` does nothing."""
    tasks: list[Task] = []
    token = _collecting.set(tasks)
    try:
        yield tasks
    finally:
        _collecting.reset(token)
