"""Release of an assignment: source/A → release/A, proved, numbered and written atomically.

Translations lie in release/LANGUAGE/A, with the same number, names, ids and code.
"""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from autograder import gradebook
from autograder.config import Course
from autograder.config.names import check_name
from autograder.errors import NotFound, ReleaseRefused
from autograder.notebook.release.leaks import leaks
from autograder.notebook.release.release_record import TOKEN, TOKEN_SHAPE, changes
from autograder.notebook.release.wheel import Wheel, light_wheel
from autograder.notebook.source.cell_rules import unmarked_asserts
from autograder.notebook.source.cells import cells_of
from autograder.notebook.source.reading import HIDDEN_FOLDER, read_assignment
from autograder.notebook.translation import catalogues
from autograder.notebook.translation.catalogues import Translation
from autograder.nouns import Assignment, TaskKind
from autograder.steps.assignments import (
    MANIFEST,
    _read_record,
    _record_path,
    last_release_record,
    release_folder,
)
from autograder.steps.authoring.release_builder import Built, build

LARGE_MB = 10  # MB of files in the setup cell above which a release warns

Prove = Callable[[Assignment, Course], list[str]]  # returns complaints; none if it may be released
Register = Callable[[Course, Assignment, int], object]


@dataclass(frozen=True)
class ReleaseReport:
    """Result of a release: its number, the changes since the last one, and warnings."""

    assignment: str
    number: int
    folder: str
    languages: tuple[str, ...]  # besides the source's
    notebooks: tuple[str, ...]
    max_points: float
    written: bool  # False: nothing changed since the last release
    changes: tuple[str, ...]
    warnings: tuple[str, ...]

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def release(
    course: Course,
    assignment: str,
    *,
    prove: Prove,
    register: Register = gradebook.register,
    languages: Collection[str] = (),
    dropped: Collection[str] = (),
    zero_points: bool = False,
    progress: Callable[..., None] = lambda *_: None,
) -> ReleaseReport:
    """Release one assignment and report what changed since its last release.

    `prove` runs the solution and the untouched release and returns complaints. `register` writes
    the assignment into the gradebook. `dropped` names criteria removed on purpose.

    It is released in the source's language, in the course's languages that it has a catalogue for,
    and in `languages`. If `languages` is given and the source's release is unchanged, the proof is
    skipped. A release without changes keeps its number.

    Raises `AuthoringErrors`, or `ReleaseRefused` if `prove` complains, the release would leak, or
    the assignment is worth 0 points without `zero_points`. Nothing is written then.
    """
    progress("reading")
    check_name(assignment, everywhere=False)
    last = last_release_record(course, assignment)
    check_name(assignment, everywhere=not last)
    source = read_assignment(
        course.source / assignment, kind=course.kind_of(assignment), last=last, dropped=dropped
    )
    if not source.max_points and not zero_points:
        _refuse_zero_points(source)
    translations = [_translation(source, lang) for lang in _languages(course, source, languages)]
    built = build(course, source, last, light_wheel(), translations)
    first = built[0]
    progress("looking for leaks")
    _refuse(assignment, list(_leaks(source, built, translations)), "would leak")
    known = _is_there(course, first)
    if not (languages and known):
        progress("proving")
        _refuse(assignment, prove(source, course), "is not fair yet")
    told = list(changes(last, first.record)) if last else []
    if last and last.get("wheel") != first.wheel.name:
        told.append("the student's part of autograder changed")
    progress("registering")
    register(course, source, first.record["number"])
    new = [one for one in built if not _is_there(course, one)]
    for one in new:
        progress("writing")
        write_folder(release_folder(course, assignment, one.language), one.contents)
    _write_record(course, assignment, first.record)
    return ReleaseReport(
        assignment=assignment,
        number=first.record["number"],
        folder=str(release_folder(course, assignment)),
        languages=tuple(translation.language for translation in translations),
        notebooks=tuple(first.nodes),
        max_points=source.max_points,
        written=bool(new),
        changes=tuple(told),
        warnings=(*_warnings(course, source, first.files), *_unfinished(source, translations)),
    )


def _refuse(assignment: str, complaints: list[str], why: str) -> None:
    if complaints:
        raise ReleaseRefused(
            f"{assignment} {why}:\n" + "\n".join(f"  · {c}" for c in complaints),
            where=f"source/{assignment}",
            way_out="mend the source notebook, then release it again; nothing was written",
        )


def _refuse_zero_points(source: Assignment) -> None:
    found = "".join(f"\n  · {text}" for text in _earns_nothing(source))
    raise ReleaseRefused(
        f"{source.name} is worth 0 points: nothing in it is graded{found}",
        where=f"source/{source.name}",
        way_out="mark its test cells as autograder tests with points in the Create Assignment"
        " panel, or release it with --zero-points if that is meant; nothing was written",
    )


def _earns_nothing(source: Assignment) -> Iterator[str]:
    for notebook in source.notebooks:
        for cell, line in unmarked_asserts(cells_of(notebook.node)):
            yield (
                f"{notebook.name}.ipynb, cell {cell.number}, line {line} asserts something, but the"
                " cell is no autograder test: it earns no points"
            )


