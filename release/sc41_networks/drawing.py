"""Drawing strokes, and what was said of a network beside what was found."""

from __future__ import annotations

import matplotlib.pyplot as plt


def recordings(x, titles):
    """Draws recordings (n, 40) side by side, a title above each."""
    figure, axes = plt.subplots(1, len(x), figsize=(1.1 * len(x), 1.4), sharey=True)
    for axis, signal, title in zip(axes, x, titles, strict=True):
        axis.plot(signal)
        axis.set_title(str(title), fontsize=9)
        axis.set_xticks([])
        axis.set_yticks([])
    figure.tight_layout()
    plt.show()


def accuracies(**bars):
    """Draws one bar per accuracy, its name below it."""
    figure, axis = plt.subplots(figsize=(1.2 * len(bars) + 0.6, 2))
    drawn = axis.bar(list(bars), list(bars.values()), color=["grey", "tab:orange", "tab:blue"][: len(bars)])
    axis.bar_label(drawn, fmt="%.2f")
    axis.set_ylim(0, 1.15)
    axis.set_yticks([])
    figure.tight_layout()
    plt.show()
