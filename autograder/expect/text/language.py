"""Checks of language models and translators, on text the student has not seen."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np

from autograder.expect import coerce
from autograder.expect.coerce import Array
from autograder.expect.verdict import Verdict, WrongSetting, check, decide, legible, linear_credit

SHOWN = 80  # maximum characters of a text in a message


# ── Perplexity ───────────────────────────────────────────────────────────────────────


def mean_surprise(scores: Array, targets: Array, from_logits: bool) -> float:
    """Return the mean negative log-likelihood, in nats, of targets (N,) under scores (N, v)."""
    place = np.arange(len(targets))
    if not from_logits:
        with np.errstate(divide="ignore"):
            return float(-np.log(scores[place, targets]).mean())
    top = scores.max(axis=1, keepdims=True)
    normaliser = np.log(np.exp(scores - top).sum(axis=1)) + top[:, 0]
    return float((normaliser - scores[place, targets]).mean())


def looks_like_logits(scores: Array) -> bool:
    """Return whether rows are not probabilities: a value below 0, or a sum that is not 1."""
    return bool(scores.min() < 0 or np.abs(scores.sum(axis=-1) - 1).max() > 1e-3)


@check
def perplexity(
    scores: Any,
    targets: Any,
    *,
    at_most: float,
    partial_from: float | None = None,
    baseline: float | None = None,
    from_logits: bool | None = None,
    ignore: int | None = None,
) -> Verdict:
    """Check that exp(mean negative log-likelihood) of unseen text is at most `at_most`.

    `scores`: (n, T, vocabulary) probabilities or logits (distinguished by their sums unless
    `from_logits` is given). `targets`: (n, T) ids, `ignore` one of them (padding). `baseline`: the
    perplexity of counting pairs; partial credit is linear from it.

    >>> perplexity([[[0.5, 0.5]]], [[1]], at_most=1.5, baseline=2.5)
    Traceback (most recent call last):
    autograder.expect.verdict.NotMet: Expected: a perplexity of at most 1.5 on unseen text
    Got: 2 (counting pairs gives 2.5)
    Next: The targets must be the inputs shifted by one; then train longer.

    Catches: targets that are not shifted, too little training.
    Blind to: models that see the target: compute the scores yourself, add `no_peeking`.
    """
    want = np.asarray(targets)
    if want.size == 0 or want.dtype.kind not in "iu":
        raise WrongSetting("the targets are whole numbers")
    found = coerce.floats(scores, "the scores", shape=(*want.shape, None))
    flat, ids = found.reshape(-1, found.shape[-1]), want.reshape(-1).astype(np.int64)
    kept = np.ones(len(ids), bool) if ignore is None else ids != ignore
    if not kept.any() or ids.min() < 0:
        raise WrongSetting("no target is left")
    if ids.max() >= flat.shape[1]:
        raise coerce.wrong_shape(found.shape, (*want.shape, int(ids.max()) + 1), "the scores")
    logits = looks_like_logits(flat) if from_logits is None else from_logits
    if not logits and looks_like_logits(flat):
        raise coerce.failing(
            expected="probabilities that sum to 1",
            got="scores that do not",
            next="Apply softmax over the last axis.",
        )
    surprise = mean_surprise(flat[kept], ids[kept], logits)
    score = math.exp(min(surprise, 700.0)) if surprise == surprise else math.nan
    start = partial_from if partial_from is not None else baseline
    return decide(
        linear_credit(score, at_most=at_most, partial_from=start),
        expected="a perplexity of at most {want} on unseen text",
        got="{found} (counting pairs gives {baseline})" if baseline is not None else "{found}",
        next="The targets must be the inputs shifted by one; then train longer.",
        score=score,
        want=at_most,
        found=score,
        baseline=baseline,
    )


# ── Translation ──────────────────────────────────────────────────────────────────────


@check
def translates(
    translate: Any,
    pairs: Iterable[tuple[str, str]],
    *,
    at_least: float,
    partial_from: float = 0.0,
) -> Verdict:
    """Check that enough unseen sentences are translated fully right, decoding freely.

    `translate` takes the list of sources and returns as many strings. Partial credit: linear.

    >>> translates(lambda texts: ["1"] * len(texts), [("one", "1"), ("two", "2")], at_least=0.9)
    Traceback (most recent call last):
    autograder.expect.verdict.NotMet: Expected: two → 2, and 90 % of unseen sentences fully right
    Got: 1; 50 % are right
    Next: If accuracy with the right words given is high but this is low, look at mask and shift.

    Catches: a missing causal mask, inputs that are not shifted: both look perfect while training.
    Blind to: near misses: add `bleu` for long sentences.
    """
    drawn = list(pairs)
    if not drawn:
        raise WrongSetting("there must be at least one pair")
    sources = [source for source, _ in drawn]
    found = coerce.texts(coerce.call(translate, sources, name="translate"), "the translations")
    if len(found) != len(drawn):
        raise coerce.wrong_shape((len(found),), (len(drawn),), "the translations")
    wrong = [i for i, (_, want) in enumerate(drawn) if found[i] != want]
    i = wrong[0] if wrong else 0
    share = 1 - len(wrong) / len(drawn)
    return decide(
        linear_credit(share, at_least=at_least, partial_from=partial_from),
        expected="{case_source} → {case_want}, and {want} % of unseen sentences fully right",
        got="{case_found}; {share} % are right",
        next="If accuracy with the right words given is high but this is low, look at mask and "
        "shift.",
        score=share,
        want=round(100 * at_least, 1),
        case_source=legible(drawn[i][0], SHOWN),
        case_want=legible(drawn[i][1], SHOWN),
        case_found=legible(found[i], SHOWN),
        share=round(100 * share, 1),
    )


def ngrams(tokens: Sequence[str], n: int) -> Counter[tuple[str, ...]]:
    """Return the number of occurrences of each run of n tokens."""
    return Counter(tuple(tokens[i : i + n]) for i in range(len(tokens) - n + 1))


def corpus_bleu(candidates: Sequence[Sequence[str]], references: Sequence[Sequence[str]]) -> float:
    """Return BLEU-4 of a corpus with one reference each, no smoothing. Papineni et al. 2002.

    Geometric mean of the clipped precisions of 1- to 4-grams over the whole corpus, times exp(1 -
    r/c) where the candidates are shorter; 0 where a precision is 0.
    """
    matched, total = np.zeros(4), np.zeros(4)
    for candidate, reference in zip(candidates, references, strict=True):
        for n in range(4):
            own, want = ngrams(candidate, n + 1), ngrams(reference, n + 1)
            matched[n] += sum((own & want).values())
            total[n] += sum(own.values())
    if (matched == 0).any():
        return 0.0
    c, r = sum(map(len, candidates)), sum(map(len, references))
    brevity = 1.0 if c > r else math.exp(1 - r / c)
    return float(brevity * np.exp(np.log(matched / total).mean()))


@check
def bleu(
    candidates: Any,
    references: Sequence[str],
    *,
    at_least: float,
    partial_from: float = 0.0,
    tokenize: Callable[[str], list[str]] = str.split,
) -> Verdict:
    """Check that corpus BLEU-4 (0 to 1, one reference each, no smoothing) reaches `at_least`.

    >>> bleu(["a b c d e"], ["a b c d f"], at_least=0.9)
    Traceback (most recent call last):
    autograder.expect.verdict.NotMet: Expected: BLEU at least 0.9
    Got: 0.6687
    Next: Read a few translations beside their references: words missing, or in another order?

    Catches: translations with the right words in the wrong order.
    Blind to: meaning; and it is 0 for corpora without a single right 4-gram.
    """
    want = list(references)
    found = coerce.texts(candidates, "the translations")
    if len(found) != len(want):
        raise coerce.wrong_shape((len(found),), (len(want),), "the translations")
    score = corpus_bleu([tokenize(t) for t in found], [tokenize(t) for t in want])
    return decide(
        linear_credit(score, at_least=at_least, partial_from=partial_from),
        expected="BLEU at least {want}",
        got="{found}",
        next="Read a few translations beside their references: words missing, or in another order?",
        score=score,
        want=at_least,
        found=score,
    )
