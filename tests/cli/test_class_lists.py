"""Class lists in the shapes that Canvas, Moodle and spreadsheets save, and what they damage."""

from __future__ import annotations

from pathlib import Path

import pytest

from autograder import config
from autograder.errors import AutograderError
from autograder.steps import roster
from autograder.steps.table_files import read_text

SHAPES = Path(__file__).parent / "class_lists"


@pytest.fixture
def course(tmp_path: Path) -> config.Course:
    (tmp_path / "course_config.py").write_text("c = get_config()\n")
    return config.load(tmp_path)


def imported(course: config.Course, data: bytes | str) -> roster.Imported:
    file = course.root / "class.csv"
    file.write_bytes(data.encode() if isinstance(data, str) else data)
    return roster.import_roster(course, file)


def fails(course: config.Course, data: bytes | str) -> str:
    with pytest.raises(AutograderError) as caught:
        imported(course, data)
    assert roster.people(course) == ()
    return str(caught.value)


def listed(course: config.Course) -> dict[str, tuple[str, str, str]]:
    return {p.number: (p.name, p.email, p.section) for p in roster.people(course)}


# ── Recorded shapes ──────────────────────────────────────────────────────────────────


def test_canvass_gradebook_is_read_by_the_students_numbers(course) -> None:
    report = imported(course, (SHAPES / "canvas.csv").read_bytes())
    assert listed(course) == {
        "0012345": ("Álvarez, José", "", "Deep Learning A"),
        "0012346": ("Lee, Bo", "", "Deep Learning A, Deep Learning B"),
        "2027001": ("김하늘", "", "Deep Learning B"),
    }
    assert [text.split(": ")[0] for text in report.skipped] == ["line 2", "line 3", "line 7"]


def test_canvass_login_stands_in_where_no_student_has_a_sis_id(course) -> None:
    imported(course, "Student,ID,SIS User ID,SIS Login ID,Section\nKim,1,,kim@x.org,A\n")
    assert list(listed(course)) == ["kim@x.org"]


def test_moodles_grades_are_read_with_whole_names(course) -> None:
    imported(course, (SHAPES / "moodle_grades.csv").read_bytes())
    assert listed(course) == {
        "0012345": ("José Álvarez", "jose@example.org", ""),
        "0012346": ("Bo Lee, Jr.", "bo@example.org", ""),
        "2027001": ("김하늘", "sky@example.org", ""),
    }


def test_moodle_in_korean_is_read(course) -> None:
    imported(course, (SHAPES / "moodle_ko.csv").read_bytes())
    assert [name for name, _, _ in listed(course).values()] == ["김하늘", "이바다", "José Álvarez"]


BRIGHTSPACE = """OrgDefinedId,Username,Last Name,First Name,Email,End-of-Line Indicator
#0012345,#jalvarez,Álvarez,José,jose@example.org,#
#0012346,#blee,"Lee, Jr.",Bo,bo@example.org,#
"""


def test_brightspaces_numbers_are_read_without_its_sign(course) -> None:
    imported(course, BRIGHTSPACE)
    assert listed(course) == {
        "0012345": ("José Álvarez", "jose@example.org", ""),
        "0012346": ("Bo Lee, Jr.", "bo@example.org", ""),
    }


@pytest.mark.parametrize("again", ["Student ID,Name", "학번,이름", "Student ID,Name,"])
def test_headings_once_more_are_nobody(course, again: str) -> None:
    report = imported(course, f"학번,이름,\n{again}\n2027001,김하늘\n{again}\n2027002,이바다\n")
    assert [*listed(course)] == ["2027001", "2027002"]
    assert len(report.skipped) == 2


@pytest.mark.parametrize(
    "headings", ["학 번,성 명", "학  번,이　름", "ＩＤ,Ｎａｍｅ", "Student_ID,Name"]
)
def test_headings_are_known_however_they_are_spaced(course, headings: str) -> None:
    imported(course, f"{headings}\n2027001,김하늘\n")
    assert [*listed(course)] == ["2027001"]


