"""What course_config.py may say, and what happens when it says something else."""

from __future__ import annotations

import stat
import subprocess
import sys
import unicodedata
from dataclasses import FrozenInstanceError, fields
from pathlib import Path

import pytest

from autograder import config
from autograder.config.reading import NBGRADER
from autograder.config.settings import SECTIONS, settings
from autograder.errors import ConfigError, NotFound
from autograder.nouns import Limits

ROOT = Path(__file__).parents[2]


@pytest.fixture
def course(tmp_path: Path):
    def load(text: str) -> config.Course:
        (tmp_path / config.FILE).write_text("c = get_config()\n" + text, encoding="utf-8")
        return config.load(tmp_path)

    return load


def fails(course, text: str) -> str:
    with pytest.raises(ConfigError) as caught:
        course(text)
    return str(caught.value)


def test_an_empty_file_gives_every_default(course) -> None:
    empty = course("")
    assert empty.name == "course"
    assert empty.limits("n411") == Limits()
    assert empty.db_url == f"sqlite:///{empty.root}/gradebook.db"
    assert empty.plain_tests == "refuse"
    assert empty.feedback == empty.root / "feedback"
    assert empty.state == empty.root / ".autograder"


def test_the_course_of_this_repository_loads() -> None:
    ours = config.load(ROOT)
    assert (ours.name, ours.language, ours.settings.translations) == (
        "deep-learning",
        "en",
        ("ko",),
    )
    assert ours.kind_of("sc41_networks") == "sprint"
    assert ours.kind_of("n411_first_network") == "daily"


def test_an_unknown_setting_names_its_line_and_the_nearest_right_one(course) -> None:
    said = fails(course, "\nc.Limits.cpu_second = 3\n")
    assert "course_config.py, line 3: c.Limits has no setting 'cpu_second'" in said
    assert "did you mean cpu_seconds?" in said


def test_an_unknown_section_names_the_nearest_right_one(course) -> None:
    said = fails(course, "c.Grade.jobs = 3\n")
    assert "line 2: there is no section 'Grade'" in said
    assert "did you mean c.Grading?" in said


def test_a_name_like_none_of_ours_lists_what_there_is(course) -> None:
    assert "there are counts, pattern, max_mb" in fails(course, "c.Submissions.qqqq = 3\n")


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("c.Limits.memory_mb = '2 GB'", "it takes a whole number"),
        ("c.Limits.memory_mb = 2.5", "it takes a whole number"),
        ("c.Limits.memory_mb = True", "it takes a whole number"),
        ("c.Limits.cpu_seconds = 0", "it takes 1 or more"),
        ("c.Limits.cpu_seconds = float('nan')", "it takes 1 or more"),
        ("c.Grading.retrain = 1", "it takes True or False"),
        ("c.Feedback.hidden = 'all'", "it takes 'none' or 'verdict' or 'number'"),
        ("c.Course.translations = 'ko'", "it takes a list of strings"),
        ("c.Course.due = ['n411']", "it takes a dict"),
        ("c.Course = 3", "settings lie in sections"),
        ("c.Course.timezone = 'Asia/Soul'", "no time zone 'Asia/Soul'"),
        ("c.Course.due = {'n411': 'Friday'}", "'Friday' is no date"),
        ("c.Exam.opens = '18:00 on Monday'", "is no date"),
        ("c.Exam.assignments = {'sc*': {'closes': 'late'}}", "'late' is no date"),
        ("c.Limits.assignments = {'n4*': 240}", "write it as in"),
        ("c.Limits.assignments = {'n4*': {'cpu': 240}}", "did you mean cpu_seconds?"),
        ("c.Limits.assignments = {'n4*': {'disk_mb': 'x'}}", "it takes a whole number"),
        ("c.Limits.assignments = {1: {'disk_mb': 9}}", "has the name 1 (int)"),
        ("c.Limits.assignments = {('a', 'b'): {'disk_mb': 9}}", "has the name ('a', 'b') (tuple)"),
        ("c.Limits.assignments = {'n4*': {1: 9}}", "has the name 1 (int)"),
        ("c.Course.due = {'a': 1}", "c.Course.due has 'a': 1 (int)"),
        ("c.Course.due = {'a': 1}", "it takes a string before the colon and a string after it"),
        ("c.Course.name = 1 / 0", "ZeroDivisionError"),
        ("c.Course.name = = 1", "this is not Python"),
    ],
)
def test_a_wrong_line_fails_with_its_number(course, line: str, said: str) -> None:
    message = fails(course, f"\n\n{line}\n")
    assert "course_config.py, line 4: " in message
    assert said in message


def test_a_wrong_name_inside_a_dict_is_found_on_its_own_line(course) -> None:
    message = fails(course, "c.Limits.assignments = {\n  'a': {},\n  'b': {'cpu': 1},\n}\n")
    assert "line 4: c.Limits.assignments['b'] has no setting 'cpu'" in message


