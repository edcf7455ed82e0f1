"""The command line: what it answers, how it fails, and how fast."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from autograder.cli import app
from autograder.cli.output import printable, show
from autograder.cli.reports import grading

ROOT = Path(__file__).parents[2]


def run(*words: object, code: int = 0) -> str:
    result = CliRunner().invoke(app, [str(word) for word in words])
    assert result.exit_code == code, result.output
    return result.output


def test_help_imports_nothing_that_makes_it_slow() -> None:
    code = (
        "import sys; sys.argv = ['autograder', '--help']; from autograder.cli import app;"
        "app(standalone_mode=False);"
        "print('LOADED', *{'numpy', 'nbgrader', 'nbformat', 'sqlalchemy', 'rich', 'tensorflow',"
        " 'fastapi'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1].strip() == "LOADED"


@pytest.mark.slow
def test_help_answers_within_three_tenths_of_a_second() -> None:
    command = [str(Path(sys.executable).with_name("autograder")), "--help"]
    times = []
    for _ in range(5):
        started = time.perf_counter()
        subprocess.run(command, capture_output=True, check=True)
        times.append(time.perf_counter() - started)
    assert min(times) < 0.3


def test_help_lists_every_command_with_a_sentence() -> None:
    lines = run("--help").split("Commands:")[1].strip().splitlines()
    assert len(lines) >= 2
    assert all(line.rstrip().endswith((".", "...")) for line in lines)


def test_a_new_course_loads_and_its_assignment_has_no_mistake(tmp_path: Path) -> None:
    from autograder import config
    from autograder.notebook.source.reading import read_assignment

    said = run("init", tmp_path / "dl")
    assert f"a new course in {tmp_path / 'dl'}" in said
    course = config.load(tmp_path / "dl")
    assert course.name == "dl"
    (notebook,) = read_assignment(course.source / "hello").notebooks
    (task,) = notebook.tasks
    assert [(c.name, c.points, c.hidden) for c in task.criteria] == [
        ("columns", 4, False),
        ("constant_column", 2, False),
        ("unseen_columns", 4, True),
    ]
    assert {name for m in task.mistakes for name in m.fails} == {c.name for c in task.criteria}


@pytest.mark.parametrize("file", ["course_config.py", "nbgrader_config.py", "README.md"])
def test_init_never_overwrites(tmp_path: Path, file: str) -> None:
    (tmp_path / file).write_text("mine")
    assert f"{file} is there already" in run("init", tmp_path, code=1)
    assert [p.name for p in tmp_path.iterdir()] == [file]
    assert (tmp_path / file).read_text() == "mine"


def test_a_name_that_would_break_the_settings_is_refused(tmp_path: Path) -> None:
    said = run("init", tmp_path / "dl", "--name", 'x"; import os #', code=1)
    assert "cannot be the name of a course" in said
    assert not (tmp_path / "dl").exists()


def test_a_failure_is_one_sentence_with_place_and_way_out(tmp_path: Path) -> None:
    said = run("--course", tmp_path, "roster", "import", "x.csv", code=1)
    assert said == f"{tmp_path}: no course here\n  → autograder init {tmp_path} makes one\n"


def test_a_failure_in_json_has_its_parts_by_name(tmp_path: Path) -> None:
    said = run("--course", tmp_path, "roster", "import", "x.csv", "--json", code=1)
    assert json.loads(said)["error"] == {
        "type": "NotFound",
        "fact": "no course here",
        "where": str(tmp_path),
        "way_out": f"autograder init {tmp_path} makes one",
    }


def graded(student: str, *notes: str):
    from autograder.nouns import NotebookResult, Result, TaskKind, TaskResult
    from autograder.steps.grading.grade import GradeReport

    tasks = (TaskResult("t", TaskKind.CRITERIA, 10.0, attempted=False),)
    one = Result("01", "a1", student, 1, (NotebookResult("a1", tasks, limit="cell 7 was slow"),))
    return GradeReport("a1", (one,), ran=1, notes=notes, by_status={"graded": 1}, tier="A")


def test_a_line_per_submission_shows_points_and_what_stopped_it(capsys) -> None:
    show(graded("s1"), False, grading.grade)
    said = capsys.readouterr().out
    assert re.search(r"s1 +0/10 +untouched +cell 7 was slow", said)
    assert "1 submission: 1 graded" in said


def test_words_of_students_are_no_markup(capsys) -> None:
    show(graded("[red]x[/]", "a [/nothing] note \x1b[2J"), False, grading.grade)
    said = capsys.readouterr().out
    assert "[red]x[/]" in said
    assert "a [/nothing] note \n" in said


def test_a_report_with_faults_ends_the_command_with_one(capsys) -> None:
    with pytest.raises(typer.Exit) as ended:
        show(graded("s1"), True, grading.grade, ok=False)
    assert ended.value.exit_code == 1
    assert json.loads(capsys.readouterr().out)["submissions"] == 1


def test_words_of_students_cannot_move_the_cursor_or_turn_a_line_round() -> None:
    assert printable("a\x1b[2Jb\u202ec\n\td한") == "ab⟨U+202E⟩c\n\td한"
