"""What `register` puts into the gradebook is what nbgrader itself would have put there."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import pytest
from nbgrader.api import Gradebook
from nbgrader.apps import NbGraderAPI
from nbgrader.coursedir import CourseDirectory
from sqlalchemy import create_engine, inspect, text
from traitlets.config import Config

from autograder import gradebook, nouns
from autograder.config.settings import CourseSettings
from autograder.errors import AutograderError
from autograder.gradebook.database.connection import MIGRATIONS
from autograder.gradebook.database.tables import Base

from .made import DOUBLE, a_result, a_submission, an_assignment, code, first_node

CELLS = """
    SELECT n.name, b.name, b.type, g.max_score, t.max_score, g.cell_type, t.cell_type
    FROM base_cell b JOIN notebook n ON n.id = b.notebook_id
    LEFT JOIN grade_cells g ON g.id = b.id LEFT JOIN task_cells t ON t.id = b.id
    ORDER BY n.name, b.rowid"""
SOURCES = """
    SELECT n.name, n.kernelspec, s.name, s.cell_type, s.locked, s.source, s.checksum
    FROM source_cell s JOIN notebook n ON n.id = s.notebook_id ORDER BY n.name, s.rowid"""


def rows(course, query):
    engine = create_engine(course.db_url)
    with engine.connect() as connection:
        found = [tuple(row) for row in connection.execute(text(query))]
    engine.dispose()
    return found


def without_mistakes():
    node = first_node()
    node.cells = [c for c in node.cells if "mistake" not in c.metadata.get("tags", [])]
    return node


def test_cells_are_registered_exactly_as_nbgrader_generates_an_assignment(
    course, tmp_path, alembic_found
):
    gradebook.register(course, an_assignment(course), 1)
    ours = rows(course, CELLS), rows(course, SOURCES)

    other = replace(course, root=tmp_path / "theirs")
    an_assignment(other, first=without_mistakes())
    config = Config({"CourseDirectory": {"root": str(other.root), "db_url": other.db_url}})
    api = NbGraderAPI(CourseDirectory(config=config), config=config)
    assert api.generate_assignment("a1")["success"]

    assert ours[0] == rows(other, CELLS)
    assert ours[1] == rows(other, SOURCES)
    assert len(ours[0]) == 7  # double + answer, why twice (graded answer), draw, y + answer
    assert not any("mistake" in str(row) for row in ours[1])


def test_registering_again_changes_nothing(course):
    first = gradebook.register(course, an_assignment(course), 1)
    ids = rows(course, "SELECT id FROM base_cell ORDER BY id")
    again = gradebook.register(course, an_assignment(course), 1)
    assert set(first.added) == {
        "doubling/double",
        "doubling/double-answer",
        "doubling/why",
        "doubling/draw",
        "second/y",
        "second/y-answer",
    }
    assert again.added == again.removed == ()
    assert rows(course, "SELECT id FROM base_cell ORDER BY id") == ids


def test_changed_points_and_source_reach_the_gradebook(course):
    gradebook.register(course, an_assignment(course), 1)
    node = first_node()
    node.cells[4].metadata["nbgrader"]["points"] = 7
    node.cells[1].source = "import numpy"
    gradebook.register(course, an_assignment(course, first=node), 2)
    assert ("doubling", "double", "GradeCell", 7.0, None, "code", None) in rows(course, CELLS)
    assert "import numpy" in {row[5] for row in rows(course, SOURCES)}


def test_a_cell_that_went_is_kept_in_the_audit_and_a_new_one_gets_a_place(course):
    gradebook.register(course, an_assignment(course), 1)
    gradebook.record(course, a_submission(), a_result(a_submission()))
    node = first_node()
    del node.cells[5]  # "why"
    node.cells.append(code("assert True", "extra", points=1, grade=True, locked=True))
    changed = gradebook.register(course, an_assignment(course, first=node), 2)

    assert changed.removed == ("doubling/why",)
    assert changed.added == ("doubling/extra",)
    tasks = {t.task: t for t in gradebook.task_scores(course, "a1", "s-0001")}
    assert set(tasks) == {"double", "draw", "extra", "y"}
    assert tasks["double"].auto == 5.0  # what was graded stays
    assert tasks["extra"].auto is None


def test_a_removed_cell_takes_no_persons_work_with_it(course):
    gradebook.register(course, an_assignment(course), 1)
    gradebook.record(course, a_submission(), a_result(a_submission()))
    with Gradebook(course.db_url) as book:
        book.find_grade("why", "doubling", "a1", "s-0001").manual_score = 3.5
        book.find_comment("why", "doubling", "a1", "s-0001").manual_comment = "Well put."
        book.db.commit()
    node = first_node()
    del node.cells[5]
    gradebook.register(course, an_assignment(course, first=node), 2)
    kept = {str(change.before) for change in gradebook.changes(course, "a1")}
    assert any("3.5" in before for before in kept)
    assert any("Well put." in before for before in kept)


def test_a_notebook_that_went_is_removed(course):
    assignment = an_assignment(course)
    gradebook.register(course, assignment, 1)
    gradebook.record(course, a_submission(), a_result(a_submission()))
    gradebook.register(course, replace(assignment, notebooks=assignment.notebooks[:1]), 2)
    assert {t.notebook for t in gradebook.task_scores(course, "a1")} == {"doubling"}


def test_the_due_date_of_the_course_is_utc_in_the_gradebook_and_nbgraders_own_is_kept(course):
    gradebook.register(course, an_assignment(course), 1)
    with Gradebook(course.db_url) as book:
        book.update_or_create_assignment("a1", duedate="2026-03-01 10:00:00 UTC")
    gradebook.register(course, an_assignment(course), 1)
    with Gradebook(course.db_url) as book:
        assert book.find_assignment("a1").duedate == datetime(2026, 3, 1, 10)
    settings = CourseSettings(timezone="Asia/Seoul", due={"a1": "2026-03-02 18:00"})
    gradebook.register(replace(course, settings=settings), an_assignment(course), 1)
    with Gradebook(course.db_url) as book:
        assert book.find_assignment("a1").duedate == datetime(2026, 3, 2, 9)


def test_each_release_keeps_what_it_demanded(course):
    assignment = an_assignment(course)
    gradebook.register(course, assignment, 1)
    harder = replace(DOUBLE.criteria[1], settings={"at_least": 0.95})
    task = replace(DOUBLE, criteria=(DOUBLE.criteria[0], harder))
    first = replace(assignment.notebooks[0], tasks=(task,))
    gradebook.register(course, replace(assignment, notebooks=(first,)), 2)
    name = "a1/doubling/double/unseen"
    assert gradebook.demands(course, "a1", 1)[name]["settings"] == {"at_least": 0.9}
    assert gradebook.demands(course, "a1")[name]["sentence"].startswith("Doubles at least 0.95")
    assert gradebook.demands(course, "a1", 9) == {}


def test_a_renamed_criterion_takes_over_its_results(course):
    assignment = an_assignment(course)
    gradebook.register(course, assignment, 1)
    gradebook.record(course, a_submission(), a_result(a_submission()))
    renamed = replace(DOUBLE.criteria[0], name="doubling", was="doubles")
    task = replace(DOUBLE, criteria=(renamed, DOUBLE.criteria[1]))
    first = replace(assignment.notebooks[0], tasks=(task,))
    newer = replace(assignment, notebooks=(first, assignment.notebooks[1]))
    gradebook.register(course, newer, 2)
    names = [c.criterion for c in gradebook.criterion_scores(course, "a1")]
    assert "a1/doubling/double/doubling" in names
    assert "a1/doubling/double/doubles" not in names


def test_nbgrader_opens_a_gradebook_that_we_made_and_we_open_one_that_it_made(
    course, tmp_path, alembic_found
):
    gradebook.register(course, an_assignment(course), 1)
    with Gradebook(course.db_url) as book:
        assert [a.name for a in book.assignments] == ["a1"]
    other = replace(course, root=tmp_path / "other")
    other.root.mkdir()
    with Gradebook(other.db_url) as book:
        book.add_assignment("old")
    gradebook.register(other, an_assignment(other), 1)
    with Gradebook(other.db_url) as book:
        assert {a.name for a in book.assignments} == {"old", "a1"}


def test_our_tables_have_an_alembic_version_of_their_own_and_point_nowhere(course):
    gradebook.register(course, an_assignment(course), 1)
    newest = max(path.name[:4] for path in (MIGRATIONS / "versions").glob("0*.py"))
    assert rows(course, "SELECT version_num FROM ag_alembic_version") == [(newest,)]
    engine = create_engine(course.db_url)
    tables = inspect(engine)
    ours = [t for t in tables.get_table_names() if t.startswith("ag_")]
    assert len(ours) == len(Base.metadata.tables) + 1  # and the version's own
    assert not any(tables.get_foreign_keys(table) for table in ours)
    engine.dispose()


def test_the_migrations_make_exactly_the_tables_that_are_declared(course):
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext

    from autograder.gradebook.database.tables import VERSION_TABLE

    gradebook.register(course, an_assignment(course), 1)
    engine = create_engine(course.db_url)
    with engine.connect() as connection:
        context = MigrationContext.configure(
            connection,
            opts={
                "version_table": VERSION_TABLE,
                "compare_type": True,
                "include_object": lambda _o, name, kind, *_: kind != "table" or name[:3] == "ag_",
            },
        )
        assert compare_metadata(context, Base.metadata) == []
    engine.dispose()


def test_an_older_nbgraders_gradebook_is_refused_with_the_way_out(course, alembic_found):
    with Gradebook(course.db_url) as book:
        book.db.execute(text("UPDATE alembic_version SET version_num = '724cde206c17'"))
        book.db.commit()
    with pytest.raises(AutograderError, match="nbgrader db upgrade"):
        gradebook.register(course, an_assignment(course), 1)


def test_a_submission_of_an_unregistered_assignment_is_refused(course):
    with pytest.raises(AutograderError, match="autograder release a1"):
        gradebook.record(course, a_submission(), a_result(a_submission()))


def test_a_failure_half_way_leaves_the_gradebook_as_it_was(course, monkeypatch):
    gradebook.register(course, an_assignment(course), 1)

    def fails(*_args):
        raise OSError("the machine stops here")

    monkeypatch.setattr("autograder.gradebook.scores.recording.write_late_penalties", fails)
    with pytest.raises(OSError, match="stops here"):
        gradebook.record(course, a_submission(), a_result(a_submission()))
    assert gradebook.task_scores(course, "a1") == ()
    assert gradebook.criterion_scores(course, "a1") == ()
    assert rows(course, "SELECT id FROM student") == []


def test_manual_tasks_are_listed_in_the_order_of_the_notebook(course):
    gradebook.register(course, an_assignment(course), 1)
    gradebook.record(course, a_submission(), a_result(a_submission()))
    found = [(t.notebook, t.task) for t in gradebook.task_scores(course, "a1", "s-0001")]
    assert found == [
        ("doubling", "double"),
        ("doubling", "why"),
        ("doubling", "draw"),
        ("second", "y"),
    ]
    assert isinstance(DOUBLE, nouns.Task)
