"""Refuse docstrings that begin with a question word: they name no action and no thing.

python scripts/check_docstrings.py
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path

PACKAGE = Path(__file__).parents[1] / "autograder"
QUESTION = re.compile(r"(What|Whether|How|Where|Who|When|Why|The same)\b")
DOCUMENTED = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)


def findings(path: Path) -> Iterator[str]:
    """Yield each docstring of a module that begins with a question word, with its line."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, DOCUMENTED):
            first = (ast.get_docstring(node) or "").partition("\n")[0]
            if QUESTION.match(first):
                yield f"{path}:{getattr(node, 'lineno', 1)}: {first}"


def main() -> int:
    found = [line for path in sorted(PACKAGE.rglob("*.py")) for line in findings(path)]
    for line in found:
        print(f"{line}\n  → begin with an imperative verb or a noun phrase")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
