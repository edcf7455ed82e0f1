"""Numbers from 0 to 9999 as Korean reads them, and as digits.

4540 is 사천오백사십: four thousand, five hundred, four ten. A one is not said before 천 (thousand),
백 (hundred) or 십 (ten), and zeros are not said at all: 1010 is 천십. So nothing can be translated
letter by letter: 사 is 4, 40, 400 or 4000, by what comes after it. Banks say each one, so that
nobody can write it in later: 1010 is 일천일십.
"""

from __future__ import annotations

import numpy as np

DIGITS = "영일이삼사오육칠팔구"
PLACES = ("", "십", "백", "천")
PAD, START, END = 0, 1, 2  # ids of targets; in sources only PAD is used
SOURCE = ["", *DIGITS, *PLACES[1:]]  # 14 ids: 0 is padding
TARGET = ["", "<start>", "<end>", *"0123456789"]  # 13 ids
SOURCE_LENGTH = 7  # 구천구백구십구, also in a bank
TARGET_LENGTH = 5  # four digits and the end
BIGGEST = 9999


def read(number, *, bank=False):
    """Returns how Korean reads a number from 0 to 9999: in daily life, or in a bank."""
    if number == 0:
        return DIGITS[0]
    word = ""
    for place, digit in enumerate(reversed(str(number))):
        if digit != "0":
            said = "" if digit == "1" and place and not bank else DIGITS[int(digit)]
            word = said + PLACES[place] + word
    return word


def sources(words, length=SOURCE_LENGTH):
    """Returns the ids (n, length) of number words, filled up with 0."""
    rows = np.zeros((len(words), length), "int32")
    for row, word in zip(rows, words, strict=True):
        row[: len(word)] = [SOURCE.index(letter) for letter in word]
    return rows


def targets(numbers):
    """Returns what a decoder gets and what it should answer, ids (n, 5) both.

    It gets <start> and the digits; it should answer the digits and <end>, one place earlier.
    """
    rows = np.zeros((len(numbers), TARGET_LENGTH + 1), "int32")
    for row, number in zip(rows, numbers, strict=True):
        digits = [TARGET.index(digit) for digit in str(number)]
        row[: len(digits) + 2] = [START, *digits, END]
    return np.where(rows[:, :-1] == END, PAD, rows[:, :-1]), rows[:, 1:]


def text(ids):
    """Returns the digits of one row of answers, up to <end>."""
    ids = [int(i) for i in ids]
    ids = ids[: ids.index(END)] if END in ids else ids
    return "".join(TARGET[i] for i in ids if i > END)


def training(n=4000):
    """Returns `n` of the numbers from 0 to 9999, the same ones every time, to train on."""
    return np.random.default_rng(424).permutation(BIGGEST + 1)[:n]


def unseen(n, rng, *, bank=False):
    """Returns `n` numbers that are not in `training()`, drawn by `rng`.

    With `bank` only those that a bank reads otherwise than daily life.
    """
    others = np.setdiff1d(np.arange(BIGGEST + 1), training())
    if bank:
        others = np.array([i for i in others if read(int(i)) != read(int(i), bank=True)])
    return rng.permutation(others)[:n]
