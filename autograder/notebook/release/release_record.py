"""Record of a release's demands as plain JSON, used to number and compare releases."""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from autograder.notebook.source.cells import GENERATED, cells_of
from autograder.notebook.source.released_text import points_text
from autograder.nouns import Assignment, Criterion, Notebook, Task

FORMAT = 1


def record(
    assignment: Assignment, number: int, released: Mapping[str, Any], files: Mapping[str, bytes]
) -> dict[str, Any]:
    """Return the record of one release: tasks with their criteria, digests of texts and files."""
    return {
        "format": FORMAT,
        "assignment": assignment.name,
        "kind": assignment.kind,
        "number": number,
        "max_points": assignment.max_points,
        "notebooks": {nb.name: _notebook(nb, released[nb.name]) for nb in assignment.notebooks},
        "files": {name: hashlib.sha256(data).hexdigest() for name, data in sorted(files.items())},
    }


def is_record(data: Mapping[str, Any]) -> bool:
    """Return True if the object has all that the next release reads.

    Raises TypeError or KeyError if a part is missing or malformed. Older records lack some parts,
    which is valid.
    """
    tables = [data.get("notebooks", {}), data.get("files", {}), data.get("former", {})]
    texts = [*data.get("files", {}).values(), data.get("wheel", ""), data.get("kind", "")]
    for notebook in data.get("notebooks", {}).values():
        tables += [notebook["tasks"], notebook["cells"]]
        for cell in notebook["cells"].values():
            texts += [cell["grade_id"], cell["sha256"]]
        for task in notebook["tasks"].values():
            texts += [task["kind"], *_criterion_texts(task["criteria"])]
            texts += ["" if isinstance(task["points"], int | float) else None]
    for digests in data.get("former", {}).values():
        texts += digests if isinstance(digests, list) else [None]
    return (
        type(data.get("number", 0)) is int
        and all(isinstance(table, dict) for table in tables)
        and all(isinstance(text, str) for text in texts)
    )


def _criterion_texts(criteria: Sequence[Mapping[str, Any]]) -> Iterator[Any]:
    for criterion in criteria:
        yield from (criterion[key] for key in ("name", "demand", "sha256"))
        yield criterion["was"] or ""
        yield "" if isinstance(criterion["points"], int | float) else None
        yield "" if isinstance(criterion["hidden"], bool) else None


def _notebook(notebook: Notebook, node: Any) -> dict[str, Any]:
    return {
        "tasks": {task.grade_id: _task(task) for task in notebook.tasks},
        "cells": {
            cell.id: {"grade_id": cell.grade_id, "sha256": _digest(cell.kind + cell.source)}
            for cell in cells_of(node)
            if not cell.generated
        },
    }


def _task(task: Task) -> dict[str, Any]:
    return {
        "points": task.points,
        "kind": task.kind.value,
        "answers": list(task.answers),
        "criteria": [_criterion(criterion) for criterion in task.criteria],
    }


def _criterion(criterion: Criterion) -> dict[str, Any]:
    """Return a criterion's public facts, and a digest of its code to detect changes."""
    return {
        "name": criterion.name,
        "demand": criterion.sentence,
        "points": criterion.points,
        "hidden": criterion.hidden,
        "was": criterion.was,
        "sha256": _digest(criterion.source),
    }


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def about(assignment: str, notebook: str, number: int) -> dict[str, Any]:
    """Return the facts that a student's notebook holds about itself, in its metadata."""
    return {"format": FORMAT, "assignment": assignment, "notebook": notebook, "release": number}


TOKEN = "token"  # noqa: S105 - metadata key of the proof that this course issued the release
TOKEN_SHAPE = re.compile("[0-9a-f]{32}")


def release_token(key: bytes, facts: Mapping[str, Any]) -> str:
    """Return the token of a notebook's facts: HMAC-SHA-256 with the course's key."""
    scope = ("release", *(str(facts.get(name, "")) for name in _SIGNED))
    return hmac.new(key, "\0".join(scope).encode(), hashlib.sha256).hexdigest()[:32]


