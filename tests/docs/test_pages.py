"""The docs say what is there: every setting and command is listed, links lead somewhere."""

from __future__ import annotations

import importlib.util
import os
import re
from pathlib import Path
from types import ModuleType

import pytest

from autograder.config.settings import SECTIONS, settings

ROOT = Path(__file__).parents[2]
WRITTEN = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]


@pytest.fixture(scope="module")
def generate() -> ModuleType:
    spec = importlib.util.spec_from_file_location("generate", ROOT / "docs" / "generate.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.golden
def test_generated_pages_are_as_the_code_says(generate) -> None:
    for path, text in generate.pages().items():
        if os.environ.get("UPDATE_GOLDEN"):
            path.write_text(text, encoding="utf-8")
        assert path.read_text(encoding="utf-8") == text, "make docs writes it anew"


@pytest.mark.parametrize("section", SECTIONS)
def test_every_setting_is_documented(section: str) -> None:
    page = (ROOT / "docs" / "settings.md").read_text(encoding="utf-8")
    part = page.split(f"\n## {section}\n")[1].split("\n## ")[0]
    for name, setting in settings(section).items():
        assert f"`{name}`" in part
        assert setting.doc.endswith(".")


def test_every_command_is_documented(generate) -> None:
    page = (ROOT / "docs" / "commands.md").read_text(encoding="utf-8")
    for words in generate.commands():
        assert f"\n## {words}\n" in page
        assert f"Usage: autograder {words} " in page


def test_a_setting_said_to_be_read_is_read_somewhere(generate) -> None:
    """A page must not promise what no line of code does."""
    code = "".join(
        path.read_text(encoding="utf-8")
        for path in (ROOT / "autograder").rglob("*.py")
        if "config/settings" not in str(path)
    )
    limits = set(settings("Limits"))
    verbs = {words.split()[0] for words in generate.commands()} | {"all"}
    silent = [
        f"c.{section}.{name}"
        for section in SECTIONS
        for name, one in settings(section).items()
        if one.by in verbs and name not in limits and not re.search(rf"\.{name}\b", code)
    ]
    assert silent == []


@pytest.mark.parametrize("page", WRITTEN, ids=lambda p: p.name)
def test_links_lead_to_files_that_are_there(page: Path) -> None:
    links = re.findall(r"\]\(([^)#:]+?)(?:#[^)]*)?\)", page.read_text(encoding="utf-8"))
    assert [link for link in links if not (page.parent / link).exists()] == []


@pytest.mark.parametrize("page", WRITTEN, ids=lambda p: p.name)
def test_commands_that_pages_name_are_there(page: Path, generate) -> None:
    known = generate.commands()
    groups = {words.split()[0] for words in known}
    named = re.findall(r"(?:^|`)autograder ([a-z]+)(?: ([a-z]+))?", page.read_text(), re.MULTILINE)
    wrong = [one for one, _ in named if one not in groups]
    assert wrong == []


@pytest.mark.parametrize("page", WRITTEN, ids=lambda p: p.name)
def test_make_targets_that_pages_name_are_there(page: Path) -> None:
    targets = set(re.findall(r"^([a-z][a-z-]*):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    named = re.findall(r"(?:^|`)make ([a-z][a-z-]*)", page.read_text(), re.MULTILINE)
    assert set(named) - targets == set()
