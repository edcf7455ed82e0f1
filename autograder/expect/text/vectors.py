"""Checks of word vectors: neighbours, analogies, unseen words, and gain from pretraining."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from autograder.expect import coerce
from autograder.expect.coerce import Array
from autograder.expect.models import parts
from autograder.expect.training.quality import as_labels, share_right
from autograder.expect.verdict import (
    NotMet,
    Verdict,
    WrongSetting,
    check,
    decide,
    linear_credit,
    short,
)

Triplet = tuple[str, str, str]


def vector(vectors: Any, word: str) -> Array:
    """Return a word's vector from a dict, gensim's KeyedVectors or a function. Raises NotMet."""
    try:
        if callable(vectors) and not hasattr(vectors, "__getitem__"):
            found = coerce.call(vectors, word, name="vectors")
        else:
            found = coerce.call(lambda w: vectors[w], word, name="vectors")
    except NotMet:
        raise coerce.failing(
            expected="a vector for {case_word}",
            got="none",
            next="Check that rows and words line up, and that the word is in the vocabulary.",
            case_word=word,
        ) from None
    return coerce.floats(found, f"the vector of {word}", shape=(None,))


def cosine(a: Array, b: Array) -> float:
    """Return a·b / (|a| |b|); 0 if a length is 0 or the sizes differ."""
    if a.shape != b.shape:
        return 0.0
    size = float(np.linalg.norm(a) * np.linalg.norm(b))
    return float(a @ b) / size if size > 0 else 0.0


@check
def closer_than(
    vectors: Any, triplets: Iterable[Triplet], *, at_least: float, partial_from: float = 0.0
) -> Verdict:
    """Check that enough anchors are closer (by cosine) to their near word than to their far one.

    `vectors`: {word: vector}, gensim's `model.wv`, or a function of a word.

    >>> flat = {"cat": [1.0, 0.0], "dog": [0.0, 1.0], "car": [1.0, 0.1]}
    >>> closer_than(flat, [("cat", "dog", "car")], at_least=0.8)
    Traceback (most recent call last):
    autograder.expect.verdict.NotMet: Expected: cat closer to dog than to car, in 80 % of triplets
    Got: cosine 0 and 0.995; 0 of 1 triplets are right
    Next: Train longer or widen the window; check that rows and words line up.

    Catches: too few epochs, a window of 1, rows out of step with words.
    Blind to: vectors copied from elsewhere.
    """
    drawn = list(triplets)
    if not drawn:
        raise WrongSetting("there must be at least one triplet")
    wrong: list[tuple[Triplet, float, float]] = []
    for anchor, near, far in drawn:
        centre = vector(vectors, anchor)
        to_near, to_far = (
            cosine(centre, vector(vectors, near)),
            cosine(centre, vector(vectors, far)),
        )
        if not to_near > to_far:
            wrong.append(((anchor, near, far), to_near, to_far))
    (anchor, near, far), to_near, to_far = wrong[0] if wrong else (drawn[0], 0.0, 0.0)
    share = 1 - len(wrong) / len(drawn)
    return decide(
        linear_credit(share, at_least=at_least, partial_from=partial_from),
        expected="{case_anchor} closer to {case_near} than to {case_far}, in {want} % of triplets",
        got="cosine {to_near} and {to_far}; {right} of {n} triplets are right",
        next="Train longer or widen the window; check that rows and words line up.",
        score=share,
        want=round(100 * at_least, 1),
        case_anchor=anchor,
        case_near=near,
        case_far=far,
        to_near=to_near,
        to_far=to_far,
        right=len(drawn) - len(wrong),
        n=len(drawn),
    )


def analogy_answers(
    words: Sequence[str], unit: Array, a: str, b: str, c: str, top: int
) -> list[str]:
    """Return the words closest to b - a + c by cosine, without a, b, c. Mikolov et al. 2013."""
    place = {word: i for i, word in enumerate(words)}
    target = unit[place[b]] - unit[place[a]] + unit[place[c]]
    scores = unit @ target
    scores[[place[a], place[b], place[c]]] = -np.inf
    return [words[i] for i in np.argsort(-scores, kind="stable")[:top]]


@check
def analogies(
    vectors: Any,
    questions: Iterable[tuple[str, str, str, str]],
    *,
    at_least: float,
    top: int = 1,
    partial_from: float = 0.0,
) -> Verdict:
    """Check that enough questions a:b = c:? are answered by the `top` words nearest to b - a + c.

    `vectors` maps every word to its vector (a dict, or gensim's `model.wv`). A question with a word
    that has no vector counts as wrong.

    Catches: vectors that were not scaled to unit length where it matters, too little training.
    Blind to: answers looked up in a table: only vectors are taken.
    """
    drawn = list(questions)
    words, unit = unit_vectors(vectors)
    known = set(words)
    wrong: list[tuple[tuple[str, str, str, str], str]] = []
    for a, b, c, d in drawn:
        answers = analogy_answers(words, unit, a, b, c, top) if {a, b, c} <= known else []
        if d not in answers:
            wrong.append(((a, b, c, d), coerce.listed(answers) or "no vector"))
    if not drawn:
        raise WrongSetting("there must be at least one question")
    (a, b, c, d), found = wrong[0] if wrong else (drawn[0], "")
    share = 1 - len(wrong) / len(drawn)
    return decide(
        linear_credit(share, at_least=at_least, partial_from=partial_from),
        expected="{case_a} : {case_b} = {case_c} : {case_d}, and {want} % of all questions",
        got="{found}; {right} of {n} are right",
        next="Compute b - a + c with unit vectors, and leave a, b, c out of the answer.",
        score=share,
        want=round(100 * at_least, 1),
        case_a=a,
        case_b=b,
        case_c=c,
        case_d=d,
        found=found,
        right=len(drawn) - len(wrong),
        n=len(drawn),
    )


def unit_vectors(vectors: Any) -> tuple[list[str], Array]:
    """Return all words and their vectors scaled to unit length, shape (words, size)."""
    listed = parts.fact(lambda: list(vectors.index_to_key))
    if listed is not None:
        words = coerce.texts(listed, "the words")
        matrix = coerce.floats(
            parts.fact(lambda: vectors.vectors), "the vectors", shape=(len(words), None)
        )
    elif isinstance(vectors, Mapping):
        words = coerce.texts(list(vectors), "the words")
        matrix = coerce.floats(
            [coerce.array(v) for v in vectors.values()], "the vectors", shape=(None, None)
        )
    else:
        raise coerce.failing(
            expected="a dict of vectors",
            got="{found}",
            next="Map every word to its vector.",
            found=short(vectors),
        )
    lengths = np.linalg.norm(matrix, axis=1, keepdims=True)
    return words, matrix / np.where(lengths > 0, lengths, 1.0)


@check
def unseen_words(
    vector_of: Any, words: Sequence[str], *, size: int, unknown: Any = None
) -> Verdict:
    """Check that unseen words get a vector of this size.

    FastText gives each word its own vector. With `unknown` (the <unk> vector), every word must get
    that vector without an error. Partial credit: a half for vectors, a half for their values.

    >>> unseen_words({}.__getitem__, ["catlike"], size=3)
    Traceback (most recent call last):
    autograder.expect.verdict.NotMet: Expected: vector_of('catlike') runs
    Got: KeyError: 'catlike'
    Next: Try the same call in a cell of your own and read the last line of the error.

    Catches: a KeyError for a new word, one vector for all words instead of n-grams.
    Blind to: poor vectors; use `closer_than`.
    """
    if not words:
        raise WrongSetting("there must be at least one word")
    found = [
        coerce.floats(
            coerce.call(vector_of, w, name="vector_of"), f"the vector of {w}", shape=(size,)
        )
        for w in words
    ]
    if unknown is not None:
        right = all(np.allclose(v, np.asarray(unknown, dtype=float), atol=1e-5) for v in found)
    else:
        right = all(np.linalg.norm(v) > 0 for v in found) and (
            len(found) == 1 or float(np.ptp(np.stack(found), axis=0).max()) > 1e-9
        )
    return decide(
        1.0 if right else 0.5,
        expected="the <unk> vector for {case_word}"
        if unknown is not None
        else "a vector of its own for {case_word}",
        got="another vector" if unknown is not None else "the same vector for all unseen words",
        next="FastText builds it from character n-grams; Word2Vec needs a rule for <unk>.",
        case_word=words[0],
    )


def pairs_within(tokens: Sequence[str], window: int) -> set[tuple[str, str]]:
    """Return all (centre, context) pairs within `window` positions on both sides, by position.

    >>> sorted(pairs_within(["a", "b", "c"], 1))
    [('a', 'b'), ('b', 'a'), ('b', 'c'), ('c', 'b')]
    """
    return {
        (tokens[i], tokens[j])
        for i in range(len(tokens))
        for j in range(max(0, i - window), min(len(tokens), i + window + 1))
        if i != j
    }


@check
def skipgram_pairs(pairs: Any, tokens: Sequence[Any], window: int) -> Verdict:
    """Check that the pairs are (centre, context) for every word within the window on both sides.

    Compared as sets. Partial credit: F1 of the two sets.

    >>> skipgram_pairs([("a", "b")], ["a", "b"], 1)
    Traceback (most recent call last):
    autograder.expect.verdict.NotMet: Expected: 2 pairs (centre, context) within 1 positions
    Got: 1 pairs; missing ('b', 'a'), extra none
    Next: Every word within 1 positions on both sides, never the position itself.

    Catches: one side only, a window off by one, the word paired with itself.
    Blind to: the number of times a pair occurs.
    """
    want = {(_key(a), _key(b)) for a, b in pairs_within(list(tokens), window)}
    found = set()
    for pair in coerce.rows(pairs, "the pairs"):
        both = coerce.rows(pair, "a pair")
        if len(both) != 2:
            raise coerce.wrong_shape((len(both),), (2,), "a pair")
        found.add((_key(both[0]), _key(both[1])))
    missing, extra = sorted(want - found), sorted(found - want)
    score = 2 * len(want & found) / (len(want) + len(found)) if want or found else 0.0
    return decide(
        score if want else 0.0,
        expected="{n} pairs (centre, context) within {window} positions",
        got="{count} pairs; missing {missing}, extra {extra}",
        next="Every word within {window} positions on both sides, never the position itself.",
        score=score,
        n=len(want),
        window=window,
        count=len(found),
        missing=coerce.listed(missing, 3) or "none",
        extra=coerce.listed(extra, 3) or "none",
    )


def _key(item: Any) -> str:
    return item if type(item) is str else short(item)


@check
def pretraining_helps(pretrained: Any, scratch: Any, labels: Any, *, at_least: float) -> Verdict:
    """Check that predictions with pretraining beat those from a random start by `at_least`.

    Both are predictions on the same unseen data: scores (n, k) or class numbers. Partial credit:
    linear in the difference of accuracies.

    >>> pretraining_helps([1, 1, 0, 0], [1, 0, 0, 0], [1, 1, 1, 0], at_least=0.5)
    Traceback (most recent call last):
    autograder.expect.verdict.NotMet: Expected: pretraining to gain at least 0.5 in accuracy
    Got: 0.25 (pretrained 0.75, from a random start 0.5)
    Next: Load the vectors into the layer before fit(), and freeze it.

    Catches: vectors that were never loaded, or loaded after fit().
    Blind to: a random start that was handicapped: recompute both yourself.
    """
    truth = np.asarray(labels).reshape(-1).astype(np.int64)
    if truth.size == 0:
        raise WrongSetting("there must be at least one label")
    with_it = share_right(as_labels(pretrained, len(truth)), truth)
    without = share_right(as_labels(scratch, len(truth)), truth)
    gain = with_it - without
    return decide(
        linear_credit(gain, at_least=at_least, partial_from=0.0),
        expected="pretraining to gain at least {want} in accuracy",
        got="{gain} (pretrained {pretrained}, from a random start {scratch})",
        next="Load the vectors into the layer before fit(), and freeze it.",
        score=gain,
        want=at_least,
        gain=gain,
        pretrained=with_it,
        scratch=without,
    )
