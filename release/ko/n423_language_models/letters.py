"""News as rows of letters: for training, for practice, and other news to be graded with.

Training and practice are the Lee background corpus; the news that grade you are the fifty articles
of the Lee corpus (Australian Broadcasting Corporation, 2000-2001; Lee, Pincombe and Welsh 2005).
Both come with gensim; nothing is downloaded.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from gensim.test.utils import datapath

ALPHABET = " '-,.0abcdefghijklmnopqrstuvwxyz"  # 32 letters, as we call them; 0 is any digit
NUMBERS = {letter: number for number, letter in enumerate(ALPHABET)}
TRAINING, PRACTICE = 110_000, 10_000  # letters
LENGTH = 50  # letters per row


def load():
    """Returns the training text (110,000 letters) and the practice text (10,000)."""
    text = _cleaned("lee_background.cor")
    return text[:TRAINING], text[TRAINING : TRAINING + PRACTICE]


def numbers(text):
    """Returns the number of each letter of a text, an array (letters,)."""
    return np.array([NUMBERS[letter] for letter in text], "int32")


def text_of(row):
    """Returns the letters of a row of numbers, as a text."""
    return "".join(ALPHABET[number] for number in row)


def rows(text):
    """Returns inputs and targets (n, 50): the targets are the inputs, one letter later."""
    all_numbers = numbers(text)
    n = (len(all_numbers) - 1) // LENGTH
    inputs, targets = all_numbers[: n * LENGTH], all_numbers[1 : n * LENGTH + 1]
    return inputs.reshape(n, LENGTH), targets.reshape(n, LENGTH)


def unseen(n, rng):
    """Returns inputs and targets (n, 50) from news that nobody trains on, drawn by `rng`."""
    inputs, targets = rows(_cleaned("lee.cor"))
    chosen = rng.permutation(len(inputs))[:n]
    return inputs[chosen], targets[chosen]


def write(model, letter_probabilities, starts, *, length, temperature, rng):
    """Returns texts of `length` letters: what the model writes after each of the starts (n, 50).

    The last 50 letters go in, the scores of the next one come out; `letter_probabilities` makes
    probabilities of them, `rng` draws a letter, and it goes on from there.
    """
    rows_so_far = np.array(starts)
    for _ in range(length):
        scores = model.predict_on_batch(rows_so_far[:, -LENGTH:])[:, -1]
        odds = np.cumsum(letter_probabilities(scores, temperature), axis=1)
        drawn = (odds < rng.random((len(odds), 1)) * odds[:, -1:]).sum(axis=1)
        rows_so_far = np.concatenate([rows_so_far, drawn[:, np.newaxis]], axis=1)
    return [text_of(row) for row in rows_so_far[:, -length:]]


def _cleaned(name):
    text = Path(datapath(name)).read_text(encoding="latin-1").lower()
    text = "".join("0" if c.isdigit() else c if c in NUMBERS else " " for c in text)
    return " ".join(text.split())
