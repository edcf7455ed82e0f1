"""Copies of arguments: a check never changes the student's objects, nor they the check's.

A check sees a student's functions and objects *lent*: behind the wall as a `Remote`, in the
student's own kernel as a `Lent`. Both pass copies, so that a verdict is equal in both places. Only
`call_and_arguments` returns the copies as the call changed them.
"""

from __future__ import annotations

import copy
import functools
import types
from collections import Counter, OrderedDict, defaultdict
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

Arguments = tuple[tuple[Any, ...], dict[str, Any]]

DEPTH_CAP = 64
_ATOMS = frozenset({type(None), bool, int, float, complex, str, bytes, range, slice})
_FUNCTIONS = (
    types.FunctionType,
    types.MethodType,
    types.BuiltinFunctionType,
    functools.partial,
    np.ufunc,
    np.vectorize,
)
_MAPPINGS = (dict, Counter, OrderedDict, defaultdict)
_SEQUENCES = (list, tuple, set, frozenset)
_DOES = ("__call__", "__getitem__", "__len__", "__iter__", "__contains__", "__next__")


class Proxy:
    """A student's object that copies its arguments itself: `Lent` here, `Remote` at the wall."""

    def __call_and_arguments__(self, arguments: Arguments) -> tuple[Any, Arguments]:
        """Call the object; return its value and the argument copies as the call left them."""
        raise NotImplementedError


