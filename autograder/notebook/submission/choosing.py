"""The notebook to grade among several files: chosen by its answer cells, then name, then date.

Students submit `hello-Copy1.ipynb` beside an unchanged `hello.ipynb`, a folder around their work,
or a name of their own. Only the contents show which file they worked in.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timezone
from pathlib import Path, PurePosixPath

from autograder.errors import BrokenSubmission
from autograder.language import translate
from autograder.notebook.source.cells import cells_of, normal
from autograder.notebook.submission.merging import Matched, matched
from autograder.notebook.submission.opening import Opened, open_notebook
from autograder.nouns import Choice, Notebook, fill

MOST_READ = 60  # files of one submission that are opened
SAVED_AS = (".txt", ".json")  # suffixes that browsers give a notebook
_LEFT = "raise NotImplementedError"
_COPY = re.compile(
    r"(?:[ _-]*\(\d+\)|[ _]*-+[ _]*(?:copy)?[ _]*\d*|[ _]*copy[ _]*\d*|의?[ _]*사본)\Z",
    re.IGNORECASE,
)
_COPY_OF = re.compile(r"(?:copy[ _]+of[ _]+|사본[ _]*[-–]?[ _]*)", re.IGNORECASE)
_NEVER = datetime.min.replace(tzinfo=timezone.utc)


@dataclass(frozen=True)
class Chosen:
    """One file for each notebook of the assignment that was found, and the choices to report."""

    files: Mapping[str, str]  # name of the notebook -> path of the file
    choices: tuple[Choice, ...] = ()


@dataclass(frozen=True)
class _Candidate:
    """One file read as one notebook of the assignment."""

    path: str
    answers: Mapping[int, str]
    kin: int  # similarity to the assignment's notebook
    rank: tuple[int, int, int]
    made: datetime
    own: int  # number of cells that the student added

    @property
    def answered(self) -> frozenset[int]:
        return frozenset(place for place, text in self.answers.items() if text)

    @property
    def worth(self) -> tuple[int, int, int, int]:
        """The amount answered: finished cells, started cells, all answer cells, own cells.

        The student's own cells count only if no answer was started; they then show which file was
        worked in.
        """
        finished = sum(_LEFT not in self.answers[place] for place in self.answered)
        begun = len(self.answered)
        return finished, begun, len(self.answers), 0 if begun else self.own


@dataclass
class _Sorted:
    homes: dict[str, list[_Candidate]] = field(default_factory=dict)
    strangers: list[str] = field(default_factory=list)


def choose(
    paths: Collection[str],
    root: Path,
    notebooks: Sequence[Notebook],
    names: Sequence[str],
    made: Mapping[str, datetime | None] | None = None,
) -> Chosen:
    """Choose a file for each of the assignment's notebooks among those below `root`.

    `notebooks` is empty if the source cannot be read; then `names` alone decide. `made` holds the
    dates of the files.
    """
    candidates = [path for path in paths if is_notebook(path) or is_disguised(root / path)]
    if not candidates:
        return Chosen({})
    candidates = sorted(candidates, key=lambda path: (path.count("/"), path))
    if len(candidates) == len(names) == 1:
        return Chosen({names[0]: candidates[0]}, tuple(_plain(names[0], candidates[0])))
    found = _sorted(candidates, root, notebooks, made or {})
    files = {name: _best(homed).path for name, homed in found.homes.items()}
    choices = [_choice(name, found.homes[name]) for name in names if name in found.homes]
    left = [path for path in found.strangers if path not in files.values()]
    by_name = _by_name([n for n in names if n not in files], left, alone=not files)
    for name, path in by_name.items():
        files[name] = path
        choices += _plain(name, path)
        left.remove(path)
    if left and (notebooks or choices):
        choices.append(Choice("", "", tuple(left)))
    news = (c for c in choices if c.others or not _is_called(c.notebook, c.file))
    return Chosen(files, tuple(news))


def recognise(file: Path, notebooks: Sequence[Notebook]) -> str:
    """Return the name of the notebook that the file is a version of; "" if there is none."""
    return next(iter(_sorted([file.name], file.parent, notebooks, {}).homes), "")


def is_notebook(path: str) -> bool:
    """Return True if the file's name ends as a notebook's does."""
    return PurePosixPath(path).suffix.casefold() == ".ipynb"


def is_saved_as(name: str) -> bool:
    """Return True for names that browsers give a notebook: `.ipynb.txt`, `.ipynb.json`."""
    path = PurePosixPath(name)
    return path.suffix.casefold() in SAVED_AS and path.stem.casefold().endswith(".ipynb")


def is_disguised(path: Path) -> bool:
    """Return True for a notebook that was saved with another suffix, even a plain `.json`."""
    if path.suffix.casefold() not in SAVED_AS:
        return False
    if is_saved_as(path.name):
        return True
    try:
        with path.open("rb") as file:
            start = file.read(4096).lstrip(b"\xef\xbb\xbf \r\n\t")
        if not start.startswith(b"{"):
            return False
        open_notebook(path)
    except (OSError, BrokenSubmission):
        return False
    return True


def sentences(choices: Sequence[Choice]) -> Iterator[str]:
    """Yield sentences that say which file is graded and which ones are not."""
    for choice in choices:
        values = {
            "name": choice.file,
            "notebook": f"{choice.notebook}.ipynb",
            "others": ", ".join(choice.others[:8]) + (", …" if len(choice.others) > 8 else ""),
        }
        if not choice.notebook:
            text = translate(
                "Not graded, as no answer cell of this assignment was found in it: {others}."
            )
        elif not choice.others:
            text = translate("{name} is taken for {notebook}")
        elif choice.unanswered:
            text = translate(
                "{name} is graded. No answer cell is filled in, neither in it nor in: {others}."
            )
        elif choice.ambiguous:
            text = translate(
                "{name} is graded, as it has the most answers. Not graded, though there are other "
                "answers in it: {others}. If another one is meant, submit that one alone."
            )
        else:
            text = translate("{name} is graded, as it has the most answers. Not graded: {others}.")
        yield fill(text, values)


def plain_stem(stem: str) -> str:
    """Return the stem without additions for copies by browsers, Colab or an LMS."""
    while True:
        shorter = _COPY.sub("", _COPY_OF.sub("", stem, count=1)).strip()
        if shorter == stem or not shorter:
            return stem
        stem = shorter


# ── By content ───────────────────────────────────────────────────────────────────────


def _sorted(
    paths: Sequence[str],
    root: Path,
    notebooks: Sequence[Notebook],
    made: Mapping[str, datetime | None],
) -> _Sorted:
    """Return the files, grouped by the notebook that they are a version of."""
    found = _Sorted()
    for number, path in enumerate(paths):
        opened = _opened(root / path) if notebooks and number < MOST_READ else None
        versions = [
            (one, notebook.name)
            for notebook in notebooks
            if opened and (one := _read(notebook, opened, path, made.get(path)))
        ]
        if versions:
            best, home = max(versions, key=lambda v: (v[0].kin, len(v[0].answers), v[0].rank))
            found.homes.setdefault(home, []).append(best)
        else:
            found.strangers.append(path)
    return found


def _opened(path: Path) -> Opened | None:
    try:
        return open_notebook(path)
    except BrokenSubmission:
        return None


def _read(
    notebook: Notebook, opened: Opened, path: str, made: datetime | None
) -> _Candidate | None:
    """Return the file as a version of the notebook; None if it has none of its answer cells."""
    cells = matched(notebook, opened)
    answers = cells.answers
    if not answers or cells.foreign:
        return None
    rank = _rank(path, notebook.name)
    own = _own(notebook, cells)
    return _Candidate(path, answers, _kin(cells), rank, made or _NEVER, own)


def _own(notebook: Notebook, cells: Matched) -> int:
    """Return the number of cells that are neither the author's nor empty."""
    known = {normal(cell.source) for cell in cells_of(notebook.node)} | {""}
    taken = {cell.number for cell in cells.taken.values()}
    return sum(c.number not in taken and normal(c.source) not in known for c in cells.given)


