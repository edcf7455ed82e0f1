"""Reading, stripping and merging of `.ipynb` files as Assignment(Task(Criterion, Mistake))."""

import sys

# nbformat imports jsonschema, which would compile a grammar of web addresses on import. That takes
# seconds at every command. Without the grammar's package, jsonschema skips these address checks,
# and no notebook needs them.
_GRAMMAR = "rfc3987_syntax"
if _GRAMMAR not in sys.modules:
    sys.modules[_GRAMMAR] = None  # type: ignore[assignment]
    import nbformat  # noqa: F401

    del sys.modules[_GRAMMAR]
