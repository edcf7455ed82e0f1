"""A course with one small assignment in English, and its Korean catalogue."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import nbformat

from autograder.config import Course
from autograder.notebook.source.reading import read_assignment
from autograder.notebook.translation import catalogues
from autograder.notebook.translation.texts import texts
from tests.grading.made import answer, code, test
from tests.validate import made

TEXT = """# Doubling

> **Double every number.**

| good | wrong |
| --- | --- |
| ![two](data:image/png;base64,AAAA) | 3 |

Write `double(x)`: it gives $2x$
for every number."""
VISIBLE = """task = Task("double")


@task.criterion("double(3) is {wanted}", points=2)
def by_hand(double, *, wanted=6):
    expect.close(double(3), wanted, name="double(3)", hint="Twice 3 is 6.")


### BEGIN HIDDEN TESTS
@task.criterion("It doubles {n} drawn numbers", points=3, after=by_hand)
def drawn(double, rng, *, n=5):
    numbers = rng.normal(size=n)
    expect.close(double(numbers), numbers + numbers, name="double(x)", hint="A secret hint.")
### END HIDDEN TESTS

task.check()"""
KO = {
    "Doubling": "두 배로 만들기",
    "**Double every number.**": "**모든 수를 두 배로 만드세요.**",
    "good": "맞음",
    "wrong": "틀림",
    "![two](data:1)": "![둘](data:1)",
    "Write `double(x)`: it gives $2x$ for every number.": "`double(x)`를 작성하세요. 모든 수에 대해 $2x$를 돌려줘요.",
    "double(3) is {wanted}": "double(3)은 {wanted}이에요",
    "It doubles {n} drawn numbers": "무작위로 뽑은 수 {n}개를 두 배로 만들어요",
    "total is the sum of the doubled numbers": "total은 두 배로 만든 수의 합이에요",
    "Twice 3 is 6.": "3의 두 배는 6이에요.",
    "the sum of all": "모두의 합",
    "Look again at tripled.": "세 배를 다시 보세요.",
    "Look again at rounded.": "반올림을 다시 보세요.",
    "Look again at mean.": "평균을 다시 보세요.",
    "Why is two even?": "2는 왜 짝수일까요?",
}


def cells() -> list[Any]:
    text = nbformat.v4.new_markdown_cell(TEXT, metadata=_marks("intro", locked=True))
    prompt = "Why is two even?\n\n### BEGIN SOLUTION\nBecause 2 / 2 is whole.\n### END SOLUTION"
    why = nbformat.v4.new_markdown_cell(
        prompt, metadata=_marks("why", grade=True, solution=True, points=2)
    )
    label = 'from autograder import translated\n\nprint(translated("the sum of all"))'
    return [
        text,
        made.SETUP,
        answer(made.DOUBLE, "double_answer"),
        made.TRIPLED,
        made.ROUNDED,
        test(VISIBLE, "double", 5),
        code(label, "label", locked=True),
        answer(made.SUM, "total_answer"),
        made.MEAN,
        test(made.SUM_TEST, "total", 5),
        why,
    ]


def _marks(grade_id: str, **marks: Any) -> dict[str, Any]:
    plain = {"schema_version": 3, "grade": False, "solution": False, "locked": False, "task": False}
    return {"nbgrader": {**plain, "grade_id": grade_id, **marks}}


def course(root: Path, given: Sequence[Any] | None = None, said: Mapping[str, str] = KO) -> Course:
    """A course whose assignment A is translated as far as `said` goes; {} makes no catalogue."""
    made_one = made.course(root, given or cells(), config_lines='c.Course.translations = ["ko"]')
    if said:
        translate(made_one, said)
    return made_one


def translate(course: Course, said: Mapping[str, str]) -> Path:
    """The catalogue brought in step and filled in, as a translator would."""
    source = read_assignment(course.source / "A")
    path = catalogues.path_of(source.path, "ko")
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(catalogues.updated(source, "ko"))
    text = path.read_text()
    assert said.keys() <= {t.msgid for t in texts(source)}
    for msgid, msgstr in said.items():
        before = f'msgid "{_quoted(msgid)}"\nmsgstr ""'
        assert before in text, msgid
        text = text.replace(before, f'msgid "{_quoted(msgid)}"\nmsgstr "{_quoted(msgstr)}"')
    path.write_text(text)
    return path


def _quoted(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')
