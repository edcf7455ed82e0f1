"""Letters of praise and blame, one sentence each, in which the order of the words decides.

Every letter has a good word and a bad one, and one of the two is denied: *not slow but helpful*,
*helpful, never slow* are praise; *not helpful but slow* is blame. The words alone tell nothing.
"""

from __future__ import annotations

import numpy as np

LENGTH = 10  # words per letter, filled up with 0
GOOD = "helpful quick kind careful clean honest cheerful patient polite clear"
BAD = "slow rude dirty careless noisy grumpy confusing late broken cold"
PLACES = ("office", "clerk", "service", "reply", "desk", "staff")
SHAPES = (  # {yes} is meant, {no} is denied
    "the {place} was not {no} but {yes}",
    "the {place} was {yes} and never {no}",
    "your {place} is {yes} not {no}",
    "not {no} at all this {place} was {yes}",
    "far from {no} your {place} seemed {yes}",
    "such a {yes} {place} and not a {no} one",
)
WORDS = sorted({*" ".join((GOOD, BAD, *PLACES, *SHAPES)).split()} - {"{place}", "{yes}", "{no}"})
IDS = {word: number for number, word in enumerate(WORDS, start=1)}
SIZE = len(WORDS) + 1  # 0 is no word


def draw(n, rng):
    """Returns `n` letters, texts, drawn by `rng`, and their labels (n,): 1 is praise."""
    labels = rng.integers(0, 2, n)
    texts = []
    for label in labels:
        good, bad = str(rng.choice(GOOD.split())), str(rng.choice(BAD.split()))
        yes, no = (good, bad) if label else (bad, good)
        place = str(rng.choice(PLACES))
        texts.append(str(rng.choice(SHAPES)).format(place=place, yes=yes, no=no))
    return texts, labels


def numbers(texts, length=LENGTH):
    """Returns the texts as ids (n, length), filled up with 0 at the end."""
    rows = np.zeros((len(texts), length), "int32")
    for row, text in zip(rows, texts, strict=True):
        words = text.split()
        row[: len(words)] = [IDS[word] for word in words]
    return rows
