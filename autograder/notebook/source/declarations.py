"""The criteria that a Task cell declares, read from its syntax tree without running it.

Each rule yields the problems it finds; `read_declaration` also returns everything it could read, so
that one mistake does not hide the next.
"""

from __future__ import annotations

import ast
import string
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, TypeGuard

from autograder.errors import AuthoringError
from autograder.notebook.source import markers, names
from autograder.notebook.source.problems import Place
from autograder.nouns import Criterion

_OPTIONS = {"points", "after", "retry", "retrain", "was", "hints"}
_FunctionNode = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class Declaration:
    """Declaration of one Task cell: its id, its variable, and its criteria in order."""

    grade_id: str
    variable: str
    criteria: tuple[Criterion, ...]
    lines: dict[str, tuple[int, int]]  # criterion -> first and last line, with its decorator


def is_task_cell(source: str) -> bool:
    """Return True if the cell creates a Task; False for a cell that cannot be parsed."""
    try:
        return _task_call(names.parse(source)) is not None
    except SyntaxError:
        return False


def read_declaration(
    source: str, place: Place, points: float | None
) -> tuple[Declaration, list[AuthoringError]]:
    """Return the declaration of a Task cell worth `points` (None: unknown), and its problems."""
    tree = names.parse(source)
    found = _task_call(tree)
    assert found is not None, "only called for cells that is_task_cell accepts"
    variable, call = found
    problems: list[AuthoringError] = []
    hidden = markers.regions(source, markers.HIDDEN)
    criteria: dict[str, Criterion] = {}
    lines: dict[str, tuple[int, int]] = {}
    for function, decorator in _decorated(tree, variable):
        first = min(d.lineno for d in function.decorator_list)
        last = function.end_lineno or first
        text = "\n".join(names.plain_code(source).split("\n")[first - 1 : last])
        inside = any(r.holds(first, last) for r in hidden)
        if not inside and any(r.touches(first, last) for r in hidden):
            problems.append(
                place.problem(
                    f"criterion {function.name!r} lies half in a hidden block",
                    "put the markers before its decorator and after its last line",
                )
            )
        criterion, wrong = _criterion(function, decorator, place, tuple(criteria), inside, text)
        problems += wrong
        if function.name in criteria:
            problems.append(
                place.problem(
                    f"two criteria are named {function.name!r}", "give each function its own name"
                )
            )
        criteria[function.name] = criterion
        lines[function.name] = (first, last)
    declaration = Declaration(_task_id(call), variable, tuple(criteria.values()), lines)
    problems += _about_cell(tree, declaration, call, place, points, hidden)
    return declaration, problems


def _task_call(tree: ast.Module) -> tuple[str, ast.Call] | None:
    for node in tree.body:
        if not isinstance(node, ast.Assign | ast.AnnAssign) or not isinstance(node.value, ast.Call):
            continue
        target = node.target if isinstance(node, ast.AnnAssign) else node.targets[0]
        if _last_name(node.value.func) == "Task" and isinstance(target, ast.Name):
            return target.id, node.value
    return None


def _last_name(node: ast.expr) -> str:
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""


def _task_id(call: ast.Call) -> str:
    value = call.args[0].value if call.args and isinstance(call.args[0], ast.Constant) else None
    return value if isinstance(value, str) else ""


def _method(node: ast.AST, variable: str, method: str) -> TypeGuard[ast.Call]:
    return (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr == method
        and isinstance(node.func.value, ast.Name)
        and node.func.value.id == variable
    )


def _decorated(tree: ast.Module, variable: str) -> Iterator[tuple[_FunctionNode, ast.Call]]:
    for node in tree.body:
        if isinstance(node, _FunctionNode):
            for decorator in node.decorator_list:
                if isinstance(decorator, ast.Call) and _method(decorator, variable, "criterion"):
                    yield node, decorator


def _about_cell(
    tree: ast.Module,
    declared: Declaration,
    call: ast.Call,
    place: Place,
    points: float | None,
    hidden: tuple[markers.Region, ...],
) -> Iterator[AuthoringError]:
    if declared.grade_id != place.grade_id:
        yield place.problem(
            f"Task({declared.grade_id!r}) stands in the cell whose grade_id is {place.grade_id!r}",
            f'write Task("{place.grade_id}")',
        )
    if any(r.holds(call.lineno) for r in hidden):
        yield place.problem(
            "Task(...) lies in a hidden block, so the student's notebook would not have it",
            "move it above the block",
        )
    checks = [n for n in tree.body if isinstance(n, ast.Expr) and _is_check(n, declared.variable)]
    if not checks:
        yield place.problem(
            f"nothing calls {declared.variable}.check()",
            f"end the cell with {declared.variable}.check()",
        )
    elif any(r.holds(checks[-1].lineno) for r in hidden):
        yield place.problem(
            f"{declared.variable}.check() lies in a hidden block", "move it below the block"
        )
    if not declared.criteria:
        yield place.problem(
            "this task has no criteria", f"write one with @{declared.variable}.criterion(...)"
        )
    total = sum(c.points for c in declared.criteria)
    if declared.criteria and points is not None and abs(total - points) > 1e-9:
        yield place.problem(
            f"its criteria add up to {total:g} points, the cell is worth {points:g}",
            f"change the points of a criterion, or of the cell to {total:g}",
        )
    for node in _nested_criteria(tree, declared.variable):
        yield place.problem(
            f"the criterion in line {node.lineno} is not a plain function of the cell's top level",
            "write it as `def` at the left margin",
        )
    for each in ast.walk(tree):
        if _method(each, declared.variable, "hidden"):
            yield place.problem(
                f"{declared.variable}.hidden(...) is written by a release, not by an author",
                "write the criterion itself, between BEGIN and END HIDDEN TESTS",
            )


