"""Vectors of 12,000 frequent English words, learnt from far more text than you have.

They are the input word embeddings of all-MiniLM-L6-v2 (sentence-transformers, Apache License 2.0),
reduced to 100 numbers each by principal components and rounded to whole numbers (int8).
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from gensim.test.utils import datapath

FILE = Path(__file__).with_name("word_vectors_12k_100d.npz")
UNIT = 24.0  # what the whole numbers are divided by
KINDS = (
    "capital-common-countries",
    "gram6-nationality-adjective",
    "gram8-plural",
    "gram3-comparative",
)


def load():
    """Returns `words`, a list of 12,000, and their vectors (12000, 100), floats."""
    with np.load(FILE) as stored:
        words = [str(word) for word in stored["w"]]
        return words, stored["q"].astype("float32") / UNIT


def questions(n, rng, words):
    """Returns `n` questions (a, b, c, d), a is to b as c is to d, drawn by `rng`.

    They are Mikolov's (2013), as gensim ships them: capitals, nationalities, plurals, comparatives.
    """
    known, kinds = set(words), {}
    for line in Path(datapath("questions-words.txt")).read_text(encoding="utf-8").splitlines():
        if line.startswith(":"):
            kind = line[2:]
            continue
        four = tuple(line.lower().split())
        if kind in KINDS and known.issuperset(four):
            kinds.setdefault(kind, []).append(four)
    drawn = [kinds[KINDS[i % len(KINDS)]] for i in range(n)]
    return [many[int(rng.integers(len(many)))] for many in drawn]
