"""Checks of a student's function: it is called with unseen cases and its results are compared."""

from __future__ import annotations

import inspect
import time
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from autograder.expect import coerce, handover
from autograder.expect.arrays.values import within_tolerance
from autograder.expect.coerce import Array
from autograder.expect.handover import Proxy
from autograder.expect.verdict import NotMet, Verdict, WrongSetting, check, decide, short

Cases = Iterable[tuple[Any, ...]]


@check
def signature(fn: Any, parameters: Sequence[str], *, name: str = "") -> Verdict:
    """Check that the function takes parameters of these names, in this order.

    >>> signature(lambda x: x, ("x", "alpha"), name="leaky_relu")
    Traceback (most recent call last):
    autograder.expect.verdict.NotMet: Expected: a function leaky_relu(x, alpha)
    Got: leaky_relu(x)
    Next: Keep the function's name and its parameters exactly as the task gives them.

    Catches: a renamed or reordered parameter.
    Blind to: what the function does.
    """
    label = coerce.function(fn, name)
    try:
        found = tuple(inspect.signature(fn).parameters)
    except (TypeError, ValueError):
        found = ("?",)
    return decide(
        found == tuple(parameters),
        expected="a function {name}({want})",
        got="{name}({found})",
        next="Keep the function's name and its parameters exactly as the task gives them.",
        name=label,
        want=", ".join(parameters),
        found=", ".join(map(str, found)),
    )


@check
def matches_reference(
    fn: Any,
    reference: Callable[..., Any],
    cases: Cases,
    *,
    rtol: float = 1e-5,
    atol: float = 1e-8,
    name: str = "",
    hint: str = "",
) -> Verdict:
    """Check that the function agrees with the reference on every case; shapes are never broadcast.

    A result is a number, a text, an array, or a tuple, list or dict of these. Partial credit: the
    share of right cases. Each case costs one call of each function.

    >>> matches_reference(lambda x: x, abs, [(2.0,), (-3.0,)], name="relu")
    Traceback (most recent call last):
    autograder.expect.verdict.NotMet: Expected: relu(-3) = 3
    Got: relu(-3) = -3; 1 of 2 cases are right
    Next: Work out this one case by hand, then on paper step by step.

    Catches: a formula that is right only for the example in the task.
    Blind to: inputs that no case covers. Draw edge cases too.
    """
    label = coerce.function(fn, name)
    drawn = [tuple(case) for case in cases]
    if not drawn:
        raise WrongSetting("there must be at least one case")
    wrong: list[tuple[tuple[Any, ...], Any, Any, NotMet | None]] = []
    for case in drawn:
        want = reference(*(handover.copied(a) for a in case))
        try:
            found = coerce.call(fn, *case, name=label)
        except NotMet as failure:
            wrong.append((case, want, None, failure))
            continue
        if not same(found, want, rtol, atol):
            wrong.append((case, want, found, None))
    right = len(drawn) - len(wrong)
    if wrong and right == 0 and wrong[0][3] is not None:
        raise wrong[0][3]
    case, want, found, raised = wrong[0] if wrong else (drawn[0], "", "", None)
    return decide(
        right / len(drawn),
        expected="{fn}({case_args}) = {case_want}",
        got="{fn}({case_args}) = {case_found}; {right} of {n} cases are right",
        next=hint or "Work out this one case by hand, then on paper step by step.",
        score=right / len(drawn),
        fn=label,
        case_args=coerce.shown(case),
        case_want=short(want),
        case_found="an error" if raised is not None else short(found),
        right=right,
        n=len(drawn),
    )


def same(found: Any, want: Any, rtol: float = 1e-5, atol: float = 1e-8) -> bool:
    """Return whether a plain value equals the wanted one: containers by item, numbers closely.

    >>> same([1.0, (2, "a")], [1.0, (2, "a")]), same(np.ones((2, 1)), np.ones(2))
    (True, False)
    """
    if isinstance(want, Mapping):
        return (
            isinstance(found, Mapping)
            and _alike(set(found), set(want))
            and all(same(found[k], want[k], rtol, atol) for k in want)
        )
    if isinstance(want, str | bytes) or want is None:
        return type(found) is type(want) and bool(found == want)
    if isinstance(want, set | frozenset):
        return isinstance(found, set | frozenset) and _alike(found, want)
    if isinstance(want, list | tuple) and not _is_numeric(want):
        items = coerce.rows(found)
        return len(items) == len(want) and all(
            same(f, w, rtol, atol) for f, w in zip(items, want, strict=True)
        )
    return _close(found, np.asarray(want), rtol, atol)


def _alike(found: Collection[Any], want: Collection[Any]) -> bool:
    """Return whether two sets are equal; True and 1 are different."""
    return {(type(x) is bool, x) for x in found} == {(type(x) is bool, x) for x in want}


def _is_numeric(value: Any) -> bool:
    try:
        return np.asarray(value).dtype.kind in "biufc"
    except ValueError:
        return False


def _close(found: Any, want: Array, rtol: float, atol: float) -> bool:
    try:
        array = coerce.array(found)
    except NotMet:
        return False
    if array.shape != want.shape or array.dtype.kind not in "biufc":
        return False
    if (want.dtype.kind == "b") != (array.dtype.kind == "b"):
        return False
    if want.dtype.kind not in "biufc":
        return False
    wide = np.complex128 if "c" in (want.dtype.kind, array.dtype.kind) else np.float64
    return bool(within_tolerance(array.astype(wide), want.astype(wide), rtol, atol).all())


