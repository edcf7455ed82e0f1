"""Plain nbgrader test cells: where they may run, and the Task they correspond to.

A cell that only reads the student's names is decided in the clean process: it is rewritten as a
Task, so that the checking side knows one kind of cell. A cell that changes the student's objects
can only run beside the student's code.
"""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterator, Mapping

from autograder.notebook.source import markers, names
from autograder.nouns import Criterion

_REACHING = {"globals", "locals", "vars", "exec", "eval", "get_ipython", "setattr", "delattr"}
_REDIRECTING = {"redirect_stdout", "redirect_stderr", "patch", "mock", "monkeypatch"}


def changes_the_students(source: str, students: Collection[str]) -> str:
    """Return the reason why a test cell must run beside the student's code; "" if it need not."""
    tree = names.parse(source)
    foreign = set(students) | set(names.free(source)) | set(names.imports(source))
    for node in ast.walk(tree):
        if isinstance(node, ast.Global) or (isinstance(node, ast.Name) and node.id in _REACHING):
            what = "global" if isinstance(node, ast.Global) else node.id
            return f"line {node.lineno} uses {what}"
        if isinstance(node, ast.Name | ast.Attribute) and _spelt(node) in _REDIRECTING:
            return f"line {node.lineno} uses {_spelt(node)}"
        if isinstance(node, ast.Attribute | ast.Subscript) and not isinstance(node.ctx, ast.Load):
            root = _root(node)
            if root in foreign:
                return f"line {node.lineno} changes {root}"
    bound = names.defined(source) & set(students)
    rebound = sorted(bound - set(names.imports(source)))
    if rebound:
        return f"it deletes or rebinds {rebound[0]}"
    return "it needs the name rng, which is reserved" if "rng" in names.free(source) else ""


def _spelt(node: ast.Name | ast.Attribute) -> str:
    return node.id if isinstance(node, ast.Name) else node.attr


def _root(node: ast.expr) -> str:
    while isinstance(node, ast.Attribute | ast.Subscript):
        node = node.value
    return node.id if isinstance(node, ast.Name) else ""


# ── From asserts to criteria ─────────────────────────────────────────────────────────


def as_task(
    source: str,
    grade_id: str,
    points: float,
    parameters: Collection[str],
    imported: Mapping[str, str],
) -> tuple[str, tuple[Criterion, ...]]:
    """Return the cell as the source of a Task, with its criteria.

    If each assertion has a sentence and nothing else in the cell can fail, each is a criterion and
    they share the points equally. Otherwise the cell is one criterion with all points, as in
    nbgrader. `imported` holds the import statements that the clean process runs itself.
    """
    body = names.parse(source).body
    hidden = markers.regions(source, markers.HIDDEN)
    heads = [s for s in body if isinstance(s, ast.Import | ast.ImportFrom)]
    rest = [s for s in body if not isinstance(s, ast.Import | ast.ImportFrom)]
    pieces = _one_by_one(rest, hidden) if _each_has_a_sentence(rest) else _whole(rest, hidden)
    needed = sorted({imported[n] for n in names.free(source) & set(imported)})
    code = [
        "from autograder.criteria.task import Task",
        "from autograder.expect.verdict import decide",
        *needed,
        *map(ast.unparse, heads),
        "",
        f"task = Task({grade_id!r})",
    ]
    criteria = []
    for name, demand, statements, is_hidden in pieces:
        share = points / len(pieces)
        used = _used(statements) & set(parameters)
        text = _function(name, demand, share, sorted(used), _with_award(statements, points))
        code += ["", text]
        escaped = demand.replace("{", "{{").replace("}", "}}")
        criteria.append(
            Criterion(name, escaped, share, is_hidden, {}, tuple(sorted(used)), source=text)
        )
    return "\n".join(code) + "\n", tuple(criteria)


Piece = tuple[str, str, list[ast.stmt], bool]


