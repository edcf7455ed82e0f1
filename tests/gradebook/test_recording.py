"""What `record` writes is whole, safe to repeat, and never touches what a person gave."""

from __future__ import annotations

import csv
import math
import sys
from dataclasses import replace
from datetime import datetime

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from nbgrader.api import Grade, Gradebook
from nbgrader.plugins import CsvExportPlugin, LateSubmissionPlugin
from sqlalchemy import create_engine, text

from autograder import gradebook, nouns
from autograder.config.settings import CourseSettings, LateSettings, SubmissionSettings
from autograder.errors import ConfigError

from .made import a_result, a_submission, an_assignment, criterion

DUE = CourseSettings(timezone="UTC", due={"a1": "2026-03-01 12:00"})


@pytest.fixture
def course(course):
    gradebook.register(course, an_assignment(course), 1)
    return course


def record(course, n=1, student="s-0001", **facts):
    submission = a_submission(n, student)
    return gradebook.record(course, submission, a_result(submission, **facts))


def dump(course):
    """Every row of every table but the audit's clock and the time of recording."""
    engine = create_engine(course.db_url)
    with engine.connect() as connection:
        tables = [r[0] for r in connection.execute(text("SELECT name FROM sqlite_master"))]
        found = {}
        for table in tables:
            if table.startswith(("ix_", "sqlite_")):
                continue
            names = [r[1] for r in connection.execute(text(f"PRAGMA table_info({table})"))]
            keep = ", ".join(f'"{n}"' for n in names if n not in {"recorded", "at"})
            found[table] = sorted(
                map(repr, connection.execute(text(f"SELECT {keep} FROM {table}")))
            )
    engine.dispose()
    return found


def by_person(course, cell="why", student="s-0001", **facts):
    with Gradebook(course.db_url) as book:
        grade = book.find_grade(cell, "doubling", "a1", student)
        for name, value in facts.items():
            setattr(grade, name, value)
        grade.needs_manual_grade = False
        book.db.commit()


def grade_of(course, cell, notebook="doubling", student="s-0001"):
    with Gradebook(course.db_url) as book:
        return book.find_grade(cell, notebook, "a1", student).to_dict()


def test_points_timestamp_and_student_reach_nbgrader(course):
    found = record(course, doubles=1.25)
    assert (found.score, found.max_score, found.counts) == (5.25, 12.0, True)
    assert found.needs_person  # "why" was answered, a person reads it
    with Gradebook(course.db_url) as book:
        known = book.find_submission("a1", "s-0001")
        assert known.timestamp == datetime(2026, 3, 1, 9, 0, 0, 123456)
        assert (known.student.first_name, known.student.email) == (None, None)
        assert known.score == 5.25
        assert book.find_submission_notebook("doubling", "a1", "s-0001").failed_tests
        assert not book.find_submission_notebook("second", "a1", "s-0001").failed_tests


def test_nbgraders_export_and_formgraders_numbers_are_ours(course, tmp_path):
    record(course, 1, "s-0001", doubles=0.5)
    record(course, 2, "s-0002", unseen=1.5, y=0)
    by_person(course, student="s-0002", manual_score=3.0, extra_credit=0.5)
    plugin = CsvExportPlugin()
    plugin.to = str(tmp_path / "grades.csv")
    with Gradebook(course.db_url) as book:
        plugin.export(book)
        shown = {d["student"]: d["score"] for d in book.submission_dicts("a1")}
    with (tmp_path / "grades.csv").open() as file:
        exported = {row["student_id"]: float(row["score"]) for row in csv.DictReader(file)}
    ours = {s.student: s.total for s in gradebook.student_scores(course, "a1")}
    assert ours == {"s-0001": 4.5, "s-0002": 7.0}
    assert exported == shown == ours


def test_recording_the_same_again_changes_nothing(course):
    record(course)
    before = dump(course)
    record(course)
    assert dump(course) == before


def test_an_error_of_ours_waits_for_a_person_and_is_no_zero(course):
    found = record(course, unseen=None)
    double = grade_of(course, "double")
    assert double["auto_score"] is None
    assert double["needs_manual_grade"]
    assert found.needs_person
    error = [c for c in gradebook.criterion_scores(course, "a1") if c.status == "error"]
    assert [(c.criterion, c.error) for c in error] == [("a1/doubling/double/unseen", "OSError")]


def test_a_manual_task_left_as_it_was_is_zero_with_nbgraders_comment(course):
    record(course, why=False)
    why = grade_of(course, "why")
    assert (why["auto_score"], why["needs_manual_grade"]) == (0.0, False)
    with Gradebook(course.db_url) as book:
        assert book.find_comment("why", "doubling", "a1", "s-0001").comment == "No response."
    record(course, why=True)
    why = grade_of(course, "why")
    assert (why["auto_score"], why["needs_manual_grade"]) == (None, True)
    with Gradebook(course.db_url) as book:
        assert book.find_comment("why", "doubling", "a1", "s-0001").comment is None


