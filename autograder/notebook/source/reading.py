"""Reading of a folder in source/ into an Assignment, or into a list of its author's mistakes.

No code of the author runs: notebooks are read as syntax trees.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any

from autograder.errors import AuthoringError, AuthoringErrors, NotFound
from autograder.notebook.source.cell_rules import check_cells
from autograder.notebook.source.cells import cells_of
from autograder.notebook.source.names import module_text
from autograder.notebook.source.pictures import withheld_files
from autograder.notebook.source.problems import Place
from autograder.notebook.source.scope import check_setup
from autograder.notebook.source.source_file import UnreadableSource, load_source
from autograder.notebook.source.tasks import read_tasks
from autograder.nouns import Assignment, Notebook, TaskKind

HIDDEN_FOLDER = "hidden"
_UNRELEASED = {HIDDEN_FOLDER, "locale", "__pycache__"}
_UNRELEASED_FILES = {"calibration.json"}


def read_assignment(
    path: Path,
    *,
    kind: str = "daily",
    last: Mapping[str, Any] | None = None,
    dropped: Collection[str] = (),
) -> Assignment:
    """Return the assignment in the folder `path`.

    `last` is the record of its last release, if there was one; `dropped` names criteria that were
    removed on purpose since then. Raises AuthoringErrors with all mistakes together, NotFound if
    there is no such folder.
    """
    if not path.is_dir():
        raise NotFound(
            f"there is no assignment {path.name!r}",
            where=str(path.parent),
            way_out="check the name, or make the folder with a notebook in it",
        )
    notebooks: list[Notebook] = []
    problems: list[AuthoringError] = []
    for file in sorted(path.glob("*.ipynb")):
        notebook, wrong = read_notebook(file)
        notebooks += [notebook] if notebook else []
        problems += wrong
    if not notebooks and not problems:
        problems.append(
            Place(path.name).problem("there is no notebook in this folder", "add a .ipynb file")
        )
    problems += _modules(path)
    problems += _gone(notebooks, last or {}, dropped)
    if problems:
        raise AuthoringErrors(problems)
    files = list(_files(path, hidden=False))
    withheld = withheld_files(path, files, notebooks)
    return Assignment(
        name=path.name,
        path=path,
        kind=kind,
        notebooks=tuple(notebooks),
        files=tuple(name for name in files if name not in withheld),
        hidden_files=(*_files(path, hidden=True), *sorted(withheld)),
    )


def read_notebook(path: Path) -> tuple[Notebook | None, list[AuthoringError]]:
    """Return one source notebook (None if the file is not a notebook), and its problems."""
    try:
        node = load_source(path)
    except UnreadableSource as error:
        return None, [Place(path.name, n).problem(fact, way) for n, fact, way in error.problems]
    cells = cells_of(node)
    problems = list(check_cells(node, cells, path.name))
    problems += check_setup(cells, path.name, path.parent)
    tasks, wrong = read_tasks(cells, path.name, path.parent)
    cards = [c.source for c in cells if "card" in c.tags and c.kind == "markdown"]
    notebook = Notebook(
        name=path.stem,
        path=path,
        node=node,
        tasks=tasks,
        setup=tuple(c.source for c in cells if c.role == "setup"),
        card=cards[0] if cards else "",
    )
    return notebook, problems + wrong


def _modules(path: Path) -> Iterator[AuthoringError]:
    """Yield each helper module that Python could not read as text."""
    for name in (*_files(path, hidden=False), *_files(path, hidden=True)):
        if name.endswith(".py"):
            try:
                module_text((path / name).read_bytes())
            except SyntaxError as error:
                yield AuthoringError(
                    name,
                    "the module",
                    f"it is not UTF-8 text: {error.msg}",
                    'save it in UTF-8, or name its encoding in line 1: "# coding: cp949"',
                )


def _gone(
    notebooks: list[Notebook], last: Mapping[str, Any], dropped: Collection[str]
) -> Iterator[AuthoringError]:
    """Yield criteria and tasks of the last release that are missing and not renamed by `was=`."""
    number = last.get("number", "?")
    tasks = {(n.name, t.grade_id): t for n in notebooks for t in n.tasks}
    for name, record in last.get("notebooks", {}).items():
        for grade_id, before in record["tasks"].items():
            if before["kind"] != TaskKind.CRITERIA.value or grade_id in dropped:
                continue
            task = tasks.get((name, grade_id))
            if task is None:
                yield Place(f"{name}.ipynb").problem(
                    f"task {grade_id!r} of release {number} is gone",
                    f"give it back its grade_id; if it was removed on purpose, release with "
                    f"{grade_id} among the dropped",
                )
                continue
            place = Place(f"{name}.ipynb", task.cell_index + 1, grade_id)
            now = {c.name for c in task.criteria} | {c.was for c in task.criteria if c.was}
            for gone in [c["name"] for c in before["criteria"]]:
                if gone not in now and gone not in dropped:
                    yield place.problem(
                        f"criterion {gone!r} of release {number} is gone",
                        f'if it was renamed, give the new one was="{gone}"; if it was removed on '
                        f"purpose, release with {gone} among the dropped",
                    )


def _files(path: Path, *, hidden: bool) -> Iterator[str]:
    """Yield the files of an assignment beside its notebooks, relative to it, in order."""
    for file in sorted(path.rglob("*")):
        parts = file.relative_to(path).parts
        if not file.is_file() or any(p.startswith(".") or p == "__pycache__" for p in parts):
            continue
        if parts[0] == HIDDEN_FOLDER if hidden else not _unreleased(parts):
            yield "/".join(parts)


def _unreleased(parts: tuple[str, ...]) -> bool:
    alone = len(parts) == 1
    return (
        parts[0] in _UNRELEASED
        or (alone and parts[0] in _UNRELEASED_FILES)
        or (alone and parts[0].endswith(".ipynb"))
    )
