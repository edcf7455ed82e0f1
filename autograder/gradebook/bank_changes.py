"""A remark of the bank in other words, also wherever it stands already."""

from __future__ import annotations

from dataclasses import replace

from autograder.config import Course
from autograder.gradebook import bank, marking
from autograder.gradebook.marks import Mark, State


def reword_everywhere(course: Course, remark: str, text: str, who: str) -> int:
    """How many answers say it in the new words now; those who changed its words keep their own."""
    row, answers = bank.users(course, remark)
    old, new = row.text, text.strip()

    def reworded(found: Mark) -> State:
        state = found.state
        lines = tuple(replace(line, text=line.text.replace(old, new)) for line in state.lines)
        return replace(state, comment=state.comment.replace(old, new), lines=lines)

    bank.reword(course, remark, new)
    return marking.save_many(course, answers, who, reworded, "bank edited")
