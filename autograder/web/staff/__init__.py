"""The pages of staff: what was handed in, read, marked and given back.

room.py   what every page of staff needs: who may come in, names, the frame
course.py the assignments of the course, the queue, grading started and followed
answers.py     what is to be marked, who marks what, *next*
answer.py      one answer: read, marked, remarked on (answer_view.py, shown.py: what its page says)
groups.py      answers that behave alike: something said or adjusted for all of them
comments.py    the comment bank
requests.py    regrade requests, and a mended criterion applied to everybody
measured.py    statistics
releasing.py   feedback given to students, scores taken to other systems
"""

from __future__ import annotations

from collections.abc import Callable

from fastapi import APIRouter

from autograder.web.app import Portal
from autograder.web.staff import (
    answer,
    answers,
    comments,
    course,
    groups,
    measured,
    releasing,
    requests,
    room,
)
from autograder.web.staff.room import Room

PARTS: tuple[Callable[[Room], APIRouter], ...] = (
    room.routes,
    course.routes,
    answers.routes,
    answer.routes,
    groups.routes,
    comments.routes,
    requests.routes,
    measured.routes,
    releasing.routes,
)


def routes(portal: Portal) -> APIRouter:
    """Every page of staff."""
    router = APIRouter()
    here = Room(portal)
    for part in PARTS:
        router.include_router(part(here), prefix="/staff")
    return router
