"""Pictures for messages, as PNG bytes: drawn by matplotlib, and only when somebody will look.

`decide(picture=...)` takes one of these with its arguments bound; it is drawn inside
`verdict.picturing()`, for data the student may see. No window, no pyplot state is touched.
"""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from autograder.expect.read import Array

COLOURS = "tab10"
DPI = 80


def _figure(columns: int, rows: int = 1) -> Any:
    """A figure of so many square panels, its axes in a flat list; matplotlib comes in here."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(2.4 * columns, 2.4 * rows), dpi=DPI, layout="constrained")
    FigureCanvasAgg(figure)
    return figure, list(np.ravel(figure.subplots(rows, columns, squeeze=False)))


def _png(figure: Any) -> bytes:
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png")
    return buffer.getvalue()


def worst_mask(predicted: Array, truth: Array, classes: int) -> bytes:
    """The mask with the most wrong pixels, beside its truth and the pixels that differ."""
    maps = (predicted, truth) if truth.ndim == 3 else (predicted[None], truth[None])
    worst = int((maps[0] != maps[1]).reshape(len(maps[0]), -1).mean(axis=1).argmax())
    mine, want = maps[0][worst], maps[1][worst]
    figure, axes = _figure(3)
    panels = ((mine, "yours"), (want, "truth"), (mine != want, "differs"))
    for axis, (panel, title) in zip(axes, panels, strict=True):
        top = 1 if panel.dtype == bool else classes - 1
        axis.imshow(panel, vmin=0, vmax=top, interpolation="nearest")
        axis.set_title(f"{title} ({worst})" if title == "yours" else title, fontsize=9)
        axis.set_axis_off()
    return _png(figure)


def curve(values: Mapping[str, Sequence[float]], target: float | None = None) -> bytes:
    """Curves over epochs, counted from 1, with the demanded value as a dashed line."""
    figure, (axis,) = _figure(1)
    figure.set_size_inches(4.0, 2.6)
    for name, points in values.items():
        axis.plot(range(1, len(points) + 1), list(points), marker=".", label=name)
    if target is not None:
        axis.axhline(target, linestyle="--", color="black", linewidth=1)
    axis.set_xlabel("epoch")
    axis.legend(fontsize=8)
    return _png(figure)


def grid(images: Array, low: float, high: float, most: int = 16) -> bytes:
    """The first images in a grid, grey from low to high."""
    shown = images[:most]
    columns = max(1, int(np.ceil(np.sqrt(len(shown)))))
    figure, axes = _figure(columns, max(1, int(np.ceil(len(shown) / columns))))
    figure.set_size_inches(0.9 * columns, 0.9 * len(axes) / columns)
    for axis in axes:
        axis.set_axis_off()
    for axis, image in zip(axes, shown, strict=False):
        flat = image[..., 0] if image.ndim == 3 and image.shape[-1] == 1 else image
        axis.imshow(flat, cmap="gray", vmin=low, vmax=high, interpolation="nearest")
    return _png(figure)


def confusion(predicted: Array, labels: Array) -> bytes:
    """How often each true class (rows) was given each predicted class (columns)."""
    classes = int(max(predicted.max(), labels.max())) + 1
    counts = np.zeros((classes, classes), dtype=int)
    np.add.at(counts, (labels, predicted), 1)
    figure, (axis,) = _figure(1)
    figure.set_size_inches(3.2, 3.2)
    axis.imshow(counts, cmap="Blues")
    for (row, column), count in np.ndenumerate(counts):
        if count and classes <= 12:
            dark = count > counts.max() / 2
            axis.text(
                column, row, str(count), ha="center", va="center", fontsize=7,
                color="white" if dark else "black",
            )  # fmt: skip
    if classes <= 12:
        axis.set_xticks(range(classes))
        axis.set_yticks(range(classes))
    axis.set_xlabel("predicted")
    axis.set_ylabel("true")
    return _png(figure)
