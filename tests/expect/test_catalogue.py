"""The catalogues: in step with the code, complete, and with the same placeholders."""

from __future__ import annotations

import importlib.util
import io
import string
from pathlib import Path
from types import ModuleType

import pytest
from babel.messages.pofile import read_po

from autograder import expect, language

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("catalogue", ROOT / "scripts" / "catalogue.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def placeholders(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


def test_the_po_file_holds_every_text_of_the_code(script: ModuleType) -> None:
    path = script.po_file("ko")
    kept = {m.id for m in read_po(io.BytesIO(path.read_bytes()), locale="ko") if m.id}
    now = {m.id for m in script.collected() if m.id}
    assert now - kept == set(), "run `make locale` and translate what is new"
    assert kept - now == set(), "run `make locale`: these texts are gone"


def test_every_text_has_a_korean_translation(script: ModuleType) -> None:
    assert script.missing("ko") == []


def test_the_mo_file_is_compiled_from_the_po_file(script: ModuleType) -> None:
    path = script.po_file("ko")
    catalog = read_po(io.BytesIO(path.read_bytes()), locale="ko")
    assert path.with_suffix(".mo").read_bytes() == script.as_mo(catalog)


def test_translations_have_the_placeholders_of_their_text(script: ModuleType) -> None:
    for message in script.updated("ko"):
        if message.id and message.string:
            assert placeholders(message.id) == placeholders(message.string), message.id


def test_a_message_is_said_in_both_languages() -> None:
    with pytest.raises(expect.NotMet) as failure:
        expect.mean_iou([[[0, 0, 0, 1]]], [[[0, 0, 1, 1]]], at_least=0.8)
    message = failure.value.verdict.message
    assert language.in_words(message, "en")[0] == "mean IoU at least 0.8"
    assert language.in_words(message, "ko")[0] == "평균 IoU 0.8 이상"


def test_names_of_values_are_translated_too() -> None:
    with pytest.raises(expect.NotMet) as failure:
        expect.mean_iou([[[0.5, float("nan")]]], [[[0, 1]]], at_least=0.8)
    assert language.in_words(failure.value.verdict.message, "ko")[0] == "마스크: 유한한 수만"


def test_what_templates_say_is_collected_and_nothing_else_of_them(script: ModuleType) -> None:
    page = """{{ t('Hand in') }} {{ t("yes" if late else 'no') }} {{ t(page.title) }}
    {% call note('bad', '✗', t("Not here")) %}{% endcall %} {{ other('x') }} {{ fill(t('{n} of'), {}) }}"""
    assert list(script.in_pages(page)) == ["Hand in", "yes", "no", "Not here", "{n} of"]


def test_no_template_of_ours_is_passed_over(script: ModuleType) -> None:
    read = {place for message in script.collected() for place, _ in message.locations}
    for path in (ROOT / "autograder").rglob("*/templates/**/*"):
        if path.is_file() and " t('" in path.read_text(encoding="utf-8"):
            assert path.relative_to(ROOT).as_posix() in read
