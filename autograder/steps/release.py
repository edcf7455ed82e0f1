"""source/A → release/A: the students' notebooks, proved, numbered, and written all at once."""

from __future__ import annotations

import contextvars
import hashlib
import json
import os
import shutil
from collections.abc import Callable, Collection, Mapping
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from autograder import gradebook, language
from autograder.config import Course
from autograder.errors import ReleaseRefused
from autograder.notebook.cells import write_node
from autograder.notebook.leaks import leaks
from autograder.notebook.reading import read_assignment
from autograder.notebook.record import about, changes, record
from autograder.notebook.setup_cell import setup_cell
from autograder.notebook.stripping import student_notebook
from autograder.notebook.wheel import Wheel, light_wheel
from autograder.nouns import Assignment, Notebook, TaskKind

MANIFEST = "manifest.json"
LARGE_MB = 10  # of files carried in the set-up cell

Prove = Callable[[Assignment, Course], list[str]]  # complaints; none if it may be released
Register = Callable[[Course, Assignment, int], object]


@dataclass(frozen=True)
class ReleaseReport:
    """What a release wrote: its number, what changed since the last, what to be aware of."""

    assignment: str
    number: int
    folder: str
    notebooks: tuple[str, ...]
    max_points: float
    written: bool  # False: nothing changed since the last release
    changes: tuple[str, ...]
    warnings: tuple[str, ...]

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True)
class _Built:
    """A release in memory."""

    record: dict[str, Any]
    nodes: Mapping[str, Any]  # notebook -> its node
    files: Mapping[str, bytes]  # what lies beside the notebooks, the wheel left out
    wheel: Wheel

    @property
    def contents(self) -> dict[str, bytes]:
        """Every file of the release folder."""
        notebooks = {f"{name}.ipynb": write_node(n).encode() for name, n in self.nodes.items()}
        manifest = json.dumps(self.record, ensure_ascii=False, indent=1, sort_keys=True) + "\n"
        beside = {self.wheel.name: self.wheel.data, MANIFEST: manifest.encode()}
        return {**self.files, **notebooks, **beside}


def release(
    course: Course,
    assignment: str,
    *,
    prove: Prove,
    register: Register = gradebook.register,
    dropped: Collection[str] = (),
    progress: Callable[..., None] = lambda *_: None,
) -> ReleaseReport:
    """Releases one assignment and says what changed since it was last released.

    `prove` runs the solution and the untouched release and returns complaints, `register` writes
    the assignment into the gradebook, `dropped` names criteria removed on purpose. Raises
    AuthoringErrors, or ReleaseRefused if `prove` complains or the release would leak; then
    nothing is written. A release without any change keeps its number.
    """
    progress("reading")
    last = last_record(course, assignment)
    source = read_assignment(
        course.source / assignment, kind=course.kind_of(assignment), last=last, dropped=dropped
    )
    built = contextvars.copy_context().run(_build, course, source, last)
    progress("looking for leaks")
    _refuse(assignment, list(leaks(source, built.nodes, built.files)), "would leak")
    progress("proving")
    _refuse(assignment, prove(source, course), "is not fair yet")
    folder = course.release / assignment
    told = list(changes(last, built.record)) if last else []
    if last and last.get("wheel") != built.wheel.name:
        told.append("the student's part of autograder changed")
    written = not _same(folder, built.contents)
    progress("registering")
    register(course, source, built.record["number"])
    if written:
        progress("writing")
        write_folder(folder, built.contents)
    _write_record(course, assignment, built.record)
    return ReleaseReport(
        assignment=assignment,
        number=built.record["number"],
        folder=str(folder),
        notebooks=tuple(built.nodes),
        max_points=source.max_points,
        written=written,
        changes=tuple(told),
        warnings=tuple(_warnings(course, source, built.files)),
    )


def _refuse(assignment: str, complaints: list[str], why: str) -> None:
    if complaints:
        raise ReleaseRefused(
            f"{assignment} {why}:\n" + "\n".join(f"  · {c}" for c in complaints),
            where=f"source/{assignment}",
            way_out="mend the source notebook, then release it again; nothing was written",
        )


def _warnings(course: Course, source: Assignment, files: Mapping[str, bytes]) -> list[str]:
    beside = [
        f"{nb.name}/{task.grade_id} changes a student's names and can only run beside their code: "
        f"it is left to a person unless plain_tests = 'inside'"
        for nb in source.notebooks
        for task in nb.tasks
        if task.kind is TaskKind.INSIDE and course.grading_of(source.name).plain_tests != "inside"
    ]
    size = sum(map(len, files.values())) / (1 << 20)
    large = [f"the set-up cell carries {size:.0f} MB of files"] if size > LARGE_MB else []
    return beside + large


