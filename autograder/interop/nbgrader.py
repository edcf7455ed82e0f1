"""Configuration that makes nbgrader's own commands and buttons strip and ignore what ours do.

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
from autograder.notebook.source.cells import cells_of
from autograder.notebook.source.released_text import released_test

HIDDEN_FILES = ("hidden", "locale", "calibration.json")


class DropMistakes(NbGraderPreprocessor):
    """Preprocessor that removes known mistakes, the wrong answers kept beside the right ones."""

    def preprocess(self, nb: Any, resources: Any) -> tuple[Any, Any]:
        """Remove the mistakes first, so that they are never checked or saved in the gradebook."""
        marked = zip(nb.cells, cells_of(nb), strict=True)
        nb.cells = [node for node, cell in marked if cell.role != "mistake"]
        return nb, resources


class TellDemands(NbGraderPreprocessor):
    """Preprocessor that replaces each hidden test by its public part: the criterion's text."""

    def preprocess(self, nb: Any, resources: Any) -> tuple[Any, Any]:
        """Replace hidden tests after saving to the gradebook, before nbgrader removes them."""
        for node, cell in zip(nb.cells, cells_of(nb), strict=True):
            if cell.role == "test":
                node.source = released_test(cell.source, ())
        return nb, resources


def configure(c: Any, file: str) -> None:
    """Set nbgrader's config `c` from the course_config.py beside `file`."""
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
