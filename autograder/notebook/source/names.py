"""Names in a cell, found without running it: those it defines, and those it only uses."""

from __future__ import annotations

import ast
import builtins
import io
import re
import symtable
import tokenize
import warnings
from collections.abc import Iterator
from functools import lru_cache
from threading import Lock

from IPython.core.inputtransformer2 import TransformerManager

BUILTINS = frozenset(dir(builtins)) | {"get_ipython", "display", "__name__", "__file__"}
_PARSING = Lock()
_AUTOMAGIC = frozenset(
    """
    pip conda mamba micromamba uv cd ls ll cat cp mv rm mkdir rmdir pwd env set_env run time timeit
    who whos matplotlib load_ext reload_ext autoreload config reset history tensorboard precision
    """.split()  # noqa: SIM905
)
_BODY_MAGICS = re.compile(r"\s*%%(time|timeit|capture|prun)\b.*\n")


def tree_of(source: str) -> ast.Module:
    """Parse as `ast.parse` does, also while other threads parse.

    Python 3.11 keeps one recursion depth for all threads, and raises a SystemError if two threads
    parse at once (CPython issue 106905).
    """
    with _PARSING:
        return ast.parse(source)


@lru_cache(maxsize=1024)
def plain_code(source: str) -> str:
    """Return the cell as pure Python on the same lines; IPython translates magics and `!` lines."""
    body = _BODY_MAGICS.match(source)
    if body:
        source = "\n" * body.group(0).count("\n") + source[body.end() :]
    try:
        tree_of(source)
        return source
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        with _PARSING, warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about control characters at line ends
            return str(TransformerManager().transform_cell(source))


def module_text(data: bytes) -> str:
    """Return a module's text, decoded as Python does: UTF-8, or as its `coding` line says.

    Raises SyntaxError, with the line, for bytes that are not text in that encoding.
    """
    encoding, _ = tokenize.detect_encoding(io.BytesIO(data).readline)
    try:
        return io.TextIOWrapper(io.BytesIO(data), encoding).read()
    except UnicodeDecodeError:
        pass
    wrong = next(
        number
        for number, line in enumerate(data.split(b"\n"), 1)
        if "\ufffd" in line.decode(encoding, "replace")
    )
    raise SyntaxError(f"line {wrong} is no text in {encoding}", ("", wrong, 0, ""))


def parse(source: str) -> ast.Module:
    """Return the cell's syntax tree; raise SyntaxError, and nothing else, if it is not Python."""
    try:
        return tree_of(plain_code(source))
    except (ValueError, RecursionError, MemoryError) as error:
        raise SyntaxError(f"this cell cannot be read as Python: {error}") from error


def syntax_error(source: str) -> SyntaxError | None:
    """Return the syntax error that this Python raises for the cell in IPython; None if none."""
    if _is_automagic(source):
        return None
    code = plain_code(source)
    with _PARSING, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            compile(code, "<cell>", "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT, dont_inherit=True)
        except SyntaxError as error:
            return error
        except (ValueError, RecursionError, MemoryError, OverflowError) as error:
            return SyntaxError(str(error))
    return None


def _is_automagic(source: str) -> bool:
    """Tell whether IPython reads the cell's only line as a magic without `%`: `pip install x`."""
    magic, _, rest = source.strip().partition(" ")
    return magic in _AUTOMAGIC and "\n" not in rest and not rest.lstrip().startswith("=")


@lru_cache(maxsize=1024)
def defined(source: str) -> frozenset[str]:
    """Return the names that the cell binds at its top level, including imports."""
    table = _table(source)
    own = {s.get_name() for s in table.get_symbols() if s.is_assigned() or s.is_imported()}
    return frozenset(own | {name for name, assigned in _globals(table) if assigned})


def bound(source: str) -> frozenset[str]:
    """Return the top-level names of student code without magics; empty if it is not Python."""
    try:
        table = symtable.symtable(source, "<cell>", "exec")
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return frozenset()
    symbols = table.get_symbols()
    return frozenset(s.get_name() for s in symbols if s.is_assigned() or s.is_imported())


@lru_cache(maxsize=1024)
def free(source: str) -> frozenset[str]:
    """Return the names that the cell uses without defining them, except built-ins."""
    table = _table(source)
    used = {s.get_name() for s in table.get_symbols() if s.is_referenced()}
    used |= {name for name, _ in _globals(table)}
    return frozenset(used - defined(source) - BUILTINS)


def line_of(source: str, name: str) -> int:
    """Return the first line that mentions the name, 0 if none does."""
    for node in ast.walk(parse(source)):
        if isinstance(node, ast.Name) and node.id == name:
            return node.lineno
    return 0


def imports(source: str) -> dict[str, str]:
    """Return name → the import statement that binds it, for the top level of the cell."""
    found = {}
    for node in parse(source).body:
        if isinstance(node, ast.Import):
            for alias in node.names:
                name = alias.asname or alias.name.split(".")[0]
                found[name] = ast.unparse(ast.Import([alias]))
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            for alias in node.names:
                name = alias.asname or alias.name
                found[name] = ast.unparse(ast.ImportFrom(node.module, [alias], 0))
    found.pop("*", None)
    return found


def star_imports(source: str) -> Iterator[str]:
    """Yield the modules of `from module import *` in the cell."""
    for node in ast.walk(parse(source)):
        if isinstance(node, ast.ImportFrom) and any(a.name == "*" for a in node.names):
            yield node.module or ""


def _table(source: str) -> symtable.SymbolTable:
    parse(source)
    return symtable.symtable(plain_code(source), "<cell>", "exec")


def _globals(table: symtable.SymbolTable) -> Iterator[tuple[str, bool]]:
    """Yield (name, assigned) for global names inside functions, classes and comprehensions."""
    for child in table.get_children():
        for symbol in child.get_symbols():
            if symbol.is_global():
                yield symbol.get_name(), symbol.is_assigned()
        yield from _globals(child)
