"""Feedback given from the page, scores taken out, and the page of statistics."""

from __future__ import annotations

import csv
import io
import re
import time

import pytest
from nbgrader import api
from sqlalchemy import insert, inspect, select

from autograder.gradebook.database import audit
from autograder.gradebook.database.connection import writing
from autograder.gradebook.database.tables import CriterionRow, SubmissionRow

from .conftest import post, seal_of, settings
from .test_course import text

PAGE = "/staff/a/hello/release"


@pytest.fixture
def graded(class_):
    class_.students = class_.enrol(4)
    class_.graded(class_.students[0])
    class_.graded(class_.students[1], failing=["columns"])
    class_.graded(class_.students[2], error=["unseen_columns"])
    return class_


def give(client, **values):
    """Gives feedback and waits until it is given."""
    post(client, PAGE, PAGE, **values)
    for _ in range(200):
        page = client.get(f"{PAGE}/state")
        if "hx-trigger" not in page.text:
            return page
        time.sleep(0.05)
    raise AssertionError("it does not end")


def numbers(page) -> list[str]:
    return re.findall(r'<dd class="big">(\d+)</dd>', page.text)


# ── Feedback ─────────────────────────────────────────────────────────────────────────


def test_nothing_is_given_before_anything_is_graded(class_):
    class_.enrol(1)
    page = give(class_.client())
    assert "Nobody's work is graded to its end yet." in page.text.replace("&#39;", "'")


def test_feedback_is_given_to_whom_it_is_ready_for_and_noted(graded):
    page = give(graded.client())
    assert numbers(page) == ["2", "1", "2", "0"]
    assert "Given to 2 students." in page.text
    folders = {p.parent.name for p in graded.course.feedback.glob("*/hello")}
    assert folders == set(graded.students[:2])
    assert audit.last(graded.course, "hello", "feedback given").after == {"students": 2}
    page = give(graded.client(), unfinished="yes")
    assert numbers(page) == ["2", "1", "3", "0"]


def test_students_see_it_only_once_it_is_given_where_the_course_says_so(graded):
    settings(graded, 'c.Feedback.when = "on_release"')
    client = graded.client()
    assert "as soon as it is given here" in client.get(PAGE).text
    mine = graded.client("2026001")
    assert "of 10 points" not in text(mine.get("/a/hello"))
    give(client)
    assert "6 of 10 points" in text(mine.get("/a/hello"))
    back = post(client, PAGE, f"{PAGE}/back")
    assert (back.status_code, "Say that you are sure." in back.text) == (409, True)
    post(client, PAGE, f"{PAGE}/back", sure="yes")
    assert "of 10 points" not in text(mine.get("/a/hello"))
    assert audit.last(graded.course, "hello", "feedback taken back").after == {"students": 2}


def test_feedback_that_is_given_by_itself_cannot_be_taken_back(graded):
    client = graded.client()
    give(client)
    assert "Take feedback back" not in client.get(PAGE).text
    back = post(client, PAGE, f"{PAGE}/back", sure="yes")
    assert (back.status_code, "gives feedback by itself" in back.text) == (409, True)


def test_what_was_changed_since_is_counted(graded):
    client = graded.client()
    give(client)
    time.sleep(0.02)
    graded.graded(graded.students[0], failing=["columns"])
    assert numbers(client.get(f"{PAGE}/state"))[3] == "1"
    assert numbers(give(client))[3] == "0"


def test_a_ta_neither_gives_nor_takes_nor_exports(graded):
    ta = graded.client("2")
    page = ta.get(PAGE)
    assert "An instructor gives feedback." in page.text
    seal = seal_of(ta, PAGE)
    for form in (PAGE, f"{PAGE}/back", "/staff/a/hello/export"):
        done = ta.post(form, data={"seal": seal, "to": "csv", "sure": "yes"})
        assert done.status_code == 403
    assert not list(graded.course.feedback.glob("*/hello"))


# ── Scores for other systems ─────────────────────────────────────────────────────────


def test_a_table_is_downloaded_and_noted(graded):
    done = post(graded.client(), PAGE, "/staff/a/hello/export", to="canvas", do="download")
    assert done.headers["content-disposition"] == 'attachment; filename="hello-canvas.csv"'
    rows = list(csv.reader(io.StringIO(done.content.decode("utf-8-sig"))))
    assert rows[0] == ["Student", "ID", "SIS User ID", "SIS Login ID", "Section", "hello"]
    assert [line[2] for line in rows[2:]] == ["2026000", "2026001"]
    line = audit.last(graded.course, "hello", "exported to canvas")
    assert line.after == {"rows": 2}


