"""Static data flow between cells: what a value depends on, and what a changed answer affects.

A cell counts as changing the names it binds and every student object that it mentions: directly,
through a function it calls, or through an object that may hold it. An object that it only looks at
(`predict`) is unchanged. What setup cells define counts as constant unless it is stored into, for
the checking process makes its own. A file name written in two cells links them.

Random generators are not followed. A later training that only draws other numbers counts as
unchanged; calibration measures how much that can matter.
"""

from __future__ import annotations

import ast
import re
import symtable
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field

from autograder.notebook.source import names
from autograder.notebook.source.cells import cells_of
from autograder.nouns import Criterion, Notebook, Task, TaskKind

_FILE = re.compile(r"[\w./-]*\w\.[A-Za-z]\w{1,9}\Z")
_LOOKUPS = {"globals", "get_ipython"}  # names are passed as strings
_ANYTHING = {"eval", "exec", "vars", "locals", "dir"}  # may read every name
_LOOKS = {"evaluate", "get_weights", "history", "predict", "shape", "summary"}
_DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)


@dataclass(frozen=True)
class Code:
    """Names in one cell's code, by their use."""

    binds: frozenset[str] = frozenset()
    mentions: frozenset[str] = frozenset()  # names it uses, files it names
    looks: frozenset[str] = frozenset()  # names only looked at: `model` in model.predict(x)
    stores: frozenset[str] = frozenset()  # objects that it visibly writes into
    defines: Mapping[str, frozenset[str]] = field(default_factory=dict)  # functions and classes
    # among `binds`, with the names that each of them uses from outside
    made_of: Mapping[str, frozenset[str]] = field(default_factory=dict)  # other names, with the
    # names in the statement that binds them: they may be or hold those objects
    imports: frozenset[str] = frozenset()  # modules among `binds`
    anything: bool = False  # the names it reads cannot be determined


def read_code(source: str) -> Code:
    """Return the names in a cell's code; code that is not Python may read anything."""
    try:
        tree = names.parse(source)
        table = symtable.symtable(names.plain_code(source), "<cell>", "exec")
    except SyntaxError:
        return Code(anything=True)
    used = set(_used(table))
    texts = {
        n.value for n in ast.walk(tree) if isinstance(n, ast.Constant) and type(n.value) is str
    }
    files = {f"file {text}" for text in texts if _FILE.match(text)}
    looked_up = {text for text in texts if text.isidentifier()} if used & _LOOKUPS else set()
    looks = _looks(tree)
    return Code(
        binds=names.defined(source),
        mentions=frozenset(used | files | looked_up),
        looks=frozenset(looks),
        made_of=_made_of(tree, looks),
        stores=frozenset(_stores(tree)),
        defines={
            child.get_name(): frozenset(_used(child, inner=True))
            for child in table.get_children()
            if child.get_name() in {n.name for n in tree.body if isinstance(n, _DEFINITIONS)}
        },
        imports=frozenset(names.imports(source)),
        anything=bool(used & _ANYTHING),
    )


def _used(table: symtable.SymbolTable, *, inner: bool = False) -> Iterator[str]:
    for symbol in table.get_symbols():
        if (symbol.is_global() or not inner) and symbol.is_referenced():
            yield symbol.get_name()
    for child in table.get_children():
        yield from _used(child, inner=True)


def _looks(tree: ast.AST) -> set[str]:
    """Return the names that occur only in `name.predict(...)` and similar attribute reads."""
    nodes = list(ast.walk(tree))
    looking = [
        node.value.id
        for node in nodes
        if isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Name)
        and node.attr in _LOOKS
        and isinstance(node.ctx, ast.Load)
    ]
    met = [node.id for node in nodes if isinstance(node, ast.Name)]
    return {name for name in looking if met.count(name) == looking.count(name)}


def _made_of(tree: ast.Module, looks: Collection[str]) -> dict[str, frozenset[str]]:
    found: dict[str, frozenset[str]] = {}
    for statement in tree.body:
        if isinstance(statement, _DEFINITIONS):
            continue
        inside = [node for node in ast.walk(statement) if isinstance(node, ast.Name)]
        read = {n.id for n in inside if isinstance(n.ctx, ast.Load)}
        for node in inside:
            if isinstance(node.ctx, ast.Store):
                found[node.id] = found.get(node.id, frozenset()) | read.difference(looks)
    return found