@pytest.mark.parametrize("last", ["총 2명,", "합계,2명", "Total,2", "Grand total,"])
def test_a_sum_below_the_students_is_nobody(course, last: str) -> None:
    said = fails(course, f"학번,이름\n2027001,김하늘\n2027002,이바다\n{last}\n")
    assert f"line 4: the number {last.partition(',')[0]!r} is in words" in said


def test_titles_and_section_rows_are_no_people(course) -> None:
    report = imported(course, (SHAPES / "titles_and_sections.csv").read_bytes())
    assert listed(course) == {
        "0012345": ("Álvarez, José", "jose@example.org", "A"),
        "0012346": ("Lee, Bo", "bo@example.org", "B"),
        "2027001": ("김하늘", "sky@example.org", "B"),
    }
    assert len(report.skipped) == 4


@pytest.mark.parametrize("shape", sorted(SHAPES.glob("*.csv")), ids=lambda p: p.stem)
@pytest.mark.parametrize("delimiter", [";", "\t"])
def test_each_shape_is_read_with_other_delimiters_and_line_ends(course, shape, delimiter) -> None:
    import csv
    import io

    text = shape.read_text(encoding="utf-8")
    imported(course, text)
    before = listed(course)
    roster.path_of(course).unlink()
    own = ";" if shape.stem == "moodle_ko" else ","
    out = io.StringIO(newline="")
    csv.writer(out, delimiter=delimiter).writerows(csv.reader(io.StringIO(text), delimiter=own))
    imported(course, out.getvalue())
    assert listed(course) == before


KOREAN = "학번,이름,분반\n0012345,김하늘,가\n0012346,쀼뷁,나\n"
WESTERN = "number,name,section\n0012345,José Ángel Müller,A\n0012346,Åsa Öström,B\n"
EMOJI = "number,name\n0012345,Zoë 김\n"


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        (text, e)
        for text in (KOREAN, WESTERN, EMOJI)
        for e in ("utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32")
    ]
    + [(KOREAN, "cp949"), (KOREAN.replace("쀼뷁", "이바다"), "euc_kr")]
    + [(WESTERN, "cp1252"), (WESTERN, "latin-1")],
)
def test_every_encoding_a_spreadsheet_saves_is_read(course, text: str, encoding: str) -> None:
    imported(course, text.encode(encoding))
    lines = text.strip().split("\n")[1:]
    assert {n: found[0] for n, found in listed(course).items()} == {
        line.split(",")[0]: line.split(",")[1] for line in lines
    }


def test_each_western_capital_before_a_small_letter_stays_a_letter(tmp_path) -> None:
    file = tmp_path / "class.csv"
    for name in ("Ángel", "Älex", "Åsa", "Élan", "Þór", "Øystein", "Ümit", "André", "Zoë"):
        file.write_bytes(f"number,name\n1,{name}\n".encode("cp1252"))
        assert name in read_text(file)[0], name


def test_excels_line_that_names_the_delimiter_is_understood(course) -> None:
    imported(course, 'sep=;\nnumber;name\n1;"Lee; Bo, Jr."\n')
    assert listed(course)["1"][0] == "Lee; Bo, Jr."


# ── What was damaged ─────────────────────────────────────────────────────────────────

DAMAGED = [
    "1.23457E+11",
    "1,23457E+11",
    "1.2E+05",
    "2027001.0",
    "2027001,00",
    "2,027,001",
    "2.027.001",
    "Jan-26",
    "26-Jan",
    "1월 02일",
    "2026-01-05 00:00:00",
    "1/5/2026",
    "05.01.2026",
    "#N/A",
    "#######",
    "#REF!",
    "=A2+1",
    "123456789012345000",
]


@pytest.mark.parametrize("number", DAMAGED)
def test_a_number_that_a_spreadsheet_changed_is_refused_with_line_and_remedy(course, number):
    said = fails(course, f'number,name\n2027002,Kim\n"{number}",Lee\n2027003,Park\n')
    assert "class.csv, line 3: the number" in said
    assert number in said
    assert "→ export the list anew" in said