def test_some_assignments_have_other_limits_and_later_patterns_win(course) -> None:
    ours = course(
        "c.Limits.cpu_seconds = 60\n"
        "c.Limits.assignments = {'n43*': {'cpu_seconds': 240, 'disk_mb': 9}}\n"
        "c.Limits.assignments['n432_*'] = {'cpu_seconds': 300}\n"
    )
    assert ours.limits("n411").cpu_seconds == 60
    assert ours.limits("n431_cnn").cpu_seconds == 240
    assert ours.limits("n432_x") == Limits(cpu_seconds=300, disk_mb=9)


@pytest.mark.parametrize("form", ["NFC", "NFD"])
@pytest.mark.parametrize("folder", ["NFC", "NFD"])
def test_korean_names_match_in_either_form(course, form: str, folder: str) -> None:
    written, name = unicodedata.normalize(form, "과제"), unicodedata.normalize(folder, "과제1")
    ours = course(
        f"c.Limits.assignments = {{'{written}1': {{'disk_mb': 9}}, '{written}*': {{'disk_mb': 8}}}}\n"
        f"c.Course.due = {{'{written}1': '2026-12-01 18:00'}}\n"
        f"c.Course.sprints = ['{written}*']\n"
    )
    assert ours.limits(name).disk_mb == 9
    assert ours.due(name) is not None
    assert ours.kind_of(name) == "sprint"


def test_a_list_may_be_changed_in_place_without_touching_the_default(course) -> None:
    ours = course("c.Course.due['n411'] = '2026-12-01 18:00'\n")
    assert ours.due("n411") is not None
    assert course("").due("n411") is None


def test_what_is_seen_of_a_sprint_does_not_come_from_daily_settings(course) -> None:
    ours = course("c.Feedback.hidden = 'number'\nc.Feedback.when = 'on_grade'\n")
    assert ours.feedback_of("n411").hidden == "number"
    assert ours.feedback_of("sc41").hidden == "verdict"
    assert ours.feedback_of("sc41").when == "after_due"


def test_a_due_date_is_in_the_zone_of_the_course(course) -> None:
    ours = course("c.Course.timezone = 'Asia/Seoul'\nc.Course.due = {'n411': '2026-12-01 18:00'}\n")
    due = ours.due("n411")
    assert due is not None
    assert due.isoformat() == "2026-12-01T18:00:00+09:00"


def test_a_sprint_is_due_when_it_closes(course) -> None:
    ours = course("c.Exam.assignments = {'sc41': {'closes': '2026-12-04 21:00'}}\n")
    due = ours.due("sc41")
    assert due is not None
    assert due.hour == 21


def test_sections_of_nbgrader_are_passed_on_as_they_are(course) -> None:
    ours = course("c.CourseDirectory.course_id = 'dl'\nc.Exchange.root = '/srv/exchange'\n")
    assert ours.name == "dl"
    assert ours.nbgrader["Exchange"] == {"root": "/srv/exchange"}


def test_every_class_that_nbgrader_configures_may_be_named_here() -> None:
    from nbgrader.apps import NbGraderApp
    from nbgrader.apps.baseapp import NbGrader

    names = {cls.__name__ for cls in NbGraderApp().all_configurable_classes()}
    names |= {cls.__name__ for cls in NbGrader.__mro__ if issubclass(cls, NbGrader)}
    assert names - set(SECTIONS) - set(NBGRADER) == set()


def test_a_course_of_nbgraders_is_read_as_it_is(tmp_path: Path) -> None:
    (tmp_path / config.NBGRADER_FILE).write_text(
        "c = get_config()\nc.CourseDirectory.course_id = 'course101'\nc.Anything.goes = 1\n"
    )
    assert config.load(tmp_path).name == "course101"


def test_folders_may_be_renamed_as_nbgrader_does(course) -> None:
    ours = course("c.CourseDirectory.source_directory = 'src'\n")
    assert ours.source == ours.root / "src"


def test_where_there_is_no_course_the_way_out_is_named(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="autograder init"):
        config.load(tmp_path)


def test_a_course_is_found_from_a_folder_inside_it(course, monkeypatch) -> None:
    ours = course("c.Course.name = 'dl'\n")
    inside = ours.root / "source" / "n411"
    inside.mkdir(parents=True)
    monkeypatch.chdir(inside)
    assert config.load().root == ours.root


def test_the_key_is_made_once_and_is_its_owners_alone(course) -> None:
    ours = course("")
    key = ours.key
    path = ours.state / "course.key"
    assert len(key) == 32
    assert config.load(ours.root).key == key
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(ours.state.stat().st_mode) == 0o700
    assert [p.name for p in ours.state.iterdir()] == ["course.key"]


def test_a_course_cannot_be_changed(course) -> None:
    with pytest.raises(FrozenInstanceError):
        course("").root = Path("/")


def test_every_limit_of_a_run_is_a_setting_with_the_same_default() -> None:
    ours = {name: one.default for name, one in settings("Limits").items() if name != "assignments"}
    assert ours == {f.name: f.default for f in fields(Limits)}


def test_loading_a_course_imports_nothing_large() -> None:
    code = (
        "import sys; from autograder import config; config.load();"
        "print(*{'numpy', 'nbgrader', 'traitlets', 'sqlalchemy', 'typer'} & set(sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == ""