def _stores(tree: ast.AST) -> Iterator[str]:
    """Yield the roots of assignments and deletions: `a` of `a.b[0] = 1`."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute | ast.Subscript) and not isinstance(node.ctx, ast.Load):
            inner: ast.expr = node
            while isinstance(inner, ast.Attribute | ast.Subscript):
                inner = inner.value
            if isinstance(inner, ast.Name):
                yield inner.id


@dataclass(frozen=True)
class Cell:
    """One code cell of a notebook that runs, or the place of a test."""

    id: str
    role: str  # "setup", "locked", "answer", "test" or "extra"
    grade_id: str
    source: str


@dataclass(frozen=True)
class Slice:
    """Criteria to judge, and the cells that must run for them."""

    criteria: frozenset[tuple[str, str]]  # (task, criterion)
    cells: frozenset[str]  # ids


class Flow:
    """Data flow through a notebook's code cells, in the order in which they run."""

    def __init__(self, notebook: Notebook, answers: Mapping[str, str] | None = None) -> None:
        """Take `answers`, replacement code for some answer cells by grade_id."""
        self.tasks = {task.grade_id: task for task in notebook.tasks}
        self.cells = tuple(_cells(notebook, answers or {}))
        self._code = {c.id: read_code(c.source) for c in self.cells if c.role != "test"}
        self._constant = self._bound("setup")
        owned = self._bound("answer", "extra", "locked") - self._constant
        self._objects = owned - self._among("defines") - self._among("imports")
        self._inner = self._within()
        self._touches = {id_: code.mentions - code.looks for id_, code in self._code.items()}

    def _bound(self, *roles: str) -> frozenset[str]:
        return frozenset().union(*(self._code[c.id].binds for c in self.cells if c.role in roles))

    def _among(self, kind: str) -> frozenset[str]:
        """Return the names that are only ever functions and classes, or only ever modules."""
        codes = self._code.values()
        only = frozenset[str]().union(*(getattr(code, kind) for code in codes))
        return only.difference(*(code.binds.difference(getattr(code, kind)) for code in codes))

    def _within(self) -> dict[str, frozenset[str]]:
        """Return each name with the names it uses or may hold; touching it may touch those."""
        found: dict[str, frozenset[str]] = {}
        for code in self._code.values():
            for name, used in (*code.defines.items(), *code.made_of.items()):
                found[name] = found.get(name, frozenset()) | used
        return found

    def mentions(self, cell: Cell) -> frozenset[str]:
        """Return every name that the cell uses, directly or through functions of the notebook."""
        return self._reached(self._code[cell.id].mentions)

    def _reached(self, first: Collection[str]) -> frozenset[str]:
        seen: set[str] = set()
        waiting = set(first)
        while waiting:
            name = waiting.pop()
            seen.add(name)
            waiting |= self._inner.get(name, frozenset()) - seen
        return frozenset(seen)

    def changes(self, cell: Cell) -> frozenset[str]:
        """Return every name whose value the cell may change."""
        code, touched = self._code[cell.id], self._reached(self._touches[cell.id])
        files = {name for name in touched if name.startswith("file ")}
        return code.binds | code.stores | (touched & self._objects) | files

    # ── Forward: effects of a changed answer ─────────────────────────────────────────

    def touched_by(self, answer: str, before: Flow) -> frozenset[tuple[str, str]]:
        """Return the criteria that may end differently with this answer than with `before`'s."""
        changed: set[str] = set()
        found: set[tuple[str, str]] = set()
        begun = False
        for cell, old in zip(self.cells, before.cells, strict=True):
            if cell.role == "test":
                if begun:
                    found |= set(self._touched(self.tasks[cell.grade_id], changed))
            elif cell.grade_id == answer and answer:
                begun = True
                changed |= self.changes(cell) | before.changes(old)
            elif begun and (changed & self.mentions(cell) or self._code[cell.id].anything):
                changed |= self.changes(cell)
        return frozenset(found)

    def _touched(self, task: Task, changed: Collection[str]) -> Iterator[tuple[str, str]]:
        for criterion in task.criteria:
            if set(changed) & self._reached(asked(task, criterion)):
                yield task.grade_id, criterion.name

    # ── Backward: cells that must run ────────────────────────────────────────────────

    def slice(self, criteria: Collection[tuple[str, str]], *, answer: str = "") -> Slice:
        """Return these criteria, those they come after, and the cells that make their values.

        The cell `answer` always runs: a missing assignment in it is an effect too.
        """
        wanted = {(t, n) for t, name in criteria for n in _with_earlier(self.tasks[t], name)}
        needed: set[str] = set()
        kept: set[str] = set()
        everything = False
        for cell in reversed(self.cells):
            if cell.role == "test":
                task = self.tasks[cell.grade_id]
                for criterion in task.criteria:
                    if (cell.grade_id, criterion.name) in wanted:
                        needed |= self._reached(asked(task, criterion))
            elif everything or self.changes(cell) & needed or (answer and cell.grade_id == answer):
                kept.add(cell.id)
                needed |= self.mentions(cell) | self._code[cell.id].binds
                everything = everything or self._code[cell.id].anything
        return Slice(frozenset(wanted), frozenset(kept))


def _cells(notebook: Notebook, answers: Mapping[str, str]) -> Iterator[Cell]:
    for cell in cells_of(notebook.node):
        if cell.kind == "code" and cell.role not in ("mistake", "manual"):
            source = answers.get(cell.grade_id, cell.source) if cell.grade_id else cell.source
            yield Cell(cell.id, cell.role, cell.grade_id, source)


def asked(task: Task, criterion: Criterion) -> frozenset[str]:
    """Return the student's names that a criterion uses: if it runs inside, all of its cell's."""
    if task.kind is TaskKind.INSIDE:
        return read_code(task.code).mentions
    return frozenset(criterion.parameters)


def _with_earlier(task: Task, name: str) -> Iterator[str]:
    """Yield the criterion and all criteria that it comes after."""
    yield name
    for criterion in task.criteria:
        if criterion.name == name:
            for earlier in criterion.after:
                yield from _with_earlier(task, earlier)
