"""Pictures for messages, each with a text alternative in the reader's language.

`decide(picture=...)` takes one of these with its arguments bound. It is drawn only inside
`verdict.picturing()`, for data the student may see.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from autograder.expect import svg
from autograder.expect.coerce import Array
from autograder.expect.verdict import Picture, legible, short
from autograder.language import translate
from autograder.nouns import fill

# distinguishable with colour blindness; class 0, the background, is the lightest
CLASSES = np.array(
    [
        (238, 238, 238),
        (0, 90, 160),
        (230, 159, 0),
        (0, 158, 115),
        (204, 121, 167),
        (86, 180, 233),
        (213, 94, 0),
        (120, 110, 30),
        (90, 90, 90),
        (0, 0, 0),
    ],
    "uint8",
)
CURVES = ("#005aa0", "#d55e00", "#009e73", "#7a4fa3")
DIFFERENT = np.array([(238, 238, 238), (200, 30, 30)], "uint8")
PANEL, GAP, HEAD = 150, 10, 20
LABELLED = 12  # maximum classes of a confusion matrix with readable counts


def worst_mask(predicted: Array, truth: Array) -> Picture:
    """Draw the mask with the most wrong pixels, its truth, and the pixels that differ."""
    maps = (predicted, truth) if truth.ndim == 3 else (predicted[None], truth[None])
    wrong = (maps[0] != maps[1]).reshape(len(maps[0]), -1).mean(axis=1)
    worst = int(wrong.argmax())
    mine, want = (_whole(m[worst]) for m in maps)
    panels = (
        (CLASSES[mine % len(CLASSES)], translate("yours")),
        (CLASSES[want % len(CLASSES)], translate("truth")),
        (DIFFERENT[(mine != want).astype(int)], translate("differs")),
    )
    parts = []
    for i, (pixels, title) in enumerate(panels):
        left = GAP + i * (PANEL + GAP)
        parts += [svg.text(left + PANEL / 2, 14, title), svg.image(left, HEAD, PANEL, pixels)]
    alt = _said(
        translate(
            "Picture {index}, counted from 0: your mask, its truth and the pixels that differ,"
            " {share} % of them, side by side."
        ),
        index=worst,
        share=round(100 * float(wrong[worst]), 1),
    )
    return Picture(svg.document(3 * (PANEL + GAP) + GAP, HEAD + PANEL + GAP, parts, alt), alt)


def curve(values: Mapping[str, Sequence[float]], target: float | None = None) -> Picture:
    """Draw curves over epochs, counted from 1, with the target value as a dashed line."""
    lists = {legible(name, 40): [float(v) for v in points] for name, points in values.items()}
    target = target if target is not None and np.isfinite(target) else None
    seen = np.array([*(v for points in lists.values() for v in points), *_maybe(target)])
    seen = seen[np.isfinite(seen)]
    low, high = (float(seen.min()), float(seen.max())) if seen.size else (0.0, 1.0)
    low, high = (low, high) if high > low else (low - 0.5, high + 0.5)
    longest = max(map(len, lists.values()), default=1)
    plot = _Plot(longest, low, high)
    parts = plot.axes()
    for i, (name, points) in enumerate(lists.items()):
        colour = CURVES[i % len(CURVES)]
        parts += plot.line(points, colour)
        parts.append(svg.text(_Plot.RIGHT - 4, 14 + 14 * i, name, at="end", colour=colour))
    if target is not None:
        y = plot.y(target)
        parts.append(svg.line(_Plot.LEFT, y, _Plot.RIGHT, y, colour=svg.INK, dash="5 3"))
    told = translate("{name} over {n} epochs, from {first} to {last}")
    sentences = [
        _said(told, name=name, n=len(points), first=short(points[0]), last=short(points[-1]))
        for name, points in lists.items()
        if points
    ]
    if target is not None:
        sentences.append(_said(translate("a dashed line at {target}"), target=short(float(target))))
    alt = "; ".join(sentences) + "."
    return Picture(svg.document(_Plot.WIDTH, _Plot.HEIGHT, parts, alt), alt)


class _Plot:
    """Coordinates of epochs and values in a picture of curves."""

    WIDTH, HEIGHT = 380, 230
    LEFT, RIGHT, TOP, BOTTOM = 56, 368, 12, 190

    def __init__(self, epochs: int, low: float, high: float) -> None:
        self.epochs, self.low, self.high = epochs, low, high

    def x(self, epoch: float) -> float:
        share = (epoch - 1) / max(1, self.epochs - 1)
        return round(self.LEFT + 6 + share * (self.RIGHT - self.LEFT - 12), 1)

    def y(self, value: float) -> float:
        share = (value - self.low) / (self.high - self.low)
        return round(self.BOTTOM - 6 - share * (self.BOTTOM - self.TOP - 12), 1)

    def axes(self) -> list[str]:
        parts = [
            svg.line(self.LEFT, self.BOTTOM, self.RIGHT, self.BOTTOM, colour=svg.SOFT),
            svg.line(self.LEFT, self.TOP, self.LEFT, self.BOTTOM, colour=svg.SOFT),
            svg.text(self.x(1 + (self.epochs - 1) / 2), self.HEIGHT - 8, translate("epoch")),
        ]
        for value in svg.ticks(self.low, self.high):
            parts.append(svg.line(self.LEFT, self.y(value), self.RIGHT, self.y(value)))
            parts.append(svg.text(self.LEFT - 5, self.y(value) + 4, f"{value:g}", at="end"))
        whole = [e for e in svg.ticks(1, self.epochs, 6) if e == int(e)]
        return parts + [svg.text(self.x(e), self.BOTTOM + 15, f"{e:g}") for e in whole]

    def line(self, points: Sequence[float], colour: str) -> list[str]:
        """Return the values as a line with dots; values that are not finite leave a gap."""
        parts, path, pen = [], "", "M"
        for i in range(0, len(points), 1 + len(points) // 500):
            epoch, value = i + 1, points[i]
            if not np.isfinite(value):
                pen = "M"
                continue
            path += f"{pen}{self.x(epoch):g} {self.y(value):g}"
            pen = "L"
            if len(points) <= 60:
                parts.append(svg.dot(self.x(epoch), self.y(value), colour))
        return [f'<path d="{path}" stroke="{colour}" stroke-width="1.6" fill="none"/>', *parts]


def grid(images: Array, low: float, high: float, most: int = 16) -> Picture:
    """Draw the first images in a grid, grey or in colour, scaled from low to high."""
    shown = images[:most]
    columns = max(1, int(np.ceil(np.sqrt(len(shown)))))
    size, step = 68, 74
    parts = []
    for i, one in enumerate(shown):
        row, column = divmod(i, columns)
        parts.append(svg.image(6 + column * step, 6 + row * step, size, _bytes(one, low, high)))
    rows = int(np.ceil(len(shown) / columns))
    alt = _said(
        translate("The first {n} of {total} images in a grid, grey from {low} to {high}."),
        n=len(shown),
        total=len(images),
        low=short(float(low)),
        high=short(float(high)),
    )
    return Picture(svg.document(columns * step + 6, rows * step + 6, parts, alt), alt)


def confusion(predicted: Array, labels: Array) -> Picture:
    """Draw a confusion matrix: true classes as rows, predicted classes as columns."""
    classes = int(max(predicted.max(), labels.max())) + 1
    counts = np.zeros((classes, classes), dtype=int)
    np.add.at(counts, (labels, predicted), 1)
    shade = np.sqrt(counts / max(1, int(counts.max())))
    size = 28 * classes if classes <= LABELLED else 336
    light, dark = np.array([247, 251, 255]), np.array([8, 64, 129])
    pixels = (light + shade[..., None] * (dark - light)).astype("uint8")
    parts = [
        svg.image(44, 6, size, pixels),
        svg.text(44 + size / 2, size + 38, translate("predicted"), colour=svg.SOFT),
        svg.upright(14, 6 + size / 2, translate("true")),
    ]
    if classes <= LABELLED:
        parts += _counts(counts, shade, size / classes)
    alt = _confused(counts)
    return Picture(svg.document(size + 54, size + 46, parts, alt), alt)


def _counts(counts: Array, shade: Array, step: float) -> list[str]:
    parts = []
    for (row, column), count in np.ndenumerate(counts):
        x, y = 44 + (column + 0.5) * step, 10 + (row + 0.5) * step
        if count:
            ink = "#fff" if shade[row, column] > 0.55 else svg.INK
            parts.append(svg.text(x, y, str(count), colour=ink))
    for i in range(len(counts)):
        parts.append(svg.text(44 + (i + 0.5) * step, 22 + len(counts) * step, str(i)))
        parts.append(svg.text(38, 10 + (i + 0.5) * step, str(i), at="end"))
    return parts


def _confused(counts: Array) -> str:
    """Return the content of the matrix as a sentence."""
    off = counts * (1 - np.eye(len(counts), dtype=int))
    row, column = (int(i) for i in np.unravel_index(int(off.argmax()), off.shape))
    return _said(
        translate(
            "Confusion matrix of {classes} classes: {right} of {n} are right; most often"
            " {row} is taken for {column}, {count} times."
        ),
        classes=len(counts),
        right=int(np.trace(counts)),
        n=int(counts.sum()),
        row=row,
        column=column,
        count=int(off[row, column]),
    )


def _said(template: str, **values: Any) -> str:
    return fill(template, values)


def _maybe(value: float | None) -> list[float]:
    return [] if value is None else [float(value)]


def _whole(mask: Array) -> Array:
    return np.asarray(mask).astype(int)


def _bytes(image: Array, low: float, high: float) -> Array:
    """Return one image as bytes of shape (height, width, 3)."""
    flat = image[..., :3] if image.ndim == 3 and image.shape[-1] >= 3 else image
    if flat.ndim == 3 and flat.shape[-1] < 3:
        flat = flat[..., 0]
    span = float(high - low) or 1.0
    scaled = np.nan_to_num(np.clip((np.asarray(flat, "float64") - low) / span, 0, 1))
    grey = (255 * scaled).astype("uint8")
    return grey if grey.ndim == 3 else np.repeat(grey[..., None], 3, axis=2)
