"""Students who failed a task in the same way: same criterion, same message except for numbers."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from autograder.config import Course
from autograder.gradebook.regrades import requests
from autograder.gradebook.regrades.requests import Asked
from autograder.gradebook.scores.item_scores import TaskCriterion, criteria_of_task
from autograder.language import in_words
from autograder.nouns import Message, Status

NUMBER = re.compile(r"-?\d+(?:[.,]\d+)*(?:e[+-]?\d+)?", re.IGNORECASE)


@dataclass(frozen=True)
class Cause:
    """One failed criterion, its message, and the other students with the same message."""

    criterion: str
    demand: str
    hidden: bool
    status: str
    said: tuple[str, str, str]  # expected, got, next
    others: tuple[str, ...]
    asked: tuple[Asked, ...]  # open requests of those others for this task


def causes(course: Course, request: Asked) -> tuple[Cause, ...]:
    """Return every criterion of the task that the student's counting submission did not meet."""
    found = criteria_of_task(course, request.assignment, request.notebook, request.task)
    waiting = [
        one
        for one in requests.asked(course, request.assignment, open_only=True)
        if (one.notebook, one.task) == (request.notebook, request.task) and one.id != request.id
    ]
    return tuple(
        _cause(one, found, waiting)
        for one in found
        if one.student == request.student and one.status not in (Status.PASSED, Status.NOT_RUN)
    )


def _cause(
    one: TaskCriterion, everybody: Sequence[TaskCriterion], waiting: Sequence[Asked]
) -> Cause:
    way = _way(one)
    others = tuple(
        other.student
        for other in everybody
        if other.criterion == one.criterion and other.student != one.student and _way(other) == way
    )
    asked = tuple(request for request in waiting if request.student in others)
    return Cause(
        one.criterion, one.demand, one.hidden, str(one.status), in_words(one.message), others, asked
    )


def _way(one: TaskCriterion) -> tuple[str, ...]:
    """Return the failure (status, error and message) with numbers replaced."""
    message: Message = one.message
    words = (NUMBER.sub("#", text) for text in in_words(message))
    return (str(one.status), one.error, *words)
