"""How fast staff's pages are at 1000 students × 6 tasks: p50 and p95 of each, in milliseconds.

    python benchmarks/staff_pages.py [--students 1000] [--times 30] [--course FOLDER]

The class is made up: four tasks decided by criteria, two by a person, every answer written in
another hand. A folder given by --course is kept, and taken as it is where it is there already.
"""

from __future__ import annotations

import argparse
import html
import random
import re
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

import nbformat
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook
from starlette.testclient import TestClient

from autograder import config, gradebook, nouns
from autograder.config import Course
from autograder.evidence import results
from autograder.gradebook.database import audit
from autograder.gradebook.marking import leases
from autograder.gradebook.portal import access
from autograder.notebook.source.reading import read_assignment
from autograder.nouns import CriterionResult, Message, NotebookResult, Result, Status, TaskResult
from autograder.steps import roster
from autograder.steps.reporting.groups import fingerprints
from autograder.web.app import create_app

A, NOTEBOOK = "week", "week"
AUTOMATIC, MANUAL = ("scale", "mean", "clip", "rank"), ("explain", "discuss")
BODIES = (
    "    low, high = {x}.min(), {x}.max()\n    return ({x} - low) / (high - low)",
    "    return ({x} - {x}.min()) / {x}.max()",
    "    {y} = {x} - {x}.mean()\n    return {y} / {y}.std()",
    "    for i in range(len({x})):\n        {x}[i] = {x}[i] / max({x})\n    return {x}",
    "    return None",
)
Page = Callable[[TestClient, Course, random.Random], object]


# ── The class ────────────────────────────────────────────────────────────────────────