# ── Building ─────────────────────────────────────────────────────────────────────────


def _build(course: Course, source: Assignment, last: Mapping[str, Any]) -> _Built:
    """The release in memory, in the course's language, under the number it shall have."""
    language.use(course.language)
    number = int(last.get("number", 0))
    built = _numbered(course, source, last, max(number, 1))
    if number and not _same_demands(built.record, last):
        built = _numbered(course, source, last, number + 1)
    return built


def _numbered(course: Course, source: Assignment, last: Mapping[str, Any], number: int) -> _Built:
    files = {name: (source.path / name).read_bytes() for name in source.files}
    wheel = light_wheel()
    former = _former(last, files)
    nodes = {}
    for notebook in source.notebooks:
        first = setup_cell(
            _told(course, source, notebook, number),
            files,
            wheel,
            portal_url=course.portal_url,
            former=former,
        )
        facts = about(source.name, notebook.name, number)
        nodes[notebook.name] = student_notebook(notebook, first, facts)
    facts = {**record(source, number, nodes, files), "wheel": wheel.name, "former": former}
    return _Built(facts, nodes, files, wheel)


def _told(course: Course, source: Assignment, notebook: Notebook, number: int) -> dict[str, Any]:
    """What the student's side knows of the notebook before anything is checked."""
    limits, sprint = course.limits(source.name), course.kind_of(source.name) == "sprint"
    return {
        **about(source.name, notebook.name, number),
        "language": course.language,
        "portal": course.portal_url,
        "sprint": sprint,
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
        "tasks": [
            {
                "grade_id": task.grade_id,
                "points": task.points,
                "hidden_points": sum(c.points for c in task.criteria if c.hidden),
                "manual": task.kind is TaskKind.MANUAL,
            }
            for task in notebook.tasks
        ],
    }


def _keras() -> str:
    """The version of Keras that grading has; "" where none is installed."""
    try:
        return version("keras")
    except PackageNotFoundError:
        return ""


def _former(last: Mapping[str, Any], files: Mapping[str, bytes]) -> dict[str, list[str]]:
    """Digests that earlier releases gave each file: a copy of those is nobody's own work."""
    before, given = last.get("former", {}), last.get("files", {})
    known = {name: {*before.get(name, ()), given.get(name, "")} for name in files}
    return {
        name: sorted(known[name] - {"", hashlib.sha256(data).hexdigest()})
        for name, data in files.items()
    }


def _same_demands(now: Mapping[str, Any], last: Mapping[str, Any]) -> bool:
    """Whether a student would be given the same tasks, texts and files as last time."""
    return all(now[key] == last.get(key) for key in ("kind", "notebooks", "files"))


# ── On disk ──────────────────────────────────────────────────────────────────────────


def last_record(course: Course, assignment: str) -> dict[str, Any]:
    """The record of the last release, {} if there was none.

    It lies in the course's state, and beside the released notebooks for a fresh clone.
    """
    places = (_record_path(course, assignment), course.release / assignment / MANIFEST)
    found = [json.loads(p.read_text(encoding="utf-8")) for p in places if p.is_file()]
    return max(found, key=lambda r: int(r.get("number", 0)), default={})


def released_number(course: Course, assignment: str) -> int:
    """The number of the last release, 0 if it was never released."""
    return int(last_record(course, assignment).get("number", 0))


def _record_path(course: Course, assignment: str) -> Path:
    return course.state / "releases" / f"{assignment}.json"


def _write_record(course: Course, assignment: str, facts: Mapping[str, Any]) -> None:
    path = _record_path(course, assignment)
    path.parent.mkdir(parents=True, exist_ok=True)
    half = path.with_suffix(".json.new")
    half.write_text(json.dumps(facts, ensure_ascii=False, indent=1, sort_keys=True) + "\n", "utf-8")
    half.replace(path)


def _same(folder: Path, contents: Mapping[str, bytes]) -> bool:
    there = {p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file()}
    return there == contents.keys() and all(
        (folder / name).read_bytes() == data for name, data in contents.items()
    )


def write_folder(folder: Path, contents: Mapping[str, bytes]) -> None:
    """The folder with exactly these files: written beside it, then put in its place."""
    new, old = (folder.with_name(f".{folder.name}.{what}") for what in ("new", "old"))
    shutil.rmtree(new, ignore_errors=True)
    for name, data in contents.items():
        path = new / name
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
    if folder.exists():
        shutil.rmtree(old, ignore_errors=True)
        folder.rename(old)
    new.rename(folder)
    shutil.rmtree(old, ignore_errors=True)
