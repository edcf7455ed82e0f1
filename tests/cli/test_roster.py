"""The class list: encodings, headings, pseudonyms, and who may read it."""

from __future__ import annotations

import json
import stat
import unicodedata
from pathlib import Path

import pytest

from autograder import config
from autograder.errors import AutograderError, NotFound
from autograder.steps import roster

CLASS = "학번,이름,이메일,분반\n2024-001,김하늘,sky@example.org,A\n2024-002,이바다,,B\n"


@pytest.fixture
def course(tmp_path: Path) -> config.Course:
    (tmp_path / "course_config.py").write_text("c = get_config()\n")
    return config.load(tmp_path)


def imported(course: config.Course, text: str, encoding: str = "utf-8") -> roster.Imported:
    file = course.root / "class.csv"
    file.write_bytes(text.encode(encoding))
    return roster.import_roster(course, file)


def fails(course: config.Course, text: str) -> str:
    with pytest.raises(AutograderError) as caught:
        imported(course, text)
    return str(caught.value)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp949"])
def test_korean_lists_are_read_as_spreadsheets_save_them(course, encoding: str) -> None:
    report = imported(course, CLASS, encoding)
    assert len(report.added) == report.total == 2
    assert [p.name for p in roster.people(course)] == ["김하늘", "이바다"]


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_any_usual_delimiter_will_do(course, delimiter: str) -> None:
    imported(course, CLASS.replace(",", delimiter))
    assert roster.people(course)[0].section == "A"


def test_names_are_the_same_however_their_letters_are_composed(course) -> None:
    imported(course, unicodedata.normalize("NFD", CLASS))
    first = roster.people(course)[0]
    assert first.name == "김하늘"
    assert roster.find(course, unicodedata.normalize("NFD", "김하늘")) == first


def test_a_pseudonym_tells_nothing_and_stays_the_same(course, tmp_path_factory) -> None:
    imported(course, CLASS)
    ids = [p.id for p in roster.people(course)]
    imported(course, CLASS)
    assert [p.id for p in roster.people(course)] == ids
    assert len(set(ids)) == 2
    assert not any("2024" in one for one in ids)
    other = tmp_path_factory.mktemp("other")
    (other / "course_config.py").write_text("c = get_config()\n")
    elsewhere = config.load(other)
    assert roster.pseudonym(elsewhere, "2024-001") != roster.pseudonym(course, "2024-001")


def test_a_second_import_tells_what_changed_and_loses_nobody(course) -> None:
    imported(course, CLASS)
    report = imported(course, "학번,이름\n2024-002,이바다라\n2024-003,박산\n")
    assert (len(report.added), len(report.changed), len(report.absent)) == (1, 1, 1)
    assert [p.name for p in roster.people(course)] == ["김하늘", "이바다라", "박산"]


def test_only_its_owner_may_read_the_roster(course) -> None:
    imported(course, CLASS)
    path = roster.path_of(course)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert json.loads(path.read_text())["format"] == 1


def test_a_person_is_found_by_number_address_or_pseudonym(course) -> None:
    imported(course, CLASS)
    sky = roster.people(course)[0]
    for said in (sky.id, "2024-001", "SKY@example.org", " 김하늘 "):
        assert roster.find(course, said) == sky
    with pytest.raises(NotFound, match="nobody"):
        roster.find(course, "2024-009")


def test_two_people_of_one_name_are_never_taken_for_each_other(course) -> None:
    imported(course, "number,name\n1,Kim\n2,Kim\n")
    with pytest.raises(NotFound, match="2 people"):
        roster.find(course, "Kim")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("name\nKim\n", "line 1: no column for the number among name"),
        ("", "no column for the number among none"),
        ("number,name\n1,Kim\n1,Lee\n", "line 2: the number 1 is listed twice"),
        ("number,name\n,Kim\n", "line 2: Kim has no number"),
        ("number,name,role\n1,Kim,boss\n", "'boss' is no role"),
        ("number,name,multiplier\n1,Kim,fast\n", "'fast' is no multiplier"),
        ("number,name,multiplier\n1,Kim,0.5\n", "'0.5' is no multiplier"),
        ("number,name,multiplier\n1,Kim,nan\n", "'nan' is no multiplier"),
    ],
)
def test_a_wrong_line_is_named_and_nothing_is_written(course, text: str, said: str) -> None:
    assert said in fails(course, text)
    assert roster.people(course) == ()


def test_a_file_in_no_known_encoding_says_so(course) -> None:
    file = course.root / "class.csv"
    file.write_bytes(b"number,name\n1,\x00\xff\x81\x81")
    with pytest.raises(AutograderError, match="no text in UTF-8, UTF-16, CP949 or CP1252"):
        roster.import_roster(course, file)


def test_short_lines_and_empty_ones_do_no_harm(course) -> None:
    imported(course, "number,name,email\n\n1,Kim\n,,\n")
    assert [(p.number, p.email) for p in roster.people(course)] == [("1", "")]
