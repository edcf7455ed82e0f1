"""Readers that turn a student's value into plain arrays and numbers, or raise NotMet.

Every check reads a student's value through this file. So no check works on an object with the
student's methods, and NaN, text or ragged rows never reach a comparison.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NoReturn, TypeAlias

import numpy as np
import numpy.typing as npt

from autograder.errors import Fault
from autograder.expect import handover
from autograder.expect.verdict import NotMet, decide, sentence_of, short

Array: TypeAlias = npt.NDArray[Any]
SHOWN = 6  # maximum arguments of a call shown


def array(value: Any, name: str = "") -> Array:
    """Return the value as a plain NumPy array of any type. Raises NotMet if it is not one."""
    try:
        found = _as_array(value)
    except (Fault, KeyboardInterrupt):
        raise
    except BaseException:
        found = None
    if found is None or found.dtype.kind not in "biufcSU" or type(found) is not np.ndarray:
        raise _not_numbers(value, name)
    return found


def _as_array(value: Any) -> Array | None:
    if value is None or isinstance(value, dict | set | frozenset):
        return None
    if callable(getattr(value, "toarray", None)) and hasattr(value, "nnz"):
        value = value.toarray()
    if callable(getattr(value, "numpy", None)) and hasattr(value, "shape"):
        value = value.numpy()
    found = np.asarray(value)
    if found.dtype.kind == "V" and found.dtype.names is None:  # bfloat16 is void to NumPy
        found = found.astype(np.float32)
    if found.dtype.kind in "iufc" and True in _booleans_in(value):
        return None  # [True, 2.0]: NumPy would convert True to 1.0
    return found


def _booleans_in(value: Any) -> set[bool]:
    """Return whether a nested list's items are booleans: {True}, {False}, or both if mixed."""
    if type(value) not in (list, tuple):
        return {isinstance(value, bool | np.bool_) or _is_boolean_array(value)}
    if {int, float}.issuperset(map(type, value)):
        return {False}
    return set().union(*(_booleans_in(item) for item in value))


def _is_boolean_array(value: Any) -> bool:
    return isinstance(value, np.ndarray) and value.dtype.kind == "b"


def numbers(
    value: Any,
    name: str = "",
    *,
    shape: Sequence[int | None] | None = None,
    booleans: bool = False,
) -> Array:
    """Return the value as an array of finite real numbers with at least one element.

    `shape`, with None wildcards, must match exactly: nothing is broadcast. True is not 1, unless
    `booleans` accepts booleans as 1 and 0, for class numbers.
    """
    found = array(value, name)
    if found.dtype.kind == "b" and not booleans:
        raise _boolean(value, name)
    if found.dtype.kind not in "biuf":
        raise _not_numbers(value, name)
    if shape is not None and not fits(found.shape, shape):
        raise wrong_shape(found.shape, shape, name)
    if found.size == 0:
        raise empty(name)
    if found.dtype.kind == "f":
        demand_finite(found, name)
    return found


def floats(value: Any, name: str = "", *, shape: Sequence[int | None] | None = None) -> Array:
    """Return `numbers` in float64, ready for computation."""
    return numbers(value, name, shape=shape).astype(np.float64)


def integers(
    value: Any,
    name: str = "",
    *,
    shape: Sequence[int | None] | None = None,
    booleans: bool = False,
) -> Array:
    """Return `numbers` that are whole: int types, or floats without a fraction, as int64."""
    found = numbers(value, name, shape=shape, booleans=booleans)
    if found.dtype.kind == "f" and not np.all(found == np.round(found)):
        _fail(
            expected="whole numbers in {name}",
            got="{name} holds {example}",
            next="Convert scores to classes first, for example with argmax over the last axis.",
            name=name or "the value",
            example=float(found[found != np.round(found)].flat[0]),
        )
    if found.dtype.kind != "b" and float(np.abs(found.astype(np.float64)).max()) > 2**53:
        raise _not_numbers(value, name)
    return found.astype(np.int64)


def number(value: Any, name: str = "") -> float:
    """Return the value as one finite number; an array of one element counts as its element."""
    found = numbers(value, name)
    if found.size != 1:
        _fail(
            expected="one number: {name}",
            got="{found}",
            next="Return a single number, for example the mean over all elements.",
            name=name or "the value",
            found=f"an array of shape {short(found.shape)}",
        )
    return float(found.reshape(-1)[0])


def demand_finite(found: Array, name: str = "") -> None:
    """Raise NotMet if the array holds NaN or infinity."""
    bad = ~np.isfinite(found)
    if bad.any():
        index = tuple(int(i) for i in np.argwhere(bad)[0])
        _fail(
            expected="only finite numbers in {name}",
            got="{nan} NaN, {inf} infinite; the first at {index}",
            next="Look for log(0), a division by 0 or a learning rate that is too large.",
            name=name or "the value",
            nan=int(np.isnan(found).sum()),
            inf=int(np.isinf(found).sum()),
            index=index,
        )


def fits(shape: Sequence[int | None], want: Sequence[int | None]) -> bool:
    """Return whether a shape equals the wanted one; None allows any length.

    >>> fits((5, 64), (None, 64)), fits((64,), (None, 64))
    (True, False)
    """
    return len(shape) == len(want) and all(
        w is None or s == w for s, w in zip(shape, want, strict=True)
    )


