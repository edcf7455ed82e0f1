"""Pictures of circles, squares and triangles, with all that is true about them.

A picture has 32 by 32 pixels and one to three shapes on a sloping grey ground, with grain.
Shapes never overlap. Two of one kind never touch, so each connected region of a kind is one
object; two of different kinds may.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy import ndimage

SIZE = 32
KINDS = ("background", "circle", "square", "triangle")
SMALLEST, LARGEST = 5, 7  # half the width of a shape, in pixels


class Scenes(NamedTuple):
    """What `draw` returns: n pictures and the truth about each pixel and each object."""

    images: np.ndarray  # (n, 32, 32, 1) floats, mostly from 0 (black) to 1 (white)
    masks: np.ndarray  # (n, 32, 32) integers: 0 background, 1 circle, 2 square, 3 triangle
    objects: np.ndarray  # (n, 32, 32) integers: 0 background, else the number of the object
    boxes: list  # n lists of (kind, y1, x1, y2, x2); y2 and x2 are the first row and column after


def draw(n, rng):
    """Returns `n` pictures drawn by the NumPy generator `rng`, as `Scenes`."""
    scenes = [_scene(rng) for _ in range(n)]
    images, masks, objects, boxes = zip(*scenes, strict=True)
    return Scenes(np.stack(images)[..., np.newaxis], np.stack(masks), np.stack(objects), list(boxes))


def _scene(rng):
    image = _ground(rng)
    mask = np.zeros((SIZE, SIZE), int)
    objects = np.zeros((SIZE, SIZE), int)
    boxes = []
    for _ in range(rng.integers(1, 4)):
        kind = int(rng.integers(1, len(KINDS)))
        region = _place(kind, mask, rng)
        if region is None:
            continue
        image[region] = rng.uniform(0.5, 1.0)
        mask[region] = kind
        objects[region] = len(boxes) + 1
        boxes.append((kind, *_box(region)))
    image += rng.normal(0, 0.08, image.shape)
    return image.astype("float32"), mask, objects, boxes


def _ground(rng):
    """A dark grey plane that slopes in a random direction."""
    y, x = np.mgrid[:SIZE, :SIZE] / SIZE - 0.5
    down, right = rng.uniform(-0.25, 0.25, 2)
    return rng.uniform(0.05, 0.35) + down * y + right * x


def _place(kind, mask, rng, *, tries=20):
    """The pixels of a shape that finds room among the others; None if none was found."""
    near_its_kind = ndimage.binary_dilation(mask == kind, np.ones((3, 3), bool))
    taken = near_its_kind | (mask > 0)
    for _ in range(tries):
        radius = int(rng.integers(SMALLEST, LARGEST + 1))
        y, x = rng.integers(radius + 1, SIZE - radius - 1, 2)
        region = _shape(kind, y, x, radius)
        if not taken[region].any():
            return region
    return None


def _shape(kind, y, x, radius):
    """The pixels (32, 32) of one circle, square or triangle around (y, x), as booleans."""
    rows, columns = np.mgrid[:SIZE, :SIZE]
    down, across = rows - y, np.abs(columns - x)
    if KINDS[kind] == "circle":
        return down**2 + across**2 <= radius**2
    if KINDS[kind] == "square":
        return (np.abs(down) <= radius) & (across <= radius)
    height = (down + radius) / (2 * radius)  # 0 at the tip of the triangle, 1 at its base
    return (height >= 0) & (height <= 1) & (across <= height * radius)


def _box(region):
    rows, columns = np.flatnonzero(region.any(axis=1)), np.flatnonzero(region.any(axis=0))
    return int(rows[0]), int(columns[0]), int(rows[-1]) + 1, int(columns[-1]) + 1
