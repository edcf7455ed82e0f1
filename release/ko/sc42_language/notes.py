"""The notes of a lost-property office, and what people ask it.

A note names four things, twice each, among little words that all notes share. A question names two
of the four, and is mostly little words as well: who counts those finds the wrong note.
"""

from __future__ import annotations

import numpy as np

THINGS = (
    "umbrella violin passport camera scarf bicycle wallet laptop trumpet backpack glove "
    "lantern notebook telescope helmet kettle guitar necklace suitcase skateboard thermos "
    "tripod racket bracelet mitten compass drone flute satchel binoculars earring tablet "
    "parasol sandal whistle keyring teddy monocle ukulele briefcase beret harmonica lunchbox "
    "pendant cap yoyo canteen clarinet sketchbook snorkel brooch saddle magnifier toolbox "
    "accordion blanket visor stapler"
)
LITTLE = (
    "the a was on and in it to of found with at near by is please this that there one seat left"
)
NOTES = 60
LENGTH, ASKED = 30, 8  # little words in a note and in a question


def notes():
    """Returns the 60 notes, texts of some forty words; no two things stand together in two."""
    rng = np.random.default_rng(42)
    return [_text([*things, *things], LENGTH, rng) for things in _things_of_notes()]


def questions(n, rng):
    """Returns `n` questions drawn by `rng`, and the number of the note that answers each (n,)."""
    wanted = rng.integers(0, NOTES, n)
    all_things = _things_of_notes()
    asked = [rng.choice(all_things[i], 2, replace=False) for i in wanted]
    return [_text([str(thing) for thing in two], ASKED, rng) for two in asked], wanted


def _things_of_notes():
    rng = np.random.default_rng(4200)
    chosen, pairs = [], set()
    while len(chosen) < NOTES:
        four = sorted(str(thing) for thing in rng.choice(THINGS.split(), 4, replace=False))
        own = {(a, b) for a in four for b in four if a < b}
        if not own & pairs:
            chosen.append(four)
            pairs |= own
    return chosen


def _text(words, little, rng):
    """The words among so many little ones, in any order, as sentences of about ten words."""
    common = LITTLE.split()
    chances = 1 / np.arange(6, len(common) + 6)
    words = [*words, *map(str, rng.choice(common, little, p=chances / chances.sum()))]
    words = [words[i] for i in rng.permutation(len(words))]
    sentences = [words[i : i + 10] for i in range(0, len(words), 10)]
    return " ".join(" ".join(sentence).capitalize() + "." for sentence in sentences)