def _each_has_a_sentence(body: list[ast.stmt]) -> bool:
    asserts = [s for s in body if isinstance(s, ast.Assert)]
    if not asserts or body[-1] is not asserts[-1]:
        return False
    return all(_sentence(a) for a in asserts) and not any(
        isinstance(node, ast.Assert | ast.Raise)
        for statement in body
        if not isinstance(statement, ast.Assert | ast.FunctionDef | ast.ClassDef)
        for node in ast.walk(statement)
    )


def _sentence(node: ast.Assert) -> str:
    message = node.msg.value if isinstance(node.msg, ast.Constant) else None
    return message if isinstance(message, str) else ""


def _one_by_one(body: list[ast.stmt], hidden: tuple[markers.Region, ...]) -> list[Piece]:
    pieces: list[Piece] = []
    before: list[ast.stmt] = []
    for statement in body:
        if isinstance(statement, ast.Assert):
            name = f"check_{len(pieces) + 1}"
            here = _is_hidden(statement, hidden)
            pieces.append((name, _sentence(statement), [*before, statement], here))
        elif not _is_docstring(statement):
            before.append(statement)
    return pieces


def _whole(body: list[ast.stmt], hidden: tuple[markers.Region, ...]) -> list[Piece]:
    demand = "Every check of this cell passes"
    if body and _is_docstring(body[0]):
        assert isinstance(body[0], ast.Expr)
        assert isinstance(body[0].value, ast.Constant)
        demand = " ".join(str(body[0].value.value).split()) or demand
        body = body[1:]
    spoken = [_Spoken().visit(statement) for statement in body]
    return [("checks", demand, spoken, any(_is_hidden(s, hidden) for s in body))]


def _is_docstring(statement: ast.stmt) -> bool:
    return (
        isinstance(statement, ast.Expr)
        and isinstance(statement.value, ast.Constant)
        and isinstance(statement.value.value, str)
    )


def _is_hidden(statement: ast.stmt, hidden: tuple[markers.Region, ...]) -> bool:
    last = statement.end_lineno or statement.lineno
    return any(r.touches(statement.lineno, last) for r in hidden)


class _Spoken(ast.NodeTransformer):
    """Use the condition of an assertion without a message as its message."""

    def visit_Assert(self, node: ast.Assert) -> ast.Assert:
        message = node.msg or ast.Constant(ast.unparse(node.test)[:300])
        return ast.copy_location(ast.Assert(node.test, message), node)


def _with_award(statements: list[ast.stmt], points: float) -> list[ast.stmt]:
    """Award the number in the last line as points, as nbgrader's partial credit does."""
    last = statements[-1] if statements else None
    if not isinstance(last, ast.Expr) or isinstance(last.value, ast.Constant):
        return statements
    award = ast.parse(
        f"_value = {ast.unparse(last.value)}\n"
        "if isinstance(_value, (int, float)) and not isinstance(_value, bool):\n"
        f"    decide(_value / {points!r}, expected='{{most}} points', got='{{value}} points',\n"
        f"           next='Read this check to see what is missing.', most={points!r},"
        " value=_value)\n"
    )
    return [*statements[:-1], *award.body] if points else statements


def _used(statements: list[ast.stmt]) -> set[str]:
    return set(names.free("\n".join(map(ast.unparse, map(ast.fix_missing_locations, statements)))))


def _function(
    name: str, demand: str, points: float, parameters: list[str], body: list[ast.stmt]
) -> str:
    lines = [line for statement in body for line in _indented(statement)] or ["    pass"]
    escaped = demand.replace("{", "{{").replace("}", "}}")
    return "\n".join(
        [
            f"@task.criterion({escaped!r}, points={points!r})",
            f"def {name}({', '.join(parameters)}):",
            *lines,
        ]
    )


def _indented(statement: ast.stmt) -> Iterator[str]:
    """Yield the statement's lines inside a function; a multi-line string stays on one, escaped."""
    holder = ast.parse("def f(): pass").body[0]
    assert isinstance(holder, ast.FunctionDef)
    holder.body = [statement]
    yield from ast.unparse(ast.fix_missing_locations(holder)).split("\n")[1:]
