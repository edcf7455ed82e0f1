"""Results as a table for a notebook and as text elsewhere, with the same words in both.

The table says everything in words. Colours, signs and the drawn line only repeat it, because a
front end may remove them (JupyterLab strips styles and drawings from an untrusted notebook).
"""

from __future__ import annotations

import os
import unicodedata
from base64 import b64encode
from html import escape
from typing import TYPE_CHECKING

from autograder.expect.verdict import msgid
from autograder.language import current, translate
from autograder.nouns import fill
from autograder.presentation import distance, drawing, result_text
from autograder.presentation.styles import STYLE

if TYPE_CHECKING:
    from autograder.student.check_result import CheckResult, CheckRow

LONGEST = 800  # maximum characters of one table cell


def plain_mode() -> bool:
    """Return whether the student wants text instead of tables (`%env AUTOGRADER_PLAIN=1`)."""
    return os.environ.get("AUTOGRADER_PLAIN", "").lower() not in ("", "0", "false", "no")


def bundle(text: str, html: str) -> dict[str, str]:
    """Return the MIME bundle for a notebook: text, and the table unless plain text is wanted."""
    return {"text/plain": text} if plain_mode() else {"text/plain": text, "text/html": html}


def clean(text: str) -> str:
    """Return text safe to display: shortened, without control and text-direction characters."""
    cut = text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"
    return "".join(c for c in cut if c == "\n" or unicodedata.category(c) not in ("Cc", "Cf"))


def block(title: str, summary: str, inside: str) -> str:
    """Return one framed block of output with its own style. Escapes the title and the summary."""
    return (
        f'<div class="ag" lang="{escape(current())}">{STYLE}<section aria-label="{_e(title)}">'
        f'<p class="ag-head"><strong>{_e(title)}</strong> <span>{_e(summary)}</span></p>'
        f"{inside}</section></div>"
    )


def _e(text: str) -> str:
    return escape(clean(text), quote=True)


# ── Text ─────────────────────────────────────────────────────────────────────────────


def as_text(checked: CheckResult) -> str:
    """Return the result as lines of text."""
    lines = [f"{clean(checked.title)}: {checked.summary}"]
    for row in checked.rows:
        lines += _row_lines(row)
    lines += [f"  {clean(note)}" for note in checked.notes]
    if checked.printed:
        lines += [f"  {translate('Printed while checking')}:"]
        lines += [f"    {line}" for line in clean(checked.printed).splitlines()]
    return "\n".join(lines)


def _row_lines(row: CheckRow) -> list[str]:
    state = row.state
    lines = [
        f"[{state.sign} {result_text.in_words(state)}] {clean(row.demand)} ({_points(row)})",
        *(f"    {label}: {clean(text)}" for label, text in _parts(row)),
    ]
    if row.distance is not None:
        lines.append(f"    {translate('Distance')}: {distance.in_words(row.distance)}")
    lines += [f"    {label}: {clean(text)}" for label, text in _hints(row)]
    return lines + ([f"    {_promise(row)}"] if row.more_hints else [])


def _parts(row: CheckRow) -> list[tuple[str, str]]:
    texts = {"Expected": row.expected, "Got": row.got, "Next": row.next}
    return [(translate(label), text) for label, text in texts.items() if text]


def _hints(row: CheckRow) -> list[tuple[str, str]]:
    return [
        (fill(translate("Hint {n}"), {"n": n}), hint) for n, hint in enumerate(row.hints, start=1)
    ]


def _promise(row: CheckRow) -> str:
    """Return the announcement of a further hint if there is one, else ""."""
    return translate("A hint comes after another, different attempt.") if row.more_hints else ""


def _points(row: CheckRow) -> str:
    if row.state is result_text.LATER:
        return fill(translate("{max} points"), {"max": result_text.number(row.max_points)})
    values = {"points": result_text.number(row.points), "max": result_text.number(row.max_points)}
    return fill(translate("{points} of {max} points"), values)


# ── Table ────────────────────────────────────────────────────────────────────────────

COLUMNS = (
    msgid("State"),
    msgid("Demand"),
    msgid("Expected"),
    msgid("Got"),
    msgid("Next"),
    msgid("Points"),
)


def as_html(checked: CheckResult) -> str:
    """Return the result as a table with one row per criterion; every state is in words."""
    head = "".join(map(_column, COLUMNS))
    rows = "".join(map(_row_html, checked.rows))
    caption = fill(translate("Result of checking {task}"), {"task": checked.task})
    strip = drawing.strip(
        [(r.points, r.max_points, r.state is result_text.LATER) for r in checked.rows]
    )
    table = (
        f'<table role="table"><caption>{_e(caption)}</caption>'
        f'<thead role="rowgroup"><tr role="row">{head}</tr></thead>'
        f'<tbody role="rowgroup">{rows}</tbody></table>'
    )
    notes = "".join(f'<p class="ag-note">{_e(note)}</p>' for note in checked.notes)
    inside = strip + table + notes + _printed(checked.printed)
    return block(checked.title, checked.summary, inside)


def _column(name: str) -> str:
    kind = ' class="ag-points"' if name == "Points" else ""
    return f'<th scope="col" role="columnheader"{kind}>{_e(translate(name))}</th>'


def _row_html(row: CheckRow) -> str:
    state = row.state
    shown = f'<i aria-hidden="true">{state.sign}</i> {_e(result_text.in_words(state))}'
    cells = [
        f'<td role="cell" class="ag-state"><span class="ag-{state.tone}">{shown}</span></td>',
        f'<th scope="row" role="rowheader">{_e(row.demand)}</th>',
        cell("Expected", _e(row.expected)),
        cell("Got", _e(row.got) + drawing.line(row.distance) + _pictures(row)),
        cell("Next", _e(row.next) + _hints_html(row)),
        f'<td role="cell" class="ag-points">{_e(_points(row))}</td>',
    ]
    return f'<tr role="row" class="ag-row-{state.tone}">{"".join(cells)}</tr>'


def cell(label: str, inside: str) -> str:
    """Return a table cell whose label is shown if the table is too narrow for columns."""
    if not inside:
        return '<td role="cell" class="ag-none"></td>'
    shown = f'<b class="ag-label" aria-hidden="true">{_e(translate(label))}</b>'
    return f'<td role="cell">{shown}<div class="ag-text">{inside}</div></td>'


def _hints_html(row: CheckRow) -> str:
    hints = "".join(
        f'<p class="ag-hint"><b>{_e(label)}</b> {_e(text)}</p>' for label, text in _hints(row)
    )
    return hints + (f"<small>{_e(_promise(row))}</small>" if row.more_hints else "")


def _pictures(row: CheckRow) -> str:
    """Return the pictures that a check drew, each with its text alternative.

    They are `img` elements, because a reopened notebook strips SVG from its HTML.
    """
    return "".join(
        f'<img alt="{_e(picture.alt)}" src="data:image/svg+xml;base64,'
        f'{b64encode(picture.svg.encode()).decode()}">'
        for picture in row.pictures
    )


def _printed(text: str) -> str:
    if not text:
        return ""
    title = translate("Printed while checking")
    return f"<details><summary>{_e(title)}</summary><pre>{_e(text)}</pre></details>"