def test_what_a_person_gave_survives_and_is_looked_at_again_only_if_something_changed(course):
    record(course)
    by_person(course, "double", manual_score=4.0, extra_credit=1.0)
    with Gradebook(course.db_url) as book:
        book.find_comment("why", "doubling", "a1", "s-0001").manual_comment = "Good."
        book.db.commit()
    record(course)
    double = grade_of(course, "double")
    assert (double["manual_score"], double["extra_credit"]) == (4.0, 1.0)
    assert not double["needs_manual_grade"]

    record(course, doubles=0.0)
    double = grade_of(course, "double")
    assert (double["manual_score"], double["auto_score"]) == (4.0, 3.0)
    assert double["needs_manual_grade"]
    assert [r.text for r in gradebook.remarks(course, "a1")] == ["Good."]


def test_a_score_that_changes_leaves_a_trace(course):
    record(course)
    record(course, doubles=1.0)
    (change,) = gradebook.changes(course, "a1", "s-0001")
    assert (change.task, change.before, change.after) == (
        "double",
        {"auto_score": 5.0},
        {"auto_score": 4.0},
    )


def test_a_broken_notebook_is_no_zero_it_waits_for_a_person(course):
    submission = a_submission()
    broken = nouns.NotebookResult("doubling", (), broken="not a notebook")
    other = a_result(submission).notebooks[1]
    result = replace(a_result(submission), notebooks=(broken, other))
    found = gradebook.record(course, submission, result)
    assert (found.score, found.needs_person) == (1.0, True)
    for cell in ("double", "why", "draw"):
        grade = grade_of(course, cell)
        assert (grade["auto_score"], grade["needs_manual_grade"]) == (None, True)


def test_grading_one_task_again_leaves_the_others(course):
    submission = a_submission()
    gradebook.record(course, submission, a_result(submission))
    second = a_result(submission, y=0.0).notebooks[1]
    only = replace(a_result(submission), notebooks=(second,))
    found = gradebook.record(course, submission, only)
    assert found.score == 5.0
    assert grade_of(course, "double")["auto_score"] == 5.0
    assert len(gradebook.criterion_scores(course, "a1")) == 3


@pytest.mark.parametrize(("counts", "score"), [("best", 6.0), ("last", 3.0)])
def test_the_best_or_the_last_submission_counts_as_the_course_says(course, counts, score):
    course = replace(course, submissions=SubmissionSettings(counts=counts))
    record(course, 1, doubles=0.0)
    record(course, 2)
    found = record(course, 3, unseen=0.0)
    assert found.score == score
    assert found.counts == (counts == "last")
    everything = gradebook.criterion_scores(course, "a1", all_submissions=True)
    assert len(everything) == 9
    assert len({c.submission for c in everything if c.counts}) == 1


def test_an_earlier_submission_graded_again_may_become_the_one_that_counts(course):
    record(course, 1, doubles=0.0)
    record(course, 2, doubles=1.0)
    assert grade_of(course, "double")["auto_score"] == 4.0
    record(course, 1)  # a criterion was mended
    assert grade_of(course, "double")["auto_score"] == 5.0
    record(course, 1, doubles=0.0)
    assert grade_of(course, "double")["auto_score"] == 4.0


def late(course, **facts):
    return replace(course, settings=DUE, late=LateSettings(**facts))


def test_nbgraders_plugin_takes_the_late_penalty_and_extensions_count(course):
    course = late(course, penalty="zero")
    gradebook.register(course, an_assignment(course), 1)
    assert record(course, 1).late_penalty == 0.0  # in time
    assert record(course, 2, "s-0002").late_penalty == 6.0
    (score,) = gradebook.student_scores(course, "a1", "s-0002")
    assert (score.score, score.total) == (6.0, 0.0)
    with Gradebook(course.db_url) as book:
        book.grant_extension("a1", "s-0002", days=2)
    assert record(course, 2, "s-0002").late_penalty == 0.0


def test_a_late_submission_does_not_replace_a_better_one_in_time(course):
    course = late(course, penalty="zero")
    gradebook.register(course, an_assignment(course), 1)
    record(course, 1, doubles=0.0)
    found = record(course, 2)
    assert (found.score, found.late_penalty, found.counts) == (4.0, 0.0, False)


class HalfOff(LateSubmissionPlugin):
    def late_submission_penalty(self, student_id, score, total_seconds_late):
        return score / 2 if student_id != "s-0009" else 1 / 0


def test_a_plugin_of_the_course_is_used_and_its_failure_is_told(course):
    course = late(course, plugin=f"{__name__}.HalfOff")
    assert __name__ in sys.modules
    gradebook.register(course, an_assignment(course), 1)
    assert record(course, 2, "s-0002").late_penalty == 3.0
    with pytest.raises(ConfigError, match=r"(?s)HalfOff.*ZeroDivisionError"):
        record(course, 2, "s-0009")


TWO = CourseSettings(timezone="UTC", due={"a1": "2026-03-01 12:00", "a2": "2026-03-02 12:00"})


@pytest.fixture
def with_tokens(course):
    """Three late days each; a1 is due on 1 March at noon, a2 a day later."""
    course = replace(course, settings=TWO, late=LateSettings(penalty="zero", tokens=3))
    first = an_assignment(course)
    gradebook.register(course, first, 1)
    gradebook.register(course, replace(first, name="a2"), 1)
    return course