_SIGNED = ("assignment", "notebook", "release", "language")


def issued_release(node: Mapping[str, Any], key: bytes, assignment: str) -> int:
    """Return the number of the release in which this course issued a notebook; 0 if none.

    A number without its valid token is only a claim and is ignored.
    """
    metadata = node.get("metadata")
    facts = metadata.get(GENERATED) if isinstance(metadata, Mapping) else None
    if not isinstance(facts, Mapping) or facts.get("assignment") != assignment:
        return 0
    number, token = facts.get("release"), facts.get(TOKEN)
    if type(number) is not int or not 0 < number < MOST_RELEASES or type(token) is not str:
        return 0
    right = hmac.compare_digest(token.encode(), release_token(key, facts).encode())
    return number if right else 0


MOST_RELEASES = 1_000_000


# ── Changes ──────────────────────────────────────────────────────────────────────────


def changes(before: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[str]:
    """Yield a sentence for each difference of two records that students or staff would notice."""
    old, new = before.get("notebooks", {}), now["notebooks"]
    yield from (f"notebook {name} is new" for name in sorted(new.keys() - old.keys()))
    yield from (f"notebook {name} is gone" for name in sorted(old.keys() - new.keys()))
    for name in sorted(new.keys() & old.keys()):
        yield from _tasks(name, old[name]["tasks"], new[name]["tasks"])
        yield from _cells(name, old[name]["cells"], new[name]["cells"])
    yield from _files(before.get("files", {}), now["files"])


def _tasks(notebook: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[str]:
    for task in [*new, *(t for t in old if t not in new)]:
        place = f"{notebook}/{task}"
        if task not in old:
            yield f"{place} is new: {points_text(new[task]['points'])} points"
        elif task not in new:
            yield f"{place} is gone: it was worth {points_text(old[task]['points'])} points"
        else:
            yield from _points(place, old[task], new[task])
            yield from _criteria(place, old[task]["criteria"], new[task]["criteria"])


def _points(place: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[str]:
    if old["points"] != new["points"]:
        yield f"{place}: {points_text(old['points'])} → {points_text(new['points'])} points"


def _criteria(place: str, old: Any, new: Any) -> Iterator[str]:
    left = {criterion["name"]: criterion for criterion in old}
    for criterion in new:
        here = f"{place}/{criterion['name']}"
        was = left.pop(criterion["name"], None) or left.pop(criterion["was"], None)
        if was is None:
            points = points_text(criterion["points"])
            yield f"{here} is new: {criterion['demand']} ({points} points)"
            continue
        if was["name"] != criterion["name"]:
            yield f"{here} was {was['name']}"
        yield from _points(here, was, criterion)
        if was["demand"] != criterion["demand"]:
            yield f"{here}: the demand was “{was['demand']}”, is “{criterion['demand']}”"
        if was["hidden"] != criterion["hidden"]:
            yield f"{here} is {'hidden' if criterion['hidden'] else 'visible'} now"
        if was["sha256"] != criterion["sha256"]:
            yield f"{here}: its code changed"
    yield from (f"{place}/{name} is gone" for name in left)


def _cells(notebook: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[str]:
    came, went = new.keys() - old.keys(), old.keys() - new.keys()
    other = [c for c in new.keys() & old.keys() if new[c]["sha256"] != old[c]["sha256"]]
    named = sorted(new[c]["grade_id"] for c in other if new[c]["grade_id"])
    unnamed = len(other) - len(named)
    if named:
        yield f"{notebook}: the text of {', '.join(named)} changed"
    for count, what in ((unnamed, "changed"), (len(came), "came"), (len(went), "went")):
        if count:
            yield f"{notebook}: {count} cell{'s' if count > 1 else ''} {what}"


def _files(old: Mapping[str, str], new: Mapping[str, str]) -> Iterator[str]:
    yield from (f"file {name} is new" for name in sorted(new.keys() - old.keys()))
    yield from (f"file {name} is gone" for name in sorted(old.keys() - new.keys()))
    for name in sorted(new.keys() & old.keys()):
        if old[name] != new[name]:
            yield f"file {name} changed"
