"""Language models on paper: how surprised one is by each letter, and where attention looks."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np

from autograder import translated


def surprise(texts, probabilities):
    """Draws each text letter by letter; the darker, the less probable the model found the letter.

    `probabilities`: for each text, one number per letter.
    """
    figure, axis = plt.subplots(figsize=(7, 0.35 * len(texts) + 0.3))
    axis.imshow(-np.log(np.array(probabilities)), cmap="Oranges", vmin=0, vmax=7, aspect="auto")
    for row, text in enumerate(texts):
        for column, letter in enumerate(text):
            axis.text(column, row, letter, ha="center", va="center", family="monospace", size=8)
    axis.axis("off")
    figure.tight_layout()
    plt.show()


def attention(weights, words):
    """Draws the attention weights (questions, words), one row per question."""
    figure, axis = plt.subplots(figsize=(5, 0.4 * len(weights) + 0.8))
    axis.imshow(weights, cmap="Blues", vmin=0, vmax=1, aspect="auto")
    for (row, column), weight in np.ndenumerate(np.asarray(weights)):
        axis.text(column, row, f"{weight:.2f}", ha="center", va="center", size=8)
    axis.set_xticks(range(len(words)), words)
    names = [translated("question {i}").format(i=i + 1) for i in range(len(weights))]
    axis.set_yticks(range(len(weights)), names)
    figure.tight_layout()
    plt.show()
