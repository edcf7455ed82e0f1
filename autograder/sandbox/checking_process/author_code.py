"""The author's cells in the clean process: set-up cells run by statement, test cells whole.

If a statement fails, for example the import of a package that is not installed, only code that
depends on it is affected. The names it would have bound are remembered with the reason.
"""

from __future__ import annotations

import ast
import importlib.util
import linecache
import re
import symtable
import sys
import types
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from autograder.criteria.task import Task, collecting
from autograder.errors import Fault
from autograder.nouns import CriterionResult, Message, Status

_NO_NAME = re.compile(r"name '(\w+)' is not defined")


def new_namespace() -> dict[str, Any]:
    """Return the namespace of a fresh `__main__`."""
    module = types.ModuleType("__main__")
    sys.modules["__main__"] = module
    return module.__dict__


def set_up(
    code: str, place: str, namespace: dict[str, Any], lacking: Mapping[str, str]
) -> dict[str, str]:
    """Run a set-up cell; return `lacking` plus the names it could not bind, with the reasons."""
    filename = f"<{place}>"
    tree = ast.parse(_listed(code, filename))
    future = [s for s in tree.body if isinstance(s, ast.ImportFrom) and s.module == "__future__"]
    found = dict(lacking)
    for statement in _one_by_one(tree.body):
        module = ast.Module([*future, statement], [])
        try:
            exec(compile(module, filename, "exec"), namespace)  # noqa: S102
        except Exception as error:
            because = why_lacking(error, f"{place}, line {statement.lineno}", found)
            found |= dict.fromkeys(_bound(statement) - namespace.keys(), because)
    return found


def declare(code: str, grade_id: str, namespace: dict[str, Any]) -> Task:
    """Run a test cell and return the Task that it declares."""
    filename = f"<test cell {grade_id}>"
    with collecting() as tasks:
        exec(compile(_listed(code, filename), filename, "exec"), namespace)  # noqa: S102
    for task in tasks:
        if task.grade_id == grade_id:
            return task
    raise Fault(f"the test cell {grade_id} declares no Task({grade_id!r})")


def load_helpers(files: list[str]) -> dict[str, Any]:
    """Import the assignment's own modules, whose classes models may use; skip failing ones.

    Give only files that students have: a model could use what is in a hidden one.
    """
    found = {}
    for name in (Path(f).stem for f in files if f.endswith(".py") and "/" not in f):
        if importlib.util.find_spec(name) is not None:
            with suppress(Exception):  # a cell that needs the module reports it
                found[name] = importlib.import_module(name)
    return found


# ── Names that are missing ───────────────────────────────────────────────────────────


def why_lacking(error: Exception, place: str, lacking: Mapping[str, str]) -> str:
    """Return a sentence about an error in the author's code, with the fix for a missing package."""
    if isinstance(error, NameError) and str(error.name) in lacking:
        return lacking[str(error.name)]
    if isinstance(error, ModuleNotFoundError):
        package = str(error.name).partition(".")[0]
        return (
            f"{place} imports {error.name}, which is not installed where grading runs"
            f" (pip install {package} in the grader's environment, then grade again)"
        )
    return f"{place} stops with {type(error).__name__}: {str(error)[:300]}"


def lacked(result: CriterionResult, lacking: Mapping[str, str]) -> str:
    """Return why set-up cells lack the name that a criterion missed; "" for any other result."""
    if result.error != "NameError":
        return ""
    found = _NO_NAME.search(str(result.message.values.get("text", "")))
    return lacking.get(found[1], "") if found else ""


def undecided(name: str, because: str) -> CriterionResult:
    """Return the ERROR result of a criterion that a grader fault leaves undecided."""
    message = Message("the grader runs to its end", "{fault}", "", {"fault": because[:500]})
    return CriterionResult(name, Status.ERROR, 0.0, 0.0, "", False, message)


# ── Code ─────────────────────────────────────────────────────────────────────────────


def plain_code(cell: str) -> str:
    """Return an author's cell with its magics and shell commands blanked."""
    return "\n".join("" if x.lstrip().startswith(("%", "!")) else x for x in cell.splitlines())


def _listed(code: str, filename: str) -> str:
    """Return the code as pure Python; register its lines for `inspect` and AutoGraph."""
    plain = plain_code(code)
    linecache.cache[filename] = (len(plain), None, plain.splitlines(True), filename)
    return plain


def _one_by_one(statements: Iterable[ast.stmt]) -> Iterator[ast.stmt]:
    """Yield the statements one at a time, with `import a, b` split in two."""
    for statement in statements:
        if isinstance(statement, ast.Import):
            for alias in statement.names:
                yield ast.copy_location(ast.Import([alias]), statement)
        else:
            yield statement


def _bound(statement: ast.stmt) -> set[str]:
    table = symtable.symtable(ast.unparse(statement), "<statement>", "exec")
    return {s.get_name() for s in table.get_symbols() if s.is_assigned() or s.is_imported()}