@check
def holds_property(
    fn: Any,
    rule: Callable[..., bool],
    cases: Cases,
    *,
    says: str,
    name: str = "",
    hint: str = "",
) -> Verdict:
    """Check that rule(result, *arguments) is true for every case; `says` is the rule in words.

    Partial credit: the share of cases.

    >>> holds_property(lambda x: -x, lambda y, x: y >= 0, [(1.0,)], says="relu(x) >= 0")
    Traceback (most recent call last):
    autograder.expect.verdict.NotMet: Expected: relu(x) >= 0 for every input
    Got: not so for 1: -1; 0 of 1 cases hold
    Next: Try this input in a cell of your own.

    Catches: violations that a table of examples misses: symmetry, bounds, invariance.
    Blind to: a function that holds the property and is wrong.
    """
    label = coerce.function(fn, name)
    drawn = [tuple(case) for case in cases]
    if not drawn:
        raise WrongSetting("there must be at least one case")
    broken: list[tuple[tuple[Any, ...], Any]] = []
    for case in drawn:
        result = coerce.call(fn, *case, name=label)
        if not _true(rule, result, case):
            broken.append((case, result))
    case, result = broken[0] if broken else ((), "")
    share = 1 - len(broken) / len(drawn)
    return decide(
        share,
        expected="{says} for every input",
        got="not so for {case_args}: {case_found}; {held} of {n} cases hold",
        next=hint or "Try this input in a cell of your own.",
        score=share,
        says=says,
        case_args=coerce.shown(case),
        case_found=short(result),
        held=len(drawn) - len(broken),
        n=len(drawn),
    )


def _true(rule: Callable[..., bool], result: Any, case: tuple[Any, ...]) -> bool:
    try:
        return bool(rule(result, *case))
    except Exception:  # a result that the rule cannot process
        return False


@check
def input_unchanged(fn: Any, *args: Any, name: str = "") -> Verdict:
    """Check that the function leaves its arguments unchanged, byte by byte.

    >>> input_unchanged(lambda x: x.sort(), np.array([2, 1]), name="sorted_copy")
    Traceback (most recent call last):
    autograder.expect.verdict.NotMet: Expected: sorted_copy leaves its input as it was
    Got: argument 1 was changed in place
    Next: Work on a copy: x = x.copy().

    Catches: `x -= x.mean()` on the caller's array.
    Blind to: a change made later, by another call.
    """
    label = coerce.function(fn, name)
    _, (after, _) = coerce.call_and_arguments(fn, *args, name=label)
    changed = [i for i, (a, b) in enumerate(zip(args, after, strict=True)) if not _identical(a, b)]
    return decide(
        not changed,
        expected="{fn} leaves its input as it was",
        got="argument {i} was changed in place",
        next="Work on a copy: x = x.copy().",
        fn=label,
        i=changed[0] + 1 if changed else 0,
    )


def _identical(a: Any, b: Any) -> bool:
    if callable(a) or isinstance(a, Proxy):  # functions and objects are not compared
        return True
    if type(a) is not type(b):
        return False
    if isinstance(a, np.ndarray):
        return (a.dtype, a.shape) == (b.dtype, b.shape) and a.tobytes() == b.tobytes()
    if isinstance(a, list | tuple):
        return len(a) == len(b) and all(map(_identical, a, b))
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(_identical(a[k], b[k]) for k in a)
    if callable(getattr(a, "equals", None)):  # a pandas table
        return bool(a.equals(b))
    return bool(a is b or a == b)


def arguments_after(fn: Any, *args: Any, name: str = "", **kwargs: Any) -> tuple[Any, ...]:
    """Return the arguments as a call leaves them, for a function that must work in place.

    The call gets copies, so the arguments given here stay unchanged.

    >>> (left,) = arguments_after(lambda x: x.sort(), np.array([2, 1]))
    >>> left.tolist()
    [1, 2]
    """
    _, (after, named) = coerce.call_and_arguments(fn, *args, name=name, **kwargs)
    return (*after, *named.values())


def seconds_taken(call: Callable[[], Any], repeats: int = 3) -> float:
    """Return the seconds of the fastest of several calls, to exclude the machine's other work."""
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        call()
        times.append(time.perf_counter() - start)
    return min(times)


@check
def fast_enough(fn: Any, *args: Any, seconds: float, name: str = "") -> Verdict:
    """Check that the fastest of three calls takes at most `seconds`.

    >>> fast_enough(lambda x: time.sleep(0.02), 1, seconds=0.001, name="mean")  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    autograder.expect.verdict.NotMet: Expected: mean within 0.001 s
    Got: 0.02... s
    Next: Replace the Python loop by one array operation.

    Catches: a Python loop over pixels where one array operation was required.
    Blind to: small differences. Allow five times the seconds of the reference.
    """
    label = coerce.function(fn, name)
    taken = seconds_taken(lambda: coerce.call(fn, *args, name=label))
    return decide(
        taken <= seconds,
        expected="{fn} within {limit} s",
        got="{taken} s",
        next="Replace the Python loop by one array operation.",
        score=taken,
        fn=label,
        limit=seconds,
        taken=taken,
    )
