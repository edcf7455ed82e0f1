"""A release in Korean: other words, the same code, ids, number and points."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import nbformat
import pytest
from nbgrader.api import Gradebook

from autograder import gradebook
from autograder.config import Course
from autograder.errors import NotFound, ReleaseRefused
from autograder.notebook.release.wheel import Wheel
from autograder.notebook.source.cells import cells_of, normal
from autograder.notebook.source.reading import read_assignment
from autograder.notebook.submission.merging import merge
from autograder.steps.authoring import release as step
from autograder.steps.authoring.release import ReleaseReport, out_of_step, release
from autograder.steps.grading import collect
from autograder.steps.grading.grade import grade
from autograder.steps.reporting import feedback
from tests.translation import made
from tests.validate.made import course as plain_course

Make = Callable[..., ReleaseReport]


@pytest.fixture
def course(tmp_path: Path) -> Course:
    return made.course(tmp_path)


@pytest.fixture
def make(course: Course) -> Make:
    def make(**options: object) -> ReleaseReport:
        given = {"prove": lambda *_: [], **options}
        return release(course, "A", **given)  # type: ignore[arg-type]

    return make


def notebook(course: Course, lang: str = "") -> nbformat.NotebookNode:
    return nbformat.read(course.release / lang / "A" / "A.ipynb", 4)


def prose(node: nbformat.NotebookNode) -> str:
    return "\n\n".join(cell.source for cell in node.cells if cell.cell_type == "markdown")


def told(node: nbformat.NotebookNode) -> dict:
    """What the set-up cell tells the kernel of its notebook."""
    source = node.cells[0].source
    start = source.index("r'''") + 4
    return json.loads(source[start : source.rindex("'''")])["notebook"]


# ── What is in it ────────────────────────────────────────────────────────────────────


def test_prose_tables_and_demands_are_korean_in_a_folder_of_their_own(
    course: Course, make: Make
) -> None:
    report = make()
    assert report.languages == ("ko",)
    english, korean = prose(notebook(course)), prose(notebook(course, "ko"))
    assert "# Doubling" in english
    assert "# 두 배로 만들기\n\n> **모든 수를 두 배로 만드세요.**" in korean
    assert "| 맞음 | 틀림 |\n| --- | --- |\n| ![둘](data:image/png;base64,AAAA) | 3 |" in korean
    assert "| double(3)은 6이에요 | 2 |" in korean
    assert "| 무작위로 뽑은 수 5개를 두 배로 만들어요 | 3 |" in korean
    assert "2는 왜 짝수일까요?" in korean
    assert "What is demanded" not in korean
    assert not any("\uac00" <= c <= "\ud7a3" for c in english)


def test_code_ids_and_number_are_the_same(course: Course, make: Make) -> None:
    make()
    english, korean = (cells_of(notebook(course, lang)) for lang in ("", "ko"))
    for one, other in zip(english, korean, strict=True):
        same = (one.id, one.kind, one.grade_id, one.points, one.tags, one.generated)
        assert same == (
            other.id,
            other.kind,
            other.grade_id,
            other.points,
            other.tags,
            other.generated,
        )
        if one.kind == "code" and not one.generated:
            assert normal(one.source) == normal(other.source)
    facts = notebook(course, "ko").metadata["autograder"]
    of_source = notebook(course).metadata["autograder"]
    assert facts["token"] != of_source["token"]  # a token is of one language
    assert facts == {**of_source, "language": "ko", "token": facts["token"]}


def test_a_kernel_is_told_the_words_that_code_says_and_none_that_staff_read(
    course: Course, make: Make
) -> None:
    make()
    facts = told(notebook(course, "ko"))
    assert facts["language"] == "ko"
    assert facts["words"] == {
        "double(3) is {wanted}": "double(3)은 {wanted}이에요",
        "It doubles 5 drawn numbers": "무작위로 뽑은 수 5개를 두 배로 만들어요",
        "total is the sum of the doubled numbers": "total은 두 배로 만든 수의 합이에요",
        "Twice 3 is 6.": "3의 두 배는 6이에요.",
        "the sum of all": "모두의 합",
    }
    assert "words" not in told(notebook(course))
    text = (course.release / "ko" / "A" / "A.ipynb").read_text()
    assert "다시 보세요" not in text


def test_a_translation_changes_nothing_in_the_other_release(course: Course, tmp_path: Path) -> None:
    release(course, "A", prove=lambda *_: [])
    alone = plain_course(tmp_path / "alone", made.cells())
    alone.state.mkdir(mode=0o700, exist_ok=True)
    (alone.state / "course.key").write_bytes(course.key)  # tokens are of one key
    release(alone, "A", prove=lambda *_: [])
    names = sorted(p.name for p in (alone.release / "A").iterdir())
    assert names == sorted(p.name for p in (course.release / "A").iterdir())
    for name in names:
        assert (alone.release / "A" / name).read_bytes() == (
            course.release / "A" / name
        ).read_bytes()


# ── When it is made ──────────────────────────────────────────────────────────────────


def test_a_mended_translation_is_released_without_proving_and_without_a_new_number(
    course: Course, make: Make
) -> None:
    make()
    path = course.source / "A" / "locale" / "ko.po"
    path.write_text(path.read_text().replace("두 배로 만들기", "두 배 하기"))

    def never(*_: object) -> list[str]:
        raise AssertionError("the code is as it was proved")

    report = make(languages=["ko"], prove=never)
    assert (report.number, report.written, report.changes) == (1, True, ())
    assert "# 두 배 하기" in prose(notebook(course, "ko"))
    assert not make(languages=["ko"], prove=never).written


def test_a_changed_source_is_proved_and_numbered_in_both(course: Course, make: Make) -> None:
    make()
    path = course.source / "A" / "A.ipynb"
    path.write_text(path.read_text().replace("wanted=6", "wanted=6.0"))
    proved = []
    report = make(languages=["ko"], prove=lambda *_: proved.append(1) or [])
    assert proved
    numbers = [notebook(course, lang).metadata["autograder"]["release"] for lang in ("", "ko")]
    assert numbers == [2, 2] == [report.number] * 2


def test_what_is_not_translated_stays_as_it_is_and_is_told(tmp_path: Path) -> None:
    said = {**made.KO}
    del said["Doubling"]
    course = made.course(tmp_path, said=said)
    report = release(course, "A", prove=lambda *_: [])
    assert "# Doubling\n\n> **모든 수를" in prose(notebook(course, "ko"))
    (warning,) = report.warnings
    assert warning.startswith("ko: 1 texts are not translated")


def test_a_language_without_a_catalogue_is_not_found(make: Make, course: Course) -> None:
    (course.source / "A" / "locale" / "ko.po").unlink()
    assert make().languages == ()
    with pytest.raises(NotFound, match="no translation into 'ko'"):
        make(languages=["ko"])


@pytest.mark.parametrize(
    ("msgid", "msgstr", "why"),
    [
        ("good", "맞음 (`total = float(np.sum(...))`)", "says something else"),
        ("double(3) is {wanted}", "double(3)은 6이에요", "says something else"),
        ("Doubling", "total = float(np.sum(double(np.arange(4.0))))", "would leak"),
        ("Twice 3 is 6.", "total = float(np.sum(double(np.arange(4.0))))6 3", "would leak"),
    ],
)
def test_a_translation_that_leaks_or_lies_is_refused(
    tmp_path: Path, msgid: str, msgstr: str, why: str
) -> None:
    if why == "would leak":
        msgstr = msgstr.removesuffix("6 3")
    cells = made.cells()
    course = made.course(tmp_path, cells, {**made.KO, msgid: msgstr})
    if msgid == "Twice 3 is 6.":  # its numbers would be missed before the leak is found
        path = course.source / "A" / "locale" / "ko.po"
        path.write_text(path.read_text().replace(f'msgstr "{msgstr}"', f'msgstr "{msgstr}\\n3 6"'))
    with pytest.raises(ReleaseRefused, match=why):
        release(course, "A", prove=lambda *_: [])
    assert not course.release.exists()


# ── What becomes of what is handed in ────────────────────────────────────────────────

ANSWERS = {
    "double_answer": "def double(x):\n    return 2 * x",
    "total_answer": "total = 13.0",
}


def handed_in(course: Course, lang: str, path: Path, answers: dict[str, str]) -> None:
    node = notebook(course, lang)
    for cell in node.cells:
        grade_id = cell.metadata.get("nbgrader", {}).get("grade_id", "")
        cell.source = answers.get(grade_id, cell.source)
    path.parent.mkdir(parents=True)
    nbformat.write(node, path)


def test_an_untouched_korean_release_is_not_attempted(course: Course, make: Make) -> None:
    make()
    (source,) = read_assignment(course.source / "A").notebooks
    english = merge(source, course.release / "A" / "A.ipynb")
    korean = merge(source, course.release / "ko" / "A" / "A.ipynb")
    assert english.attempted == korean.attempted == {"double": False, "total": False, "why": False}
    assert english.cells == korean.cells
    assert english.notes == korean.notes == ()


def test_the_same_answers_get_the_same_points_and_each_reads_their_own_language(
    course: Course, tmp_path: Path
) -> None:
    release(course, "A", prove=lambda *_: [])
    for who, lang in (("ann", ""), ("bora", "ko")):
        handed_in(course, lang, course.submitted / who / "A" / "A.ipynb", ANSWERS)
    report = grade(course, "A", jobs=2)
    assert {r.student: r.points for r in report.results} == {"ann": 5.0, "bora": 5.0}
    assert [s.release for s in collect.submissions(course, "A")] == [1, 1]
    scores = {s.student: s.total for s in gradebook.student_scores(course, "A")}
    assert scores["ann"] == scores["bora"]
    for who in ("ann", "bora"):
        with Gradebook(course.db_url, course.name) as book:
            comment = book.find_comment("total_answer", "A", "A", who)
            comment.manual_comment = "Look again at mean.\ngood"  # what a mistake is told, and more
            book.db.commit()
    feedback.feedback(course, "A")
    ann, bora = ((course.feedback / s / "A" / "A.html").read_text() for s in ("ann", "bora"))
    assert "total is the sum of the doubled numbers" in ann
    assert "total은 두 배로 만든 수의 합이에요" in bora
    assert "무작위로 뽑은 수 5개를 두 배로 만들어요" in bora
    assert "Look again at mean." in ann
    assert "평균을 다시 보세요." in bora
    assert "맞음" not in bora, "“good” is a person's own remark, not that of the card"
    assert 'lang="ko"' in bora
    assert 'lang="ko"' not in ann


def test_a_kernel_speaks_the_language_of_its_release(
    course: Course, make: Make, tmp_path: Path, start_kernel: Callable
) -> None:
    make()
    words = told(notebook(course, "ko"))
    kernel = start_kernel(AUTOGRADER_NOTEBOOK=json.dumps(words), AUTOGRADER_PLAIN="1")
    kernel.run("from autograder import Task, expect, translated\n\ndef double(x): return 3 * x")
    said = kernel.run(
        next(
            c.source
            for c in notebook(course, "ko").cells
            if "drawn" in c.source and "Task" in c.source
        )
    )
    assert "double(3)은 6이에요" in said
    assert "3의 두 배는 6이에요." in said
    assert "무작위로 뽑은 수 5개를 두 배로 만들어요" in said
    assert "모두의 합" in kernel.run('print(translated("the sum of all"))')


# ── In step with its source ──────────────────────────────────────────────────────────


def test_a_release_is_in_step_until_source_catalogue_or_release_change(
    course: Course, make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert out_of_step(course, "A") == ["manifest.json"], "never released"
    make()
    newer = Wheel("sprintgrader-2+student.b-py3-none-any.whl", "2+student.b", b"newer")
    monkeypatch.setattr(step, "light_wheel", lambda: newer)
    assert out_of_step(course, "A") == [], "the wheel is taken as it lies there"
    released = course.release / "ko" / "A" / "A.ipynb"
    before = released.read_text()
    released.write_text(before.replace("맞음", "옳음"))
    assert out_of_step(course, "A") == ["ko/A/A.ipynb"]
    released.write_text(before)
    catalogue = course.source / "A" / "locale" / "ko.po"
    catalogue.write_text(catalogue.read_text().replace("맞음", "옳음"))
    assert out_of_step(course, "A") == ["ko/A/A.ipynb", "ko/A/manifest.json"]
    make()
    source = course.source / "A" / "A.ipynb"
    source.write_text(source.read_text().replace("wanted=6", "wanted=6.0"))
    assert {"A/A.ipynb", "A/manifest.json", "ko/A/A.ipynb"} <= set(out_of_step(course, "A"))
