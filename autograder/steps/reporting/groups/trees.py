r"""Code as a set of small pieces of its syntax tree, equal for equivalent code.

Made equal: names that functions give to their own values, aliases of imports (`np` and `numpy`),
comments, docstrings, annotations, prints, the order of keyword arguments, and numbers of the same
magnitude. Kept: all other names, attributes, keywords, strings, and the numbers that programs mean
exactly (-1, 0, 1, 2).

>>> round(
...     likeness(pieces("def f(x): return x + 1"), pieces("def f(y):\n    return y + 1  # so")), 2
... )
1.0
>>> likeness(pieces("def f(x): return x + 1"), pieces("def f(x): return x - 1")) < 0.8
True
"""

from __future__ import annotations

import ast
import hashlib
import math
import re
from collections import Counter, deque
from collections.abc import Iterator
from functools import lru_cache

from autograder.notebook.source.names import tree_of

CODE_CAP = 60_000  # characters
NODES_CAP = 6_000
_EXACT = (-1, 0, 1, 2)
_USUAL = {"np": "numpy", "tf": "tensorflow", "plt": "matplotlib.pyplot", "pd": "pandas"}
_WORD = re.compile(r"[^\W\d]\w*")
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)
Pieces = frozenset[int]


@lru_cache(maxsize=4096)
def pieces(code: str) -> Pieces:
    """Return the pieces of the code, as numbers; of text that is not Python, those of its words."""
    try:
        tree = tree_of(code[:CODE_CAP])
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return _numbered(Counter(code[:CODE_CAP].split()))
    names = _Names(tree)
    counts: Counter[str] = Counter()
    for parent, child, place in _pairs(tree):
        counts[f"{names.label(parent)}>{place}>{names.label(child)}"] += 1
    return _numbered(counts)


def bare_lines(code: str) -> list[tuple[str, str]]:
    r"""Return the lines of the code as `ast.unparse` writes them, each with its comparison key.

    Docstrings, comments and prints are left out. In the key, all names that functions give to their
    own values are equal. Text that is not Python comes back line by line, unchanged.

    >>> bare_lines("def f(x):\n    'Doc.'\n    y = x+1 # one\n    return y")[1]
    ('    y = x + 1', '    v = v + 1')
    """
    try:
        tree = tree_of(code[:CODE_CAP])
        own = _Names(tree).own
        for node in ast.walk(tree):
            body = getattr(node, "body", None)
            if isinstance(body, list):
                node.body = [n for n in body if not _says_nothing(n)] or [ast.Pass()]  # type: ignore[attr-defined]
        text = ast.unparse(tree)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return [(line, line.strip()) for line in code.splitlines()]
    return [
        (line, _WORD.sub(lambda found: "v" if found.group() in own else found.group(), line))
        for line in text.splitlines()
        if line.strip()
    ]


def likeness(one: Pieces, other: Pieces) -> float:
    """Return the overlap of two sets: 0 for nothing shared, 1 for equal (Jaccard)."""
    if not one and not other:
        return 1.0
    shared = len(one & other)
    return shared / (len(one) + len(other) - shared)


def _numbered(counts: Counter[str]) -> Pieces:
    """Return each piece with its occurrence number, as 48 bits."""
    return frozenset(
        int.from_bytes(hashlib.blake2b(f"{n}:{piece}".encode(), digest_size=6).digest(), "big")
        for piece, count in counts.items()
        for n in range(min(count, 8))
    )


def _pairs(tree: ast.AST) -> Iterator[tuple[ast.AST, ast.AST, str]]:
    """Yield (parent, child, field) from the top, for at most `NODES_CAP` parents."""
    waiting = deque([tree])
    done = 0
    while waiting and done < NODES_CAP:
        node = waiting.popleft()
        done += 1
        for place, child in _children(node):
            waiting.append(child)
            yield node, child, place


def _children(node: ast.AST) -> Iterator[tuple[str, ast.AST]]:
    for name, value in ast.iter_fields(node):
        if name in {"annotation", "returns", "ctx", "type_comment", "type_params"}:
            continue
        for child in value if isinstance(value, list) else (value,):
            if isinstance(child, ast.AST) and not _silent(child):
                yield ("body" if name in {"body", "orelse"} else name), child


def _silent(node: ast.AST) -> bool:
    """Return True for imports and statements that do not affect what the code computes."""
    return isinstance(node, ast.Import | ast.ImportFrom | ast.Pass) or _says_nothing(node)


def _says_nothing(node: ast.AST) -> bool:
    """Return True for docstrings and prints."""
    if not isinstance(node, ast.Expr):
        return False
    value = node.value
    return isinstance(value, ast.Constant) or (
        isinstance(value, ast.Call)
        and isinstance(value.func, ast.Name)
        and value.func.id in {"print", "display"}
    )


class _Names:
    """Canonical names for one program, so that equivalent programs use the same ones."""

    def __init__(self, tree: ast.AST) -> None:
        self._imported: dict[str, str] = {}
        self.own: set[str] = set()
        waiting = deque([(tree, False)])
        while waiting:
            node, inside = waiting.popleft()
            self._note(node, inside)
            inside = inside or isinstance(node, _FUNCTIONS)
            waiting.extend((child, inside) for child in ast.iter_child_nodes(node))

    def _note(self, node: ast.AST, inside: bool) -> None:
        """Record the names that a node binds: imports anywhere, local names inside functions."""
        match node:
            case ast.Import(names=names):
                for alias in names:
                    self._imported[alias.asname or alias.name.split(".")[0]] = alias.name
            case ast.ImportFrom(module=module, names=names):
                for alias in names:
                    self._imported[alias.asname or alias.name] = f"{module}.{alias.name}"
            case ast.arg(arg=name):
                self.own.add(name)
            case ast.Name(id=name, ctx=ast.Store()) if inside:
                self.own.add(name)
            case ast.FunctionDef(name=name) if inside:
                self.own.add(name)

    def label(self, node: ast.AST) -> str:
        kind = type(node).__name__
        match node:
            case ast.Name(id=name) | ast.arg(arg=name):
                return f"N:{self._called(name)}"
            case ast.Attribute(attr=name):
                return f"A:{name}"
            case ast.keyword(arg=name):
                return f"K:{name}"
            case ast.Constant(value=value):
                return f"C:{_constant(value)}"
            case ast.FunctionDef(name=name) | ast.ClassDef(name=name):
                return f"{kind}:{self._called(name)}"
        return kind

    def _called(self, name: str) -> str:
        if name in self._imported:
            return self._imported[name]
        return "v" if name in self.own else _USUAL.get(name, name)


def _constant(value: object) -> str:
    if isinstance(value, bool) or value is None or value is Ellipsis:
        return repr(value)
    if isinstance(value, int | float):
        if value in _EXACT:
            return repr(int(value))
        size = math.floor(math.log10(abs(value))) if value and math.isfinite(value) else 0
        return f"{type(value).__name__}~{'-' if value < 0 else ''}{size}"
    if isinstance(value, str):
        return repr(value[:24])
    return type(value).__name__
