"""Renaming of submitted notebooks to the names that the assignment gave them.

Every file is kept. The notebook that the student worked in gets the assignment's name, and the
files beside it move with it. A file that already has that name is renamed. The submitted names are
recorded.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from autograder.notebook.submission.choosing import Chosen, choose, plain_stem
from autograder.nouns import Choice, Notebook
from autograder.submissions.entries import Entry
from autograder.submissions.extraction import Caps, Taken, take


@dataclass(frozen=True)
class Expected:
    """Notebooks of an assignment: their names, and a function that reads the author's version."""

    names: tuple[str, ...]
    read: Callable[[], Sequence[Notebook]] = tuple  # returns none if the source is unreadable


def take_notebooks(
    entries: Iterable[Entry], into: Path, caps: Caps, expected: Expected, *, sender: str = ""
) -> Taken:
    """Write the files below `into`, with the notebooks to grade under the assignment's names.

    A renamed file whose submitted name contains `sender` is not listed in `choices`, unless there
    were other candidates.
    """
    entries = tuple(entries)
    taken = take(entries, into, caps)
    paths = [file.path for file in taken.files]
    made = {str(entry.path): entry.made for entry in entries}
    chosen = choose(paths, into, expected.read(), expected.names, made)
    moves = _moves(chosen, paths)
    _move(into, moves)
    return replace(
        taken,
        files=tuple(
            sorted(
                (replace(file, path=moves.get(file.path, file.path)) for file in taken.files),
                key=lambda file: file.path,
            )
        ),
        renamed={
            **{moves.get(new, new): old for new, old in taken.renamed.items()},
            **{new: taken.renamed.get(old, old) for old, new in moves.items()},
        },
        choices=tuple(
            replace(choice, file=_submitted_name(choice, taken))
            for choice in chosen.choices
            if choice.others or not _is_called(choice.file, sender)
        ),
    )


def _submitted_name(choice: Choice, taken: Taken) -> str:
    """Return the submitted name of the chosen file, numbered if another file has the same one."""
    name = taken.renamed.get(choice.file, choice.file)
    return choice.file if name in choice.others else name


def _is_called(file: str, sender: str) -> bool:
    """Return True if the file name contains the sender's name, so that renaming is expected."""
    stem = PurePosixPath(file).stem
    return bool(sender) and (sender in stem or sender in plain_stem(stem))


def _moves(chosen: Chosen, paths: Sequence[str]) -> dict[str, str]:
    """Return the new path of each file that is moved."""
    targets = {path: f"{name}.ipynb" for name, path in chosen.files.items()}
    wishes = dict(_along(targets, paths))
    places = _Places()
    for target in targets.values():
        places.claim(target)
    moves = dict(targets)
    staying = [path for path in paths if path not in targets and path not in wishes]
    for path in (*staying, *wishes):
        if path not in targets:
            moves[path] = places.first_free(path, wishes.get(path, path))
    return {old: new for old, new in moves.items() if old != new}


def _along(targets: Mapping[str, str], paths: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Yield (path, new path) of the files in a notebook's folder, to keep them beside it."""
    for notebook in targets:
        folder = PurePosixPath(notebook).parent
        for path in paths:
            if folder.parts and path not in targets and PurePosixPath(path).is_relative_to(folder):
                yield path, str(PurePosixPath(path).relative_to(folder))


class _Places:
    """Used paths: each is unique, ignoring case, and none is below a file."""

    def __init__(self) -> None:
        self._files: set[str] = set()
        self._folders: set[str] = set()

    def claim(self, path: str) -> bool:
        key = path.casefold()
        above = {str(one) for one in PurePosixPath(key).parents} - {"."}
        if key in self._files or key in self._folders or above & self._files:
            return False
        self._files.add(key)
        self._folders |= above
        return True

    def first_free(self, path: str, wish: str) -> str:
        """Reserve and return the wanted path, else the current one, else an alternative."""
        return next(one for one in (wish, path, *_aside(path)) if self.claim(one))


def _aside(path: str) -> Iterator[str]:
    old = PurePosixPath(path)
    yield str(old.with_name(f"{old.stem} (not graded){old.suffix}"))
    yield from (f"not graded {number}/{old.name}" for number in range(1, 10_000))


def _move(root: Path, moves: Mapping[str, str]) -> None:
    """Rename all files in two passes, because two files may swap names."""
    if not moves:
        return
    between = root.parent / "moving"
    between.mkdir()
    for number, old in enumerate(moves):
        (root / old).rename(between / str(number))
    for folder in sorted((p for p in root.rglob("*") if p.is_dir()), reverse=True):
        if not any(folder.iterdir()):
            folder.rmdir()
    for number, new in enumerate(moves.values()):
        (root / new).parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        (between / str(number)).rename(root / new)
    shutil.rmtree(between)