def wrong_shape(shape: Sequence[int | None], want: Sequence[int | None], name: str = "") -> NotMet:
    """Return the failure for a value of the wrong shape."""
    return failing(
        expected="{name} of shape {want}",
        got="{name} of shape {found}",
        next="Check reshape, keepdims and the batch axis.",
        name=name or "the value",
        want=tuple(want),
        found=tuple(shape),
    )


def empty(name: str = "") -> NotMet:
    """Return the failure for a value without elements."""
    return failing(
        expected="at least one element in {name}",
        got="{name} is empty",
        next="Run the cell that fills {name}, then look at its length.",
        name=name or "the value",
    )


def _not_numbers(value: Any, name: str) -> NotMet:
    return failing(
        expected="numbers in {name}",
        got="{found}",
        next="Convert it with np.asarray({name}); all rows need the same length.",
        name=name or "the value",
        found=short(value),
    )


def _boolean(value: Any, name: str) -> NotMet:
    return failing(
        expected="numbers in {name}",
        got="{found}: True and False are not numbers here",
        next="Return the number itself, not the result of a comparison.",
        name=name or "the value",
        found=short(value),
    )


def function(fn: Any, name: str = "") -> str:
    """Return the display name of a student's function. Raises NotMet if it is not callable."""
    label = name or name_of(fn, "f")
    if not callable(fn):
        _fail(
            expected="a function {name}",
            got="{name} is {found}",
            next="Define it with def {name}(...): and run the cell.",
            name=label,
            found=short(fn),
        )
    return label


def name_of(value: Any, otherwise: str) -> str:
    """Return the name of a function or a layer if it is a plain identifier, else `otherwise`."""
    try:
        found = getattr(value, "__name__", None) or getattr(value, "name", None)
    except Exception:
        return otherwise
    return str(found) if type(found) is str and found.isidentifier() else otherwise


def call(fn: Any, *args: Any, name: str = "", **kwargs: Any) -> Any:
    """Return the result of the student's function for copies of the arguments, or raise NotMet."""
    return _called(handover.call, fn, args, kwargs, name)


def call_and_arguments(
    fn: Any, *args: Any, name: str = "", **kwargs: Any
) -> tuple[Any, handover.Arguments]:
    """Return the function's result, and copies of the arguments as it left them."""
    return _called(handover.call_and_arguments, fn, args, kwargs, name)  # type: ignore[no-any-return]


def _called(
    how: Callable[..., Any], fn: Any, args: tuple[Any, ...], kwargs: dict[str, Any], name: str
) -> Any:
    label = function(fn, name)
    try:
        return how(fn, args, kwargs)
    except (Fault, KeyboardInterrupt):
        raise
    except BaseException as failure:
        _fail(
            expected="{fn}({case_args}) runs",
            got="{type}: {text}",
            next="Try the same call in a cell of your own and read the last line of the error.",
            fn=label,
            case_args=shown(args),
            type=type(failure).__name__,
            text=sentence_of(failure),
        )


def shown(args: Sequence[Any]) -> str:
    """Return the arguments of a call as text for a message."""
    plain = [f"'{short(a)}'" if isinstance(a, str) else short(a) for a in args[:SHOWN]]
    return ", ".join(plain) + (", …" if len(args) > SHOWN else "")


def listed(values: Sequence[Any], most: int = 5) -> str:
    """Return the first few values, separated by commas.

    >>> listed(["a", "b", "c"], most=2)
    'a, b, …'
    """
    return ", ".join(short(v) for v in values[:most]) + (", …" if len(values) > most else "")


def rows(value: Any, name: str = "") -> list[Any]:
    """Return the value as a list of its items. Raises NotMet if it has no ordered items."""
    try:
        if isinstance(value, str | bytes | Mapping | set) or value is None:
            raise TypeError
        found = list(value)
    except (Fault, KeyboardInterrupt):
        raise
    except BaseException:
        _fail(
            expected="a list: {name}",
            got="{found}",
            next="Collect the items in a list with append or a comprehension.",
            name=name or "the value",
            found=short(value),
        )
    return found


def texts(value: Any, name: str = "") -> list[str]:
    """Return the value as a list of plain strings."""
    found = [str.__str__(v) if isinstance(v, str) else None for v in rows(value, name)]
    wrong = [i for i, v in enumerate(found) if v is None]
    if wrong:
        _fail(
            expected="only strings in {name}",
            got="item {i} of {name} is {found}",
            next="Convert each item with str(), or look at where {name} is made.",
            name=name or "the value",
            i=wrong[0],
            found=short(rows(value, name)[wrong[0]]),
        )
    return [v for v in found if v is not None]


def failing(**words: Any) -> NotMet:
    """Return the failure with these words (as for `decide`), to be raised by the caller."""
    try:
        decide(0.0, **words)
    except NotMet as failure:
        return failure
    raise AssertionError("a credit of 0 is never met")


def _fail(**words: Any) -> NoReturn:
    raise failing(**words)


Call: TypeAlias = Callable[..., Any]
