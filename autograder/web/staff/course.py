"""The course: its assignments."""

from __future__ import annotations

from fastapi import APIRouter, Response

from autograder import gradebook
from autograder.web.staff.room import Room, Staff


def routes(room: Room) -> APIRouter:
    """The list of assignments."""
    router = APIRouter()

    @router.get("")
    def assignments(visitor: Staff) -> Response:
        names = gradebook.assignments(room.course)
        return room.page("staff/course.html.j2", visitor, assignments=names)

    return router