def make_class(folder: Path, students: int) -> Course:
    """The course, with everybody's submission recorded as grading records it."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "course_config.py").write_text("c = get_config()\nc.Course.name = 'benchmark'\n")
    course = config.load(folder)
    _source(course)
    assignment = read_assignment(course.source / A)
    gradebook.register(course, assignment, 1)
    (course.release / A).mkdir(parents=True)
    lines = ["number,name,email,section,role"]
    lines += [
        f"{n:06d},Student {n},s{n}@example.org,{'ABCD'[n % 4]},student" for n in range(students)
    ]
    lines += ["t1,Ann Ta,,,ta", "t2,Ben Ta,,,ta", "p1,Prof. Park,,,instructor"]
    (folder / "class.csv").write_text("\n".join(lines))
    roster.import_roster(course, folder / "class.csv")
    draws = random.Random(0)
    for n, person in enumerate(p for p in roster.people(course) if p.role == "student"):
        _record(course, assignment, person.id, n, draws)
        if n % 100 == 99:
            print(f"recorded {n + 1}", flush=True)
    return course


def _source(course: Course) -> None:
    cells = []
    for name in AUTOMATIC:
        cells.append(
            _cell(
                f"def {name}(x):\n    ### BEGIN SOLUTION\n"
                f"{BODIES[0].format(x='x', y='y')}\n    ### END SOLUTION",
                f"{name}_answer",
                solution=True,
            )
        )
        cells.append(
            _cell(
                f'from autograder import Task\n\ntask = Task("{name}")\n\n\n'
                f'@task.criterion("{name} is right for three numbers", points=2)\n'
                f"def three({name}):\n    assert {name} is not None\n\n\n"
                f'@task.criterion("{name} is right for {{n}} unseen numbers", points=3)\n'
                f"def unseen({name}, rng, *, n=100):\n    assert {name} is not None\n\n\ntask.check()",
                name,
                grade=True,
                locked=True,
                points=5,
            )
        )
    cells += [
        _cell("Why?", name, kind="markdown", grade=True, solution=True, points=4) for name in MANUAL
    ]
    path = course.source / A / f"{NOTEBOOK}.ipynb"
    path.parent.mkdir(parents=True)
    nbformat.write(new_notebook(cells=cells), path)


def _cell(source: str, name: str, *, kind: str = "code", points: int | None = None, **marks: bool):
    cell = (new_code_cell if kind == "code" else new_markdown_cell)(source, id=name)
    known = {"grade": False, "solution": False, "locked": False, "task": False, "schema_version": 3}
    cell.metadata["nbgrader"] = {**known, "grade_id": name, **marks}
    if points is not None:
        cell.metadata["nbgrader"]["points"] = points
    return cell


def _record(
    course: Course, source: nouns.Assignment, student: str, n: int, draws: random.Random
) -> None:
    id_ = f"01J{n:023d}"
    submission = nouns.Submission(
        id_, A, student, course.root, "2026-03-05T08:41:00+00:00", "0" * 64, 1
    )
    node = nbformat.from_dict(source.notebooks[0].node)
    kinds = {name: min(int(draws.expovariate(0.8)), len(BODIES) - 1) for name in AUTOMATIC}
    for cell in node.cells:
        name = cell.metadata.nbgrader.grade_id.removesuffix("_answer")
        if cell.metadata.nbgrader.solution and name in kinds:
            x = draws.choice(("x", "values", "a", "data"))
            body = BODIES[kinds[name]].format(x=x, y=draws.choice(("y", "z", "out")))
            cell.source = f"def {name}({x}):\n{body}\n"
        elif cell.metadata.nbgrader.solution:
            cell.source = " ".join(draws.choices(("because", "the", "mean", "moves", "so"), k=60))
    tasks = [_task(name, kinds[name]) for name in AUTOMATIC]
    tasks += [TaskResult(name, nouns.TaskKind.MANUAL, 4.0) for name in MANUAL]
    result = Result(id_, A, student, 1, (NotebookResult(NOTEBOOK, tuple(tasks), tier="A"),))
    gradebook.record(course, submission, result)
    gradebook.write_autograded(course, submission, result.notebooks[0], node, {})
    results.save(course.state, result)


def _task(name: str, kind: int) -> TaskResult:
    passed = kind == 0
    message = Message(
        "{want}",
        "{found}; wrong by rule " + str(kind),
        "Look at the ends.",
        {"want": "0 to 1", "found": f"{kind / 7:.3f}"},
    )
    status = Status.PASSED if passed else Status.FAILED
    criteria = [
        CriterionResult(
            c,
            status,
            m if passed else 0.0,
            m,
            f"{name} is right",
            c == "unseen",
            Message() if passed else message,
        )
        for c, m in (("three", 2.0), ("unseen", 3.0))
    ]
    return TaskResult(name, nouns.TaskKind.CRITERIA, 5.0, tuple(criteria))


# ── The pages ────────────────────────────────────────────────────────────────────────


def seal_of(text: str, name: str = "seal") -> str:
    return html.unescape(re.search(rf'name="{name}" value="([^"]*)"', text)[1])


def get(path: str) -> Page:
    return lambda client, *_: client.get(path)


def an_answer(client: TestClient, course: Course, draws: random.Random) -> object:
    student = draws.choice([p.id for p in roster.people(course) if p.role == "student"])
    return client.get(f"/staff/a/{A}/answers/{NOTEBOOK}/{draws.choice(AUTOMATIC)}/{student}?of=all")


def next_answer(client: TestClient, _course: Course, draws: random.Random) -> object:
    """What a TA waits for: the press of `j`, the redirect, and the next answer's page."""
    form = {"seal": client.headers["x-seal"], "notebook": NOTEBOOK, "task": draws.choice(MANUAL)}
    response = client.post(f"/staff/a/{A}/next", data=form)
    assert "/answers/" in urlsplit(str(response.url)).path, response.url
    client.headers["x-last"] = str(response.url)
    return response


def an_item(client: TestClient, *_: object) -> object:
    """A press of `1`: the item toggled and the page with the new score."""
    url = client.headers["x-last"]
    page = client.get(url).text
    item = re.search(r'name="item" value="(\w+)" aria-pressed', page)
    if item is None:
        form = {
            "seal": seal_of(page),
            "edition": seal_of(page, "edition"),
            "do": "add_item",
            "text": "names the reason",
            "points": "2",
        }
        return client.post(url, data=form)
    form = {
        "seal": seal_of(page),
        "edition": seal_of(page, "edition"),
        "do": "item",
        "item": item[1],
    }
    start = time.perf_counter()
    response = client.post(url, data=form)
    return (time.perf_counter() - start, response)


def a_group(client: TestClient, *_: object) -> object:
    path = f"/staff/a/{A}/groups/{NOTEBOOK}/scale"
    keys = re.findall(rf'href="({path}/[^"]+)"', client.get(path).text)
    start = time.perf_counter()
    response = client.get(keys[-1])
    return (time.perf_counter() - start, response)


