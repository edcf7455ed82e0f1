"""docs/checks.md says what the code says, about every check."""

from __future__ import annotations

import re

import pytest

from autograder import expect
from autograder.expect import reference

pytestmark = pytest.mark.check
ALL = [check for many in reference.checks().values() for check in many]


def test_the_page_is_in_step_with_the_code() -> None:
    kept = reference.PAGE.read_text(encoding="utf-8")
    assert kept == reference.page(), "run python -m autograder.expect.reference --write"


def test_every_check_that_can_be_imported_has_an_entry() -> None:
    listed = {check.__name__ for check in ALL}
    public = {n for n in expect.__all__ if hasattr(getattr(expect, n), "__wrapped__")}
    assert listed == public


@pytest.mark.parametrize("check", ALL, ids=lambda check: check.__name__)
def test_the_entry_says_when_what_it_catches_and_what_it_cannot(check) -> None:
    parts = reference.sections(check)
    assert parts["when"].endswith((".", ";"))
    assert len(parts["catches"]) > 10
    assert len(parts["blind"]) > 5
    for word, texts in reference.messages(check).items():
        assert texts, f"{word} has no template"


def test_every_check_that_the_tables_name_is_on_the_page() -> None:
    page = reference.page()
    links = set(re.findall(r"\]\(#([a-z_0-9]+)\)", page))
    assert links == {check.__name__ for check in ALL}