def call(function: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Return the function's result for copies of these arguments."""
    if isinstance(function, Proxy):
        return function(*args, **kwargs)  # type: ignore[operator]
    return function(*(copied(a) for a in args), **{k: copied(v) for k, v in kwargs.items()})


def call_and_arguments(
    function: Any, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> tuple[Any, Arguments]:
    """Return the function's result, and the copies of the arguments as it left them."""
    if isinstance(function, Proxy):
        return function.__call_and_arguments__((args, kwargs))
    own = copied(args), copied(kwargs)
    return function(*own[0], **own[1]), own


def copied(value: Any) -> Any:
    """Copy plain data at any depth; wrap a check's own function so that it passes copies.

    A lent object becomes the object it stands for. Other values (a model, a tensor) are passed
    unchanged.
    """
    return _walk(value, _to_student, {}, 0)


def lent(value: Any) -> Any:
    """Lend a student's functions and objects to a check, also inside lists and dicts.

    Values that contain none are returned unchanged and uncopied.
    """
    return _walk(value, _to_check, {}, 0) if _holds_objects(value, set(), 0) else value


# ── Traversal of values ──────────────────────────────────────────────────────────────

_Leaf = Callable[[Any, dict[int, Any]], Any]


def _walk(value: Any, leaf: _Leaf, seen: dict[int, Any], depth: int) -> Any:
    kind = type(value)
    if kind in _ATOMS or depth > DEPTH_CAP:
        return value
    if id(value) in seen:
        return seen[id(value)]
    if kind in _SEQUENCES:
        if kind is not list or not _ATOMS.issuperset(map(type, value)):
            items = [_walk(item, leaf, seen, depth + 1) for item in value]
            made: Any = items if kind is list else kind(items)
        else:
            made = list(value)
    elif kind in _MAPPINGS:
        made = copy.copy(value)
        made.clear()
        for key, item in value.items():
            made[key] = _walk(item, leaf, seen, depth + 1)
    else:
        made = leaf(value, seen)
    seen[id(value)] = made
    return made


def _holds_objects(value: Any, seen: set[int], depth: int) -> bool:
    """Return whether a value contains an object to lend; plain data, however large, does not."""
    kind = type(value)
    if kind in _ATOMS or kind is np.ndarray or id(value) in seen or depth > DEPTH_CAP:
        return False
    seen.add(id(value))
    if kind in _SEQUENCES or kind in _MAPPINGS:
        items = value.values() if kind in _MAPPINGS else value
        if _ATOMS.issuperset(map(type, items)):
            return False
        return any(_holds_objects(item, seen, depth + 1) for item in items)
    return _is_lendable(value)


def _to_student(value: Any, _: dict[int, Any]) -> Any:
    if isinstance(value, Lent):
        return value.__wrapped__
    if isinstance(value, np.ndarray):
        return copy.deepcopy(value) if value.dtype.hasobject else value.copy()
    if isinstance(value, bytearray) or _is_table(value):
        return copy.copy(value) if isinstance(value, bytearray) else value.copy()
    if type(value) in _FUNCTIONS and type(value) is not np.ufunc:
        return _callback(value)
    return value


def _to_check(value: Any, _: dict[int, Any]) -> Any:
    if _is_lendable(value):
        return _kind(frozenset(_can_do(type(value))))(value)
    return value


def _is_table(value: Any) -> bool:
    """Return whether the value is of pandas or SciPy, where copy() copies the data."""
    library = (type(value).__module__ or "").split(".")[0]
    return library in ("pandas", "scipy") and callable(getattr(value, "copy", None))


def _is_lendable(value: Any) -> bool:
    """Return whether the value is a function, or a class or an object of the student's own."""
    if isinstance(value, Proxy | type) and not _is_own_class(value):
        return False
    return type(value) in _FUNCTIONS or _is_own_class(value) or _is_own_class(type(value))


def _is_own_class(value: Any) -> bool:
    return (
        isinstance(value, type)
        and value.__module__ == "__main__"
        and not any((base.__module__ or "").split(".")[0] in _FOREIGN for base in value.__mro__)
    )


_FOREIGN = frozenset({"keras", "tensorflow", "numpy", "pandas", "torch", "enum"})


def _callback(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return a check's function for student code; its arguments and its result are copied."""

    @functools.wraps(function)
    def called(*args: Any, **kwargs: Any) -> Any:
        return copied(function(*_each_lent(args), **{k: _given(v) for k, v in kwargs.items()}))

    return called


def _given(value: Any) -> Any:
    """Return a value that student code passes to a check: copied, its functions lent."""
    return _walk(value, lambda v, seen: _to_check(_to_student(v, seen), seen), {}, 0)


def _each_lent(values: tuple[Any, ...]) -> Iterator[Any]:
    return (_given(value) for value in values)


# ── Lent objects ─────────────────────────────────────────────────────────────────────


class Lent(Proxy):
    """A student's function or object in their own kernel; calls of it pass copies."""

    def __init__(self, wrapped: Any) -> None:
        functools.update_wrapper(self, wrapped, updated=())  # type: ignore[arg-type]

    def __getattr__(self, name: str) -> Any:
        if name == "__wrapped__":
            raise AttributeError(name)
        return lent(getattr(self.__wrapped__, name))

    def __repr__(self) -> str:
        return repr(self.__wrapped__)

    def __bool__(self) -> bool:
        return bool(self.__wrapped__)

    def __eq__(self, other: object) -> bool:
        return bool(self.__wrapped__ == (other.__wrapped__ if isinstance(other, Lent) else other))

    def __hash__(self) -> int:
        return hash(self.__wrapped__)

    def __call_and_arguments__(self, arguments: Arguments) -> tuple[Any, Arguments]:
        args, kwargs = copied(arguments[0]), copied(arguments[1])
        value = self.__wrapped__(*args, **kwargs)
        return _given(value), (args, kwargs)


def _does(name: str) -> Callable[..., Any]:
    def does(self: Lent, *args: Any, **kwargs: Any) -> Any:
        method = self.__wrapped__ if name == "__call__" else getattr(self.__wrapped__, name)
        value = method(*copied(args), **copied(kwargs))
        return value if name in ("__iter__", "__len__", "__contains__") else _given(value)

    return does


_METHODS = {name: _does(name) for name in _DOES}


def _can_do(kind: type) -> Iterator[str]:
    return (name for name in _DOES if any(name in vars(k) for k in kind.__mro__))


@functools.lru_cache(maxsize=64)
def _kind(does: frozenset[str]) -> type[Lent]:
    return type("Lent", (Lent,), {name: _METHODS[name] for name in does})
