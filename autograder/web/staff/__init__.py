"""The staff pages: read and grade submissions, release feedback.

room.py   shared by all staff pages: access, names, the frame
course.py the course's assignments, the queue, starting and following grading
answers.py     the worklist: tasks, who grades what, *next*
answer.py      one answer: read, grade, comment (answer_view.py, shown.py: content of its page)
groups.py      groups of similar answers: comment on or adjust all of them
comments.py    the comment bank
requests.py    regrade requests, and regrading the class after a criterion is corrected
measured.py    statistics
releasing.py   release of feedback to students, export of scores to other systems
"""

from __future__ import annotations

from collections.abc import Callable

from fastapi import APIRouter

from autograder.web.portal import Portal
from autograder.web.staff import (
    answer,
    answers,
    comments,
    context,
    course,
    groups,
    releasing,
    requests,
    statistics,
)
from autograder.web.staff.context import StaffContext

PARTS: tuple[Callable[[StaffContext], APIRouter], ...] = (
    context.routes,
    course.routes,
    answers.routes,
    answer.routes,
    groups.routes,
    comments.routes,
    requests.routes,
    statistics.routes,
    releasing.routes,
)


def routes(portal: Portal) -> APIRouter:
    """Return all staff pages."""
    router = APIRouter()
    here = StaffContext(portal)
    for part in PARTS:
        router.include_router(part(here), prefix="/staff")
    return router
