"""Text of each cell as students get it, used both in a release and in comparisons with it."""

from __future__ import annotations

from functools import lru_cache

from autograder.language import translate
from autograder.notebook.source import markers
from autograder.notebook.source.cells import SourceCell
from autograder.notebook.source.declarations import is_task_cell, read_declaration
from autograder.notebook.source.problems import Place
from autograder.nouns import Criterion, Task, fill


def released_text(cell: SourceCell, task: Task | None = None) -> str:
    """Return the cell's text in the student's notebook; `task` is the task of a test cell."""
    if cell.role in ("answer", "manual") and not cell.task:
        text = markers.without_solutions(cell.source, cell.kind)
    elif cell.role == "test":
        text = released_test(cell.source, task.criteria if task else ())
    else:
        text = cell.source
    return _without(text, markers.MARK_SCHEME)


def released_test(source: str, criteria: tuple[Criterion, ...]) -> str:
    """Return a test cell with each hidden block replaced by its public facts."""
    hidden = markers.regions(source, markers.HIDDEN)
    if not hidden:
        return source
    task = _released_task(source)
    if task is None:
        blocks = dict.fromkeys(hidden, "")
        told = [_comment(c) for c in criteria if c.hidden]
        blocks[hidden[0]] = "\n".join(hidden[0].indent + line for line in told)
        return markers.replaced(source, blocks)
    return task


@lru_cache(maxsize=256)
def _released_task(source: str) -> str | None:
    """Return the released text of a cell that declares a Task; None for any other cell."""
    if not is_task_cell(source):
        return None
    hidden = markers.regions(source, markers.HIDDEN)
    declared, _ = read_declaration(source, Place(""), None)
    blocks = {
        region: "\n".join(
            hidden_line(declared.variable, c)
            for c in declared.criteria
            if c.hidden and region.holds(*declared.lines[c.name])
        )
        for region in hidden
    }
    return markers.replaced(source, blocks)


def hidden_line(variable: str, criterion: Criterion) -> str:
    """Return `task.hidden("Mean IoU ... is at least 0.8", points=5, id="unseen_iou")`."""
    sentence = _quoted(criterion.sentence)
    return (
        f"{variable}.hidden({sentence}, points={points_text(criterion.points)}, "
        f'id="{criterion.name}")'
    )


def points_text(points: float) -> str:
    """Return points as people write them: 5, 0.5, 0.33."""
    return f"{points:.10g}"


def _comment(criterion: Criterion) -> str:
    told = translate("Checked after you submit: {demand} ({points} points)")
    sentence = " ".join(criterion.sentence.split())
    points = points_text(round(criterion.points, 2))
    return "# " + fill(told, {"demand": sentence, "points": points})


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'


def _without(text: str, what: str) -> str:
    found = markers.regions(text, what)
    return markers.replaced(text, dict.fromkeys(found, "")) if found else text
