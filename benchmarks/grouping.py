"""How pure the groups of a class are: 200 made-up submissions of one assignment, graded and grouped.

    python benchmarks/grouping.py [--course FOLDER] [--students 200]

Every submission is the author's solution or one of the author's mistakes, written in another hand:
other names, other order of keyword arguments, prints, comments. Those of one seed belong together.
A folder given by --course is kept, and taken as it is where it is there already.
"""

from __future__ import annotations

import argparse
import ast
import csv
import json
import random
import shutil
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from autograder import config, gradebook
from autograder.config import Course
from autograder.notebook.source.cells import write_node
from autograder.nouns import Assignment, Notebook
from autograder.steps import assignments, roster
from autograder.steps.authoring import release
from autograder.steps.grading import collect, grade
from autograder.steps.grading.pipeline.workers import Workers
from autograder.steps.operations import demo
from autograder.steps.reporting.groups import behaviour_groups, fingerprints

ASSIGNMENT = "n432_segmentation_detection"
FAMILY = "김이박최정강조윤장임한오서신권황안송류홍"
GIVEN = (
    "서연",
    "민준",
    "하은",
    "도윤",
    "지우",
    "예준",
    "수아",
    "시우",
    "지아",
    "주원",
    "다은",
    "현우",
)
SEEDS = "seeds.json"


@dataclass(frozen=True)
class Seed:
    """What a made-up submission is: the task and the mistake in it; "" is the solution."""

    task: str
    mistake: str


def make_class(folder: Path, students: int, seed: int = 0) -> Course:
    """The course with everybody's submission graded."""
    draws = random.Random(seed)
    here = config.load(Path(__file__).parents[1])
    folder.mkdir(parents=True)
    for name in ("course_config.py", "nbgrader_config.py"):
        shutil.copy(here.root / name, folder / name)
    shutil.copytree(
        here.source / ASSIGNMENT,
        folder / "source" / ASSIGNMENT,
        ignore=shutil.ignore_patterns("__pycache__"),
    )
    course = config.load(folder)
    release.release(course, ASSIGNMENT, prove=lambda *_: (), register=gradebook.register)
    _roster(course, students, draws)
    source = assignments.load_assignment(course, ASSIGNMENT)
    people = [one for one in roster.people(course) if one.role == "student"]
    seeds: dict[str, list[str]] = {}
    inbox = course.state / "inbox" / "folder"
    for person, (seed_, text) in zip(people, _submissions(source, draws), strict=False):
        path = inbox / person.number
        path.mkdir(parents=True)
        (path / f"{source.notebooks[0].name}.ipynb").write_text(text, encoding="utf-8")
        seeds[person.id] = [seed_.task, seed_.mistake]
    (course.state / SEEDS).write_text(json.dumps(seeds))
    collect.collect(course, ASSIGNMENT, inbox)
    with Workers(parallel=2) as workers:
        grade.grade(course, ASSIGNMENT, workers=workers, progress=_tell)
    return course


def _tell(progress: grade.Progress) -> None:
    if progress.done % 10 == 0:
        print(f"graded {progress.done} of {progress.total} {progress.note}", flush=True)


def _roster(course: Course, students: int, draws: random.Random) -> None:
    path = course.root / "class.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        out = csv.writer(file)
        out.writerow(["number", "name", "email", "section", "role"])
        for n in range(students):
            name = draws.choice(FAMILY) + draws.choice(GIVEN)
            out.writerow([f"2026{n:04d}", name, f"s{n}@example.org", "AB"[n % 2], "student"])
        out.writerow(["90001", "Prof. Park", "park@example.org", "", "instructor"])
        out.writerow(["90002", "Dana Kim", "dana@example.org", "", "ta"])
        out.writerow(["90003", "Jun Seo", "jun@example.org", "", "ta"])
    roster.import_roster(course, path)


