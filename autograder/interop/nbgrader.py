"""nbgrader's own commands and buttons, made to strip and ignore as ours do.

A course's nbgrader_config.py has two lines, the import of `configure` and its call. Without them
`nbgrader generate_assignment` copies hidden files and mistakes into the release.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from nbgrader.converters import GenerateAssignment, GenerateSolution
from nbgrader.coursedir import CourseDirectory
from nbgrader.preprocessors import ClearHiddenTests, NbGraderPreprocessor

from autograder import config
from autograder.notebook.cells import cells_of
from autograder.notebook.released import released_test

HIDDEN_FILES = ("hidden", "locale", "calibration.json")


class DropMistakes(NbGraderPreprocessor):
    """The notebook without the known wrong answers that its author keeps beside the right ones."""

    def preprocess(self, nb: Any, resources: Any) -> tuple[Any, Any]:
        """Before anything is saved or checked, so that the gradebook never hears of them."""
        marked = zip(nb.cells, cells_of(nb), strict=True)
        nb.cells = [node for node, cell in marked if cell.role != "mistake"]
        return nb, resources


class TellDemands(NbGraderPreprocessor):
    """The notebook with each hidden test replaced by what is public about it: its demand."""

    def preprocess(self, nb: Any, resources: Any) -> tuple[Any, Any]:
        """After the hidden tests were saved in the gradebook, before nbgrader cuts them out."""
        for node, cell in zip(nb.cells, cells_of(nb), strict=True):
            if cell.role == "test":
                node.source = released_test(cell.source, ())
        return nb, resources


def configure(c: Any, file: str) -> None:
    """Fills nbgrader's config `c` from the course_config.py beside `file`."""
    course = config.load(Path(file).parent)
    for section, values in course.nbgrader.items():
        for name, value in values.items():
            setattr(c[section], name, value)
    c.CourseDirectory.root = str(course.root)
    c.CourseDirectory.course_id = course.name
    c.CourseDirectory.db_url = course.db_url
    ignored = c.CourseDirectory.get("ignore", _default(CourseDirectory, "ignore"))
    c.CourseDirectory.ignore = [*ignored, *HIDDEN_FILES]
    for converter in (GenerateAssignment, GenerateSolution):
        steps = [*c[converter.__name__].get("preprocessors", _default(converter, "preprocessors"))]
        if ClearHiddenTests in steps:
            steps.insert(steps.index(ClearHiddenTests), TellDemands)
        c[converter.__name__].preprocessors = [DropMistakes, *steps]
    c.LateSubmissionPlugin.penalty_method = course.late.penalty
    if course.late.plugin:
        c.AssignLatePenalties.plugin_class = course.late.plugin


def _default(cls: Any, name: str) -> list[Any]:
    return list(cls.class_traits()[name].default())
