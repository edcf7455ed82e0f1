"""What a search found, drawn as bars."""

from __future__ import annotations

import matplotlib.pyplot as plt

from autograder import translated


def found(numbers, scores, texts, *, right=None):
    """Draws the articles that a search gave back, best on top; the right one is green."""
    figure, axis = plt.subplots(figsize=(6, 0.35 * len(numbers) + 0.5))
    colours = ["#0b850b" if n == right else "#999999" for n in numbers]
    axis.barh(range(len(numbers)), scores, color=colours)
    axis.set_yticks(range(len(numbers)), [f"{n}: {texts[n][:34]}…" for n in numbers])
    axis.invert_yaxis()
    axis.set_xlabel(translated("cosine with the query"))
    figure.tight_layout()
    plt.show()