def _kin(cells: Matched) -> int:
    """Return the similarity to the notebook: equal grade_ids, and unchanged cells of the author."""
    found = 0
    for place, cell in cells.taken.items():
        want = cells.wanted[place]
        found += bool(cell.grade_id) and cell.grade_id == want.cell.grade_id
        if not want.answered:
            found += cell.sealed or normal(cell.source) == normal(want.text)
    return found


def _best(candidates: Sequence[_Candidate]) -> _Candidate:
    return max(candidates, key=lambda one: (one.worth, one.rank, one.made))


def _choice(name: str, candidates: Sequence[_Candidate]) -> Choice:
    best = _best(candidates)
    others = [one for one in candidates if one is not best]
    ambiguous = any(
        one.answers[place] != best.answers.get(place) for one in others for place in one.answered
    )
    paths = tuple(one.path for one in others)
    return Choice(name, best.path, paths, ambiguous, unanswered=not best.answered)


# ── By name ──────────────────────────────────────────────────────────────────────────


def _by_name(names: Sequence[str], paths: Sequence[str], *, alone: bool) -> dict[str, str]:
    """Choose by name among files without answers; a single file is the single notebook."""
    found: dict[str, str] = {}
    for name in names:
        ranked = [(_rank(path, name), path) for path in paths if path not in found.values()]
        rank, path = max(ranked, default=((0, 0, 0), ""), key=lambda one: one[0])
        if rank[0] > 1 or (alone and len(names) == len(paths) == 1):
            found[name] = path
    return found


def _rank(path: str, name: str) -> tuple[int, int, int]:
    """Return how well a path fits the notebook's name: equal, a copy of it, or containing it."""
    stem, wanted = _key(_stem(path)), _key(name)
    depth = -path.count("/")
    if stem == wanted:
        return 3, 0, depth
    if _key(plain_stem(_stem(path))) == wanted:
        return 2, _number(stem), depth
    return int(wanted in stem), 0, depth


def _plain(name: str, path: str) -> Iterator[Choice]:
    if not _is_called(name, path):
        yield Choice(name, path)


def _is_called(name: str, path: str) -> bool:
    return unicodedata.normalize("NFC", f"{name}.ipynb") == path


def _stem(path: str) -> str:
    found = PurePosixPath(path)
    while found.suffix.casefold() in (".ipynb", *SAVED_AS):
        found = found.with_suffix("")
    return found.name


def _key(text: str) -> str:
    return unicodedata.normalize("NFC", text).casefold()


def _number(stem: str) -> int:
    found = re.search(r"(\d+)\)?\s*\Z", stem)
    return int(found.group(1)[:9]) if found else 0
