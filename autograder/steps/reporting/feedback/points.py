"""Points, bars, states and stamps as a feedback page shows them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from autograder.language import translate
from autograder.nouns import NotebookResult, fill
from autograder.presentation import result_text


@dataclass(frozen=True)
class Points:
    """A number of points, split into parts so that the page can emphasize the number."""

    before: str
    number: str
    after: str
    got: float
    most: float
    waits: bool = False

    @property
    def whole(self) -> str:
        return f"{self.before}{self.number}{self.after}"


@dataclass(frozen=True)
class Piece:
    """One piece of a bar, in percent of the bar's width."""

    tone: str
    start: float
    width: float


@dataclass(frozen=True)
class State:
    """A state in words, with its sign; the tone names its colour."""

    words: str
    sign: str
    tone: str


@dataclass(frozen=True)
class Stamp:
    """A caveat about the result."""

    title: str
    text: str
    sign: str = "⚠"
    tone: str = "warn"


def points_of(got: float | None, most: float) -> Points:
    """Return `{points} of {max} points` in the language's word order."""
    template = translate("{points} of {max} points")
    number = "–" if got is None else result_text.number(got)
    before, _, after = fill(template, {"points": "\0", "max": result_text.number(most)}).partition(
        "\0"
    )
    return Points(before, number, after, got or 0.0, most, got is None)


def bar_of(pieces: Sequence[tuple[str, float]], whole: float) -> tuple[Piece, ...]:
    """Return consecutive pieces, with their shares of `whole` in percent."""
    found, at = [], 0.0
    for tone, size in pieces:
        width = round(100 * min(max(size / whole, 0.0), 1.0), 2) if whole > 0 else 0.0
        if width > 0:
            found.append(Piece(tone, round(at, 2), width))
        at += width
    return tuple(found)


def chip(state: result_text.State) -> State:
    """Return a state in the reader's language."""
    return State(result_text.in_words(state), state.sign, state.tone)


def stamps(results: Sequence[NotebookResult]) -> tuple[Stamp, ...]:
    """Return the caveats of these results: no sandbox, tests beside student code, no training."""
    found = []
    if any(result.tier == "UNSANDBOXED" for result in results):
        text = translate("Your code was run without isolation from the grader's machine.")
        found.append(Stamp("UNSANDBOXED", text))
    if any(task.beside_student_code for result in results for task in result.tasks):
        text = translate("At least one test ran in the same process as your code.")
        found.append(Stamp("TESTS BESIDE STUDENT CODE", text))
    if not all(result.retrained for result in results):
        text = translate("Training was not repeated: what you kept was judged on unseen data.")
        found.append(Stamp("NOT RETRAINED", text))
    return tuple(found)
