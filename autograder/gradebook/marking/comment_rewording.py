"""Change of a bank comment's text, including in the answers that use it."""

from __future__ import annotations

from dataclasses import replace

from autograder.config import Course
from autograder.gradebook.marking import comment_bank, mark_changes
from autograder.gradebook.marking.marks import Mark, State


def reword_everywhere(course: Course, remark: str, text: str, who: str) -> int:
    """Change a bank comment's text in the bank and in answers; return the number changed.

    Answers in which a grader has edited the text keep their version.
    """
    row, answers = comment_bank.users(course, remark)
    old, new = row.text, text.strip()

    def reworded(found: Mark) -> State:
        state = found.state
        lines = tuple(replace(line, text=line.text.replace(old, new)) for line in state.lines)
        return replace(state, comment=state.comment.replace(old, new), lines=lines)

    comment_bank.reword(course, remark, new)
    return mark_changes.save_many(course, answers, who, reworded, "bank edited")
