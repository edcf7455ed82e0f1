"""Pictures of single shapes: small, tilted, anywhere, on sloping grey ground with grain.

A picture has 28 by 28 pixels. There are ten kinds of shapes. Six of them are common: with many
pictures of these, a network was trained beforehand. Four are new, and of those you get few.
"""

from __future__ import annotations

import numpy as np

SIZE = 28
KNOWN = ("disc", "triangle", "cross", "ring")  # of these you get many pictures
COMMON = (*KNOWN, "square", "saltire")  # of these the pretrained network has seen many
NEW = ("frame", "half disc", "corner", "bar")  # of these you get six each


def draw(kinds, n, rng):
    """Returns `n` pictures (n, 28, 28, 1) of these kinds in random order, and labels (n,).

    Pixels are floats, mostly from 0 (black) to 1 (white). A label is the place of its kind in
    `kinds`; all kinds are equally frequent. `rng` is a NumPy generator.
    """
    labels = rng.permutation(np.arange(n) % len(kinds))
    images = np.stack([_picture(kinds[label], rng) for label in labels])
    return images[..., np.newaxis].astype("float32"), labels


def _picture(kind, rng):
    radius = rng.uniform(5, 9)
    y, x = rng.uniform(radius + 1, SIZE - radius - 2, 2)
    region = _region(kind, y, x, radius, tilt=rng.uniform(-0.5, 0.5))
    image = _ground(rng)
    image[region] = rng.uniform(0.55, 1.0)
    return image + rng.normal(0, 0.12, image.shape)


def _ground(rng):
    """A dark grey plane that slopes in a random direction."""
    y, x = np.mgrid[:SIZE, :SIZE] / SIZE - 0.5
    down, right = rng.uniform(-0.2, 0.2, 2)
    return rng.uniform(0.1, 0.4) + down * y + right * x


def _region(kind, y, x, radius, tilt):
    """The pixels (28, 28) of one shape around (y, x), as booleans."""
    rows, columns = np.mgrid[:SIZE, :SIZE]
    cos, sin = np.cos(tilt), np.sin(tilt)
    rows, columns = rows - y, columns - x
    across, down = columns * cos + rows * sin, rows * cos - columns * sin  # along the tilted axes
    return OUTLINES[kind](across, down, radius)


# An outline says of each point whether it belongs to a shape of size r. The point lies u to the
# right of the shape's middle and v below it.


def _stroke(r):
    """Half the width of the lines of which some shapes are made."""
    return max(1.5, 0.28 * r)


def _disc(u, v, r):
    return np.hypot(u, v) < r


def _ring(u, v, r):
    w = _stroke(r)
    return _disc(u, v, r) & (np.hypot(u, v) > r - 1.6 * w)


def _half_disc(u, v, r):
    return _disc(u, v, r) & (v > 0)


def _square(u, v, r):
    return (np.abs(u) < 0.8 * r) & (np.abs(v) < 0.8 * r)


def _frame(u, v, r):
    w = _stroke(r)
    hole = (np.abs(u) < 0.8 * r - w) & (np.abs(v) < 0.8 * r - w)
    return _square(u, v, r) & ~hole


def _triangle(u, v, r):
    return (np.abs(v) < 0.7 * r) & (np.abs(u) < 0.65 * (v + 0.7 * r))


def _cross(u, v, r):
    w = _stroke(r)
    return ((np.abs(u) < w) | (np.abs(v) < w)) & (np.abs(u) < r) & (np.abs(v) < r)


def _saltire(u, v, r):
    w = _stroke(r)
    diagonals = (np.abs(u - v) < 1.4 * w) | (np.abs(u + v) < 1.4 * w)
    return diagonals & _square(u, v, r)


def _corner(u, v, r):
    w = _stroke(r)
    upright = (np.abs(u + 0.5 * r) < w) & (np.abs(v) < 0.8 * r)
    foot = (np.abs(v - 0.6 * r) < w) & (np.abs(u) < 0.75 * r)
    return upright | foot


def _bar(u, v, r):
    w = _stroke(r)
    return (np.abs(u) < 0.9 * r) & (np.abs(v) < w)


OUTLINES = {
    "disc": _disc,
    "triangle": _triangle,
    "cross": _cross,
    "ring": _ring,
    "square": _square,
    "saltire": _saltire,
    "frame": _frame,
    "half disc": _half_disc,
    "corner": _corner,
    "bar": _bar,
}
