"""Fingerprints of answers, computed once per submission and stored; groups are made from them.

Two answers belong to one group if the same criteria fail in the same way and, besides, either their
syntax trees are alike or their messages and replies are equal. Each answer is compared with the
first answer of every existing group, so a group's key never changes while people work with it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from autograder import gradebook
from autograder.config import Course
from autograder.errors import NotFound
from autograder.evidence import record
from autograder.evidence.store import Store, fingerprint
from autograder.gradebook import CriterionScore, ReleasedTask
from autograder.gradebook.marking import answer_groups
from autograder.gradebook.marking.answer_groups import Fingerprint
from autograder.nouns import Notebook, Status, Task, TaskKind
from autograder.steps.assignments import find_source, find_task
from autograder.steps.reporting.groups import probes, trees
from autograder.steps.reporting.groups.mistakes import nearest
from autograder.steps.reporting.groups.reading import ShownCell, answer_code, graded

VERSION = "1"  # a new version recomputes every fingerprint
ALIKE = 0.55  # least likeness of trees within one group
NUMBER = re.compile(r"-?\d+\.\d+(?:e[-+]?\d+)?|-?\d+e[-+]?\d+")
ALL_MET, UNTOUCHED = "met", "untouched"


@dataclass(frozen=True)
class _Way:
    """Result of one criterion: name, status, digest of its words without numbers, and with them."""

    name: str
    status: str
    how: str
    said: str


def refresh(
    course: Course, assignment: str, progress: Callable[[int, int], None] = lambda *_: None
) -> int:
    """Compute missing and outdated fingerprints, and return their number.

    A fingerprint is outdated if its answer has a newer result.
    """
    stale = waiting(course, assignment)
    if not stale:
        return 0
    tasks = gradebook.tasks(course, assignment)
    wanted = answer_groups.counting(course, assignment)
    ways = _ways_of_all(course, assignment, stale)
    store = Store(course.state / "evidence")
    source = find_source(course, assignment)
    leaders = {
        (t.notebook, t.task): _Leaders(course, assignment, t, find_task(source, t.notebook, t.task))
        for t in tasks
    }
    made: list[Fingerprint] = []
    for done, (student, submission) in enumerate(sorted(stale.items(), key=lambda s: s[1]), 1):
        cells = _Cells(course, assignment, student, submission)
        runs = _Runs(store)
        for task in tasks:
            facts = _facts(task, ways.get((submission, task.notebook, task.task), []), cells, runs)
            key = leaders[task.notebook, task.task].key_of(facts)
            made.append(
                Fingerprint(
                    submission,
                    student,
                    task.notebook,
                    task.task,
                    _seen(wanted[student][1]),
                    key,
                    facts,
                )
            )
        progress(done, len(stale))
    answer_groups.keep(course, assignment, made)
    return len(made)


def waiting(course: Course, assignment: str) -> dict[str, str]:
    """Return the submissions, by student, whose answers have no current fingerprint."""
    tasks = [(one.notebook, one.task) for one in gradebook.tasks(course, assignment)]
    known = answer_groups.known(course, assignment, tasks)
    return {
        student: submission
        for student, (submission, recorded) in answer_groups.counting(course, assignment).items()
        if known.get((submission, _seen(recorded)), 0) < len(tasks)
    }


def _seen(recorded: str) -> str:
    return f"{VERSION} {recorded}"


def _ways_of_all(
    course: Course, assignment: str, stale: Mapping[str, str]
) -> dict[tuple[str, str, str], list[CriterionScore]]:
    one = next(iter(stale)) if len(stale) == 1 else None
    found: dict[tuple[str, str, str], list[CriterionScore]] = {}
    for score in gradebook.criterion_scores(course, assignment, one):
        found.setdefault((score.submission, score.notebook, score.task), []).append(score)
    return found


# ── One answer ───────────────────────────────────────────────────────────────────────


class _Cells:
    """A student's cells, with each notebook read once."""

    def __init__(self, course: Course, assignment: str, student: str, submission: str) -> None:
        self._where = (course, assignment, student, submission)
        self._read: dict[str, tuple[ShownCell, ...]] = {}

    def code(self, task: ReleasedTask) -> dict[str, str]:
        if task.notebook not in self._read:
            course, assignment, student, submission = self._where
            try:
                found = graded(course, assignment, task.notebook, student, submission).cells
            except NotFound:
                found = ()
            self._read[task.notebook] = found
        return answer_code(self._read[task.notebook], task.answers)


