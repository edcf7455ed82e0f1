"""Checks of tokens, token ids and word counts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from autograder.expect import coerce
from autograder.expect.arrays.values import within_tolerance
from autograder.expect.coerce import Array
from autograder.expect.verdict import Verdict, WrongSetting, check, decide, short

THIRD = 1 / 3


@check
def tokens_match(tokenize: Any, cases: Iterable[tuple[str, Sequence[str]]]) -> Verdict:
    """Check that tokenize(text) gives exactly these tokens; partial credit: the share of texts.

    >>> tokens_match(str.split, [("A cat.", ["a", "cat"])])
    Traceback (most recent call last):
    autograder.expect.verdict.NotMet: Expected: ['a', 'cat']
    Got: ['A', 'cat.']; 0 of 1 texts are right
    Next: Check lower-casing, punctuation and the stop words, in that order.

    Catches: a step left out or done in another order.
    Blind to: kinds of text that no case covers.
    """
    drawn = [(text, [str(t) for t in tokens]) for text, tokens in cases]
    if not drawn:
        raise WrongSetting("there must be at least one case")
    wrong = []
    for text, want in drawn:
        found = coerce.texts(coerce.call(tokenize, text, name="tokenize"), "the tokens")
        if found != want:
            wrong.append((want, found))
    want, found = wrong[0] if wrong else ([], [])
    return decide(
        1 - len(wrong) / len(drawn),
        expected="{case_want}",
        got="{case_found}; {right} of {n} texts are right",
        next="Check lower-casing, punctuation and the stop words, in that order.",
        score=1 - len(wrong) / len(drawn),
        case_want=short(want),
        case_found=short(found),
        right=len(drawn) - len(wrong),
        n=len(drawn),
    )


@check
def roundtrip(encode: Any, decode: Any, texts: Iterable[Any]) -> Verdict:
    """Check that decode(encode(x)) equals x; partial credit: the share of texts.

    >>> roundtrip(list, lambda ids: "".join(ids[:-1]), ["cat"])
    Traceback (most recent call last):
    autograder.expect.verdict.NotMet: Expected: cat
    Got: ca; 0 of 1 texts come back
    Next: Keep <pad> at 0 and <unk> at 1 in both tables.

    Catches: two tables that are out of step, an id counted from 1 in one of them.
    Blind to: words outside the vocabulary, which cannot come back.
    """
    drawn = list(texts)
    if not drawn:
        raise WrongSetting("there must be at least one text")
    wrong: list[tuple[Any, Any]] = []
    for text in drawn:
        codes = coerce.call(encode, text, name="encode")
        back = coerce.call(decode, codes, name="decode")
        same = type(back) is type(text) and bool(np.all(back == text))
        if not same:
            wrong.append((text, back))
    want, found = wrong[0] if wrong else ("", "")
    return decide(
        1 - len(wrong) / len(drawn),
        expected="{case_want}",
        got="{case_found}; {right} of {n} texts come back",
        next="Keep <pad> at 0 and <unk> at 1 in both tables.",
        score=1 - len(wrong) / len(drawn),
        case_want=short(want),
        case_found=short(found),
        right=len(drawn) - len(wrong),
        n=len(drawn),
    )


def word_ids(vocabulary: Any, name: str = "the vocabulary") -> dict[str, int]:
    """Return a vocabulary as {word: id}, from such a dict or a list of words in order of id."""
    if isinstance(vocabulary, Mapping):
        words = coerce.texts(list(vocabulary), name)
        ids = coerce.integers(list(vocabulary.values()), name, shape=(len(words),))
        return dict(zip(words, (int(i) for i in ids), strict=True))
    return {word: i for i, word in enumerate(coerce.texts(vocabulary, name))}


@check
def vocab_from_train(
    vocabulary: Any,
    train_tokens: Iterable[Sequence[str]],
    unseen_tokens: Iterable[Sequence[str]],
    *,
    at_most: int | None = None,
    specials: Sequence[str] = ("<pad>", "<unk>"),
) -> Verdict:
    """Check that a vocabulary has only words of the training texts, ids 0 to n-1, and is small.

    `vocabulary`: {word: id} or a list. Partial credit: a third each.

    >>> vocab_from_train(["<pad>", "<unk>", "cat", "dog"], [["cat"]], [["dog"]])
    Traceback (most recent call last):
    autograder.expect.verdict.NotMet: Expected: words of the training texts only
    Got: 1 words come from elsewhere, for example dog
    Next: Build the vocabulary before you look at the other texts.

    Catches: a vocabulary built on all texts, ids with gaps.
    Blind to: the choice of training words; use `tokens_match` and `tfidf`.
    """
    ids = word_ids(vocabulary)
    known = {token for tokens in train_tokens for token in tokens} | set(specials)
    unseen = {token for tokens in unseen_tokens for token in tokens} - known
    strange = sorted(set(ids) - known, key=lambda word: (word not in unseen, word))
    dense = sorted(ids.values()) == list(range(len(ids))) and len(ids) > len(specials)
    small = at_most is None or len(ids) <= at_most
    right = (not strange) + dense + small
    return decide(
        1.0 if right == 3 else right * THIRD,
        expected="words of the training texts only"
        if strange
        else "ids 0 to {top}, each once"
        if not dense
        else "at most {most} words",
        got="{count} words come from elsewhere, for example {example}"
        if strange
        else "ids from {low} to {high} for {size} words"
        if not dense
        else "{size} words",
        next="Build the vocabulary before you look at the other texts."
        if strange
        else "Number the words with enumerate, the special ones first.",
        count=len(strange),
        example=strange[0] if strange else "",
        top=max(len(ids) - 1, 0),
        most=at_most,
        low=min(ids.values(), default=0),
        high=max(ids.values(), default=0),
        size=len(ids),
    )


@check
def padded(
    sequences: Any,
    length: int,
    *,
    side: str = "post",
    value: int = 0,
    originals: Sequence[Sequence[int]] | None = None,
) -> Verdict:
    """Check that sequences are one array (n, length) of whole numbers, padded at this side only.

    `originals`: the sequences before padding; each must still be there (cut where it is longer).

    >>> padded([[0, 0, 5], [1, 2, 3]], 3, originals=[[5], [1, 2, 3]])
    Traceback (most recent call last):
    autograder.expect.verdict.NotMet: Expected: length 3, padded with 0 at the end (post)
    Got: row 0 is [0, 0, 5]
    Next: pad_sequences(sequences, maxlen=3, padding="post").

    Catches: padding at the wrong side, ragged rows, a length taken from the longest text.
    Blind to: without `originals`, the padding side of rows that hold the value themselves.
    """
    if side not in ("pre", "post"):
        raise WrongSetting(f"side={side!r} is neither pre nor post")
    found = coerce.integers(sequences, "the padded sequences", shape=(None, length))
    wrong = [i for i, row in enumerate(found) if not _pad_right(row, side, value)]
    if originals is not None:
        if len(originals) != len(found):
            raise coerce.wrong_shape(found.shape, (len(originals), length), "the padded sequences")
        wrong += [
            i
            for i, (row, own) in enumerate(zip(found, originals, strict=True))
            if not _holds(row, np.asarray(own, dtype=np.int64), side, value)
        ]
    row = min(wrong) if wrong else 0
    return decide(
        not wrong,
        expected="length {length}, padded with {value} at the end (post)"
        if side == "post"
        else "length {length}, padded with {value} at the start (pre)",
        got="row {row} is {found}",
        next='pad_sequences(sequences, maxlen={length}, padding="{side}").',
        length=length,
        value=value,
        side=side,
        row=row,
        found=found[row].tolist(),
    )


def _pad_right(row: Array, side: str, value: int) -> bool:
    filled = np.flatnonzero(row != value)
    if not len(filled):
        return True
    return bool(filled[-1] == len(row) - 1) if side == "pre" else bool(filled[0] == 0)


def _holds(row: Array, own: Array, side: str, value: int) -> bool:
    kept = min(len(own), len(row))
    inner, rest = (row[:kept], row[kept:]) if side == "post" else (row[-kept:], row[:-kept])
    if not kept:
        inner, rest = row[:0], row
    fits = (inner == own[:kept]).all() or (inner == own[len(own) - kept :]).all()
    return bool(fits and (rest == value).all())


def tfidf_matrix(documents: Sequence[Sequence[str]], columns: Mapping[str, int]) -> Array:
    """Return tf-idf of each document (rows) and word (columns), rows of unit length.

    Count × (ln((1 + n) / (1 + df)) + 1), then divided by the row's Euclidean length, as in the
    defaults of sklearn.feature_extraction.text.TfidfVectorizer. Words without a column are ignored.
    """
    matrix = np.zeros((len(documents), len(columns)))
    for i, tokens in enumerate(documents):
        for word, count in Counter(tokens).items():
            if word in columns:
                matrix[i, columns[word]] = count
    n, df = len(documents), (matrix > 0).sum(axis=0)
    matrix *= np.log((1 + n) / (1 + df)) + 1
    lengths = np.linalg.norm(matrix, axis=1, keepdims=True)
    return np.asarray(np.divide(matrix, lengths, out=np.zeros_like(matrix), where=lengths > 0))


@check
def tfidf(
    matrix: Any, documents: Sequence[Sequence[str]], vocabulary: Any, *, atol: float = 1e-4
) -> Verdict:
    """Check that a matrix (documents, words) is the documents' tf-idf, with rows of unit length.

    `documents`: lists of tokens; `vocabulary`: {word: column} or the words in order. Formula: count
    × (ln((1 + n) / (1 + df)) + 1), then each row divided by its length. Partial credit: a third
    each for shape, row lengths, values.

    >>> tfidf([[1.0, 1.0]], [["cat", "dog"]], ["cat", "dog"])
    Traceback (most recent call last):
    autograder.expect.verdict.NotMet: Expected: tf-idf of cat in document 0 = 0.7071
    Got: 1
    Next: idf = ln((1 + n) / (1 + df)) + 1, then divide each row by its length.

    Catches: idf without + 1, rows that were not normalised, columns out of step with the words.
    Blind to: wrong tokens.
    """
    columns = word_ids(vocabulary)
    docs = [[str(t) for t in doc] for doc in documents]
    if not docs:
        raise WrongSetting("there must be at least one document")
    if sorted(columns.values()) != list(range(len(columns))):
        raise coerce.empty("the vocabulary")
    want = tfidf_matrix(docs, columns)
    found = coerce.floats(matrix, "the matrix", shape=want.shape)
    filled = np.linalg.norm(want, axis=1) > 0
    lengths = np.linalg.norm(found, axis=1)
    unit = bool(np.abs(lengths[filled] - 1).max(initial=0) <= 1e-3)
    right = within_tolerance(found, want, 1e-4, atol)
    row, column = np.unravel_index(int(np.abs(found - want).argmax()), want.shape)
    names = {i: word for word, i in columns.items()}
    demands = 1 + unit + bool(right.all())
    return decide(
        1.0 if right.all() else demands * THIRD,
        expected="tf-idf of {case_word} in document {document} = {case_want}",
        got="{found}",
        next="idf = ln((1 + n) / (1 + df)) + 1, then divide each row by its length.",
        score=float(right.mean()),
        case_word=names[int(column)],
        document=int(row),
        case_want=float(want[row, column]),
        found=float(found[row, column]),
    )
