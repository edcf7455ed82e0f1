"""Film reviews in one sentence, made by rules, whose opinions come in two kinds of words.

Training reviews use five words of praise and five of blame. The reviews that grade you use other
words: who has only seen the five cannot know them, unless their vectors tell.
"""

from __future__ import annotations

import numpy as np

LENGTH = 14  # words per review, filled up with 0
PRAISE = (
    "good great excellent wonderful amazing fantastic brilliant beautiful perfect superb "
    "delightful impressive enjoyable charming outstanding remarkable"
).split()
BLAME = (
    "bad terrible awful horrible boring poor dreadful disappointing weak ugly stupid worst "
    "annoying ridiculous painful tedious"
).split()
THINGS = "movie film story plot music acting script ending cast scene".split()
SENTENCES = (
    "the {} was {} and the {} felt {}",
    "i found this {} {} with a {} that was {}",
    "a {} so {} from start to end and the {} is {}",
    "what a {} really {} even the {} looked {}",
)
KNOWN = 5  # words of each kind in the training reviews


def training():
    """Returns 300 reviews as lists of words, and their labels (300,): 1 is praise."""
    return _write(300, PRAISE[:KNOWN], BLAME[:KNOWN], np.random.default_rng(422))


def unseen(n, rng, known):
    """Returns `n` reviews and labels, drawn by `rng`; no opinion in them is in the training ones.

    `known`: the words that have a vector; others are left out.
    """
    praise = [word for word in PRAISE[KNOWN:] if word in known]
    blame = [word for word in BLAME[KNOWN:] if word in known]
    return _write(n, praise, blame, rng)


def numbers(reviews, ids):
    """Returns the reviews as an array (n, 14) of `ids[word]`; 0 for unknown words and the rest."""
    rows = np.zeros((len(reviews), LENGTH), "int32")
    for row, words in zip(rows, reviews, strict=True):
        row[: len(words)] = [ids.get(word, 0) for word in words]
    return rows


def _write(n, praise, blame, rng):
    labels = rng.integers(0, 2, n)
    reviews = []
    for label in labels:
        a, b = rng.choice(THINGS, 2)
        first, second = rng.choice(praise if label else blame, 2)
        reviews.append(str(rng.choice(SENTENCES)).format(a, first, b, second).split())
    return reviews, labels
