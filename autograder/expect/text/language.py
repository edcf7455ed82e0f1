"""Checks of language models and translators: always on text the student has not seen."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np

from autograder.expect import read
from autograder.expect.read import Array
from autograder.expect.verdict import (
    Verdict,
    WrongSetting,
    check,
    decide,
    legible,
    linear_credit,
    msgid,
)

SHOWN = 80  # characters of a text in a message


# ── Perplexity ───────────────────────────────────────────────────────────────────────


def mean_surprise(scores: Array, targets: Array, from_logits: bool) -> float:
    """Mean negative log-likelihood of the targets (N,) under scores (N, vocabulary), in nats."""
    place = np.arange(len(targets))
    if not from_logits:
        with np.errstate(divide="ignore"):
            return float(-np.log(scores[place, targets]).mean())
    top = scores.max(axis=1, keepdims=True)
    normaliser = np.log(np.exp(scores - top).sum(axis=1)) + top[:, 0]
    return float((normaliser - scores[place, targets]).mean())


def looks_like_logits(scores: Array) -> bool:
    """Whether rows are no probabilities: something below 0, or a sum that is not 1."""
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
    """Whether exp(mean negative log-likelihood) of unseen text is at most so large.

    `scores`: (n, T, vocabulary) probabilities or logits (told apart by their sums unless
    `from_logits` says so); `targets`: (n, T) ids, `ignore` one of them (padding). `baseline`: what
    counting pairs gives; partial credit is linear from it.

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
    found = read.floats(scores, "the scores", shape=(*want.shape, None))
    flat, ids = found.reshape(-1, found.shape[-1]), want.reshape(-1).astype(np.int64)
    kept = np.ones(len(ids), bool) if ignore is None else ids != ignore
    if not kept.any() or ids.min() < 0:
        raise WrongSetting("no target is left")
    if ids.max() >= flat.shape[1]:
        raise read.wrong_shape(found.shape, (*want.shape, int(ids.max()) + 1), "the scores")
    logits = looks_like_logits(flat) if from_logits is None else from_logits
    if not logits and looks_like_logits(flat):
        raise read.failing(
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
    """Whether enough unseen sentences are translated fully right, decoding freely.

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
    found = read.texts(read.call(translate, sources, name="translate"), "the translations")
    if len(found) != len(drawn):
        raise read.wrong_shape((len(found),), (len(drawn),), "the translations")
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
    """How often each run of n tokens occurs."""
    return Counter(tuple(tokens[i : i + n]) for i in range(len(tokens) - n + 1))


def corpus_bleu(candidates: Sequence[Sequence[str]], references: Sequence[Sequence[str]]) -> float:
    """BLEU-4 of a corpus with one reference each, no smoothing. Papineni et al. 2002.

    Geometric mean of the clipped precisions of 1- to 4-grams over the whole corpus, times
    exp(1 - r/c) where the candidates are shorter; 0 where a precision is 0.
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
    """Whether corpus BLEU-4 (0 to 1, one reference each, no smoothing) reaches `at_least`.

    >>> bleu(["a b c d e"], ["a b c d f"], at_least=0.9)
    Traceback (most recent call last):
    autograder.expect.verdict.NotMet: Expected: BLEU at least 0.9
    Got: 0.6687
    Next: Read a few translations beside their references: words missing, or in another order?

    Catches: translations with the right words in the wrong order.
    Blind to: meaning; and it is 0 for corpora without a single right 4-gram.
    """
    want = list(references)
    found = read.texts(candidates, "the translations")
    if len(found) != len(want):
        raise read.wrong_shape((len(found),), (len(want),), "the translations")
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


# ── Generated text ───────────────────────────────────────────────────────────────────


def distinct_share(tokens: Sequence[str], n: int = 2) -> float:
    """Distinct n-grams as a share of all. Li et al. 2016 (distinct-n).

    >>> distinct_share("a b a b".split())
    0.6666666666666666
    """
    counts = ngrams(tokens, n)
    return len(counts) / sum(counts.values()) if counts else 0.0


def longest_copied(sample: str, text: str) -> int:
    """The length of the longest run of characters that the sample shares with the text."""
    low, high = 0, len(sample)
    while low < high:
        size = (low + high + 1) // 2
        if any(sample[i : i + size] in text for i in range(len(sample) - size + 1)):
            low = size
        else:
            high = size - 1
    return low


def pair_perplexity(sample: str, text: str) -> float:
    """Perplexity of the sample's characters under pair counts of the text (0.1 added to each)."""
    alphabet = {c: i for i, c in enumerate(sorted(set(text)))}
    size = len(alphabet) + 1  # one place for characters the text does not have
    ids = np.array([alphabet[c] for c in text])
    counts = np.full((size, size), 0.1)
    np.add.at(counts, (ids[:-1], ids[1:]), 1)
    own = np.array([alphabet.get(c, size - 1) for c in sample])
    likely = counts[own[:-1], own[1:]] / counts[own[:-1]].sum(axis=1)
    return float(np.exp(-np.log(likely).mean())) if len(own) > 1 else math.inf


@check
def generated_text(
    samples: Any,
    training_text: str,
    *,
    at_least_length: int = 20,
    alphabet: str | None = None,
    distinct_2: float = 0.3,
    longest_copy: int = 30,
    perplexity_at_most: float | None = None,
) -> Verdict:
    """Whether generated texts are long enough, in the alphabet, varied, not copied, and plausible.

    Rules, an equal share each: every sample has `at_least_length` characters; all of them occur in
    the alphabet (the training text's); the share of distinct word pairs over all samples; no run
    of more than `longest_copy` characters from the training text; character pairs as likely as in
    the training text (`perplexity_at_most`, if given).

    >>> generated_text(["the the the the the the the the"], "the cat sat on the mat")
    Traceback (most recent call last):
    autograder.expect.verdict.NotMet: Expected: at least 0.3 of all word pairs distinct
    Got: 0.25
    Next: Sample with a temperature; do not always take the most likely next token.

    Catches: always taking the most likely token, copied training text, untrained gibberish.
    Blind to: sense.
    """
    many = [samples] if isinstance(samples, str) else samples
    found = read.texts(many, "the samples")
    if not found or len(training_text) < 2:
        raise read.empty("the samples")
    found = [sample[:5000] for sample in found[:200]]
    strange = sorted({c for sample in found for c in sample} - set(alphabet or training_text))
    shortest = min(map(len, found))
    varied = distinct_share([w for sample in found for w in [*sample.split(), "\n"]])
    copied = max(longest_copied(sample, training_text) for sample in found)
    rules: list[tuple[bool, str, str, dict[str, Any]]] = [
        (
            shortest >= at_least_length,
            msgid("samples of at least {want} characters"),
            msgid("the shortest has {found}"),
            {"want": at_least_length, "found": shortest},
        ),
        (
            not strange,
            msgid("only characters of the training text"),
            msgid("others: {found}"),
            {"found": read.listed(strange)},
        ),
        (
            varied >= distinct_2,
            msgid("at least {want} of all word pairs distinct"),
            msgid("{found}"),
            {"want": distinct_2, "found": varied},
        ),
        (
            copied <= longest_copy,
            msgid("no run of more than {want} characters from the training text"),
            msgid("a run of {found}"),
            {"want": longest_copy, "found": copied},
        ),
    ]
    if perplexity_at_most is not None:
        plausible = pair_perplexity("\n".join(found), training_text)
        rules.append(
            (
                plausible <= perplexity_at_most,
                msgid("character pairs with a perplexity of at most {want}"),
                msgid("{found}"),
                {"want": perplexity_at_most, "found": plausible},
            )
        )
    broken = [rule for rule in rules if not rule[0]]
    _, expected, got, values = broken[0] if broken else rules[0]
    return decide(
        1 - len(broken) / len(rules),
        expected=expected,
        got=got,
        next="Sample with a temperature; do not always take the most likely next token.",
        **values,
    )
