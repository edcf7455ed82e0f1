"""The words of three hundred news articles, and words that belong together.

The articles are the Lee background corpus (Australian Broadcasting Corporation, 2000-2001; Lee,
Pincombe and Welsh 2005), which comes with gensim; nothing is downloaded.
"""

from __future__ import annotations

from gensim.parsing.preprocessing import STOPWORDS
from gensim.test.utils import datapath
from gensim.utils import simple_preprocess

TOPICS = {
    "war in Afghanistan": "afghanistan taliban kabul bin laden qaeda osama afghan pakistan kandahar",
    "Israel and Palestine": "israeli palestinian arafat gaza hamas sharon palestinians israel",
    "cricket": "test wicket wickets south waugh africa innings runs",
    "bushfires": "firefighters fires blaze winds weather crews rural",
}


def documents():
    """Returns the 300 articles as lists of words, little words left out."""
    with open(datapath("lee_background.cor"), encoding="latin-1") as file:
        texts = file.read().splitlines()
    return [[w for w in simple_preprocess(text) if w not in STOPWORDS] for text in texts]


def triplets(n, rng, topics=TOPICS):
    """Returns `n` triplets (anchor, near, far), drawn by `rng`: near is of the anchor's topic."""
    groups = [words.split() for words in topics.values()]
    drawn = []
    for _ in range(n):
        own, other = rng.permutation(len(groups))[:2]
        anchor, near = rng.choice(groups[own], 2, replace=False)
        drawn.append((str(anchor), str(near), str(rng.choice(groups[other]))))
    return drawn
