"""The student's notebook: no solutions, hidden code, mistakes or outputs; demands above answers."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import nbformat
from nbgrader import preprocessors

from autograder.language import translate
from autograder.notebook.source.cells import GENERATED, NBGRADER_KEYS, SourceCell, as_dict, cells_of, derived_id
from autograder.notebook.translation.passages import rewritten
from autograder.notebook.source.pictures import is_removed, shown_attachments
from autograder.notebook.source.released_text import points_text, released_text
from autograder.nouns import Notebook, Task, TaskKind, fill

_METADATA = ("nbgrader", "tags")  # kept of the author's cell metadata
_NOT_TOLD = {"mistake", "slow"}
_SEALED_BY = (
    preprocessors.LockCells,
    preprocessors.ComputeChecksums,
    preprocessors.CheckCellMetadata,
)


def student_notebook(notebook: Notebook, setup_cell: str, about: Mapping[str, Any]) -> Any:
    """Return the notebook as a student gets it: an nbformat 4.5 node, valid for nbgrader too.

    Text is in the current language; code is the same in all languages. `setup_cell` is the source
    of its first code cell. `about` is stored in its metadata: assignment, notebook, number of the
    release.
    """
    tasks = {task.grade_id: task for task in notebook.tasks}
    above = {_place(group[0]): group for group in _sharing(notebook.tasks)}
    card: list[Any] = []
    body: list[Any] = []
    raw = notebook.node.cells
    for cell in cells_of(notebook.node):
        if is_removed(cell):
            continue
        if cell.grade_id and cell.kept and cell.grade_id in above:
            body.append(_demands_cell(notebook, cell, above[cell.grade_id]))
        node = _cell(raw[cell.number - 1], cell, tasks.get(cell.grade_id))
        (card if "card" in cell.tags and not card else body).append(node)
    first = _generated_code(notebook, "setup", setup_cell)
    node = nbformat.v4.new_notebook(
        cells=[*card, first, *body, _hand_in_cell(notebook)],
        metadata={
            "kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"},
            "language_info": {"name": "python"},
            GENERATED: dict(about),
        },
    )
    return _sealed(node, notebook.name)


def _sealed(node: Any, name: str) -> Any:
    """Return the notebook locked and checksummed by nbgrader, and validated by both formats."""
    resources: dict[str, Any] = {"nbgrader": {"notebook": name}}
    for step in _SEALED_BY:
        node, resources = step().preprocess(node, resources)
    nbformat.validate(node)
    return node


def _cell(raw: Any, cell: SourceCell, task: Task | None) -> Any:
    """Return one of the author's cells as the student gets it."""
    node = copy.deepcopy(raw)
    text = released_text(cell, task)
    node["source"] = rewritten(text, translate) if cell.kind == "markdown" else text
    node["metadata"] = nbformat.from_dict(_metadata(raw.metadata))
    shown = shown_attachments(raw, f"{text}\n{node['source']}")
    node.pop("attachments", None)
    if shown:
        node["attachments"] = nbformat.from_dict(shown)
    tags = [tag for tag in node.metadata.get("tags", ()) if tag not in _NOT_TOLD]
    if tags:
        node.metadata["tags"] = tags
    else:
        node.metadata.pop("tags", None)
    if cell.kind == "code":
        node["outputs"], node["execution_count"] = [], None
    if cell.role == "test":
        title = fill(translate("Checks of {task}"), {"task": cell.grade_id})
        node["source"] = f'#@title {title} {{ display-mode: "form" }}\n{node["source"]}'
        _collapse(node)
    return node


def _metadata(metadata: Mapping[str, Any]) -> dict[str, Any]:
    """Return the author's metadata that a student's cell keeps: tags and nbgrader's keys."""
    kept = {key: metadata[key] for key in _METADATA if key in metadata}
    if marks := as_dict(kept.pop("nbgrader", None)):
        graded = marks.get("grade") is True or marks.get("task") is True
        others = {"checksum", "cell_type"} | (set() if graded else {"points"})
        kept["nbgrader"] = {k: v for k, v in marks.items() if k in NBGRADER_KEYS - others}
    return kept


def _collapse(node: Any) -> None:
    """Collapse the cell in JupyterLab and Colab; it runs as before."""
    node.metadata["jupyter"] = nbformat.from_dict({"source_hidden": True})
    node.metadata["cellView"] = "form"


def _generated_code(notebook: Notebook, what: str, source: str) -> Any:
    node = nbformat.v4.new_code_cell(source=source, id=derived_id(f"{notebook.name}/{what}"))
    node.metadata.update(_locked(what))
    _collapse(node)
    return node


def _hand_in_cell(notebook: Notebook) -> Any:
    """Return the last cell: it shows the student's progress, and submits if they uncomment it."""
    title = translate("Where you are now. To hand in, delete the # of the last line and run this.")
    source = f"# {title}\nfrom autograder import progress, submit\n\nprogress()\n# submit()"
    node = nbformat.v4.new_code_cell(source=source, id=derived_id(f"{notebook.name}/hand_in"))
    node.metadata[GENERATED] = nbformat.from_dict({"generated": "hand_in"})
    return node


def _locked(what: str) -> dict[str, Any]:
    mark = nbformat.from_dict({"generated": what})
    return {"deletable": False, "editable": False, GENERATED: mark}


# ── Demands ──────────────────────────────────────────────────────────────────────────


def _sharing(tasks: Sequence[Task]) -> Iterator[tuple[Task, ...]]:
    """Yield the tasks in order, grouping those that share their answers."""
    group: list[Task] = []
    for task in tasks:
        if group and (not task.answers or task.answers != group[0].answers):
            yield tuple(group)
            group = []
        group.append(task)
    if group:
        yield tuple(group)


def _place(task: Task) -> str:
    return task.answers[0] if task.answers else task.grade_id


def _demands_cell(notebook: Notebook, cell: SourceCell, tasks: Sequence[Task]) -> Any:
    id_ = derived_id(f"{notebook.name}/demands/{cell.grade_id}")
    node = nbformat.v4.new_markdown_cell(source=demands_table(tasks), id=id_)
    node.metadata.update(_locked("demands"))
    return node


def demands_table(tasks: Sequence[Task]) -> str:
    """Return *What is demanded* of one answer as markdown: demand, points, place of the check."""
    total = sum(task.points for task in tasks)
    title = translate("What is demanded")
    points = points_text(round(total, 2))
    worth = translate("1 point") if points == "1" else translate("{points} points")
    heads = (translate("Demand"), translate("Points"), translate("Checked"))
    rows = [row for task in tasks for row in _rows(task)]
    return "\n".join(
        [
            f"**{title}** · {fill(worth, {'points': points})}",
            "",
            f"| {' | '.join(heads)} |",
            "| --- | ---: | --- |",
            *(f"| {' | '.join(map(_in_table, row))} |" for row in rows),
        ]
    )


def _rows(task: Task) -> Iterator[tuple[str, str, str]]:
    if task.kind is TaskKind.MANUAL:
        demand = translate("Your own answer")
        yield demand, points_text(task.points), translate("read by a person after you submit")
        return
    where = {
        False: translate("on your data, by running the checks"),
        True: translate("on unseen data, after you submit"),
    }
    for criterion in task.criteria:
        sentence = fill(translate(criterion.demand), criterion.settings)
        yield sentence, points_text(round(criterion.points, 2)), where[criterion.hidden]


def _in_table(text: str) -> str:
    plain = text.replace("\\", "\\\\").replace("|", "\\|")
    return " ".join(plain.replace("@", "&#64;").split())  # mAP@0.5 is not an e-mail address
