"""Dates as people write them, and as a machine wants them: `5 mar 2024` is `24-03-05`."""

from __future__ import annotations

import numpy as np

MONTHS = "jan feb mar apr may jun jul aug sep oct nov dec"
SHAPES = ("{day} {month} {year}", "{month} {day} {year}", "{year} {month} {day}")
FIRST, YEARS = 2000, 40
PAD, START, END = 0, 1, 2  # ids of targets; in sources only PAD is used
SOURCE = ["", " ", *"0123456789abcdefghijklmnopqrstuvwxyz"]  # 38 ids
TARGET = ["", "<start>", "<end>", "-", *"0123456789"]  # 14 ids
SOURCE_LENGTH = 11  # 25 mar 2024
TARGET_LENGTH = 9  # 24-03-25 and the end


def draw(n, rng):
    """Returns `n` dates as people write them, drawn by `rng`, and as a machine wants them."""
    days, months = rng.integers(1, 29, n), rng.integers(1, 13, n)
    years, shapes = rng.integers(0, YEARS, n), rng.integers(0, len(SHAPES), n)
    written = [
        SHAPES[s].format(day=d, month=MONTHS.split()[m - 1], year=FIRST + y)
        for d, m, y, s in zip(days, months, years, shapes, strict=True)
    ]
    wanted = [f"{y:02}-{m:02}-{d:02}" for d, m, y in zip(days, months, years, strict=True)]
    return written, wanted


def training():
    """Returns 3,000 dates as people write them, and as a machine wants them."""
    return draw(3000, np.random.default_rng(42))


def sources(written, length=SOURCE_LENGTH):
    """Returns written dates as ids (n, length), filled up with 0."""
    rows = np.zeros((len(written), length), "int32")
    for row, text in zip(rows, written, strict=True):
        row[: len(text)] = [SOURCE.index(character) for character in text]
    return rows


def answers(wanted):
    """Returns wanted dates as ids (n, 9): eight characters and <end>."""
    return np.array([[*map(TARGET.index, text), END] for text in wanted], "int32")


def text_of(ids):
    """Returns the text of one row of answers, up to <end>."""
    ids = [int(i) for i in ids]
    ids = ids[: ids.index(END)] if END in ids else ids
    return "".join(TARGET[i] for i in ids if i > END)
