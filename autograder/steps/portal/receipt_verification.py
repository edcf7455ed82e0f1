"""Verification of a receipt: by its signature, and against the course's stored submissions."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from autograder.config import Course
from autograder.errors import NotFound
from autograder.steps.grading.collect import shelf_of
from autograder.steps.operations.forget import was_deleted
from autograder.steps.portal import receipts
from autograder.steps.portal.receipts import Verified
from autograder.steps.portal.receive_submission import facts_of


def verify(file: Path, course: Course | None, key: Path | None = None) -> Verified:
    """Verify a receipt with a public key and, inside its course, with the stored submission."""
    if key is None and course is None:
        raise NotFound(
            "no course is here whose key could be used",
            where=str(file),
            way_out="name the course's public key: --key receipts.pub",
        )
    path = key or (course.root / receipts.PUBLIC if course else Path(receipts.PUBLIC))
    receipt = receipts.read(file)
    found = receipts.verify(receipt, receipts.public_key(path))
    if course is None or not isinstance(receipt, dict):
        return found
    return replace(found, problems=(*found.problems, *_beside(course, receipt)))


def _beside(course: Course, receipt: dict[str, object]) -> tuple[str, ...]:
    assignment, student, id_ = (
        str(receipt.get(k)) for k in ("assignment", "student", "submission")
    )
    names = (assignment, student, id_)
    if any(not name or "/" in name or name.startswith(".") for name in names):
        return ()
    kept = shelf_of(course, assignment).read(student, id_)
    if kept is None and was_deleted(course, assignment, student, id_):
        return ()  # only the signature can confirm a deleted submission
    if kept is None:
        return (f"the course has no submission {id_[:40]} of {student[:40]}",)
    return receipts.compared(receipt, facts_of(course, kept))
