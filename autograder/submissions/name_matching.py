"""Search for a student by the name on a folder or in an LMS."""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import permutations

from autograder import sanitize
from autograder.submissions.paths import Refused, is_student_id

_BETWEEN = re.compile(r"[\s_\-+.,()\[\]{}]+")


@dataclass(frozen=True)
class Listed:
    """One student on a roster; `exact` identifiers are unique, several may share `names`."""

    id: str
    exact: tuple[str, ...]  # pseudonym, number, address
    names: tuple[str, ...] = ()


class ClassList:
    """Index of a roster by identifiers and names; without a roster, any valid id is accepted."""

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
        """Return the student's id; raise Refused if no student matches, or several do.

        With `loosely`, a part of the name may match: `20261234_Kim` or `Kim (20261234)`.
        """
        shown = sanitize.text(said, cap=80)
        if not self.ids:
            name = unicodedata.normalize("NFC", said).strip()
            if is_student_id(name):
                return name
            raise Refused(
                "this cannot be the name of a student's folder",
                where=shown,
                way_out="rename it, or import a roster and name it by student number",
            )
        found = self._found(said, loosely)
        if len(found) == 1:
            return next(iter(found))
        if found:
            raise Refused(
                f"it could be {len(found)} people of the roster",
                where=shown,
                way_out="name it by student number",
            )
        raise Refused(
            "nobody in the roster is called so",
            where=shown,
            way_out="name it by student number, or add the person: autograder roster import",
        )

    def knows(self, said: str) -> bool:
        """Return True if the name matches exactly one student on the roster."""
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
    """Keep only letters and digits, as an LMS does with a name in a file name."""
    return re.sub(r"[\W_]", "", _key(said))


def _spellings(name: str) -> Iterator[str]:
    """Yield the name's parts joined in every order: `doejane` and `janedoe`."""
    parts = [part for part in re.split(r"[\W_]+", _key(name)) if part]
    if len(parts) > 4:
        yield "".join(parts)
        return
    for order in permutations(parts):
        yield "".join(order)
