"""Creation of a course folder with settings and one small example assignment."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from autograder import config
from autograder.errors import AutograderError

_TEMPLATES = Path(__file__).parents[1] / "new_course"
_FILES = {
    "course_config.py": "course_config.py.txt",
    "nbgrader_config.py": "nbgrader_config.py.txt",
    ".gitignore": "gitignore.txt",
    "README.md": "README.md.txt",
    "source/hello/hello.ipynb": "hello.ipynb",
}


@dataclass(frozen=True)
class Made:
    """The folder of a new course and the files put into it."""

    root: Path
    name: str
    files: tuple[str, ...]

    def as_json(self) -> dict[str, Any]:
        return {"root": str(self.root), "name": self.name, "files": list(self.files)}


def init(root: Path, name: str) -> Made:
    """Create the course. Raises `AutograderError`, and writes nothing, if a file already exists."""
    root = root.resolve()
    if not name.strip() or set(name) & set("/\\\"'{}") or not name.isprintable():
        raise AutograderError(
            f"{name!r} cannot be the name of a course",
            way_out="give one with --name, as in deep-learning",
        )
    for file in (*_FILES, config.NBGRADER_FILE):
        if (root / file).exists():
            raise AutograderError(
                f"{file} is there already",
                where=str(root),
                way_out="choose a new folder; nothing was changed",
            )
    texts = {file: _text(template, name) for file, template in _FILES.items()}
    for file, text in texts.items():
        path = root / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    config.load(root)  # check that the new settings load
    return Made(root, name, tuple(_FILES))


def _text(template: str, name: str) -> str:
    text = (_TEMPLATES / template).read_text(encoding="utf-8")
    return text.format(name=name) if template.endswith(".txt") else text