def test_rows_are_checked_before_anything_is_taken(graded):
    page = post(graded.client(), PAGE, "/staff/a/hello/export", to="moodle", do="check")
    assert "2 rows · 1 wait for a person · 1 students without a score" in text(page)
    assert "every row matches somebody" in page.text
    assert audit.last(graded.course, "hello", "exported to moodle") is None
    wrong = post(graded.client(), PAGE, "/staff/a/hello/export", to="xls", do="check")
    assert (wrong.status_code, "there are csv, canvas, moodle" in wrong.text) == (409, True)


# ── Statistics ───────────────────────────────────────────────────────────────────────

STATISTICS = "/staff/a/hello/statistics"


def test_before_anything_is_graded_the_page_says_so(class_):
    class_.enrol(0)
    assert "Nothing is graded yet." in class_.client().get(STATISTICS).text


def test_the_page_tells_the_class_its_criteria_and_who_may_fall_behind(class_):
    students = class_.enrol(12)
    for place, student in enumerate(students):
        class_.graded(student, failing=["columns", "unseen_columns"] if place < 6 else ["columns"])
    page = class_.client("2").get(STATISTICS)
    assert "12 / 12" in text(page)
    assert page.text.count('role="img"') == 2
    assert re.search(
        r'aria-label="Students by percent of the points\. 0: 0, 10: 0, 20: 6', page.text
    )
    assert "<script>alert" not in page.text
    assert "20 % of the points" in page.text
    assert "Each column of the example" in page.text


def test_what_is_recorded_afterwards_is_on_the_page_at_once(class_):
    students = class_.enrol(2)
    client = class_.client()
    class_.graded(students[0])
    assert "1 / 2" in text(client.get(STATISTICS))
    class_.graded(students[1])
    assert "2 / 2" in text(client.get(STATISTICS))


@pytest.mark.parametrize("name", ["criteria", "distribution", "stuck", "unclear", "at_risk"])
def test_every_table_is_a_csv(class_, name):
    student = class_.enrol(4)[3]  # whose name is a formula
    class_.graded(student, failing=["columns", "constant_column", "unseen_columns"])
    table = class_.client().get(f"{STATISTICS}/{name}.csv")
    assert table.headers["content-type"] == "text/csv; charset=utf-8"
    rows = list(csv.reader(io.StringIO(table.content.decode("utf-8-sig"))))
    assert len({len(line) for line in rows}) == 1
    assert not any(cell[:1] == "=" for line in rows for cell in line)
    if name == "at_risk":
        assert rows[1][:2] == [student, "'=SUM(A1)"]


def test_a_table_that_is_not_there_is_not_found(class_):
    class_.enrol(0)
    assert class_.client().get(f"{STATISTICS}/passwords.csv").status_code == 404


def test_a_thousand_students_are_drawn(class_):
    students = class_.enrol(1000)
    first = class_.graded(students[0])
    copy_results(class_.course, first.submission, students[1:])
    page = class_.client().get(STATISTICS)
    assert "1000 / 1000" in text(page)
    assert "90: 1000" in page.text


def copy_results(course, submission, students):
    """The same result for everybody, written straight into the tables."""
    with writing(course) as book:
        session = book.session
        old = session.get(api.SubmittedAssignment, _submitted(session).id)
        (notebook,) = old.notebooks
        (grade,) = notebook.grades
        session.execute(insert(api.Student), [{"id": one} for one in students])
        new = [
            {"id": f"a{n}", "assignment_id": old.assignment_id, "student_id": one}
            for n, one in enumerate(students)
        ]
        session.execute(insert(api.SubmittedAssignment), new)
        session.execute(
            insert(api.SubmittedNotebook),
            [
                {"id": f"n{n}", "notebook_id": notebook.notebook_id, "assignment_id": f"a{n}"}
                for n in range(len(students))
            ],
        )
        session.execute(
            insert(api.Grade),
            [
                {
                    "id": f"g{n}",
                    "cell_id": grade.cell_id,
                    "notebook_id": f"n{n}",
                    "auto_score": 10.0,
                    "needs_manual_grade": False,
                }
                for n in range(len(students))
            ],
        )
        ids = [f"01K{n:023d}" for n in range(len(students))]
        for table, key in ((SubmissionRow, "id"), (CriterionRow, "submission")):
            for row in session.scalars(
                select(table).where(getattr(table, key) == submission)
            ).all():
                known = {c.key: getattr(row, c.key) for c in inspect(table).columns}
                same = [
                    {**known, key: id_, **({"student": one} if key == "id" else {})}
                    for id_, one in zip(ids, students, strict=True)
                ]
                session.execute(insert(table), same)


def _submitted(session):
    return session.scalars(select(api.SubmittedAssignment)).one()
