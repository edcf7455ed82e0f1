"""Wrong solutions in text work, trained for real: counts, word vectors, perplexity."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pytest

from autograder import expect
from autograder.expect.text.tokens import tfidf_matrix
from tests.expect.trained import caught, wrong

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(900),
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::UserWarning"),
]

# ── Counts ───────────────────────────────────────────────────────────────────────────


@cache
def documents() -> list[list[str]]:
    """60 texts of 20 words, drawn as words are: few often, many seldom."""
    rng = np.random.default_rng(0)
    words = [f"w{i}" for i in range(50)]
    chance = 1 / np.arange(1, 51)
    return [[str(w) for w in rng.choice(words, 20, p=chance / chance.sum())] for _ in range(60)]


def by_hand(
    texts: list[list[str]], words: list[str], *, plus_one: bool = True, unit: bool = True
) -> np.ndarray:
    counts = np.array([[text.count(word) for word in words] for text in texts], float)
    df = (counts > 0).sum(axis=0)
    matrix = counts * (np.log((1 + len(texts)) / (1 + df)) + plus_one)
    return matrix / np.linalg.norm(matrix, axis=1, keepdims=True) if unit else matrix


@wrong("idf without + 1", "tf-idf rows that were not scaled", "columns out of step with the words")
def test_a_right_tfidf_is_met_and_each_lost_part_of_the_formula_is_caught() -> None:
    texts = documents()
    words = sorted({word for text in texts for word in text})
    assert np.allclose(
        by_hand(texts, words), tfidf_matrix(texts, {w: i for i, w in enumerate(words)})
    )
    expect.tfidf(by_hand(texts, words), texts, words)
    no_plus = by_hand(texts, words, plus_one=False)
    caught(expect.tfidf, no_plus, texts, words)
    caught(expect.tfidf, by_hand(texts, words, unit=False), texts, words)
    caught(expect.tfidf, by_hand(texts, words[::-1]), texts, words)


@wrong("a vocabulary built on all texts")
def test_a_vocabulary_built_on_all_texts_is_caught() -> None:
    train, unseen = documents()[:10], documents()[10:]

    def vocabulary(texts: list[list[str]]) -> dict[str, int]:
        words = ["<pad>", "<unk>", *sorted({word for text in texts for word in text})]
        return {word: i for i, word in enumerate(words)}

    expect.vocab_from_train(vocabulary(train), train, unseen)
    caught(expect.vocab_from_train, vocabulary(train + unseen), train, unseen)


# ── Word vectors ─────────────────────────────────────────────────────────────────────

TOPICS = 8


def sentences(n: int = 3000) -> list[list[str]]:
    """Each of one topic, ten words each: `a3` is the fourth word of the first topic."""
    rng = np.random.default_rng(1)
    topics = rng.integers(0, TOPICS, n)
    return [[f"{chr(97 + t)}{w}" for w in rng.integers(0, 10, 8)] for t in topics]


@cache
def word2vec(epochs: int = 15) -> Any:
    from gensim.models import Word2Vec

    return Word2Vec(
        sentences(), vector_size=16, window=4, min_count=1, sg=1, epochs=epochs, seed=0, workers=1
    ).wv


def triplets() -> list[tuple[str, str, str]]:
    rng = np.random.default_rng(2)
    drawn = []
    for _ in range(60):
        near, far = (chr(97 + t) for t in rng.choice(TOPICS, 2, replace=False))
        i, j, k = rng.choice(10, 3, replace=False)
        drawn.append((f"{near}{i}", f"{near}{j}", f"{far}{k}"))
    return drawn


@wrong("vectors out of step with their words")
def test_right_vectors_are_met_and_rows_out_of_step_are_caught() -> None:
    right = word2vec()
    expect.closer_than(right, triplets(), at_least=0.95)
    out_of_step = dict(zip(sorted(right.index_to_key), right.vectors, strict=True))
    assert caught(expect.closer_than, out_of_step, triplets(), at_least=0.95).credit < 0.8


@wrong("vectors of one epoch")
def test_vectors_hardly_trained_are_caught() -> None:
    from gensim.models import Word2Vec

    drawn = triplets()
    questions = [(a, b, b, c) for a, b, _ in drawn for c in [f"{a[0]}{(int(a[1]) + 5) % 10}"]]
    kinds = [q for q in questions if len({*q}) == 3]
    expect.analogies(word2vec(), kinds, at_least=0.5, top=10)
    hardly = Word2Vec(
        sentences(60), vector_size=16, window=4, min_count=1, sg=1, epochs=1, seed=0, workers=1
    ).wv
    caught(expect.closer_than, hardly, drawn, at_least=0.95)
    caught(expect.analogies, hardly, kinds, at_least=0.5, top=10)


@wrong("skip-gram pairs of one side only")
def test_pairs_of_one_side_are_caught() -> None:
    tokens = sentences(1)[0]

    def pairs(left: int, right: int) -> list[tuple[str, str]]:
        around = [*range(-left, 0), *range(1, right + 1)]
        places = [
            (i, i + d) for i in range(len(tokens)) for d in around if 0 <= i + d < len(tokens)
        ]
        return [(tokens[i], tokens[j]) for i, j in places]

    expect.skipgram_pairs(pairs(2, 2), tokens, 2)
    caught(expect.skipgram_pairs, pairs(0, 2), tokens, 2)
    caught(expect.skipgram_pairs, pairs(3, 3), tokens, 2)


@wrong("one vector for all unseen words")
def test_fasttext_is_met_and_one_vector_for_all_unseen_words_is_caught() -> None:
    from gensim.models import FastText

    vectors = FastText(
        [[f"{word}ing" for word in text] for text in sentences(200)],
        vector_size=16,
        min_count=1,
        epochs=2,
        seed=0,
        workers=1,
        min_n=2,
        max_n=4,
        bucket=1000,
    ).wv
    unseen = ["a1ness", "b2wards", "h7ish"]
    expect.unseen_words(lambda word: vectors[word], unseen, size=16)
    known = word2vec()
    alike = dict.fromkeys(unseen, known.vectors.mean(axis=0))
    caught(expect.unseen_words, alike.__getitem__, unseen, size=16)


@cache
def reviews(unseen: bool) -> tuple[np.ndarray, np.ndarray]:
    """Ids of 8 words and whether most are good: even words in training, odd ones unseen."""
    rng = np.random.default_rng(3 + unseen)
    words = np.arange(1 + unseen, 201, 2)
    ids = rng.choice(words, (600, 8))
    return ids, (meaning()[ids].sum(axis=1) > 0).astype(int)


def meaning() -> np.ndarray:
    return np.random.default_rng(4).choice([-1.0, 1.0], 202)


def shipped() -> np.ndarray:
    """Vectors that know what is good, for all words."""
    noise = np.random.default_rng(5).normal(0, 0.3, (202, 8))
    noise[:, 0] = meaning()
    return noise.astype("float32")


@cache
def reader(mistake: str = "") -> Any:
    import keras
    from keras import layers

    keras.utils.set_random_seed(0)
    embedding = layers.Embedding(202, 8, name="vectors", trainable=mistake == "trained along")
    model = keras.Sequential(
        [
            keras.Input((8,), dtype="int32"),
            embedding,
            layers.GlobalAveragePooling1D(),
            layers.Dense(1, "sigmoid"),
        ]
    )
    if mistake != "never loaded":
        embedding.set_weights([shipped()])
    model.compile(keras.optimizers.Adam(0.05), "binary_crossentropy")
    model.fit(*reviews(unseen=False), epochs=20, verbose=0)
    return model


def answers(mistake: str) -> np.ndarray:
    scores = expect.predictions(reader(mistake), reviews(unseen=True)[0])
    return (scores.reshape(-1) > 0.5).astype(int)


@wrong("pretrained vectors that were never loaded")
def test_pretrained_vectors_help_and_are_caught_where_they_were_never_loaded() -> None:
    labels = reviews(unseen=True)[1]
    scratch = answers("never loaded")
    expect.pretraining_helps(answers(""), scratch, labels, at_least=0.3)
    caught(expect.pretraining_helps, scratch, scratch, labels, at_least=0.3)


@wrong("pretrained vectors trained along")
def test_vectors_that_were_trained_along_are_caught_by_their_movement() -> None:
    expect.frozen(reader(), "vectors", before=[shipped()])
    caught(expect.frozen, reader("trained along"), "vectors", before=[shipped()])


# ── Perplexity ───────────────────────────────────────────────────────────────────────

LETTERS, LENGTH, PAD = 12, 16, 0


def chains(n: int, seed: int, *, shortest: int = LENGTH + 1) -> np.ndarray:
    """Letters 1 to 11, each followed by one of two; shorter ones are padded with 0."""
    rng = np.random.default_rng(seed)
    rows = np.zeros((n, LENGTH + 1), int)
    rows[:, 0] = rng.integers(1, LETTERS, n)
    for i in range(LENGTH):
        step = np.where(rng.random(n) < 0.8, 3, 5)
        rows[:, i + 1] = (rows[:, i] - 1 + step) % (LETTERS - 1) + 1
    lengths = rng.integers(shortest, LENGTH + 2, n)
    rows[np.arange(LENGTH + 1) >= lengths[:, None]] = PAD
    return rows


@cache
def language_model(mistake: str = "", epochs: int = 6) -> Any:
    import keras
    from keras import layers

    keras.utils.set_random_seed(0)
    model = keras.Sequential(
        [
            keras.Input((LENGTH,), dtype="int32"),
            layers.Embedding(LETTERS, 12),
            layers.GRU(24, return_sequences=True),
            layers.Dense(LETTERS),
        ]
    )
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(0.01), loss)
    rows = chains(1500, 0, shortest=4 if mistake == "padding counted" else LENGTH + 1)
    targets = rows[:, :-1] if mistake == "not shifted" else rows[:, 1:]
    history = model.fit(rows[:, :-1], targets, batch_size=64, epochs=epochs, verbose=0)
    return model, history


@wrong("language model: targets that are not shifted")
def test_a_right_language_model_is_met_and_one_that_learnt_its_input_is_caught() -> None:
    rows = chains(200, 1)
    model, _ = language_model()
    best = float(np.exp(-(0.8 * np.log(0.8) + 0.2 * np.log(0.2))))
    found = expect.perplexity(
        expect.predictions(model, rows[:, :-1]), rows[:, 1:], at_most=2.0, baseline=LETTERS - 1.0
    )
    assert found.score is not None
    assert found.score > 0.97 * best  # nobody can know more than the chain
    copying, history = language_model("not shifted")
    assert history.history["loss"][-1] < 0.05  # its own loss looks perfect
    scores = expect.predictions(copying, rows[:, :-1])
    verdict = caught(expect.perplexity, scores, rows[:, 1:], at_most=2.0, baseline=LETTERS - 1.0)
    assert verdict.credit == 0.0


@wrong("perplexity: padding counted")
def test_padding_makes_a_perplexity_look_good_and_is_left_out_by_ignore() -> None:
    rows = chains(300, 1)
    rows[:, 6:] = PAD  # short texts in a long batch
    early, _ = language_model("padding counted", epochs=1)
    scores = expect.predictions(early, rows[:, :-1])
    expect.perplexity(scores, rows[:, 1:], at_most=2.5)  # the number a student proudly reports
    caught(expect.perplexity, scores, rows[:, 1:], at_most=2.5, ignore=PAD)