def test_dropped_zeros_are_refused_unless_the_number_is_marked_as_text(course) -> None:
    text = "number,name\n1012345,Kim\n1012346,Lee\n1012347,Park\n12348,Choi\n"
    said = fails(course, text)
    assert "line 5: the number 12348 has 5 digits, most have 7" in said
    imported(course, text.replace("12348", '="12348"'))
    assert "12348" in listed(course)


def test_zeros_that_an_earlier_import_had_are_missed(course) -> None:
    imported(course, "number,name\n00123,Kim\n")
    with pytest.raises(AutograderError, match=r"line 2: the number 123 was 00123"):
        imported(course, "number,name\n123,Kim\n")
    assert list(listed(course)) == ["00123"]


def test_a_date_among_numbers_is_refused_and_numbers_that_look_like_dates_are_not(course) -> None:
    assert "is a date" in fails(course, "number,name\n2026-01-05,Kim\n26-1-6,Lee\n26-1-7,Park\n")
    imported(course, "number,name\n2026-01-05,Kim\n2026-01-06,Lee\n")
    assert len(listed(course)) == 2


def test_every_line_of_a_number_is_named(course) -> None:
    said = fails(course, "number,name\n7,Kim\n8,Lee\n7,Park\n007,Choi\n")
    assert "line 2: the number 7 or 007 is listed 3 times, in lines 2, 4 and 5" in said


def test_all_problems_are_told_at_once_and_nothing_is_imported(course) -> None:
    said = fails(course, "number,name,role\n1.2E+11,Kim,\n,Lee,\n3,Park,boss\n4,Choi,\n")
    for fact in ("line 2: the number '1.2E+11'", "line 3: Lee has no number"):
        assert fact in said
    assert "2 problems, and nobody was imported" in said


def test_a_quoted_comma_after_a_space_shifts_nothing(course) -> None:
    imported(course, 'number, name, email\n1, "Lee, Bo", bo@x.org\n')
    assert listed(course) == {"1": ("Lee, Bo", "bo@x.org", "")}


def test_a_row_of_more_cells_than_headings_is_refused(course) -> None:
    said = fails(course, "number,name,email\n1,Lee, Bo,bo@x.org\n")
    assert "line 2: it has 4 cells under 3 headings" in said


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"PK\x03\x04....", "an Excel workbook (.xlsx)"),
        (b"\xd0\xcf\x11\xe0....", "an Excel workbook (.xls)"),
        (b"%PDF-1.7", "a PDF"),
        (b'number,name\n1,"Kim\n2,Lee\n', "line 2: it cannot be split into cells"),
        (b"number,name\n1," + b"x" * 140000, "cannot be split into cells: field larger"),
    ],
)
def test_what_is_no_table_is_refused_with_the_way_out(course, data: bytes, said: str) -> None:
    told = fails(course, data)
    assert said in told
    assert "→" in told


def test_an_earlier_import_keeps_its_pseudonym_when_the_number_is_typed_otherwise(course) -> None:
    imported(course, "number,name\n0012345,Kim\n")
    (before,) = roster.people(course)
    report = imported(course, 'number,name\n="００12345",Kim\n')
    assert (report.added, report.absent) == ((), ())
    assert roster.people(course) == (before,)


@pytest.mark.parametrize("typed", ["2027-0012", "2027 0012"])
def test_a_number_with_other_hyphens_is_the_person_imported_before(course, typed: str) -> None:
    imported(course, "number,name\n20270012,Kim\n20270013,Lee\n")
    before = roster.people(course)
    report = imported(course, f"number,name\n{typed},Kim\n20270013,Lee\n")
    assert (report.added, report.absent, roster.people(course)) == ((), (), before)


def test_numbers_that_differ_in_hyphens_within_one_list_stay_two_people(course) -> None:
    imported(course, "number,name\n1-23456,Kim\n")
    report = imported(course, "number,name\n1-23456,Kim\n12-3456,Lee\n")
    assert len(report.added) == 1
    assert [*listed(course)] == ["1-23456", "12-3456"]
