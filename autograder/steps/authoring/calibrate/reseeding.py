"""Student code with other seeds, as a class of students would have drawn them."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from autograder.notebook.source import names

_CALLS = {"set_random_seed", "set_seed", "seed", "default_rng", "RandomState", "SeedGenerator"}
_KEYWORDS = {"seed", "random_state"}
_FIRST = "import keras as _keras\n\n_keras.utils.set_random_seed({seed})\n\n"


@dataclass(frozen=True)
class Reseeded:
    """Rewriter of student code: adds `step` to every seed in it."""

    step: int

    def __call__(self, source: str, first: bool) -> str:
        """Return the code with other seeds; the first cell begins by seeding all generators."""
        moved = reseeded(source, self.step)
        if not first:
            return moved
        head, newline, rest = moved.partition("\n") if moved.startswith("%%") else ("", "", moved)
        return head + newline + _FIRST.format(seed=self.step) + rest


def reseeded(source: str, step: int) -> str:
    r"""Return the code with `step` added to every integer that seeds a generator.

    Code that is not Python is returned unchanged.

    >>> reseeded("keras.utils.set_random_seed(432)\nrng = np.random.default_rng(seed=0)", 5)
    'keras.utils.set_random_seed(437)\nrng = np.random.default_rng(seed=5)'
    """
    try:
        found = sorted(_seeds(names.parse(source)), key=lambda n: (n.lineno, n.col_offset))
    except SyntaxError:
        return source
    lines = [line.encode() for line in source.split("\n")]
    for node in reversed(found):
        line = lines[node.lineno - 1]
        written = line[node.col_offset : node.end_col_offset]
        if written.replace(b"_", b"").isdigit():  # a magic may have moved the columns
            new = str(int(written) + step).encode()
            lines[node.lineno - 1] = line[: node.col_offset] + new + line[node.end_col_offset :]
    return b"\n".join(lines).decode()


def _seeds(tree: ast.AST) -> Iterator[ast.Constant]:
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        given = [k.value for k in node.keywords if k.arg in _KEYWORDS]
        if _name(node.func) in _CALLS:
            given += node.args[:1]
        for value in given:
            if isinstance(value, ast.Constant) and type(value.value) is int:
                yield value


def _name(function: ast.expr) -> str:
    if isinstance(function, ast.Attribute):
        return function.attr
    return function.id if isinstance(function, ast.Name) else ""
