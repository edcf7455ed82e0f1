"""The groups of one task, each with the facts that its members share."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from autograder import gradebook
from autograder.config import Course
from autograder.errors import NotFound
from autograder.gradebook import CriterionScore
from autograder.gradebook.marking import answer_groups
from autograder.gradebook.marking.answer_groups import Fingerprint
from autograder.nouns import Status
from autograder.steps.assignments import find_source, find_task
from autograder.steps.reporting.groups import trees
from autograder.steps.reporting.groups.fingerprints import (
    ALL_MET,
    UNTOUCHED,
    refresh,
    tree_likeness,
    unpacked,
)
from autograder.steps.reporting.groups.mistakes import Match, nearest, solution
from autograder.steps.reporting.groups.reading import answer_code, graded

LOOKS = 3  # answers of a group to read before a comment or adjustment applies to all
COMPARED = 20  # right answers that are compared to find the usual one


@dataclass(frozen=True)
class Group:
    """Answers that behave alike, with one of them as the exemplar."""

    key: str
    name: str  # given by staff; "" if it has no name
    students: tuple[str, ...]
    exemplar: str
    outcome: str  # met, untouched, manual, or a digest
    match: Match | None
    first_failing: CriterionScore | None
    joined: tuple[str, ...] = ()  # keys of groups merged into it

    @property
    def size(self) -> int:
        return len(self.students)


@dataclass(frozen=True)
class Difference:
    """A line of a diff between an answer and the usual right one: `sign` is +, -, or a space."""

    sign: str
    text: str


def groups(course: Course, assignment: str, notebook: str, task: str) -> tuple[Group, ...]:
    """Return the groups of a task, the largest first; compute missing fingerprints before."""
    refresh(course, assignment)
    sorted_ = answer_groups.sorted_out(course, assignment, notebook, task)
    prints = _exemplars(course, assignment, notebook, task, sorted_)
    known = find_task(find_source(course, assignment), notebook, task)
    failing = _first_failing(course, [p.submission for p in prints.values()], notebook, task)
    found = []
    for key, students in sorted_.members.items():
        one = prints[key]
        outcome = str(one.facts["outcome"])
        wrong = outcome not in {ALL_MET, UNTOUCHED}
        found.append(
            Group(
                key=key,
                name=sorted_.names.get(key, ""),
                students=students,
                exemplar=one.student,
                outcome=outcome,
                match=nearest(*known, one.facts) if known and wrong else None,
                first_failing=failing.get(one.submission) if wrong else None,
                joined=sorted_.merged.get(key, ()),
            )
        )
    return tuple(found)


def group(course: Course, assignment: str, notebook: str, task: str, key: str) -> Group:
    """Return one group. Raises NotFound if there is none with this key."""
    for one in groups(course, assignment, notebook, task):
        if key == one.key or key in one.joined:
            return one
    raise NotFound("there is no such group")


def fingerprint_of(
    course: Course, assignment: str, notebook: str, task: str, student: str
) -> Fingerprint:
    """Return the fingerprint of one student's answer. Raises NotFound if there is none."""
    submission = answer_groups.submission_of(course, assignment, student)
    found = answer_groups.fingerprints(course, assignment, notebook, task, [submission])
    if not found:
        raise NotFound("there is no such answer")
    return found[0]


def usual(course: Course, assignment: str, notebook: str, task: str) -> dict[str, str]:
    """Return the usual right answer, by cell: a student's if there are enough, else the author's.

    A student's usual answer is the one with full points that is most like the others.
    """
    sorted_ = answer_groups.sorted_out(course, assignment, notebook, task)
    students = sorted_.members.get(ALL_MET, ())
    known = find_task(find_source(course, assignment), notebook, task)
    if len(students) >= LOOKS:
        some = [sorted_.submissions[student] for student in students[:COMPARED]]
        one = _most_alike(answer_groups.fingerprints(course, assignment, notebook, task, some))
        return code_of(course, assignment, notebook, task, one)
    return solution(known[0], known[1].answers) if known else {}


def code_of(
    course: Course, assignment: str, notebook: str, task: str, student: str
) -> dict[str, str]:
    """Return the code of a student's answer, by cell; {} if it cannot be read."""
    answers = next(
        t.answers
        for t in gradebook.tasks(course, assignment)
        if (t.notebook, t.task) == (notebook, task)
    )
    submission = answer_groups.submission_of(course, assignment, student)
    try:
        cells = graded(course, assignment, notebook, student, submission).cells
    except NotFound:
        return {}
    return answer_code(cells, answers)


def difference(usual: Mapping[str, str], code: Mapping[str, str]) -> dict[str, list[Difference]]:
    """Return the diff of each cell that differs from the usual right answer.

    Names, comments and spaces do not count as differences.
    """
    found = {}
    for cell, text in code.items():
        lines = list(_lines(trees.bare_lines(usual.get(cell, "")), trees.bare_lines(text)))
        if any(line.sign != " " for line in lines):
            found[cell] = lines
    return found


def _lines(
    usual: Sequence[tuple[str, str]], mine: Sequence[tuple[str, str]]
) -> Iterator[Difference]:
    """Yield both programs as one list of lines; shared lines as in the second program."""
    matcher = difflib.SequenceMatcher(
        None, [line for _, line in usual], [line for _, line in mine], autojunk=False
    )
    for group in matcher.get_grouped_opcodes(3):
        for kind, usual_from, usual_to, from_, to in group:
            if kind == "equal":
                yield from (Difference(" ", line) for line, _ in mine[from_:to])
                continue
            yield from (Difference("-", line) for line, _ in usual[usual_from:usual_to])
            yield from (Difference("+", line) for line, _ in mine[from_:to])


# ── Parts ────────────────────────────────────────────────────────────────────────────


def _exemplars(
    course: Course, assignment: str, notebook: str, task: str, sorted_: answer_groups.Sorted
) -> dict[str, Fingerprint]:
    """Return the first fingerprint of each group, with which the others were compared."""
    firsts = {students[0]: key for key, students in sorted_.members.items()}
    wanted = [sorted_.submissions[student] for student in firsts]
    prints = answer_groups.fingerprints(course, assignment, notebook, task, wanted)
    return {firsts[one.student]: one for one in prints if one.student in firsts}


def _most_alike(prints: Sequence[Fingerprint]) -> str:
    """Return the student whose answer is most like those of the others."""
    plain = [(one.student, unpacked(one)) for one in prints]
    sums = {
        student: sum(tree_likeness(facts, other) for _, other in plain) for student, facts in plain
    }
    return max(sums, key=lambda student: (sums[student], student))


def _first_failing(
    course: Course, submissions: Sequence[str], notebook: str, task: str
) -> dict[str, CriterionScore]:
    found: dict[str, CriterionScore] = {}
    for score in gradebook.criteria_of(course, submissions, notebook, task):
        if score.status not in {Status.PASSED, Status.NOT_RUN}:
            found.setdefault(score.submission, score)
    return found
