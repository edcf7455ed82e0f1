"""The committed release/ is what source/ makes, in each language, and the same code in all.

`make release` writes it anew. Nothing is run here: release/ is built again in memory and compared
byte for byte, the wheel taken as it lies there (docs/adr/0009-languages.md says why).
"""

from __future__ import annotations

import ast
import json
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import nbformat
import pytest

import autograder
from autograder import config
from autograder.notebook.release.wheel import Wheel, public_version
from autograder.notebook.source import names
from autograder.notebook.source.cells import cells_of, normal
from autograder.notebook.source.reading import read_assignment
from autograder.notebook.submission.merging import merge
from autograder.notebook.translation import catalogues
from autograder.steps.assignments import release_folder
from autograder.steps.authoring.release import out_of_step

COURSE = config.load(Path(__file__).parents[2])
ALL = sorted(p.name for p in COURSE.source.glob("*/") if (p / f"{p.name}.ipynb").exists())


def test_the_whole_course_is_released_in_both_languages() -> None:
    assert len(ALL) == 15
    for lang in ("", "ko"):
        missing = [name for name in ALL if not release_folder(COURSE, name, lang).is_dir()]
        assert missing == [], "autograder translate A, then make release"


@pytest.mark.parametrize("assignment", ALL)
def test_the_release_is_what_its_source_makes(assignment: str) -> None:
    assert out_of_step(COURSE, assignment) == [], (
        f"make release, or: autograder release {assignment}"
    )


@pytest.mark.parametrize("assignment", ALL)
def test_every_text_is_translated_with_its_code_names_and_numbers(assignment: str) -> None:
    source = read_assignment(COURSE.source / assignment)
    assert not list(map(str, catalogues.findings(source, "ko")))


@pytest.mark.parametrize("assignment", ALL)
def test_both_languages_run_the_very_same_cells(assignment: str, tmp_path: Path) -> None:
    """What grading runs and judges is equal cell by cell, so points cannot differ."""
    source = read_assignment(COURSE.source / assignment)
    for notebook in source.notebooks:
        merged = []
        for lang in ("en", "ko"):
            node = nbformat.read(release_folder(COURSE, assignment, lang) / notebook.path.name, 4)
            solved(node, notebook.node)
            path = tmp_path / lang / notebook.path.name
            path.parent.mkdir(exist_ok=True)
            nbformat.write(node, path)
            merged.append(merge(notebook, path))
        english, korean = merged
        assert english.cells == korean.cells
        assert english.attempted == korean.attempted
        assert all(english.attempted.values())
        assert english.notes == korean.notes == ()


def solved(node: nbformat.NotebookNode, source: nbformat.NotebookNode) -> None:
    """Puts the author's answers in."""
    answers = {c.grade_id: c.source for c in cells_of(source) if c.role in ("answer", "manual")}
    for cell in node.cells:
        grade_id = cell.metadata.get("nbgrader", {}).get("grade_id", "")
        cell.source = answers.get(grade_id, cell.source)


@pytest.mark.parametrize("assignment", ALL)
def test_a_korean_notebook_has_the_ids_and_the_code_of_the_english_one(assignment: str) -> None:
    for path in sorted(release_folder(COURSE, assignment).glob("*.ipynb")):
        english = cells_of(nbformat.read(path, 4))
        korean = cells_of(nbformat.read(release_folder(COURSE, assignment, "ko") / path.name, 4))
        assert [(c.id, c.grade_id, c.points) for c in english] == [
            (c.id, c.grade_id, c.points) for c in korean
        ]
        for one, other in zip(english, korean, strict=True):
            if one.kind == "code" and not one.generated:
                assert normal(one.source) == normal(other.source)


# ── The wheel ────────────────────────────────────────────────────────────────────────


def wheels() -> Iterator[Wheel]:
    for manifest in sorted(COURSE.release.glob("**/manifest.json")):
        yield Wheel.at(manifest.parent / json.loads(manifest.read_text())["wheel"])


def test_all_releases_carry_one_wheel_of_this_version() -> None:
    (wheel,) = set(wheels())
    assert wheel.version.split("+")[0] == public_version(), "make release"


def test_the_carried_wheel_has_all_that_released_notebooks_use(tmp_path: Path) -> None:
    """It may be older than the source, as students' wheels are, but not too old for its cells."""
    wheel = next(wheels())
    path = tmp_path / wheel.name
    path.write_bytes(wheel.data)
    with zipfile.ZipFile(path) as archive:
        archive.extractall(tmp_path / "site")
    used = sorted({name for cell in released_code() for name in used_of_ours(cell)})
    assert "expect.close" in used
    code = (
        "import sys, operator, autograder\n"
        f"assert autograder.__file__.startswith({str(tmp_path)!r}), autograder.__file__\n"
        "for name in sys.argv[1:]:\n"
        "    operator.attrgetter(name)(autograder)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, *used],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
        env={"PYTHONPATH": str(tmp_path / "site")},
    )
    assert done.returncode == 0, f"make release: {done.stderr}"


def released_code() -> Iterator[str]:
    for path in sorted(COURSE.release.glob("**/*.ipynb")):
        for cell in cells_of(nbformat.read(path, 4)):
            if cell.kind == "code" and not cell.generated:
                yield cell.source


def used_of_ours(code: str) -> Iterator[str]:
    """The public names that a cell uses: `Task`, `expect.close`, `expect.vision.boxes.iou`."""
    for node in ast.walk(names.parse(code)):
        if isinstance(node, ast.ImportFrom) and node.module == autograder.__name__:
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.Attribute):
            spelt = ast.unparse(node)
            if spelt.startswith("expect.") and spelt.replace(".", "").isidentifier():
                yield spelt
