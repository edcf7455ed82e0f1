"""Drawing how losses fall."""

from __future__ import annotations

import matplotlib.pyplot as plt


def falling(curves, *, title="loss on the practice data"):
    """Draws one line per entry of `curves`, a dict of name and list of losses."""
    figure, axis = plt.subplots(figsize=(5.5, 3))
    for name, losses in curves.items():
        axis.plot(range(1, len(losses) + 1), losses, marker=".", label=name)
    axis.axhline(0.35, linestyle="--", color="grey")
    axis.set_ylim(0, 1)
    axis.set_xlabel("epoch")
    axis.set_title(title)
    axis.legend()
    figure.tight_layout()
    plt.show()
