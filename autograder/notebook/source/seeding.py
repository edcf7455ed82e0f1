"""Seeds set by an author's own cells, which must also hold in test cells, as in one kernel.

Only whole numbers written in the source count. Seeds that students set affect their own process
only. Cells tagged setup are not read here, because the clean process runs them in full.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence

from autograder.notebook.source import names
from autograder.notebook.source.cells import SourceCell

_CALLS = frozenset({"set_random_seed", "set_seed", "seed"})
_LIBRARIES = frozenset({"random", "numpy", "keras", "tensorflow"})


def seeding_code(cells: Sequence[SourceCell], number: int) -> str:
    r"""Return the seeding statements of the author's cells before the cell of this number.

    >>> from types import SimpleNamespace as Cell
    >>> locked = dict(kind="code", role="locked")
    >>> one = Cell(number=1, source="import numpy as np\nx = 1\nnp.random.seed(3)", **locked)
    >>> print(seeding_code([one], 2))
    import numpy as np
    np.random.seed(3)
    """
    found = [
        line
        for cell in cells
        if cell.number < number and cell.role in ("locked", "extra") and cell.kind == "code"
        for line in _seeding(cell.source)
    ]
    return "\n".join(found)


def _seeding(source: str) -> Iterator[str]:
    try:
        body = names.parse(source).body
    except SyntaxError:
        return
    for statement in body:
        if _of_libraries(statement) or _seeds(statement):
            yield ast.unparse(statement)


def _of_libraries(statement: ast.stmt) -> bool:
    if isinstance(statement, ast.Import):
        modules = [alias.name for alias in statement.names]
    elif isinstance(statement, ast.ImportFrom) and not statement.level:
        modules = [statement.module or ""]
    else:
        return False
    return all(name.split(".")[0] in _LIBRARIES for name in modules)


def _seeds(statement: ast.stmt) -> bool:
    if not isinstance(statement, ast.Expr) or not isinstance(statement.value, ast.Call):
        return False
    call, function = statement.value, statement.value.func
    name = function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
    given = [*call.args, *(keyword.value for keyword in call.keywords)]
    return name in _CALLS and [type(getattr(v, "value", None)) for v in given] == [int]
