"""Shared parts of all staff pages: access, students' names, the frame.

The server hides names, not the page: while they are hidden, no page sent contains one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any
from urllib.parse import urlsplit

from fastapi import APIRouter, Depends, HTTPException, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse

from autograder import gradebook
from autograder.config import Course
from autograder.errors import NotFound
from autograder.expect.verdict import msgid
from autograder.language import translate
from autograder.presentation.result_text import number
from autograder.steps import roster
from autograder.web.auth import Visitor
from autograder.web.portal import Portal

NAMES_COOKIE = "autograder-names"
TABS = (
    ("overview", "", msgid("Overview")),
    ("answers", "/answers", msgid("Answers")),
    ("groups", "/groups", msgid("Groups")),
    ("comments", "/comments", msgid("Comments")),
    ("requests", "/requests", msgid("Requests")),
    ("statistics", "/statistics", msgid("Statistics")),
    ("release", "/release", msgid("Release")),
)


@dataclass(frozen=True)
class Member(Visitor):
    """An instructor or TA who requests a page; `names` is False while they hide students' names."""

    names: bool = True

    @property
    def id(self) -> str:
        assert self.person is not None
        return self.person.id


def member(request: Request) -> Member:
    """Return the TA or instructor who sent the request; redirect or reject all others."""
    portal: Portal = request.app.state.portal
    visitor = portal.door.visitor(request)
    if visitor.person is None:
        raise HTTPException(303, headers={"Location": "/sign-in"})
    if not visitor.is_staff:
        raise HTTPException(403, translate("This page is for staff."))
    names = request.cookies.get(NAMES_COOKIE) != "hidden"
    return Member(visitor.nonce, visitor.person, visitor.token, visitor.session, names=names)


def instructor(request: Request) -> Member:
    """Return the instructor who sent the request; raise HTTP 403 for a TA."""
    asking = member(request)
    if asking.person is None or asking.person.role != "instructor":
        raise HTTPException(403, translate("This page is for instructors."))
    return asking


Staff = Annotated[Member, Depends(member)]
Instructor = Annotated[Member, Depends(instructor)]


@dataclass(frozen=True)
class StaffContext:
    """The portal as staff see it."""

    portal: Portal

    @property
    def course(self) -> Course:
        return self.portal.course

    def page(
        self,
        template: str,
        visitor: Member,
        *,
        here: str = "course",
        assignment: str = "",
        tab: str = "",
        status: int = 200,
        **values: Any,
    ) -> HTMLResponse:
        """Return the page as HTML, inside the frame of the staff pages."""
        return self.portal.page(
            template,
            visitor,
            status=status,
            here=here,
            assignment=assignment,
            tab=tab,
            tabs=TABS,
            names=visitor.names,
            name_of=self.names(visitor),
            number=number,
            **values,
        )

    def names(self, visitor: Member) -> Any:
        """Return a function from pseudonym to the name shown on this visitor's pages.

        While names are hidden, it returns students' pseudonyms. Staff are always shown by name.
        """
        known = {one.id: one for one in roster.people(self.course)}

        def name_of(id_: str) -> str:
            person = known.get(id_)
            if person is None or (person.role == "student" and not visitor.names):
                return id_
            return person.name

        return name_of

    def task(self, assignment: str, notebook: str, task: str) -> gradebook.ReleasedTask:
        """Return one task of the newest release; raise NotFound if there is none."""
        for one in gradebook.tasks(self.course, assignment):
            if (one.notebook, one.task) == (notebook, task):
                return one
        raise NotFound(translate("There is no such task."))

    def must_know(self, assignment: str) -> None:
        """Raise NotFound unless the gradebook has a release of this assignment."""
        if not gradebook.tasks(self.course, assignment):
            raise NotFound(translate("There is no such assignment."))


def routes(room: StaffContext) -> APIRouter:
    """Return the route that hides and shows names."""
    router = APIRouter()

    @router.post("/names")
    async def names(request: Request, visitor: Staff) -> Response:
        form = await room.portal.door.form(request, visitor)
        response = RedirectResponse(_back(request), 303)
        response.set_cookie(
            NAMES_COOKIE,
            "hidden" if form.get("names") == "hide" else "shown",
            httponly=True,
            samesite="lax",
            secure=room.course.portal.url.startswith("https://"),
            path="/staff",
        )
        return response

    return router


def _back(request: Request) -> str:
    """Return the path of the form's page; only the path, so that no redirect leaves the site."""
    path = urlsplit(request.headers.get("referer", "")).path
    path = path.removeprefix(request.scope.get("root_path", ""))
    return path if path.startswith("/staff") else "/staff"
