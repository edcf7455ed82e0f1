"""Submitted files → the assignment's notebooks under the names that the assignment gave them.

Every file is kept. The one that was worked in takes the notebook's name, what lies beside it comes
along; a file that stood there steps aside. Names as handed in are noted.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from autograder.inbox.entries import Entry
from autograder.inbox.taking import Caps, Taken, take
from autograder.notebook.choosing import Chosen, choose, plain_stem
from autograder.nouns import Notebook


@dataclass(frozen=True)
class Expected:
    """The notebooks that an assignment asks for: their names, and as their author wrote them."""

    names: tuple[str, ...]
    read: Callable[[], Sequence[Notebook]] = tuple  # none where the source cannot be read


def take_notebooks(
    entries: Iterable[Entry], into: Path, caps: Caps, expected: Expected, *, sender: str = ""
) -> Taken:
    """Write the files below `into`, the notebooks to grade under their right names.

    A name that only says who `sender` is, is no news.
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
            replace(choice, file=taken.renamed.get(choice.file, choice.file))
            for choice in chosen.choices
            if choice.others or not _is_called(choice.file, sender)
        ),
    )


def _is_called(file: str, sender: str) -> bool:
    """Whether the file bears its sender's name, so that another name for it is no news."""
    stem = PurePosixPath(file).stem
    return bool(sender) and (sender in stem or sender in plain_stem(stem))


def _moves(chosen: Chosen, paths: Sequence[str]) -> dict[str, str]:
    """The new path of each file that gets another one."""
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
    """What lies beside a notebook in a folder stays beside it."""
    for notebook in targets:
        folder = PurePosixPath(notebook).parent
        for path in paths:
            if folder.parts and path not in targets and PurePosixPath(path).is_relative_to(folder):
                yield path, str(PurePosixPath(path).relative_to(folder))


class _Places:
    """Paths that are given away, none of them twice in any spelling, none below a file."""

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
        """The path wished for, else the one it has, else one set aside."""
        return next(one for one in (wish, path, *_aside(path)) if self.claim(one))


def _aside(path: str) -> Iterator[str]:
    old = PurePosixPath(path)
    yield str(old.with_name(f"{old.stem} (not graded){old.suffix}"))
    yield from (f"not graded {number}/{old.name}" for number in range(1, 10_000))


def _move(root: Path, moves: Mapping[str, str]) -> None:
    """Renames the files at once: two may change places."""
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
