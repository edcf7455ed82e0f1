"""What somebody is called on a folder or in an LMS → the student."""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import permutations

from autograder import harmless
from autograder.inbox.paths import Refused, is_student_id

_BETWEEN = re.compile(r"[\s_\-+.,()\[\]{}]+")


@dataclass(frozen=True)
class Listed:
    """One student as a roster has them: `exact` stand for nobody else, `names` may."""

    id: str
    exact: tuple[str, ...]  # pseudonym, number, address
    names: tuple[str, ...] = ()


class ClassList:
    """Finds students by whatever they are called. Without a roster everybody is who they say."""

    def __init__(self, people: Iterable[Listed] = ()) -> None:
        self._exact: dict[str, set[str]] = defaultdict(set)
        self._names: dict[str, set[str]] = defaultdict(set)
        self.ids: frozenset[str] = frozenset()
        for one in people:
            self.ids |= {one.id}
            for said in (one.id, *one.exact):
                self._exact[_key(said)].add(one.id)
                local, at, _ = said.partition("@")
                if at:
                    self._names[_letters(local)].add(one.id)
            for name in one.names:
                for spelling in _spellings(name):
                    self._names[spelling].add(one.id)
        self._exact.pop("", None)
        self._names.pop("", None)

    def find(self, said: str, *, loosely: bool = True) -> str:
        """The student's id; Refused if nobody is called so, or several are.

        Loosely, a part of what is said may tell it: `20261234_Kim` or `Kim (20261234)`.
        """
        shown = harmless.text(said, cap=80)
        if not self.ids:
            name = unicodedata.normalize("NFC", said).strip()
            if is_student_id(name):
                return name
            raise Refused(
                "this cannot be the name of a student's folder", where=shown,
                way_out="rename it, or import a roster and name it by student number",
            )  # fmt: skip
        found = self._found(said, loosely)
        if len(found) == 1:
            return next(iter(found))
        if found:
            raise Refused(
                f"it could be {len(found)} people of the roster", where=shown,
                way_out="name it by student number",
            )  # fmt: skip
        raise Refused(
            "nobody in the roster is called so", where=shown,
            way_out="name it by student number, or add the person: autograder roster import",
        )  # fmt: skip

    def knows(self, said: str) -> bool:
        """Whether it names exactly one student of the roster."""
        return bool(self.ids) and len(self._found(said, loosely=True)) == 1

    def _found(self, said: str, loosely: bool) -> set[str]:
        whole = self._exact.get(_key(said)) or self._names.get(_letters(said))
        if whole or not loosely:
            return set(whole or ())
        tokens = [token for token in _BETWEEN.split(_key(said)) if len(token) > 1]
        for known, key in ((self._exact, _key), (self._names, _letters)):
            found = set().union(*(known.get(key(token), set()) for token in tokens))
            if found:
                return found
        return set()


def _key(said: str) -> str:
    return " ".join(unicodedata.normalize("NFC", said).split()).casefold()


def _letters(said: str) -> str:
    """Letters and digits alone: as an LMS writes a name in the name of a file."""
    return re.sub(r"[\W_]", "", _key(said))


def _spellings(name: str) -> Iterator[str]:
    """The name's parts in every order, run together: `doejane` and `janedoe`."""
    parts = [part for part in re.split(r"[\W_]+", _key(name)) if part]
    if len(parts) > 4:
        yield "".join(parts)
        return
    for order in permutations(parts):
        yield "".join(order)