def _is_check(node: ast.Expr, variable: str) -> bool:
    return _method(node.value, variable, "check")


def _nested_criteria(tree: ast.Module, variable: str) -> Iterator[ast.Call]:
    plain = {id(d) for _, d in _decorated(tree, variable)}
    asynchronous = {id(d) for f, d in _decorated(tree, variable) if not _is_plain(f)}
    for node in ast.walk(tree):
        if _method(node, variable, "criterion") and (id(node) not in plain - asynchronous):
            yield node


def _is_plain(function: _FunctionNode) -> bool:
    return isinstance(function, ast.FunctionDef)


# ── One criterion ────────────────────────────────────────────────────────────────────


def _criterion(
    function: _FunctionNode,
    decorator: ast.Call,
    place: Place,
    earlier: tuple[str, ...],
    hidden: bool,
    text: str,
) -> tuple[Criterion, list[AuthoringError]]:
    wrong: list[tuple[str, str]] = []
    options = {k.arg: k.value for k in decorator.keywords if k.arg}
    demand = _literal(decorator.args[0]) if len(decorator.args) == 1 else None
    if not isinstance(demand, str) or not demand.strip():
        wrong.append(("its demand is no plain string", 'begin with the sentence in quotes, "..."'))
        demand = ""
    wrong += [
        (f"it has an unknown option {name}=", f"use {', '.join(sorted(_OPTIONS))}")
        for name in sorted(set(options) - _OPTIONS)
    ]
    plain = {n: _literal(v) for n, v in options.items() if n != "after"}
    wrong += _options(plain, options)
    settings, signature = _settings(function)
    wrong += [*signature, *_placeholders(demand, settings)]
    after = _after(options.get("after"))
    wrong += [
        (f"it comes after {name!r}, which no criterion before it is named", "mend after=")
        for name in after
        if name not in earlier
    ]
    arguments = [a.arg for a in (*function.args.posonlyargs, *function.args.args)]
    points = plain["points"] if _is_number(plain.get("points")) else 0.0
    was = plain.get("was")
    criterion = Criterion(
        name=function.name,
        demand=demand,
        points=float(points),
        hidden=hidden,
        settings=settings,
        parameters=tuple(a for a in arguments if a != "rng"),
        draws="rng" in arguments,
        after=after,
        retry=plain.get("retry") is True,
        retrain=plain.get("retrain") is True,
        was=was if isinstance(was, str) else None,
        source=text,
    )
    named = f"criterion {function.name!r}: "
    return criterion, [place.problem(named + fact, way_out) for fact, way_out in wrong]


class _NotLiteral:
    """Stand-in for a value that is not a literal."""


def _literal(node: ast.expr) -> Any:
    try:
        return ast.literal_eval(node)
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        return _NotLiteral()


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and value >= 0


def _options(values: dict[str, Any], given: dict[str, ast.expr]) -> Iterator[tuple[str, str]]:
    if not _is_number(values.get("points")):
        yield "its points are no plain number from 0 up", "write points=2"
    for name in ("retry", "retrain"):
        if name in given and not isinstance(values[name], bool):
            yield f"{name}= is neither True nor False", f"write {name}=True or leave it out"
    if "was" in given and not isinstance(values["was"], str | None):
        yield "was= is no plain string", 'write was="old_name"'


def _settings(function: _FunctionNode) -> tuple[dict[str, Any], list[tuple[str, str]]]:
    wrong: list[tuple[str, str]] = []
    settings: dict[str, Any] = {}
    arguments = function.args
    for argument, default in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True):
        value = _literal(default) if default is not None else None
        if default is None:
            wrong.append((f"its setting {argument.arg} has no value", f"write {argument.arg}=..."))
        elif isinstance(value, _NotLiteral):
            wrong.append(
                (
                    f"its setting {argument.arg} is not written out: {ast.unparse(default)}",
                    "write a number, a string or a tuple of them",
                )
            )
        else:
            settings[argument.arg] = value
    if arguments.defaults:
        named = (*arguments.posonlyargs, *arguments.args)[-len(arguments.defaults) :]
        wrong.append(
            (
                f"{', '.join(a.arg for a in named)} has a value but is one of the student's names",
                "put `*,` before the settings",
            )
        )
    if arguments.vararg or arguments.kwarg:
        wrong.append(("it takes *args or **kwargs", "name each of the student's names"))
    return settings, wrong


def _placeholders(demand: str, settings: dict[str, Any]) -> Iterator[tuple[str, str]]:
    try:
        fields = [f for _, f, _, _ in string.Formatter().parse(demand) if f is not None]
    except ValueError as error:
        yield f"its demand cannot be filled in: {error}", "double the braces that are text: {{ }}"
        return
    roots = [f.split(".")[0].split("[")[0] for f in fields]
    unknown = [root for root in roots if root not in settings]
    for root in unknown:
        yield (
            f"its demand names {{{root}}}, which is no setting of it",
            f"add `*, {root}=...` to the function, or write {{{{{root}}}}} for the braces",
        )
    if not unknown:
        try:
            demand.format_map(settings)
        except (ValueError, TypeError, AttributeError, KeyError, IndexError) as error:
            yield f"its demand cannot be filled in: {error}", "mend the format in its braces"


def _after(node: ast.expr | None) -> tuple[str, ...]:
    if node is None:
        return ()
    items = node.elts if isinstance(node, ast.Tuple | ast.List) else [node]
    return tuple(
        str(item.value) if isinstance(item, ast.Constant) else _last_name(item) or ast.unparse(item)
        for item in items
        if not (isinstance(item, ast.Constant) and not item.value)
    )
