"""Writes the pages that come from the code: settings.md and commands.md (`make docs`)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from typer.main import get_command
from typer.testing import CliRunner

from autograder.cli import app
from autograder.config.reading import in_words
from autograder.config.settings import SECTIONS, Setting, settings

DOCS = Path(__file__).parent


def pages() -> dict[Path, str]:
    """Every generated page by its path."""
    return {
        DOCS / "settings.md": "\n".join(settings_page()) + "\n",
        DOCS / "commands.md": "\n".join(commands_page()) + "\n",
    }


_SETTINGS_INTRODUCTION = """
# Settings

`course_config.py` is Python, as nbgrader's configuration is: `c = get_config()`, then
`c.SECTION.name = value`. A name or value that is wrong stops every command, with its line and the
nearest right name. Sections of nbgrader's own (`c.Exchange.root = ...`) may stand in the same file
and are passed on to it.

Where a section has `assignments`, some assignments may differ, by name or pattern; the last
pattern that fits wins:

```python
c.Limits.assignments = {"n43*": {"cpu_seconds": 240}, "n411_*": {"memory_mb": 2048}}
```

A setting in *italics* is read by a command that this version does not have yet.
"""


# ── Settings ─────────────────────────────────────────────────────────────────────────


def settings_page() -> Iterator[str]:
    """`course_config.py`, section by section."""
    yield from _SETTINGS_INTRODUCTION.strip().splitlines()
    verbs = set(commands()) | {"all"}
    for section, cls in SECTIONS.items():
        yield from ("", f"## {section}", "", cls.__doc__ or "", "")
        yield "| setting | takes | default | what it does |"
        yield "| --- | --- | --- | --- |"
        for one in settings(section).values():
            yield _row(one, later=one.by not in verbs)


def _row(one: Setting, *, later: bool) -> str:
    name = f"*`{one.name}`*" if later else f"`{one.name}`"
    least = f", {one.least:g} or more" if one.least is not None else ""
    default = list(one.default) if isinstance(one.default, tuple) else one.default
    doc = one.doc.replace("|", "\\|")
    return f"| {name} | {in_words(one.type)}{least} | `{default!r}` | {doc} |"


# ── Commands ─────────────────────────────────────────────────────────────────────────


def commands() -> list[str]:
    """Every command by its words, groups left out."""
    return list(_leaves((), get_command(app)))


def _leaves(words: tuple[str, ...], command: Any) -> Iterator[str]:
    children = getattr(command, "commands", {})
    if not children:
        yield " ".join(words)
    for name, child in children.items():
        yield from _leaves((*words, name), child)


def commands_page() -> Iterator[str]:
    """Each command with its help, as a terminal shows it."""
    yield from (
        "# Commands",
        "",
        "Every command takes `--json` and then prints one JSON object; it ends with 0 only if all",
        "went well. `autograder --course FOLDER COMMAND` works from anywhere.",
    )
    runner = CliRunner(env={"COLUMNS": "96", "TERMINAL_WIDTH": "96"})
    for words in commands():
        text = runner.invoke(app, [*words.split(), "--help"], prog_name="autograder").output
        yield from ("", f"## {words}", "", "```", text.strip(), "```")


if __name__ == "__main__":
    for path, text in pages().items():
        path.write_text(text, encoding="utf-8")