def taken_off(course, assignment):
    return [s.late_penalty for s in gradebook.student_scores(course, assignment)]


def test_late_days_are_taken_whole_and_in_the_order_in_which_work_came_in(with_tokens):
    assert record(with_tokens, 3).late_penalty == 0.0  # 2 days late: 2 of 3
    two_days = a_submission(4, assignment="a2", id="01J" + "2" * 23)
    assert gradebook.record(with_tokens, two_days, a_result(two_days)).late_penalty == 6.0
    one_day = a_submission(
        3, assignment="a2", id="01J" + "3" * 23, received="2026-03-03T11:00:00+00:00"
    )
    assert gradebook.record(with_tokens, one_day, a_result(one_day)).late_penalty == 0.0


def test_a_late_day_given_back_goes_to_other_work(with_tokens):
    record(with_tokens, 3, doubles=0.0)
    other = a_submission(4, assignment="a2", id="01J" + "2" * 23)
    gradebook.record(with_tokens, other, a_result(other))
    assert taken_off(with_tokens, "a2") == [6.0]
    in_time = a_submission(1)
    gradebook.record(with_tokens, in_time, a_result(in_time))
    assert taken_off(with_tokens, "a1") == [0.0]
    assert taken_off(with_tokens, "a2") == [0.0]


def test_more_time_lets_the_better_one_count(course):
    course = late(course, penalty="zero")
    gradebook.register(course, an_assignment(course), 1)
    record(course, 1, doubles=0.0)
    assert not record(course, 2).counts
    assert gradebook.choose_again(course, "a1", "s-0001") == a_submission(1).id
    with Gradebook(course.db_url) as book:
        book.grant_extension("a1", "s-0001", days=2)
    assert gradebook.choose_again(course, "a1", "s-0001") == a_submission(2).id
    (score,) = gradebook.student_scores(course, "a1")
    assert (score.total, score.submission) == (6.0, a_submission(2).id)
    assert gradebook.choose_again(course, "a1", "nobody") == ""


def test_sprints_are_never_late(course):
    course = late(course, penalty="zero")
    gradebook.register(course, an_assignment(course), 1)
    sprint = replace(course, settings=replace(DUE, sprints=("a1",)))
    assert record(sprint, 2, "s-0002").late_penalty == 0.0


def test_hostile_text_in_a_message_is_stored_and_read_back_as_text(course):
    submission = a_submission()
    message = nouns.Message("{x}", "\ud800\x00'; DROP TABLE grade; --", "", {"x": math.nan, 1: "b"})
    failed = replace(criterion("doubles", "failed", math.nan, 2), message=message, score=math.inf)
    task = nouns.TaskResult("double", nouns.TaskKind.CRITERIA, 5, (failed,))
    notebook = nouns.NotebookResult("doubling", (task,))
    result = replace(a_result(submission), notebooks=(notebook,))
    gradebook.record(course, submission, result)
    (row,) = gradebook.criterion_scores(course, "a1")
    assert row.message.got == "?␀'; DROP TABLE grade; --"
    assert row.message.values == {"x": "nan", "1": "b"}
    assert (row.points, row.score) == (0.0, None)
    assert grade_of(course, "double")["auto_score"] is None  # no number: a person looks


@given(points=st.floats(allow_nan=True, allow_infinity=True))
@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_no_number_takes_a_score_out_of_its_bounds(course, points):
    record(course, doubles=points)
    auto = grade_of(course, "double")["auto_score"]
    assert auto is None or 0 <= auto <= 5


def test_two_processes_that_record_at_once_lose_nothing(course, tmp_path):
    import subprocess

    script = tmp_path / "records.py"
    script.write_text(
        "import sys\n"
        f"sys.path[:0] = {[str(p) for p in sys.path]!r}\n"
        "from pathlib import Path\n"
        "from autograder import gradebook\n"
        "from autograder.config import Course\n"
        "from tests.gradebook.made import a_result, a_submission\n"
        f"course = Course(root=Path({str(course.root)!r}))\n"
        "for n in range(12):\n"
        "    submission = a_submission(1, f's-{sys.argv[1]}-{n}')\n"
        "    submission = type(submission)(**{**submission.__dict__,\n"
        "        'id': f'01J0000000000000000000{sys.argv[1]}{n:03d}'})\n"
        "    gradebook.record(course, submission, a_result(submission))\n"
    )
    root = next(p for p in type(tmp_path)(__file__).parents if (p / "pyproject.toml").exists())
    jobs = [
        subprocess.Popen(
            [sys.executable, str(script), who], cwd=root, env={"PYTHONPATH": str(root)}
        )
        for who in "ab"
    ]
    assert [job.wait(120) for job in jobs] == [0, 0]
    assert len(gradebook.student_scores(course, "a1")) == 24
    engine = create_engine(course.db_url)
    with engine.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM grade")).scalar() == 24 * 4
        assert connection.execute(text("PRAGMA journal_mode")).scalar() == "wal"
    engine.dispose()
    assert Grade.__tablename__ == "grade"
