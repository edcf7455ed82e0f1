"""Description of a cell's error as plain data, and the rest of a cell after a failed import."""

from __future__ import annotations

import ast
import re
import sys
import traceback
from collections.abc import Sequence
from typing import Any

from IPython.core.inputtransformer2 import TransformerManager

from autograder.sandbox.student_process.stand_ins import NoKeyboard
from autograder.shadowing import shadowed

# Syntax of newer Pythons: 3.12 (type, generics, f-strings), 3.14 (except, t-strings).
_NEWER = re.compile(
    r"^\s*type\s+\w+.*=|^\s*(?:async\s+)?(?:def|class)\s+\w+\s*\["
    r"|\b[ft]r?[\"']|^\s*except\*?\s+\w+\s*,"
)


def describe_error(error: BaseException, source: str, filename: str) -> dict[str, Any]:
    """Return an exception's type, text and line in this cell, as plain data."""
    line = _line(error, filename)
    lines = source.splitlines()
    source_line = lines[line - 1].strip()[:200] if 0 < line <= len(lines) else ""
    try:
        text = _text(error, source, line, source_line)
    except Exception:  # its own `__str__` failed
        text = ""
    return {
        "type": str(type(error).__name__)[:80],
        "text": text[:2000],
        "line": line,
        "source_line": source_line,
    }


def cell_filename(error: BaseException) -> str:
    """Return the IPython file name of the first cell in the exception's traceback."""
    trace = error.__traceback__
    while trace is not None:
        name = trace.tb_frame.f_code.co_filename
        if "ipykernel_" in name or name.startswith("<ipython-input"):
            return name
        trace = trace.tb_next
    return ""


def _line(error: BaseException, filename: str) -> int:
    if isinstance(error, SyntaxError):
        number = error.lineno
        return number if type(number) is int and 0 < number < 1 << 31 else 0
    own = [f.lineno for f in traceback.extract_tb(error.__traceback__) if f.filename == filename]
    return (own[-1] or 0) if own else 0


def _text(error: BaseException, source: str, line: int, source_line: str) -> str:
    if isinstance(error, SyntaxError):
        return str(error.msg) + _python(source_line)
    text = str(error)
    if isinstance(error, NoKeyboard):
        return text + _not_run(source, line)
    name = shadowed(error)
    if name:
        text += f" (this notebook gives another value to {name}, a name that was taken already)"
    return text


def _python(source_line: str) -> str:
    here = ".".join(map(str, sys.version_info[:2]))
    newer = ", which does not know the syntax of newer ones" if _NEWER.search(source_line) else ""
    return f" (Python {here} grades{newer})"


# ── Code that did not run ────────────────────────────────────────────────────────────


def _not_run(source: str, line: int) -> str:
    """Return a remark that the rest of the cell did not run, with the names it would have bound."""
    names = [
        n
        for statement in _statements(source)
        if statement.lineno >= line
        for n in _bound(statement)
    ]
    told = f", so these are not defined: {', '.join(dict.fromkeys(names))}" if names else ""
    return f"; what comes after it in this cell did not run{told}"


def after_import(source: str, error: BaseException, line: int) -> str:
    """Return the rest of a cell whose top-level import failed, at the same line numbers.

    Return "" for any other error, or if nothing is left. Thus a missing package affects only the
    code that depends on it.
    """
    if not isinstance(error, ImportError):
        return ""
    for statement in _statements(source):
        last = statement.end_lineno or statement.lineno
        if statement.lineno <= line <= last and isinstance(statement, ast.Import | ast.ImportFrom):
            rest = source.splitlines()
            rest[:last] = [""] * last
            rest[last - 1] = _other_modules(statement, error)
            return "\n".join(rest) if any(text.strip() for text in rest) else ""
    return ""


def _other_modules(statement: ast.Import | ast.ImportFrom, error: ImportError) -> str:
    """Return the `import` statement without the modules up to the failed one."""
    if isinstance(statement, ast.ImportFrom):
        return ""
    failed = str(error.name)
    names = [alias.name for alias in statement.names]
    matching = (n for n, name in enumerate(names) if f"{name}.".startswith(f"{failed}."))
    others = statement.names[next(matching, len(names)) + 1 :]
    return ast.unparse(ast.Import(others)) if others else ""


def _statements(source: str) -> Sequence[ast.stmt]:
    try:
        return ast.parse(str(TransformerManager().transform_cell(source))).body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return ()


def _bound(statement: ast.stmt) -> list[str]:
    if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return [statement.name]
    return [
        node.id
        for node in ast.walk(statement)
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
    ]