class _Runs:
    """The evidence of a student's runs, with each manifest read once."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self._read: dict[str, Mapping[str, Mapping[str, str]]] = {}

    def values(self, run: str, task: str) -> Mapping[str, str]:
        if run and run not in self._read:
            evidence = record.find(self.store, run)
            self._read[run] = evidence.values if evidence else {}
        return self._read.get(run, {}).get(task, {})


def _facts(
    task: ReleasedTask, scores: Sequence[CriterionScore], cells: _Cells, runs: _Runs
) -> dict[str, Any]:
    ways = [_way(score) for score in scores]
    wrong = [way for way in ways if way.status != Status.PASSED]
    code = cells.code(task)
    facts: dict[str, Any] = {
        "ways": [[w.name, w.status, w.how, w.said] for w in wrong],
        "trees": {cell: sorted(trees.pieces(text)) for cell, text in code.items()},
        "left": {},
        "replies": {},
    }
    if task.kind is TaskKind.MANUAL:
        facts["outcome"] = "manual"
    elif ways and all(w.status == Status.NOT_ATTEMPTED for w in ways):
        facts["outcome"] = UNTOUCHED
    elif not wrong:
        facts["outcome"] = ALL_MET
    else:
        facts["outcome"] = fingerprint([[w.name, w.status, w.how] for w in wrong])[
            : answer_groups.KEY
        ]
        run = scores[0].run
        facts["left"] = probes.left(runs.store, runs.values(run, task.task))
        facts["replies"] = dict(_replies(task, wrong, run, runs.store))
    return facts


def _replies(
    task: ReleasedTask, wrong: Sequence[_Way], run: str, store: Store
) -> Iterator[tuple[str, list[str]]]:
    for way in wrong[:4]:
        found = probes.replies(store, run, f"{task.task}.{way.name}.1") if run else ()
        if found:
            yield way.name, list(found)


def _way(score: CriterionScore) -> _Way:
    """Return the result of one criterion.

    `how` leaves out all numbers except shapes, because two trainings never give the same ones.
    """
    values = {name: str(value) for name, value in score.message.values.items()}
    kept = {
        name: NUMBER.sub("#", text)
        for name, text in values.items()
        if not name.startswith("case_") and not _is_number(text)
    }
    how = [score.message.got, sorted(kept.items()) if score.status is not Status.PASSED else []]
    said = [score.message.got, sorted((n, _short(v)) for n, v in values.items())]
    name = score.criterion.rpartition("/")[2]
    return _Way(name, str(score.status), fingerprint(how)[:12], fingerprint(said)[:12])


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _short(text: str) -> str:
    return NUMBER.sub(lambda found: f"{float(found.group()):.2g}", text)


# ── First answer of each group ───────────────────────────────────────────────────────


class _Leaders:
    """The first answer of every group of a task, by outcome."""

    def __init__(
        self,
        course: Course,
        assignment: str,
        task: ReleasedTask,
        source: tuple[Notebook, Task] | None,
    ) -> None:
        self._source = source
        self._first: dict[str, list[tuple[str, Mapping[str, Any]]]] = {}
        for one in answer_groups.firsts(course, assignment, task.notebook, task.task):
            self._first.setdefault(one.facts["outcome"], []).append((one.key, unpacked(one)))

    def key_of(self, facts: dict[str, Any]) -> str:
        """Return the key of the most similar group, or of a new one if none is similar enough."""
        outcome = str(facts["outcome"])
        if outcome in {ALL_MET, UNTOUCHED}:
            return outcome
        match = nearest(*self._source, facts) if self._source else None
        facts["mistake"] = match.mistake.name if match and match.sure else ""
        mine = unpacked(facts)
        there = self._first.setdefault(outcome, [])
        scored = [(_alike(mine, first), key) for key, first in there]
        best, key = max(scored, default=(0.0, ""))
        if best >= ALIKE:
            return key
        trees_ = sorted(sorted(pieces) for pieces in mine["trees"].values())
        key = fingerprint([outcome, trees_, len(there)])[: answer_groups.KEY]
        there.append((key, mine))
        return key


def unpacked(one: Fingerprint | Mapping[str, Any]) -> dict[str, Any]:
    """Return the facts with their trees as sets."""
    facts = one.facts if isinstance(one, Fingerprint) else one
    return {**facts, "trees": {c: frozenset(p) for c, p in facts.get("trees", {}).items()}}


def _alike(one: Mapping[str, Any], other: Mapping[str, Any]) -> float:
    """Return 1 if both have equal messages and replies, else the likeness of their trees.

    Return 0 for two different known mistakes.
    """
    mistakes = {facts.get("mistake", "") for facts in (one, other)}
    if len(mistakes) == 2 and "" not in mistakes:
        return 0.0
    behaviour = [[w[3] for w in facts["ways"]] + [facts["replies"]] for facts in (one, other)]
    if one["replies"] and behaviour[0] == behaviour[1]:
        return 1.0
    return tree_likeness(one, other)


def tree_likeness(one: Mapping[str, Any], other: Mapping[str, Any]) -> float:
    """Return the likeness of two answers' code: that of their least similar cell."""
    cells = one["trees"].keys() | other["trees"].keys()
    if not cells:
        return 1.0
    empty: trees.Pieces = frozenset()
    found = [
        trees.likeness(one["trees"].get(cell, empty), other["trees"].get(cell, empty))
        for cell in cells
    ]
    return min(found)
