"""Personal sign-in links: create, export for a mail merge, replace and revoke."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import asdict, dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from autograder import atomic_files
from autograder.config import Course
from autograder.errors import NotFound
from autograder.gradebook.portal import access
from autograder.steps import roster
from autograder.steps.reporting.spreadsheet import csv_bytes


@dataclass(frozen=True)
class Link:
    """One person's sign-in link, available only now: the database stores its hash."""

    id: str
    name: str
    email: str
    code: str
    link: str


@dataclass(frozen=True)
class LinksReport:
    """The links created, and the numbers of people who kept theirs or had one revoked."""

    made: tuple[Link, ...]
    kept: int  # people whose former link is still valid
    ended: int
    days: int
    file: Path | None = None

    def as_json(self) -> dict[str, Any]:
        return {**asdict(self), "file": str(self.file) if self.file else None}


def links(
    course: Course,
    students: Collection[str] = (),
    *,
    anew: bool = False,
    end: bool = False,
    file: Path | None = None,
) -> LinksReport:
    """Create a link for all without one on the roster, for named people, or for all if `anew`.

    A new link revokes the former one; `end` only revokes. With a `file` the links are written to a
    CSV that only its owner may read. Raises NotFound for a person who is not on the roster.
    """
    chosen = [roster.find(course, said) for said in students] or list(roster.people(course))
    if not chosen:
        raise NotFound(
            "nobody is in the roster",
            where=str(roster.path_of(course)),
            way_out="autograder roster import CLASS.csv",
        )
    days = course.portal.link_days
    if end:
        return LinksReport((), 0, sum(access.revoke(course, one.id) for one in chosen), days)
    have = access.valid_links(course)
    wanted = [one for one in chosen if anew or students or one.id not in have]
    made = tuple(_made(course, one) for one in wanted)
    if file is not None:
        atomic_files.write(file, _csv(made), mode=0o600)
    ended = sum(one.id in have for one in wanted)
    return LinksReport(made, len(chosen) - len(wanted), ended, days, file)


def _made(course: Course, person: roster.Person) -> Link:
    lasts = timedelta(days=course.portal.link_days)
    code = access.new_token(course, person.id, "link", lasts, alone=True)
    base = course.portal.url or f"http://{course.portal.host}:{course.portal.port}"
    return Link(person.id, person.name, person.email, code, f"{base.rstrip('/')}/sign-in#{code}")


def _csv(made: Collection[Link]) -> bytes:
    return csv_bytes(("name", "email", "link"), [(one.name, one.email, one.link) for one in made])
