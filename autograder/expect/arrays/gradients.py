"""Checks of gradients against numerical ones."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from autograder.expect import coerce
from autograder.expect.coerce import Array
from autograder.expect.verdict import Verdict, check, decide, short


def numerical_gradient(
    loss: Callable[[dict[str, Array]], Any],
    parameters: Mapping[str, Array],
    name: str,
    indices: Sequence[int],
    step: float,
) -> Array:
    """Return dL/dp at the flat indices of one parameter, by centred differences in float64.

    (L(p + h) - L(p - h)) / 2h with h = step · max(1, |p|): error O(h²).
    """
    found = []
    for i in indices:
        sides = []
        size = step * max(1.0, abs(float(parameters[name].flat[i])))
        for sign in (1.0, -1.0):
            moved = {k: np.array(v, dtype=np.float64) for k, v in parameters.items()}
            moved[name].flat[i] += sign * size
            sides.append(coerce.number(coerce.call(loss, moved, name="loss"), "loss"))
        found.append((sides[0] - sides[1]) / (2 * size))
    return np.array(found)


@check
def gradient_close(
    gradients: Any,
    loss: Callable[[dict[str, Array]], Any],
    parameters: Mapping[str, Any],
    *,
    at_most: float = 1e-5,
    step: float = 1e-5,
    entries: int = 20,
) -> Verdict:
    """Check that each gradient agrees with centred differences of the loss at these parameters.

    `gradients` maps names to arrays, or is a function of the parameters that returns such a dict.
    The error is |a - b| / max(|a|, |b|, 1e-3) over at most `entries` spread-out entries of each
    parameter: 2 calls of `loss` per entry. Partial credit: the share of right parameters.

    >>> square = lambda p: float((p["w"] ** 2).sum())
    >>> gradient_close({"w": [2.0, 6.0]}, square, {"w": [1.0, 2.0]})
    Traceback (most recent call last):
    autograder.expect.verdict.NotMet: Expected: dL/dw[1] = 4 (numerical)
    Got: 6, relative error 0.3333; 0 of 1 parameters are right
    Next: Write down the chain rule for w again; check its sign and its factor 1/m.

    Catches: a lost factor 1/m, a wrong sign, a transposed product.
    Blind to: kinks (ReLU at 0): choose parameters away from them.
    """
    points = {k: np.array(v, dtype=np.float64) for k, v in parameters.items()}
    given = coerce.call(gradients, points, name="gradients") if callable(gradients) else gradients
    wrong: list[tuple[str, int, float, float, float]] = []
    for name, point in points.items():
        own = coerce.floats(_entry(given, name), f"gradient of {name}", shape=point.shape).ravel()
        indices = np.unique(np.linspace(0, point.size - 1, min(entries, point.size)).astype(int))
        want = numerical_gradient(loss, points, name, indices.tolist(), step)
        scale = np.maximum(np.maximum(np.abs(own[indices]), np.abs(want)), 1e-3)
        errors = np.abs(own[indices] - want) / scale
        worst = int(errors.argmax())
        if not errors[worst] <= at_most:
            i = int(indices[worst])
            wrong.append((name, i, float(want[worst]), float(own[i]), float(errors[worst])))
    name, i, numerical, found, error = wrong[0] if wrong else ("", 0, 0.0, 0.0, 0.0)
    right = len(points) - len(wrong)
    return decide(
        right / len(points),
        expected="dL/d{name}[{i}] = {want} (numerical)",
        got="{found}, relative error {error}; {right} of {n} parameters are right",
        next="Write down the chain rule for {name} again; check its sign and its factor 1/m.",
        score=error,
        name=name,
        i=i,
        want=numerical,
        found=found,
        error=error,
        right=right,
        n=len(points),
    )


def _entry(given: Any, name: str) -> Any:
    if not isinstance(given, Mapping) or name not in given:
        raise coerce.failing(
            expected="a dict of gradients with the key {name}",
            got="{found}",
            next="Return a dict with one array per parameter, under the parameter's name.",
            name=name,
            found=short(given),
        )
    return given[name]
