"""A gradebook of the version before opens: every row of its queue is there, by submission."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from alembic import command
from alembic.config import Config
from sqlalchemy import create_engine, inspect, text

from autograder import gradebook
from autograder.gradebook.database import connection
from autograder.gradebook.portal import queue
from autograder.nouns import Outcome

from .made import a_result, a_submission, an_assignment

AT = "2026-03-01 09:00:00.000000"
LATER = "2099-03-02 00:00:00.000000"
ROWS = {
    "s-0001": ("01J0000000000000000000WAIT", "waiting", AT, AT, 0, ""),
    "s-0002": ("01J000000000000000000LATER", "waiting", AT, LATER, 1, ""),
    "s-0003": ("01J00000000000000000000RUN", "running", AT, AT, 2, ""),
    "s-0004": ("01J0000000000000000000DONE", "done", AT, AT, 1, ""),
    "s-0005": ("01J0000000000000000000FAIL", "failed", AT, AT, 3, "the sandbox died"),
}


def to(course, revision: str) -> None:
    """Brings our tables to a revision, up or down, as Alembic's own command does."""
    config = Config()
    config.set_main_option("script_location", str(connection.MIGRATIONS))
    engine = create_engine(course.db_url)
    with engine.begin() as link:
        config.attributes["connection"] = link
        down = revision < "0005"
        (command.downgrade if down else command.upgrade)(config, revision)
    engine.dispose()


def execute(course, *statements: str) -> None:
    engine = create_engine(course.db_url)
    with engine.begin() as link:
        for statement in statements:
            link.execute(text(statement))
    engine.dispose()


def a_gradebook_of_the_version_before(course):
    """One graded submission, and a queue with a row a student, as revision 0004 keeps them."""
    gradebook.register(course, an_assignment(course), 1)
    submission = a_submission()
    gradebook.record(course, submission, a_result(submission))
    to(course, "0004")
    execute(
        course,
        *(
            f"INSERT INTO ag_queue (assignment, student, submission, state, queued, not_before, tries,"
            f" note) VALUES ('a1', '{who}', '{row[0]}', '{row[1]}', '{row[2]}', '{row[3]}', {row[4]},"
            f" '{row[5]}')"
            for who, row in ROWS.items()
        ),
    )
    return submission


def test_nothing_of_the_queue_before_is_lost_and_what_ran_is_taken_up(course):
    a_gradebook_of_the_version_before(course)
    keys = inspect(create_engine(course.db_url)).get_pk_constraint("ag_queue")
    assert keys["constrained_columns"] == ["assignment", "student"]
    connection._ready.cache_clear()
    found = {who: queue.jobs(course, "a1", who) for who in ROWS}
    assert {who: (job.submission, job.state, job.note) for who, (job,) in found.items()} == {
        who: (row[0], row[1], row[5]) for who, row in ROWS.items()
    }
    assert found["s-0002"][0].not_before == datetime(2099, 3, 2)
    keys = inspect(create_engine(course.db_url)).get_pk_constraint("ag_queue")
    assert keys["constrained_columns"] == ["submission"]
    assert queue.left_running(course) == 1
    taken = {job.submission for job in queue.take(course, 8)}
    assert taken == {ROWS["s-0001"][0], ROWS["s-0003"][0]}


def test_what_was_graded_before_keeps_its_score_and_may_be_outranked(course):
    submission = a_gradebook_of_the_version_before(course)
    connection._ready.cache_clear()
    (score,) = gradebook.student_scores(course, "a1", submission.student)
    assert (score.submission, score.score) == (submission.id, 6.0)
    ended = gradebook.outcomes_of(course, "a1", submission.student)
    assert ended == {submission.student: {submission.id: Outcome.GRADED}}
    second = replace(a_submission(2), student=submission.student)
    assert gradebook.record(course, second, a_result(second, y=0.0)).counting == submission.id


def test_two_of_one_student_wait_beside_each_other(course):
    connection._ready.cache_clear()
    for id_ in ("01J00000000000000000000001", "01J00000000000000000000002"):
        queue.enqueue(course, "a1", "s-0001", id_, datetime(2026, 3, 1))
    assert [job.state for job in queue.jobs(course, "a1", "s-0001")] == ["waiting", "waiting"]
