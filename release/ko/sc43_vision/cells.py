"""Pictures of cells as a microscope might show them, with all that is true about them.

A cell has a pale body with dark ground around it, and bright nuclei in it:

    resting    one round nucleus
    dividing   two nuclei side by side
    dying      no nucleus, but bright crumbs all over the body

Pixels are floats from 0 (dark) to 1 (bright). Everything is drawn; nothing is downloaded.
"""

from __future__ import annotations

import numpy as np
from scipy import ndimage

KINDS = ("resting", "dividing", "dying")
GROUND, BODY, NUCLEUS = 0, 1, 2  # what a pixel of a mask may be
SINGLE, FIELD = 16, 32  # height and width of a picture of one cell, and of a field of cells
GRAIN = 0.04


def single(n, rng, kinds=(0, 1, 2)):
    """Returns `n` pictures of one cell each, (n, 16, 16, 1), and their kinds (n,)."""
    drawn = rng.choice(kinds, n)
    images = np.stack(
        [_picture(SINGLE, [_cell(kind, SINGLE, 8, 8, rng)], rng)[0] for kind in drawn]
    )
    return images, drawn


def fields(n, rng):
    """Returns `n` fields (n, 32, 32, 1) of two to four cells, and their masks (n, 32, 32).

    A mask says of every pixel: 0 ground, 1 body, 2 nucleus. Crumbs of a dying cell are body.
    """
    pairs = [_field(rng) for _ in range(n)]
    images, masks = zip(*pairs, strict=True)
    return np.stack(images), np.stack(masks)


def _field(rng):
    centres = [(y, x) for y in (8, 24) for x in (8, 24)]
    chosen = rng.permutation(4)[: rng.integers(2, 5)]
    parts = [
        _cell(int(rng.integers(3)), FIELD, *(centres[k] + rng.uniform(-1, 1, 2)), rng)
        for k in chosen
    ]
    return _picture(FIELD, parts, rng)


def _cell(kind, size, y, x, rng):
    """What one cell adds to a picture: brightness (size, size), and its mask."""
    y, x = y - 0.5 + rng.uniform(-0.7, 0.7), x - 0.5 + rng.uniform(-0.7, 0.7)
    height, width = rng.uniform(4.6, 6.6, 2)
    rows, columns = np.mgrid[:size, :size]
    body = ((rows - y) / height) ** 2 + ((columns - x) / width) ** 2 <= 1
    light = body * rng.uniform(0.25, 0.4)
    nuclei = np.zeros_like(body)
    name = KINDS[kind]
    angle, apart = rng.uniform(0, np.pi), rng.uniform(2.1, 2.6)
    sides = {"resting": (0,), "dividing": (-1, 1), "dying": ()}[name]
    for side in sides:
        radius = rng.uniform(1.5, 1.9) if name == "dividing" else rng.uniform(1.9, 2.5)
        down, across = side * apart * np.sin(angle), side * apart * np.cos(angle)
        nuclei |= (rows - y - down) ** 2 + (columns - x - across) ** 2 <= radius**2
    light = np.where(nuclei, rng.uniform(0.75, 0.95), light)
    if name == "dying":
        light = light + body * (rng.random(body.shape) < 0.25) * rng.uniform(0.3, 0.5)
    return light, np.where(nuclei, NUCLEUS, np.where(body, BODY, GROUND))


def _picture(size, parts, rng):
    """The picture (size, size, 1) and the mask (size, size) of all these cells, with grain."""
    slope = rng.uniform(-0.04, 0.04, 2)
    rows, columns = np.mgrid[:size, :size] / size - 0.5
    image = 0.08 + slope[0] * rows + slope[1] * columns
    mask = np.zeros((size, size), int)
    for light, own in parts:
        image = np.where(own > 0, light, image)
        mask = np.where(own > 0, own, mask)
    image = image + rng.normal(0, GRAIN, image.shape)
    return np.clip(image, 0, 1).astype("float32")[..., np.newaxis], mask


# ── How alike two heaps of pictures are ──────────────────────────────────────────────

_FILTERS = np.random.default_rng(43).normal(size=(25, 16)) * 6


def features(images):
    """Returns 64 numbers for each picture of one cell, (n, 64), to compare heaps of pictures by.

    Sixteen fixed filters of 5 by 5 pixels look everywhere; what is above 0 is averaged over each
    quarter of the picture.
    """
    flat = np.asarray(images, float).reshape(-1, SINGLE, SINGLE)
    patches = np.lib.stride_tricks.sliding_window_view(flat, (5, 5), axis=(1, 2))
    found = np.maximum(patches.reshape(len(flat), 12, 12, 25) @ _FILTERS, 0)
    return found.reshape(len(flat), 2, 6, 2, 6, 16).mean(axis=(2, 4)).reshape(len(flat), 64)


def nuclei(images):
    """Returns how many bright spots of four pixels or more each picture shows, (n,), at most 3."""
    bright = np.asarray(images, float).reshape(-1, SINGLE, SINGLE) > 0.6
    return np.array([min(3, _spots(one)) for one in bright])


def _spots(bright):
    regions, count = ndimage.label(bright)
    return int(np.sum(np.bincount(regions.ravel(), minlength=count + 1)[1:] >= 4))
