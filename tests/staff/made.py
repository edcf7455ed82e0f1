"""A course with one graded assignment: right answers, a known mistake, an unknown one, hostile ones.

`double` is decided by criteria (its mistake `adds` is known), `why` by a person.
"""

from __future__ import annotations

import copy
from pathlib import Path

import nbformat
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from autograder import config, gradebook, nouns
from autograder.config import Course
from autograder.evidence import results
from autograder.evidence.store import Store
from autograder.notebook.source.reading import read_assignment
from autograder.nouns import CriterionResult, Message, NotebookResult, Result, Status, TaskResult
from autograder.steps import roster
from tests.feedback.made import a_plot

A, NOTEBOOK = "a1", "doubling"
HOSTILE = '<script>window.hit=1</script><img src=x onerror="window.hit=1">'
CLASS = f"""number,name,email,section,role
1,김하나,hana@example.org,A,student
2,Bo Lee,bo@example.org,A,student
3,Cho Min,cho@example.org,A,student
4,Dan Oh,dan@example.org,B,student
5,Eve Song,eve@example.org,B,student
6,"{HOSTILE.replace('"', '""')}",mallory@example.org,B,student
7,Nobody Much,nobody@example.org,B,student
91,Ann Kim,ann@example.org,,ta
92,Ben Seo,ben@example.org,,ta
99,Prof. Park,park@example.org,,instructor
"""
TEST = """from autograder import Task

task = Task("double")


@task.criterion("Doubles {n} numbers", points=2)
def doubles(double, *, n=3):
    assert double(n) == 2 * n


### BEGIN HIDDEN TESTS
@task.criterion("Doubles negative numbers", points=3)
def negative(double):
    assert double(-1) == -2
### END HIDDEN TESTS

task.check()"""
SOLUTION = "def double(x):\n    ### BEGIN SOLUTION\n    return 2 * x\n    ### END SOLUTION"
MISTAKE = """# mistake: adds
# fails: doubles, negative
# tell: You add 2. Doubling is multiplying by 2.

def double(x):
    y = x + 2
    return y"""
RIGHT = (
    "def double(x):\n    return 2 * x\n",
    "def double(value):\n    # twice\n    return 2 * value\n",
)
ADDS = (
    "def double(x):\n    y = x + 2\n    return y\n",
    "def double(number):\n    result = number + 2\n    print(result)\n    return result\n",
)
UNKNOWN = "def double(x):\n    total = 0\n    for _ in range(int(x)):\n        total += 1\n    return total\n"


def source_node():
    def marked(cell, name, points=None, **marks):
        known = {
            "grade": False,
            "solution": False,
            "locked": False,
            "task": False,
            "schema_version": 3,
        }
        cell.metadata["nbgrader"] = {**known, "grade_id": name, **marks}
        if points is not None:
            cell.metadata["nbgrader"]["points"] = points
        return cell

    mistake = new_code_cell(MISTAKE, id="mistake")
    mistake.metadata["tags"] = ["mistake"]
    return new_notebook(
        cells=[
            new_markdown_cell("# Doubling", id="title"),
            marked(new_code_cell(SOLUTION, id="answer"), "double_answer", solution=True),
            mistake,
            marked(new_code_cell(TEST, id="test"), "double", 5, grade=True, locked=True),
            marked(new_markdown_cell("Why?", id="why"), "why", 4, grade=True, solution=True),
        ]
    )


def make_course(root: Path) -> Course:
    root.mkdir(parents=True)
    (root / "course_config.py").write_text(
        'c = get_config()\nc.Course.name = "Deep Learning"\nc.Course.timezone = "Asia/Seoul"\n'
    )
    course = config.load(root)
    path = course.source / A / f"{NOTEBOOK}.ipynb"
    path.parent.mkdir(parents=True)
    nbformat.write(source_node(), path)
    (course.release / A).mkdir(parents=True)
    source = read_assignment(course.source / A)
    gradebook.register(course, source, 1)
    (root / "class.csv").write_text(CLASS, encoding="utf-8")
    roster.import_roster(course, root / "class.csv")
    for number, code, why in (
        ("1", ADDS[0], "It adds up."),
        ("2", ADDS[1], "No idea."),
        ("3", ADDS[0] + "# hm\n", "Two."),
        ("4", RIGHT[0], "Twice is two times."),
        ("5", UNKNOWN, "Because."),
        (
            "6",
            f"x = '''{HOSTILE}'''\n# \u202e evil\n" + ADDS[1],
            f"{HOSTILE} [link](javascript:alert(1)) <svg onload=window.hit=1>",
        ),
    ):
        hand_in(course, number, code, why)
    return course


def student(course: Course, number: str) -> str:
    return roster.find(course, number).id


def hand_in(course: Course, number: str, code: str, why: str = "", *, n: int = 1) -> Result:
    """Records a submission as grading does, with outputs in the notebook formgrader shows."""
    who = student(course, number)
    source = read_assignment(course.source / A)
    submission = nouns.Submission(
        f"01J{n:010d}{int(number):013d}",
        A,
        who,
        course.root,
        f"2026-03-0{n}T09:00:00+00:00",
        "0" * 64,
        1,
    )
    node = copy.deepcopy(source.notebooks[0].node)
    node.cells = [cell for cell in node.cells if "mistake" not in cell.metadata.get("tags", ())]
    for cell in node.cells:
        name = cell.metadata.get("nbgrader", {}).get("grade_id")
        cell.source = {"double_answer": code, "why": why}.get(name, cell.source)
    right = "2 *" in code
    status = Status.PASSED if right else Status.FAILED
    got = Message(
        "{want}",
        "{found}",
        "Try 3 by hand.",
        {"want": "6", "found": "3" if code == UNKNOWN else "5"},
    )
    tasks = (
        TaskResult(
            "double",
            nouns.TaskKind.CRITERIA,
            5.0,
            (
                CriterionResult(
                    "doubles",
                    status,
                    2.0 if right else 0.0,
                    2.0,
                    "Doubles 3 numbers",
                    False,
                    Message() if right else got,
                ),
                CriterionResult(
                    "negative",
                    status,
                    3.0 if right else 0.0,
                    3.0,
                    "Doubles negative numbers",
                    True,
                    Message() if right else got,
                ),
            ),
        ),
        TaskResult("why", nouns.TaskKind.MANUAL, 4.0, attempted=bool(why)),
    )
    plot = Store(course.state / "evidence").put(a_plot(320, 200))
    notebook = NotebookResult(NOTEBOOK, tasks, figures=(plot,), tier="A", run=f"run-{number}")
    result = Result(submission.id, A, who, 1, (notebook,))
    gradebook.record(course, submission, result)
    place = next(n for n, c in enumerate(node.cells) if c.cell_type == "code")
    outputs = {
        place: [
            new_output("stream", text=f"seen {HOSTILE}"),
            new_output(
                "display_data", data={"text/html": f"<table><tr><td>7{HOSTILE}</td></tr></table>"}
            ),
            new_output(
                "display_data",
                data={"image/svg+xml": "<svg onload='window.hit=1'/>", "text/plain": "<Figure>"},
            ),
            new_output("display_data", data={"image/png": _base64(a_plot(320, 200))}),
        ]
    }
    gradebook.write_autograded(course, submission, notebook, node, outputs)
    results.save(course.state, result)
    return result


def _base64(data: bytes) -> str:
    from base64 import b64encode

    return b64encode(data).decode()
