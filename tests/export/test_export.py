"""The tables for other systems: who is in them, how they are written, what is told."""

from __future__ import annotations

import csv
import io
import json

import pytest
from typer.testing import CliRunner

from autograder import gradebook
from autograder.cli import app
from autograder.errors import AutograderError, ConfigError, NotFound
from autograder.steps.reporting.export import COLUMNS, table
from autograder.steps.reporting.spreadsheet import FORMULA, csv_bytes, plain


def rows(report, encoding="utf-8-sig"):
    text = report.table.decode(encoding)
    return list(csv.reader(io.StringIO(text, newline="")))


def by_number(report, column="SIS User ID"):
    heading, *lines = rows(report)
    return {line[heading.index(column)]: dict(zip(heading, line, strict=True)) for line in lines}


# ── A table for everybody ────────────────────────────────────────────────────────────


def test_the_csv_has_every_column_and_opens_rightly_in_a_spreadsheet(class_):
    class_.hand_in("2026001")
    report = table(class_.course)
    assert report.table.startswith(b"\xef\xbb\xbf"), "so that Korean names are read as UTF-8"
    heading, line = rows(report)
    assert heading == list(COLUMNS)
    found = dict(zip(heading, line, strict=True))
    assert (found["name"], found["number"], found["section"]) == ("김하나", "2026001", "분반 1")
    assert (found["assignment"], found["total"], found["max_score"]) == ("a1", "6", "12")
    assert (found["percent"], found["needs_person"]) == ("50", "no")
    assert found["received"] == "2026-03-01 18:00:00+09:00", "in the course's zone"


def test_columns_are_chosen_ordered_and_renamed(class_):
    class_.hand_in("2026001", unseen=1.5)
    course = class_.with_settings(columns=("학번 = number", "total", "tasks"))
    assert rows(table(course)) == [
        [
            "학번",
            "total",
            "a1/doubling/double",
            "a1/doubling/why",
            "a1/doubling/draw",
            "a1/second/y",
        ],
        ["2026001", "4.5", "3.5", "0", "0", "1"],
    ]


def test_a_column_that_is_not_there_is_told_with_the_nearest(class_):
    class_.hand_in("2026001")
    with pytest.raises(ConfigError, match=r"(?s)no column 'totals'.*did you mean total\?"):
        table(class_.with_settings(columns=("totals",)))


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "＝1", "＠x"])
def test_formulas_are_text(text):
    assert plain(text) == f"'{text}"


@pytest.mark.parametrize(
    ("text", "safe"),
    [
        (" =1", "' =1"),
        ("\ufeff=1", "'\ufeff=1"),
        ("\u200b@x", "'\u200b@x"),
        ("a;=1+1", "a;'=1+1"),
        ("a\n=1", "a\n'=1"),
        ("x; -1 point", "x;' -1 point"),
        ("\u3000＝1", "'\u3000＝1"),
        ("a-b; c=d", "a-b; c=d"),
        ("a@b.org", "a@b.org"),
    ],
)
def test_formulas_behind_what_a_program_drops_or_splits_at_are_text_too(text, safe):
    assert plain(text) == safe


def test_numbers_stay_numbers_also_below_zero():
    assert [plain(v) for v in (-1.5, 3.0, 0, None, True)] == ["-1.5", "3", "0", "", "yes"]


def test_a_name_that_is_a_formula_is_neutralised_and_quotes_survive(class_):
    class_.hand_in("2026003")
    class_.hand_in("2026002")
    names = {line[1] for line in rows(table(class_.course))[1:]}
    assert names == {'\'=HYPERLINK("x")', "Lee, Bo"}
    for report in (table(class_.course, to=to) for to in ("csv", "canvas", "moodle")):
        assert not any(cell[:1] in FORMULA for line in rows(report) for cell in line if cell)


def test_a_student_the_roster_does_not_know_is_in_the_csv_and_told(class_):
    class_.hand_in("stranger")
    report = table(class_.course)
    assert [(left.student, left.why) for left in report.unmatched] == [
        ("stranger", "nobody in the roster")
    ]
    assert report.rows == 1


def test_without_a_roster_pseudonyms_are_enough_for_the_csv_alone(class_):
    class_.hand_in("stranger")
    (class_.course.state / "roster.json").unlink()
    assert table(class_.course).unmatched == ()
    with pytest.raises(NotFound, match="no student is in the roster"):
        table(class_.course, to="canvas")


def test_another_encoding_may_be_chosen_and_one_that_cannot_hold_a_name_is_told(class_):
    class_.hand_in("2026001")
    course = class_.with_settings(encoding="cp949", columns=("name",))
    assert table(course).table == "name\r\n김하나\r\n".encode("cp949")
    with pytest.raises(AutograderError, match="cannot be written in 'ascii'"):
        table(class_.with_settings(encoding="ascii"))
    with pytest.raises(AutograderError, match="cannot be written in 'klingon'"):
        csv_bytes(("a",), [], "klingon")


