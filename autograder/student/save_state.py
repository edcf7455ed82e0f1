"""Save state of the notebook's file: a kernel sees the file, not the editor."""

from __future__ import annotations

import json
from datetime import datetime, timezone
from pathlib import Path

from autograder.language import translate
from autograder.nouns import fill
from autograder.student import environment


def sentence() -> str:
    """Return the time of the last save, and whether the file holds the cell run before this one."""
    path = environment.notebook_path()
    if environment.on_colab():
        return translate(
            "Colab saves the notebook to your Drive by itself; submit() takes it from the page."
        )
    if path is None:
        return translate("This kernel does not know the notebook's file: save it with Ctrl+S.")
    when = datetime.fromtimestamp(path.stat().st_mtime, timezone.utc).astimezone()
    values = {"time": f"{when:%H:%M}", "file": path.name}
    if holds_last_run(path):
        return fill(translate("Saved: {file} at {time} holds the last cell you ran."), values)
    return fill(
        translate("Not saved: {file} at {time} is older than the last cell you ran. Press Ctrl+S."),
        values,
    )


def holds_last_run(path: Path) -> bool:
    """Return whether the file holds the cell run before the running one."""
    last = last_run()
    return last is None or last in sources(path)


def last_run() -> str | None:
    """Return the text of the cell run before the running one; None if there was none."""
    shell = environment.ipython()
    ran = [text for text in (getattr(shell, "user_ns", None) or {}).get("In", []) if text.strip()]
    return _plain(ran[-2]) if len(ran) > 1 else None


def sources(path: Path) -> set[str]:
    """Return the texts of the code cells of a saved notebook; empty if it cannot be read."""
    try:
        cells = json.loads(path.read_bytes())["cells"]
        texts = [c["source"] for c in cells if c["cell_type"] == "code"]
        return {_plain(t if isinstance(t, str) else "".join(t)) for t in texts}
    except (OSError, ValueError, KeyError, TypeError):
        return set()


def _plain(text: str) -> str:
    return text.strip().replace("\r\n", "\n")
