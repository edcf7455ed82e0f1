"""Checks of text that a model generated: length, variety, novelty and plausibility."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from autograder.expect import coerce
from autograder.expect.text.language import ngrams
from autograder.expect.verdict import Verdict, check, decide, msgid

BETWEEN = "\0"  # separator of samples; occurs in no text


def distinct_share(tokens: Sequence[str], n: int = 2) -> float:
    """Return distinct n-grams as a share of all. Li et al. 2016 (distinct-n).

    >>> distinct_share("a b a b".split())
    0.6666666666666666
    """
    counts = ngrams(tokens, n)
    return len(counts) / sum(counts.values()) if counts else 0.0


def runs(text: str, size: int) -> set[int]:
    """Return the hashes of all substrings of this length."""
    return {hash(text[i : i + size]) for i in range(len(text) - size + 1)}


def longest_copied(sample: str, text: str) -> int:
    """Return the length of the longest substring that the sample shares with the text.

    The length is found by binary search over hashes of all substrings of one length: 1 to 2 s for
    200,000 characters.

    >>> longest_copied("xxcat saxx", "the cat sat")
    6
    """
    low, high = 0, min(max(map(len, sample.split(BETWEEN))), len(text))
    while low < high:
        size = (low + high + 1) // 2
        if not runs(sample, size).isdisjoint(runs(text, size)):
            low = size
        else:
            high = size - 1
    return low


def pair_perplexity(sample: str, text: str) -> float:
    """Return the sample's character perplexity under pair counts of the text, 0.1 added to each."""
    alphabet = {c: i for i, c in enumerate(sorted(set(text)))}
    size = len(alphabet) + 1  # one index for characters missing in the text
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
    """Check that generated texts are long enough, in the alphabet, varied, not copied, plausible.

    Rules, an equal share each: every sample has `at_least_length` characters; all of them occur in
    the alphabet (the training text's); the share of distinct word pairs over all samples; no run of
    more than `longest_copy` characters from the training text; character pairs as likely as in the
    training text (`perplexity_at_most`, if given).

    >>> generated_text(["the the the the the the the the"], "the cat sat on the mat")
    Traceback (most recent call last):
    autograder.expect.verdict.NotMet: Expected: at least 0.3 of all word pairs distinct
    Got: 0.25
    Next: Sample with a temperature; do not always take the most likely next token.

    Catches: always taking the most likely token, copied training text, untrained gibberish.
    Blind to: meaningless text.
    """
    many = [samples] if isinstance(samples, str) else samples
    found = coerce.texts(many, "the samples")
    if not found or len(training_text) < 2:
        raise coerce.empty("the samples")
    found = [sample[:1000].replace(BETWEEN, "") for sample in found[:50]]
    strange = sorted({c for sample in found for c in sample} - set(alphabet or training_text))
    shortest = min(map(len, found))
    varied = distinct_share([w for sample in found for w in [*sample.split(), "\n"]])
    copied = longest_copied(BETWEEN.join(found), training_text)
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
            {"found": coerce.listed(strange)},
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
