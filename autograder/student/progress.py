"""`progress()`: points by task, outstanding points, time of the last check, and save state."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from html import escape

from autograder.expect.verdict import msgid
from autograder.language import translate
from autograder.nouns import fill
from autograder.presentation import drawing, result_table, result_text
from autograder.student import check_history, environment, save_state
from autograder.student.display import Shown, show

COLUMNS = (
    msgid("Task"),
    msgid("Points so far"),
    msgid("Checked after you submit"),
    msgid("Last check"),
)


@dataclass(frozen=True)
class Line:
    """One task: the points of its last check and the points still outstanding."""

    task: str
    points: float
    visible: float
    hidden: float
    when: str = ""  # ISO 8601, UTC; "" if it was never checked
    manual: bool = False


def progress() -> None:
    """Show all tasks of this notebook, and whether the saved file holds the last cell run."""
    show(shown(lines(), save_state.sentence()))


def lines() -> list[Line]:
    """Return the tasks in the notebook's order, then checked tasks missing in the release."""
    entries = check_history.read()
    found = []
    for task in environment.released().tasks:
        entry = entries.pop(task.grade_id, None)
        visible = task.points - task.hidden_points
        if entry is None:
            found.append(Line(task.grade_id, 0.0, visible, task.hidden_points, manual=task.manual))
        else:
            found.append(_line(task.grade_id, entry))
    return found + [_line(name, entry) for name, entry in entries.items()]


def _line(name: str, entry: check_history.Entry) -> Line:
    return Line(name, entry.points, entry.max_points, entry.hidden_points, entry.when)


def shown(tasks: Sequence[Line], saved_sentence: str) -> Shown:
    """Return the progress as a table and as text."""
    title, summary = translate("Progress"), _summary(tasks)
    text = [f"{title}: {summary}", *map(_text, tasks), f"  {saved_sentence}"]
    head = "".join(
        f'<th scope="col" role="columnheader">{escape(translate(name))}</th>' for name in COLUMNS
    )
    table = (
        f'<table role="table"><caption>{escape(title)}</caption>'
        f'<thead role="rowgroup"><tr role="row">{head}</tr></thead>'
        f'<tbody role="rowgroup">{"".join(map(_row, tasks))}</tbody></table>'
    )
    note = f'<p class="ag-note">{escape(saved_sentence)}</p>'
    pieces = [(t.points, t.visible, False) for t in tasks]
    pieces += [(0.0, sum(t.hidden for t in tasks), True)]
    inside = drawing.strip(pieces) + (table if tasks else "") + note
    return Shown("\n".join(text), result_table.block(title, summary, inside))


def _summary(tasks: Sequence[Line]) -> str:
    if not tasks:
        return translate("Nothing has been checked yet: run the first task's check cell.")
    return result_text.so_far(
        sum(t.points for t in tasks), sum(t.visible for t in tasks), sum(t.hidden for t in tasks)
    )


def _cells(task: Line) -> tuple[str, str, str, str]:
    points = fill(
        translate("{points} of {max} points"),
        {"points": result_text.number(task.points), "max": result_text.number(task.visible)},
    )
    hidden = fill(translate("{max} points"), {"max": result_text.number(task.hidden)})
    if task.manual:
        return task.task, translate(result_text.PERSON.words), hidden if task.hidden else "", ""
    when = ago(task.when) if task.when else translate("not checked yet")
    return task.task, points, hidden if task.hidden else translate("none"), when


def _text(task: Line) -> str:
    name, points, hidden, when = _cells(task)
    later = f"{translate(COLUMNS[2])}: {hidden}"
    return f"  {name}: {points}; {later}; {when}"


def _row(task: Line) -> str:
    name, *rest = _cells(task)
    cells = "".join(
        result_table.cell(label, escape(text))
        for label, text in zip(COLUMNS[1:], rest, strict=True)
    )
    return f'<tr role="row"><th scope="row" role="rowheader">{escape(name)}</th>{cells}</tr>'


def ago(when: str, now: datetime | None = None) -> str:
    """Return the time since an ISO timestamp in words; "" if it is not a timestamp.

    >>> from datetime import datetime, timezone
    >>> ago("2026-01-02T10:00:00+00:00", datetime(2026, 1, 2, 10, 5, tzinfo=timezone.utc))
    '5 minutes ago'
    """
    try:
        then = datetime.fromisoformat(when)
    except ValueError:
        return ""
    seconds = ((now or datetime.now(timezone.utc)) - then).total_seconds()
    if seconds < 90:
        return translate("just now")
    if seconds < 5400:
        return fill(translate("{n} minutes ago"), {"n": round(seconds / 60)})
    if seconds < 129_600:
        return fill(translate("{n} hours ago"), {"n": round(seconds / 3600)})
    return fill(translate("{n} days ago"), {"n": round(seconds / 86_400)})
