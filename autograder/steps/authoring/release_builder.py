"""Build of a release in memory, with every file of its folder in each language.

Equal source, wheel, translations and course key give equal bytes. Only the release tokens depend
on the key.
"""

from __future__ import annotations

import contextvars
import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from autograder import language
from autograder.config import Course
from autograder.notebook.release.release_record import TOKEN, about, record, release_token
from autograder.notebook.release.setup_cell import setup_cell
from autograder.notebook.release.stripping import student_notebook
from autograder.notebook.release.wheel import Wheel
from autograder.notebook.source.cells import write_node
from autograder.notebook.translation.catalogues import Translation, carried
from autograder.nouns import Assignment, Notebook, TaskKind
from autograder.steps.assignments import MANIFEST


@dataclass(frozen=True)
class Built:
    """A release in one language."""

    language: str
    record: Mapping[str, Any]
    nodes: Mapping[str, Any]  # notebook name -> notebook node
    files: Mapping[str, bytes]  # files beside the notebooks, without the wheel
    wheel: Wheel

    @property
    def contents(self) -> dict[str, bytes]:
        """Every file of the release folder, by name."""
        notebooks = {f"{name}.ipynb": write_node(n).encode() for name, n in self.nodes.items()}
        manifest = json.dumps(self.record, ensure_ascii=False, indent=1, sort_keys=True) + "\n"
        beside = {self.wheel.name: self.wheel.data, MANIFEST: manifest.encode()}
        return {**self.files, **notebooks, **beside}


def build(
    course: Course,
    source: Assignment,
    last: Mapping[str, Any],
    wheel: Wheel,
    translations: Sequence[Translation] = (),
) -> tuple[Built, ...]:
    """Build the release in the source's language, then in the others.

    `last` is the record of the last release. The number increases if tasks, texts or files in the
    source's language differ from it.
    """
    own = Translation(course.language)
    former = _former(last, files := _files(source))
    number = max(int(last.get("number", 0)), 1)
    first = _one(course, source, number, files, wheel, former, own)
    if last and not _same_demands(first.record, last):
        number += 1
        first = _one(course, source, number, files, wheel, former, own)
    others = (_one(course, source, number, files, wheel, former, t) for t in translations)
    return (first, *others)


def _files(source: Assignment) -> dict[str, bytes]:
    return {name: (source.path / name).read_bytes() for name in source.files}


def _one(*facts: Any) -> Built:
    return contextvars.copy_context().run(_in_language, *facts)


def _in_language(
    course: Course,
    source: Assignment,
    number: int,
    files: Mapping[str, bytes],
    wheel: Wheel,
    former: Mapping[str, list[str]],
    translation: Translation,
) -> Built:
    language.use(translation.language, translation.said)
    own = translation.language == course.language
    more = {} if own else {"language": translation.language}
    nodes = {}
    for notebook in source.notebooks:
        words = carried(source, notebook, translation)
        told = _told(course, source, notebook, number, translation.language)
        first = setup_cell(
            {**told, **({"words": words} if words else {})},
            files,
            wheel,
            portal_url=course.portal_url,
            former=former,
        )
        facts = {**about(source.name, notebook.name, number), **more}
        facts[TOKEN] = release_token(course.key, facts)
        nodes[notebook.name] = student_notebook(notebook, first, facts)
    whole = {**record(source, number, nodes, files), "wheel": wheel.name, "former": former, **more}
    return Built(translation.language, whole, nodes, files, wheel)


def _told(
    course: Course, source: Assignment, notebook: Notebook, number: int, lang: str
) -> dict[str, Any]:
    """Return the facts on the notebook that the setup cell gives to the student's side."""
    limits, sprint = course.limits(source.name), course.kind_of(source.name) == "sprint"
    return {
        **about(source.name, notebook.name, number),
        "language": lang,
        "portal": course.portal_url,
        "sprint": sprint,
        **({"autosave": course.exam_of(source.name).autosave_seconds} if sprint else {}),
        "silent": sprint and not course.exam_of(source.name).visible_feedback,
        "keras": _keras(),
        "helpers": sorted(
            Path(name).stem for name in source.files if name.endswith(".py") and "/" not in name
        ),
        "limits": {
            "cpu_seconds": limits.cpu_seconds,
            "cell_seconds": limits.cell_seconds,
            "memory_mb": limits.memory_mb,
            "disk_mb": limits.disk_mb,
        },
        "tasks": list(_tasks(notebook)),
    }


def _tasks(notebook: Notebook) -> Iterator[dict[str, Any]]:
    for task in notebook.tasks:
        yield {
            "grade_id": task.grade_id,
            "points": task.points,
            "hidden_points": sum(c.points for c in task.criteria if c.hidden),
            "manual": task.kind is TaskKind.MANUAL,
        }


def _keras() -> str:
    """Return the installed Keras version; "" if Keras is not installed."""
    try:
        return version("keras")
    except PackageNotFoundError:
        return ""


def _former(last: Mapping[str, Any], files: Mapping[str, bytes]) -> dict[str, list[str]]:
    """Return the digests of each file's earlier releases: such a copy is no student's own work."""
    before, given = last.get("former", {}), last.get("files", {})
    known = {name: {*before.get(name, ()), given.get(name, "")} for name in files}
    return {
        name: sorted(known[name] - {"", hashlib.sha256(data).hexdigest()})
        for name, data in files.items()
    }


def _same_demands(now: Mapping[str, Any], last: Mapping[str, Any]) -> bool:
    """Return True if tasks, texts and files are the same as in the last release."""
    return all(now[key] == last.get(key) for key in ("kind", "notebooks", "files"))