def everybody_told(client: TestClient, *_: object) -> object:
    """A comment and points for a group of the whole class, its groups joined into one."""
    path = f"/staff/a/{A}/groups/{NOTEBOOK}/rank"
    page = client.get(path).text
    keys = re.findall(r'name="key" value="([^"]+)"', page)
    if len(keys) > 1:
        client.post(path, data={"seal": seal_of(page), "key": keys})
    for n in range(3):
        page = client.get(f"{path}/{keys[0]}?n={n}").text
    form = {"seal": seal_of(page), "edition": seal_of(page, "edition"), "do": "undo"}
    client.post(f"{path}/{keys[0]}", data=form)
    form |= {"do": "all", "comment": "Mind ties.", "adjustment": "+1", "reason": "ties"}
    start = time.perf_counter()
    response = client.post(f"{path}/{keys[0]}", data=form)
    return (time.perf_counter() - start, response)


def statistics_afresh(client: TestClient, course: Course, _: random.Random) -> object:
    """After something was changed, so that nothing is taken from before."""
    audit.note(course, "benchmark", "looked", A, {})
    return client.get(f"/staff/a/{A}/statistics")


PAGES: dict[str, Page] = {
    "course": get("/staff"),
    "course: live part": get("/staff/live"),
    "assignment": get(f"/staff/a/{A}"),
    "requests": get(f"/staff/a/{A}/requests"),
    "statistics": get(f"/staff/a/{A}/statistics"),
    "statistics: afresh": statistics_afresh,
    "release": get(f"/staff/a/{A}/release"),
    "answers: all tasks": get(f"/staff/a/{A}/answers"),
    "answers: one task": get(f"/staff/a/{A}/answers/{NOTEBOOK}/explain"),
    "answer": an_answer,
    "next answer": next_answer,
    "rubric item": an_item,
    "groups of a task": get(f"/staff/a/{A}/groups/{NOTEBOOK}/scale"),
    "one group": a_group,
    "everybody told": everybody_told,
    "comment bank": get(f"/staff/a/{A}/comments"),
}


def timed(client: TestClient, course: Course, page: Page, times: int) -> tuple[list[float], float]:
    """Milliseconds of each call, the first left out; and of the processor's time a call takes."""
    draws, found = random.Random(1), []
    begun = 0.0
    for number in range(times + 1):
        begun = begun if number > 1 else time.process_time()
        start = time.perf_counter()
        answer = page(client, course, draws)
        took = time.perf_counter() - start
        if isinstance(answer, tuple):
            took, answer = answer
        assert answer.status_code == 200, (answer.status_code, answer.text[-2000:])
        found.append(1000 * took)
    return found[1:], 1000 * (time.process_time() - begun) / times


def signed_in(course: Course) -> Iterator[TestClient]:
    with TestClient(create_app(course), base_url="http://portal.test") as client:
        token = access.new_token(course, roster.find(course, "p1").id, "link", timedelta(days=1))
        page = client.get("/sign-in").text
        client.post("/sign-in", data={"seal": seal_of(page), "code": token})
        client.headers["x-seal"] = seal_of(client.get("/staff").text)
        yield client


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--students", type=int, default=1000)
    parser.add_argument("--times", type=int, default=30)
    parser.add_argument("--course", type=Path)
    said = parser.parse_args()
    folder = said.course or Path(tempfile.mkdtemp()) / "course"
    course = config.load(folder) if folder.exists() else make_class(folder, said.students)
    start = time.perf_counter()
    made = fingerprints.refresh(course, A)
    if made:
        print(f"grouping: {made} answers in {time.perf_counter() - start:.1f} s")
    leases.allot(course, A, [])
    for client in signed_in(course):
        print(f"{'page':24} {'p50 ms':>8} {'p95 ms':>8} {'cpu ms':>8}")
        for name, page in PAGES.items():
            found, cpu = timed(client, course, page, said.times)
            p95 = statistics.quantiles(found, n=20)[-1]
            print(f"{name:24} {statistics.median(found):8.0f} {p95:8.0f} {cpu:8.0f}", flush=True)


if __name__ == "__main__":
    main()