def _submissions(source: Assignment, draws: random.Random) -> Iterator[tuple[Seed, str]]:
    """Without an end: mostly mistakes, every fifth the solution of what needs no training."""
    notebook = source.notebooks[0]
    known = [(t, m) for t in notebook.tasks for m in t.mistakes if not m.slow]
    quick = [t.grade_id for t in notebook.tasks if not demo._trains(notebook, t)]
    while True:
        if draws.random() < 0.2:
            node = demo._solved(notebook, quick)
            yield Seed("", ""), _written(node, notebook, quick, draws)
            continue
        task, mistake = known[min(int(draws.expovariate(0.35)), len(known) - 1)]
        solved = demo._beside(notebook, task)
        node = demo._with(demo._solved(notebook, solved), task, mistake.code, mistake.answer)
        yield Seed(task.grade_id, mistake.name), _written(node, notebook, solved, draws)


def _written(node, notebook: Notebook, solved: list[str], draws: random.Random) -> str:
    answers = {a for t in notebook.tasks for a in t.answers if t.grade_id in solved}
    for cell in node.cells:
        if demo._grade_id(cell) in answers:
            cell.source = in_another_hand(cell.source, draws)
    return write_node(node)


# ── Another hand ─────────────────────────────────────────────────────────────────────

NAMES = ("a", "b", "tmp", "result", "value", "arr", "out", "n_all", "idx", "x1", "part", "mine")


def in_another_hand(code: str, draws: random.Random) -> str:
    """The same program with other local names, other order of keywords, prints and comments."""
    try:
        tree = ast.parse(code)
    except SyntaxError:
        return code
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef):
            _rename(node, draws)
        elif isinstance(node, ast.Call):
            draws.shuffle(node.keywords)
    lines = ast.unparse(ast.fix_missing_locations(tree))
    if draws.random() < 0.3:
        lines = f"# {draws.choice(('my answer', 'TODO check', '여기 고침', 'try 3'))}\n{lines}"
    if draws.random() < 0.2:
        lines += f"\nprint('done', {draws.randrange(9)})"
    return lines


def _rename(function: ast.FunctionDef, draws: random.Random) -> None:
    local = {
        n.id for n in ast.walk(function) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)
    }
    inner = {n.name for n in ast.walk(function) if isinstance(n, ast.FunctionDef)}
    new = {
        name: f"{draws.choice(NAMES)}_{draws.randrange(9)}{i}"
        for i, name in enumerate(sorted(local - inner))
        if draws.random() < 0.7
    }
    for node in ast.walk(function):
        if isinstance(node, ast.Name) and node.id in new:
            node.id = new[node.id]


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--course", type=Path)
    parser.add_argument("--students", type=int, default=200)
    said = parser.parse_args()
    folder = said.course or Path(tempfile.mkdtemp()) / "course"
    course = config.load(folder) if folder.exists() else make_class(folder, said.students)
    start = time.perf_counter()
    made = fingerprints.refresh(course, ASSIGNMENT)
    print(f"{made} answers put into groups in {time.perf_counter() - start:.1f} s")
    seeds = json.loads((course.state / SEEDS).read_text())
    pure = together = known = total = 0
    for one in groups_of(course):
        mine = Counter(seeds[s][1] for s in one.students if seeds[s][0] == one.task)
        if not mine:
            continue
        name, most = mine.most_common(1)[0]
        seeded = sum(1 for task, mistake in seeds.values() if (task, mistake) == (one.task, name))
        total += sum(mine.values())
        pure += most
        together += most if most > seeded / 2 else 0
        known += most if one.label == name else 0
        print(f"{one.task:12} {len(one.students):4} {dict(mine)} labelled {one.label or '-'}")
    print(f"seeded mistakes: {total}")
    print(f"in a group mostly of their own mistake: {pure / total:.1%}")
    print(f"in the one group that holds most of their mistake: {together / total:.1%}")
    print(f"in a group labelled with their mistake: {known / total:.1%}")


@dataclass(frozen=True)
class Found:
    task: str
    students: tuple[str, ...]
    label: str


def groups_of(course: Course) -> Iterator[Found]:
    for task in gradebook.tasks(course, ASSIGNMENT):
        for one in behaviour_groups.groups(course, ASSIGNMENT, task.notebook, task.task):
            label = one.match.mistake.name if one.match and one.match.sure else ""
            yield Found(task.task, one.students, label)


if __name__ == "__main__":
    main()