def _warnings(course: Course, source: Assignment, files: Mapping[str, bytes]) -> list[str]:
    beside = [
        f"{nb.name}/{task.grade_id} changes a student's names and can only run beside their code: "
        f"it is left to a person unless plain_tests = 'inside'"
        for nb in source.notebooks
        for task in nb.tasks
        if task.kind is TaskKind.INSIDE and course.grading_of(source.name).plain_tests != "inside"
    ]
    held = [name for name in source.hidden_files if not name.startswith(f"{HIDDEN_FOLDER}/")]
    beside += [
        f"{name} is not released: only a solution, a mark scheme, a hidden test or a mistake names"
        " it; name it in a text if students need it"
        for name in held
    ]
    beside += _earns_nothing(source)
    size = sum(map(len, files.values())) / (1 << 20)
    large = [f"the set-up cell carries {size:.0f} MB of files"] if size > LARGE_MB else []
    return beside + large


def out_of_step(course: Course, assignment: str) -> list[str]:
    """Return the released files that differ from what their source would give today.

    The wheel is taken from the released folder, for it changes with every line of the student's
    part. Tokens are compared by shape only, for each course's key makes others. Nothing is run. For
    authors who keep released folders under version control.
    """
    folder = release_folder(course, assignment)
    if not (folder / MANIFEST).is_file():
        return [MANIFEST]
    last = _read_record(folder / MANIFEST)
    source = read_assignment(course.source / assignment, kind=course.kind_of(assignment))
    translations = [_translation(source, lang) for lang in _languages(course, source, ())]
    wheel = Wheel.at(folder / last["wheel"])
    return [
        str(path.relative_to(course.release))
        for one in build(course, source, last, wheel, translations)
        for path in _differing(course, one, shape=_without_token)
    ]


def _without_token(name: str, data: bytes) -> bytes:
    """Return a notebook with its token, if of the right shape, replaced by ""."""
    if not name.endswith(".ipynb"):
        return data
    text = data.decode("utf-8", "replace")
    return _TOKEN_LINE.sub('"token": ""', text, count=1).encode()


_TOKEN_LINE = re.compile(f'"{TOKEN}": "{TOKEN_SHAPE.pattern}"')


# ── Other languages ──────────────────────────────────────────────────────────────────


def _languages(course: Course, source: Assignment, asked: Collection[str]) -> list[str]:
    """Return the course's languages that have a catalogue, and those asked for."""
    there = catalogues.languages_of(source.path)
    for lang in asked:
        if lang not in there:
            raise NotFound(
                f"{source.name} has no translation into {lang!r}",
                where=str(catalogues.path_of(source.path, lang)),
                way_out=f"autograder translate {source.name} --lang {lang} makes one",
            )
    declared = [lang for lang in course.settings.translations if lang in there]
    return [lang for lang in dict.fromkeys([*declared, *asked]) if lang != course.language]


def _translation(source: Assignment, lang: str) -> Translation:
    """Return the translation.

    Raises `ReleaseRefused` if it changes code, names or numbers of the source.
    """
    wrong = [str(one) for one in catalogues.findings(source, lang) if one.wrong]
    _refuse(source.name, wrong, f"says something else in {lang}")
    return catalogues.read(source.path, lang)


def _unfinished(source: Assignment, translations: Collection[Translation]) -> Iterator[str]:
    for one in translations:
        open_ = [f for f in catalogues.findings(source, one.language) if not f.wrong]
        if open_:
            yield (
                f"{one.language}: {len(open_)} texts are not translated and stay as they are in"
                f" the source, the first: {open_[0]}"
            )


def _leaks(
    source: Assignment, built: Collection[Built], translations: Collection[Translation]
) -> Iterator[str]:
    for one in built:
        said = [t.said for t in translations if t.language == one.language]
        words = {f"{one.language}.po": "\n".join(texts.values()) for texts in said}
        yield from leaks(source, one.nodes, one.files, words)


# ── On disk ──────────────────────────────────────────────────────────────────────────


def _write_record(course: Course, assignment: str, facts: Mapping[str, Any]) -> None:
    path = _record_path(course, assignment)
    path.parent.mkdir(parents=True, exist_ok=True)
    half = path.with_suffix(".json.new")
    half.write_text(json.dumps(facts, ensure_ascii=False, indent=1, sort_keys=True) + "\n", "utf-8")
    half.replace(path)


def _is_there(course: Course, built: Built) -> bool:
    """Return True if exactly this release lies in its folder."""
    return not _differing(course, built)


def _differing(
    course: Course, built: Built, shape: Callable[[str, bytes], bytes] = lambda _, data: data
) -> list[Path]:
    """Return the files that differ between the release's folder and this release, by `shape`."""
    folder, contents = (
        release_folder(course, built.record["assignment"], built.language),
        built.contents,
    )
    there = {p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file()}
    return [
        folder / name
        for name in sorted(there | contents.keys())
        if name not in there
        or name not in contents
        or shape(name, contents[name]) != shape(name, (folder / name).read_bytes())
    ]


def write_folder(folder: Path, contents: Mapping[str, bytes]) -> None:
    """Write a folder with exactly these files: build it beside the old one, then swap them.

    If an earlier call was killed between the two renames, the old folder is restored first.
    """
    new, old = (folder.with_name(f".{folder.name}.{what}") for what in ("new", "old"))
    if old.exists() and not folder.exists():
        old.rename(folder)
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
