"""One student's sprint: started, saved during work, submitted when the time is over.

.autograder/sprints/<assignment>/<student>/save.json     the last save, whole
.autograder/sprints/<assignment>/<student>/cells.json    answer cells that were run
"""

from __future__ import annotations

import fcntl
import json
import logging
import os
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

from autograder import atomic_files, sanitize
from autograder.config import Course
from autograder.errors import AutograderError, ConfigError
from autograder.gradebook.portal import sprints
from autograder.language import translate
from autograder.steps import roster
from autograder.steps.portal import sprint_clock
from autograder.steps.portal.answers import with_answers
from autograder.steps.portal.receive_submission import Upload, hand_in
from autograder.steps.portal.sprint_clock import Allowance, Phase, Window
from autograder.submissions.paths import Refused

MOST_CELLS = 400
LONGEST_CELL = 200_000  # characters
log = logging.getLogger(__name__)
Progress = Callable[[str], None]


class TooLate(AutograderError):
    """An upload before the start or after the end."""


@dataclass(frozen=True)
class SprintState:
    """Standing of one student in a sprint."""

    window: Window
    mine: Allowance
    sprint: sprints.Sprint | None
    phase: Phase
    words: str

    @property
    def deadline(self) -> datetime | None:
        if self.sprint is None:
            return None
        return sprint_clock.deadline(self.window, self.sprint.started, self.mine)


def window_of(course: Course, assignment: str) -> Window:
    """Return a sprint's window from course_config.py; raise ConfigError if it has no close."""
    exam = course.exam_of(assignment)
    closes = course.due(assignment)
    if closes is None:
        raise ConfigError(
            f"the sprint {assignment} has no close",
            where=str(course.root / "course_config.py"),
            way_out=f'c.Exam.assignments = {{"{assignment}": {{"closes": "2026-12-01 22:00"}}}}',
        )
    return Window(
        opens=course.moment(exam.opens) if exam.opens else datetime.fromtimestamp(0, timezone.utc),
        closes=closes,
        minutes=exam.minutes,
        latest_start=course.moment(exam.latest_start) if exam.latest_start else None,
        grace=timedelta(seconds=exam.grace_seconds),
    )


def allowance_of(course: Course, assignment: str, student: str) -> Allowance:
    """Return a student's extra time: multiplier from the roster, credits and extensions."""
    person = next((p for p in roster.people(course) if p.id == student), None)
    given = sprints.given(course, assignment, student)
    return _allowance(person.multiplier if person else 1.0, student, given)


def _allowance(multiplier: float, student: str, given: Iterable[sprints.Given]) -> Allowance:
    mine = [one for one in given if one.student in ("", student)]
    sums = {
        kind: timedelta(minutes=sum(one.minutes for one in mine if one.kind == kind))
        for kind in ("credit", "extension")
    }
    return Allowance(multiplier, sums["credit"], sums["extension"])


def standing(course: Course, assignment: str, student: str, now: datetime) -> SprintState:
    """Return the student's standing at this moment, with the text that describes it."""
    window, mine = window_of(course, assignment), allowance_of(course, assignment, student)
    mine_now = sprints.sprint(course, assignment, student)
    rehearsal = course.rehearses(assignment)
    if rehearsal and mine_now is not None and mine_now.ended is not None:
        mine_now = None  # it may be started again
    started = mine_now.started if mine_now else None
    words = sprint_clock.in_words(window, now.astimezone(course.zone), started, mine)
    if rehearsal:
        words = f"{translate('A rehearsal: it counts for nothing, and may be repeated.')} {words}"
    return SprintState(
        window, mine, mine_now, sprint_clock.phase(window, now, started, mine), words
    )


def everybody_is_done(course: Course, assignment: str) -> datetime:
    """Return the moment when the last student's time is over, grace period included."""
    window, given = window_of(course, assignment), sprints.given(course, assignment)
    closes = [
        sprint_clock.personal_close(window, _allowance(person.multiplier, person.id, given))
        for person in roster.people(course)
        if person.role == "student"
    ]
    return max(closes, default=window.closes) + window.grace


def begin(course: Course, assignment: str, student: str, now: datetime) -> SprintState:
    """Start the sprint unless it has been started; raise TooLate outside its window."""
    where = standing(course, assignment, student, now)
    if where.phase in (Phase.BEFORE, Phase.MISSED):
        raise TooLate(where.words)
    if where.phase is Phase.OPEN:
        before = sprints.sprint(course, assignment, student)
        if before is not None and before.ended is not None:  # a rehearsal: see `standing`
            _forget_saves(course, assignment, student)
            sprints.begin_again(course, before, now)
        else:  # of two starts at the same time the first one counts
            sprints.begin(course, assignment, student, now)
        where = standing(course, assignment, student, now)
    return where


def must_be_in_time(
    course: Course, assignment: str, student: str, first_byte: datetime, whole: datetime
) -> None:
    """Raise TooLate for an upload to a sprint before the start or after the end."""
    where = standing(course, assignment, student, whole)
    started = where.sprint.started if where.sprint else None
    if not sprint_clock.takes(where.window, first_byte, whole, started, where.mine):
        raise TooLate(where.words)


