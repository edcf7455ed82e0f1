"""Drawing how losses fall."""

from __future__ import annotations

import matplotlib.pyplot as plt

from autograder import translated


def falling(curves, *, title=""):
    """Draws one line per entry of `curves`, a dict of name and list of losses."""
    figure, axis = plt.subplots(figsize=(5.5, 3))
    for name, losses in curves.items():
        axis.plot(range(1, len(losses) + 1), losses, marker=".", label=name)
    axis.axhline(0.35, linestyle="--", color="grey")
    axis.set_ylim(0, 1)
    axis.set_xlabel(translated("epoch"))
    axis.set_title(title or translated("loss on the practice data"))
    axis.legend()
    figure.tight_layout()
    plt.show()
