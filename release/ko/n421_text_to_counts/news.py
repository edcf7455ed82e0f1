"""Three hundred news articles, their words, and queries that somebody remembers them by.

The articles are the Lee background corpus (Australian Broadcasting Corporation, 2000-2001; Lee,
Pincombe and Welsh 2005), which comes with gensim; nothing is downloaded.
"""

from __future__ import annotations

from collections import Counter

from gensim.parsing.preprocessing import STOPWORDS
from gensim.test.utils import datapath
from gensim.utils import simple_preprocess
from sklearn.feature_extraction.text import TfidfVectorizer

TRAINING = 200  # articles to build a vocabulary from; the other 100 come later

STOP_WORDS = frozenset(
    "a an and are as at be been but by for from had has have he her his in is it its not of on or "
    "said says she that the their they this to was were which who will with would".split()
)


def load():
    """Returns the 300 articles as a list of texts."""
    with open(datapath("lee_background.cor"), encoding="latin-1") as file:
        return file.read().splitlines()


def ready_tokens(texts):
    """Returns each text as a list of words, made by gensim, little words left out."""
    return [[w for w in simple_preprocess(text) if w not in STOPWORDS] for text in texts]


def columns_of(documents, *, at_least=2):
    """Returns {word: column} in alphabetical order, for words that occur in enough documents."""
    found_in = Counter(word for tokens in documents for word in set(tokens))
    words = sorted(word for word, count in found_in.items() if count >= at_least)
    return {word: column for column, word in enumerate(words)}


def queries(documents, n, rng, *, topic=9, chatter=20, frequent=30):
    """Returns `n` pairs (query, number of the article it asks for), drawn by `rng`.

    A query is what one remembers of an article: `topic` of its words, and `chatter` words that
    many articles have.
    """
    found_in = Counter(word for tokens in documents for word in set(tokens))
    often = sorted(word for word, count in found_in.items() if count >= frequent)
    drawn = []
    for number in rng.permutation(len(documents))[:n]:
        own = sorted({w for w in documents[number] if 2 <= found_in[w] < frequent})
        words = [*rng.choice(own, min(topic, len(own)), replace=False)]
        words += [*rng.choice(often, chatter, replace=False)]
        drawn.append(([str(w) for w in rng.permutation(words)], int(number)))
    return drawn


def index(documents, columns):
    """Returns the TF-IDF rows of the documents (n, columns), and the weight idf of each column.

    scikit-learn computes them, with the formula of the notebook.
    """
    vectorizer = TfidfVectorizer(analyzer=lambda tokens: tokens, vocabulary=columns)
    rows = vectorizer.fit_transform(documents).toarray()
    return rows, vectorizer.idf_
