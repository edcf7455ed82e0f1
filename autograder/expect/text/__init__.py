"""Checks of text: tokens, word vectors, sequence models, language models, translators."""

from autograder.expect.text.attention import (
    attention_rows,
    no_peeking,
    order_matters,
    pad_invariant,
    positions,
    uses_source,
)
from autograder.expect.text.generated import generated_text
from autograder.expect.text.language import bleu, perplexity, translates
from autograder.expect.text.sequences import probabilities, rnn_step
from autograder.expect.text.tokens import padded, roundtrip, tfidf, tokens_match, vocab_from_train
from autograder.expect.text.vectors import (
    analogies,
    closer_than,
    pretraining_helps,
    skipgram_pairs,
    unseen_words,
)

__all__ = [
    "analogies",
    "attention_rows",
    "bleu",
    "closer_than",
    "generated_text",
    "no_peeking",
    "order_matters",
    "pad_invariant",
    "padded",
    "perplexity",
    "positions",
    "pretraining_helps",
    "probabilities",
    "rnn_step",
    "roundtrip",
    "skipgram_pairs",
    "tfidf",
    "tokens_match",
    "translates",
    "unseen_words",
    "uses_source",
    "vocab_from_train",
]
