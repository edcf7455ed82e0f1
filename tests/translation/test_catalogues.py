"""The catalogue of an assignment: in step with its source, and what is wrong with it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from autograder.cli import app
from autograder.config import Course
from autograder.notebook.source.reading import read_assignment
from autograder.notebook.translation import catalogues
from autograder.notebook.translation.catalogues import Finding, differences
from autograder.notebook.translation.texts import Kind, Text, texts
from autograder.nouns import Assignment
from tests.translation import made


def source(course: Course) -> Assignment:
    return read_assignment(course.source / "A")


def edit(course: Course, before: str, after: str) -> None:
    path = course.source / "A" / "A.ipynb"
    text = path.read_text()
    assert before in text
    path.write_text(text.replace(before, after))


def found(course: Course) -> list[Finding]:
    return list(catalogues.findings(source(course), "ko"))


def test_every_text_of_an_author_is_there_and_nothing_that_is_hidden(tmp_path: Path) -> None:
    every = list(texts(source(made.course(tmp_path, said={}))))
    assert {text.msgid for text in every} == made.KO.keys()
    kinds = {text.msgid: text.kind for text in every}
    assert kinds["Twice 3 is 6."] is Kind.HINT
    assert kinds["the sum of all"] is Kind.LABEL
    assert kinds["Look again at mean."] is Kind.TELL
    assert "A secret hint." not in kinds
    assert not any("Because" in text for text in kinds)


def test_a_new_catalogue_names_the_place_of_each_text_and_is_the_same_each_time(
    tmp_path: Path,
) -> None:
    course = made.course(tmp_path, said={})
    data = catalogues.updated(source(course), "ko")
    assert data == catalogues.updated(source(course), "ko")
    text = data.decode()
    assert '#. told of a mistake\n#: A.ipynb:double_answer/tripled\nmsgid "Look' in text
    assert '#. demand\n#: A.ipynb:double/drawn\nmsgid "It doubles {n} drawn numbers"' in text
    path = catalogues.path_of(course.source / "A", "ko")
    path.parent.mkdir()
    path.write_bytes(data)
    assert catalogues.updated(source(course), "ko") == data


def test_a_finished_catalogue_has_no_findings(tmp_path: Path) -> None:
    course = made.course(tmp_path)
    assert not found(course)
    path = catalogues.path_of(course.source / "A", "ko")
    assert catalogues.updated(source(course), "ko") == path.read_bytes()


def test_a_changed_text_is_fuzzy_until_somebody_looked_at_it(tmp_path: Path) -> None:
    course = made.course(tmp_path)
    edit(course, "Twice 3 is 6.", "Twice 3 is exactly 6.")
    (missing,) = found(course)
    assert "not in the catalogue yet: “Twice 3 is exactly 6.”" in str(missing)
    path = catalogues.path_of(course.source / "A", "ko")
    path.write_bytes(catalogues.updated(source(course), "ko"))
    text = path.read_text()
    assert '#| msgid "Twice 3 is 6."\nmsgid "Twice 3 is exactly 6."\nmsgstr "3의' in text
    (fuzzy,) = found(course)
    assert "fuzzy" in fuzzy.fact
    assert text.splitlines()[fuzzy.line - 1] == 'msgid "Twice 3 is exactly 6."'
    assert "Twice 3 is exactly 6." not in catalogues.read(course.source / "A", "ko").said
    path.write_text(text.replace("#, fuzzy\n", ""))
    assert not found(course)


def test_a_text_that_is_gone_is_kept_for_when_it_comes_back(tmp_path: Path) -> None:
    course = made.course(tmp_path)
    path = catalogues.path_of(course.source / "A", "ko")
    before = path.read_bytes()
    edit(course, "Why is two even?", "7")
    path.write_bytes(catalogues.updated(source(course), "ko"))
    assert '#~ msgid "Why is two even?"\n#~ msgstr "2는' in path.read_text()
    assert not found(course)
    edit(course, '"7\\n"', '"Why is two even?\\n"')
    path.write_bytes(catalogues.updated(source(course), "ko"))
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    ("kind", "msgid", "said", "fact"),
    [
        (Kind.DEMAND, "at least {at_least:.2f}", "{at_least:.2f} 이상", ""),
        (Kind.DEMAND, "at least {at_least}", "0.8 이상", "it lacks {at_least}"),
        (Kind.DEMAND, "at least {n}", "{m} 이상", "it adds {m}"),
        (Kind.DEMAND, "all of {n}", "{n 모두", "a brace without its partner"),
        (Kind.PASSAGE, "a set {x}", "집합", ""),
        (Kind.PASSAGE, "write `fit`", "`fit`을 쓰세요", ""),
        (Kind.PASSAGE, "write `fit`", "쓰세요", "code differ: it lacks `fit`"),
        (Kind.PASSAGE, "find it", "`x = 3`", "code differ: it adds `x = 3`"),
        (Kind.PASSAGE, "$x$ of $y$", "$y$의 $x$", ""),
        (Kind.PASSAGE, "$x$", "$z$", "formulas differ"),
        (Kind.PASSAGE, "![a](data:1)", "![가](data:2)", "addresses differ"),
        (Kind.PASSAGE, "90 % of 200", "200개의 90 %", ""),
        (Kind.PASSAGE, "0.80 or more", "0.8 이상", "it lacks the number 0.80"),
        (Kind.PASSAGE, "one field", "하나 | 둘", "another column"),
        (Kind.PASSAGE, "one line", "하나\n둘", "stays on one line"),
    ],
)
def test_a_translation_keeps_code_names_and_numbers(
    kind: Kind, msgid: str, said: str, fact: str
) -> None:
    told = list(differences(Text(msgid, "A.ipynb:a", kind), said))
    assert any(fact in one for one in told) if fact else not told


def test_the_command_makes_it_updates_it_and_says_what_is_open(tmp_path: Path) -> None:
    made.course(tmp_path, said={})

    def run(*words: str, code: int = 0) -> str:
        result = CliRunner().invoke(app, ["--course", str(tmp_path), "translate", "A", *words])
        assert result.exit_code == code, result.output
        return result.output

    assert f"ko: 0 of {len(made.KO)} texts translated; source/A/locale/ko.po" in run()
    path = catalogues.path_of(tmp_path / "source" / "A", "ko")
    path.write_text(
        path.read_text().replace('msgid "good"\nmsgstr ""', 'msgid "good"\nmsgstr "좋음"')
    )
    before = path.read_bytes()
    said = run("--check", code=1)
    assert f"ko: 1 of {len(made.KO)} texts translated" in said
    assert "A/locale/ko.po, line 12: not translated: “Doubling”" in said
    assert path.read_bytes() == before
    path.write_text(path.read_text().replace('msgstr "좋음"', 'msgstr "`좋음`"'))
    report = json.loads(run("--json", code=1))
    assert [f["wrong"] for f in report["catalogues"][0]["findings"]].count(True) == 1


def test_only_known_languages_are_translated_into(tmp_path: Path) -> None:
    made.course(tmp_path, said={})
    result = CliRunner().invoke(app, ["--course", str(tmp_path), "translate", "A", "--lang", "en"])
    assert result.exit_code == 1
    assert "'en' is no language to translate into" in result.output
