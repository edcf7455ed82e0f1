"""Boxes as a grid of numbers: what a one-shot detector is trained to say.

The picture is divided into 4 by 4 cells of 8 by 8 pixels. Each cell answers with eight numbers
about the object whose *centre* lies in it:

    0      1 if there is one, else 0
    1, 2   where in the cell its centre is, down and across, from 0 to 1
    3, 4   its height and its width, as a share of the picture
    5 6 7  circle, square, triangle: 1 for its kind, else 0
"""

from __future__ import annotations

import numpy as np

PICTURE = 32
CELLS = 4
CELL = PICTURE // CELLS
NUMBERS = 8


def encode(boxes):
    """Returns the grids (n, 4, 4, 8) for n lists of boxes (kind, y1, x1, y2, x2)."""
    grids = np.zeros((len(boxes), CELLS, CELLS, NUMBERS), "float32")
    for grid, objects in zip(grids, boxes, strict=True):
        for kind, y1, x1, y2, x2 in objects:
            centre_y, centre_x = (y1 + y2) / 2 / CELL, (x1 + x2) / 2 / CELL
            row, column = int(centre_y), int(centre_x)
            size = (y2 - y1) / PICTURE, (x2 - x1) / PICTURE
            grid[row, column] = 0
            grid[row, column, :5] = 1, centre_y - row, centre_x - column, *size
            grid[row, column, 4 + kind] = 1
    return grids


def probabilities(outputs):
    """Returns a detector's raw outputs (n, 4, 4, 8) as numbers from 0 to 1 of the same shape.

    Sigmoid for the first five numbers, softmax over the three kinds.
    """
    outputs = np.asarray(outputs, float)
    first = 1 / (1 + np.exp(-np.clip(outputs[..., :5], -50, 50)))
    kinds = np.exp(outputs[..., 5:] - outputs[..., 5:].max(axis=-1, keepdims=True))
    return np.concatenate([first, kinds / kinds.sum(axis=-1, keepdims=True)], axis=-1)
