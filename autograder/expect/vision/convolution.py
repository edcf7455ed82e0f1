"""Checks of convolution arithmetic, and of a network on a pretrained base."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from autograder.expect import coerce
from autograder.expect.arrays.values import within_tolerance
from autograder.expect.coerce import Array
from autograder.expect.training.quality import as_labels, share_right
from autograder.expect.verdict import Verdict, WrongSetting, check, decide, linear_credit

HALF = 0.5


def convolved_size(size: int, kernel: int, stride: int, padding: str) -> int:
    """Return a convolution's output length: same ceil(n/s), valid floor((n-k)/s)+1 (as in Keras).

    >>> convolved_size(28, 3, 2, "same"), convolved_size(28, 3, 2, "valid")
    (14, 13)
    """
    if padding not in ("same", "valid"):
        raise WrongSetting(f"padding={padding!r} is neither same nor valid")
    return -(-size // stride) if padding == "same" else max(0, (size - kernel) // stride + 1)


@check
def conv_output_size(fn: Any, cases: Iterable[tuple[int, int, int, str]]) -> Verdict:
    """Check that fn(size, kernel, stride, padding) is the length of a convolution's output.

    Partial credit: the share of cases.

    >>> conv_output_size(lambda n, k, s, p: n // s, [(28, 3, 2, "valid")])
    Traceback (most recent call last):
    autograder.expect.verdict.NotMet: Expected: size 28, kernel 3, stride 2, valid: 13
    Got: 14; 0 of 1 cases are right
    Next: same: ceil(n / s); valid: floor((n - k) / s) + 1.

    Catches: rounding the wrong way, forgetting the + 1.
    Blind to: dilation.
    """
    drawn = list(cases)
    if not drawn:
        raise WrongSetting("there must be at least one case")
    wrong: list[tuple[tuple[int, int, int, str], int, float]] = []
    for case in drawn:
        want = convolved_size(*case)
        found = coerce.number(coerce.call(fn, *case, name=coerce.function(fn)), "the size")
        if found != want:
            wrong.append((case, want, found))
    (size, kernel, stride, padding), want, found = wrong[0] if wrong else (drawn[0], 0, 0.0)
    return decide(
        1 - len(wrong) / len(drawn),
        expected="size {case_size}, kernel {case_kernel}, stride {case_stride}, {case_padding}: "
        "{case_want}",
        got="{case_found}; {right} of {n} cases are right",
        next="same: ceil(n / s); valid: floor((n - k) / s) + 1.",
        score=1 - len(wrong) / len(drawn),
        case_size=size,
        case_kernel=kernel,
        case_stride=stride,
        case_padding=padding,
        case_want=want,
        case_found=found,
        right=len(drawn) - len(wrong),
        n=len(drawn),
    )


def correlated(image: Array, kernel: Array) -> Array:
    """Return the convolution of deep learning: cross-correlation, valid, stride 1, no flip.

    Equals scipy.signal.correlate2d(image, kernel, "valid") for (h, w) and (kh, kw).
    """
    windows = np.lib.stride_tricks.sliding_window_view(image, kernel.shape)
    return np.asarray(np.einsum("ijkl,kl->ij", windows, kernel))


@check
def convolution(fn: Any, cases: Iterable[tuple[Any, Any]], *, atol: float = 1e-5) -> Verdict:
    """Check that fn(image, kernel) is the valid cross-correlation: stride 1, kernel not flipped.

    Images (h, w), kernels (kh, kw). Partial credit: the share of right pixels over all cases, at
    most a half.

    >>> image, kernel = np.arange(9.0).reshape(3, 3), np.array([[1.0, 0.0]])
    >>> convolution(lambda i, k: i[:, 1:], [(image, kernel)])
    Traceback (most recent call last):
    autograder.expect.verdict.NotMet: Expected: 0 at (0, 0)
    Got: 1; 0 of 6 pixels are right
    Next: Slide the kernel as it is, without flipping it; the output is (h - kh + 1, w - kw + 1).

    Catches: a flipped kernel, an output one pixel short, rows and columns exchanged.
    Blind to: padding and strides.
    """
    drawn = [(np.asarray(i, dtype=float), np.asarray(k, dtype=float)) for i, k in cases]
    if not drawn:
        raise WrongSetting("there must be at least one case")
    right = total = 0
    first: tuple[float, tuple[int, ...], float] | None = None
    for image, kernel in drawn:
        want = correlated(image, kernel)
        returned = coerce.call(fn, image, kernel, name=coerce.function(fn))
        found = coerce.floats(returned, "the feature map", shape=want.shape)
        close = within_tolerance(found, want, 1e-5, atol)
        right, total = right + int(close.sum()), total + close.size
        if first is None and not close.all():
            index = tuple(int(i) for i in np.argwhere(~close)[0])
            first = (float(want[index]), index, float(found[index]))
    value, index, got = first or (0.0, (0, 0), 0.0)
    return decide(
        1.0 if right == total else HALF * right / total,
        expected="{case_want} at {index}",
        got="{case_found}; {right} of {n} pixels are right",
        next="Slide the kernel as it is, without flipping it; the output is "
        "(h - kh + 1, w - kw + 1).",
        score=right / total,
        case_want=value,
        index=index,
        case_found=got,
        right=right,
        n=total,
    )


@check
def transfer_gain(
    predictions: Any,
    labels: Any,
    *,
    at_least: float,
    scratch: Any,
    partial_from: float | None = None,
) -> Verdict:
    """Check that a network on a pretrained base reaches `at_least` and beats one from scratch.

    `scratch`: the accuracy from scratch, or its predictions on the same images. Two halves: the
    threshold (linear from `partial_from`), and the gain. Put `frozen` beside it.

    >>> transfer_gain([0, 1, 1, 0], [0, 1, 2, 2], at_least=0.55, scratch=0.43)
    Traceback (most recent call last):
    autograder.expect.verdict.NotMet: Expected: accuracy at least 0.55, and better than from scratch
    Got: 0.5 (from scratch: 0.43)
    Next: Load the base's weights first, freeze it, then train only the head.

    Catches: a base whose weights were never loaded, a head trained for too few epochs.
    Blind to: a base that was trained too; use `frozen`.
    """
    truth = np.asarray(labels).reshape(-1).astype(np.int64)
    score = share_right(as_labels(predictions, len(truth)), truth)
    known = np.ndim(scratch) == 0
    other = float(scratch) if known else share_right(as_labels(scratch, len(truth)), truth)
    reached = linear_credit(score, at_least=at_least, partial_from=partial_from)
    return decide(
        (reached + (score > other)) * HALF,
        expected="accuracy at least {want}, and better than from scratch",
        got="{found} (from scratch: {scratch})",
        next="Load the base's weights first, freeze it, then train only the head.",
        score=score,
        want=at_least,
        found=score,
        scratch=other,
    )