# ── Canvas ───────────────────────────────────────────────────────────────────────────


def test_canvas_gets_the_columns_its_importer_looks_for(class_):
    class_.hand_in("2026001", y=0)
    class_.hand_in("2026002")
    heading, points, *lines = rows(table(class_.course, to="canvas"))
    assert heading == ["Student", "ID", "SIS User ID", "SIS Login ID", "Section", "a1"]
    assert points == ["    Points Possible", "", "", "", "", "12"]
    assert lines == [
        ["김하나", "", "2026001", "hana@example.org", "분반 1", "5"],
        ["Lee, Bo", "", "2026002", "bo@example.org", "2", "6"],
    ]


def test_canvas_finds_its_own_assignment_by_the_name_that_the_course_gives(class_):
    class_.hand_in("2026001")
    course = class_.with_settings(names={"a1": "Week 1 (4711)"}, canvas={"SIS User ID": "email"})
    found = by_number(table(course, to="canvas"))
    assert found["hana@example.org"]["Week 1 (4711)"] == "6"
    assert found["hana@example.org"]["SIS Login ID"] == ""


def test_a_score_that_waits_for_a_person_is_not_given_away(class_):
    class_.hand_in("2026001", person=True)
    class_.hand_in("2026002")
    report = table(class_.course, to="canvas")
    assert set(by_number(report)) == {"", "2026002"}, "no row: an empty cell would clear a score"
    assert [left.student for left in report.waiting] == [class_.ids["2026001"]]


def test_staff_and_strangers_are_left_out_and_told(class_):
    class_.hand_in("2026099")
    class_.hand_in("stranger")
    class_.hand_in("2026002")
    report = table(class_.course, to="moodle")
    assert report.rows == 1
    assert {(left.student, left.why) for left in report.unmatched} == {
        (class_.ids["2026099"], "instructor, no student"),
        ("stranger", "nobody in the roster"),
    }
    assert set(report.missing) == {class_.ids[n] for n in ("2026001", "2026003", "2026004")}


# ── Moodle ───────────────────────────────────────────────────────────────────────────


def test_moodle_gets_a_line_per_student_with_what_it_can_be_matched_by(class_):
    class_.hand_in("2026001")
    assert rows(table(class_.course, to="moodle")) == [
        ["ID number", "Full name", "Email address", "a1"],
        ["2026001", "김하나", "hana@example.org", "6"],
    ]


def test_identities_that_name_nobody_for_certain_are_refused(class_):
    class_.hand_in("2026001")
    with pytest.raises(ConfigError, match="names nobody for certain"):
        table(class_.with_settings(moodle={"Full name": "name"}), to="moodle")
    with pytest.raises(ConfigError, match=r"(?s)no field 'mail'.*did you mean email"):
        table(class_.with_settings(moodle={"Email address": "mail"}), to="moodle")
    with pytest.raises(ConfigError, match=r"no column 'SIS ID'"):
        table(class_.with_settings(canvas={"SIS ID": "number"}), to="canvas")


# ── The command ──────────────────────────────────────────────────────────────────────


def cli(class_, *words):
    return CliRunner().invoke(app, ["--course", str(class_.course.root), "export", *words])


def test_the_command_writes_where_only_its_owner_reads_and_notes_who_did(class_, tmp_path):
    class_.hand_in("2026001")
    done = cli(class_, "a1", "--to", "canvas", "--json")
    assert done.exit_code == 0, done.output
    said = json.loads(done.stdout)
    file = class_.course.state / "exports" / "a1-canvas.csv"
    assert said["file"] == str(file)
    assert file.stat().st_mode & 0o077 == 0
    (change,) = gradebook.changes(class_.course, "a1")
    assert (change.action, change.after) == ("exported to canvas", {"rows": 1})
    assert cli(class_, "--out", str(tmp_path / "mine.csv")).exit_code == 0
    assert (tmp_path / "mine.csv").is_file()


def test_the_command_fails_if_a_row_matches_nobody(class_):
    class_.hand_in("stranger")
    done = cli(class_)
    assert done.exit_code == 1
    assert "matches nobody: stranger a1: nobody in the roster" in done.stdout


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("nowhere",), "'nowhere' was never released"),
        (("../a1",), "was never released"),
        (("--to", "xls"), "there are csv, canvas, moodle"),
    ],
)
def test_what_is_not_there_is_told(class_, words, told):
    done = cli(class_, *words)
    assert done.exit_code == 1
    assert told in done.output
