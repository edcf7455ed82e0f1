"""Small drawings for a result: a line from a score to its target, and a strip of points.

They repeat the text beside them. All positions are percentages, so the drawings scale without
distortion.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from autograder.presentation import distance
from autograder.presentation.distance import Distance


def line(found: Distance | None) -> str:
    """Return the distance as a line on which right is better, with its legend."""
    if found is None:
        return ""
    at = distance.places(found)
    tone = "good" if found.reached else "bad"
    pieces = ['<rect class="ag-track" width="100%" y="10" height="6" rx="3"/>']
    if at.right_answers is not None:
        left, right = at.right_answers
        pieces.append(
            f'<rect class="ag-right" x="{_pc(left)}" width="{_pc(max(right - left, 0.015))}" '
            'y="6" height="14" rx="3"/>'
        )
    pieces.append(
        f'<rect class="ag-fill-{tone}" width="{_pc(at.score)}" y="10" height="6" rx="3"/>'
    )
    for mark, place in (("base", at.baseline), ("start", at.partial_from), ("target", at.target)):
        if place is not None:
            x = _pc(place)
            pieces.append(f'<line class="ag-mark-{mark}" x1="{x}" x2="{x}" y1="2" y2="24"/>')
    pieces.append(f'<circle class="ag-dot-{tone}" cx="{_pc(at.score)}" cy="13" r="6"/>')
    sentence = escape(distance.in_words(found), quote=True)
    keys = "".join(
        f'<li><i class="ag-key-{mark} ag-key-{tone}"></i>{escape(text)}</li>'
        for mark, text in distance.legend(found)
    )
    return (
        f'<div class="ag-line"><svg role="img" aria-label="{sentence}">{"".join(pieces)}</svg>'
        f'<ul aria-hidden="true">{keys}</ul></div>'
    )


def strip(points: Sequence[tuple[float, float, bool]]) -> str:
    """Return one bar per criterion from (points, maximum points, checked later), without text."""
    pieces = []
    for got, most, later in points:
        if most <= 0:
            continue
        share = min(max(got / most, 0.0), 1.0)
        tone = "later" if later else "open"
        pieces.append(
            f'<i class="ag-piece-{tone}" style="flex:{most:g}">'
            f'<i class="ag-got" style="width:{share:.1%}"></i></i>'
        )
    return f'<div class="ag-strip" aria-hidden="true">{"".join(pieces)}</div>'


def _pc(share: float) -> str:
    return f"{100 * share:.1f}%"