# ── Saving during work ───────────────────────────────────────────────────────────────


def save(
    course: Course,
    assignment: str,
    student: str,
    name: str,
    text: str,
    at: datetime,
    whole: datetime | None = None,
) -> None:
    """Save the notebook as it is now; it is on disk when this returns.

    `at` is the time of the upload's first byte, `whole` of its last: an upload that started in time
    cannot be extended. Raises TooLate or Refused.
    """
    must_be_in_time(course, assignment, student, at, whole or at)
    _must_be_known(course, assignment, name)
    try:
        cells = json.loads(text)["cells"]
    except (ValueError, KeyError, TypeError, RecursionError):
        cells = None
    if not isinstance(cells, list):
        raise Refused.because(
            "this is no notebook", where=translate("this save"), way_out="save it as .ipynb"
        )
    with _folder(course, assignment, student) as place:
        known = _read(place / "save.json")
        _write(place / "save.json", {**known, name: {"at": at.isoformat(), "text": text}})


def save_cell(
    course: Course,
    assignment: str,
    student: str,
    name: str,
    cell: str,
    source: str,
    at: datetime,
    whole: datetime | None = None,
) -> None:
    """Save one answer cell as it was run, for front ends that do not report the whole notebook."""
    must_be_in_time(course, assignment, student, at, whole or at)
    _must_be_known(course, assignment, name)
    if len(source) > LONGEST_CELL:
        raise Refused.because("this cell is too long to be saved", where=cell[:60])
    with _folder(course, assignment, student) as place:
        known = _read(place / "cells.json").get("cells", [])
        new = {"at": at.isoformat(), "name": name, "cell": cell, "source": source}
        others = [one for one in known if not cell or one["cell"] != cell]
        _write(place / "cells.json", {"cells": [*others, new][-MOST_CELLS:]})


def saved_at(course: Course, assignment: str, student: str) -> datetime | None:
    """Return the time of the last save; None if there is none."""
    place = _place(course, assignment, student)
    times = [one["at"] for one in _read(place / "save.json").values()]
    times += [one["at"] for one in _read(place / "cells.json").get("cells", [])]
    last = max(times, default="")
    return datetime.fromisoformat(last) if last else None


def _must_be_known(course: Course, assignment: str, name: str) -> None:
    there = sorted(path.stem for path in (course.release / assignment).glob("*.ipynb"))
    if name not in there:
        raise Refused.because(
            "the sprint has no such notebook",
            where=sanitize.text(name, cap=80),
            way_out="its notebooks: {names}",
            names=", ".join(there),
        )


def hand_in_what_is_over(course: Course, now: datetime) -> tuple[sprints.Sprint, ...]:
    """Submit the last save of every student whose time, with grace, is over; return these sprints.

    An error with one student is logged and tried again at the next call; the others go on.
    """
    done = []
    for sprint in sprints.running(course):
        try:
            where = standing(course, sprint.assignment, sprint.student, now)
            if where.phase is Phase.OVER:
                sprints.end(course, sprint, now, _last_save(course, sprint))
                done.append(sprint)
        except Exception:  # a full disk, an unreadable save
            log.exception("%s of %s could not be ended", sprint.assignment, sprint.student)
    return tuple(done)


def _last_save(course: Course, sprint: sprints.Sprint) -> str:
    """Submit the last save and return the submission's id; "" if there is none or it is refused."""
    at = saved_at(course, sprint.assignment, sprint.student)
    if at is None:
        return ""
    place = _place(course, sprint.assignment, sprint.student)
    whole, cells = _read(place / "save.json"), _read(place / "cells.json").get("cells", [])
    with tempfile.TemporaryDirectory(dir=place) as room:
        uploads = []
        for name, text in with_answers(course.release / sprint.assignment, whole, cells):
            path = Path(room, f"{name}.ipynb")
            path.write_text(text, encoding="utf-8", errors="replace")
            uploads.append(Upload(path.name, path))
        if not uploads:
            return ""
        try:
            done = hand_in(course, sprint.assignment, sprint.student, uploads, at, quota=False)
        except Refused:
            return ""
    return done.submission


def _forget_saves(course: Course, assignment: str, student: str) -> None:
    with _folder(course, assignment, student) as place:
        for name in ("save.json", "cells.json"):
            (place / name).unlink(missing_ok=True)


# ── On disk ──────────────────────────────────────────────────────────────────────────


def _place(course: Course, assignment: str, student: str) -> Path:
    return course.state / "sprints" / assignment / student


@contextmanager
def _folder(course: Course, assignment: str, student: str) -> Iterator[Path]:
    """Yield the student's folder, locked for one writer at a time."""
    place = _place(course, assignment, student)
    atomic_files.make_private(place)
    handle = os.open(place / ".lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield place
    finally:
        os.close(handle)


def _read(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _write(path: Path, value: dict[str, Any]) -> None:
    atomic_files.write(path, json.dumps(value, ensure_ascii=True).encode("ascii"))
