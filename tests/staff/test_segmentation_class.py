"""A class's submissions of the day of masks and boxes, from the first group to the student's page.

A TA marks by keyboard alone, an instructor gives feedback and mends a criterion, two students read
what came of it: headless Chromium, three widths, axe-core on every page. With
`GRADED_CLASS=FOLDER` a class that `benchmarks/grouping.py --course FOLDER` left is not made again.
"""

from __future__ import annotations

import json
import os
import re
import shutil
from pathlib import Path

import pytest

from autograder import config, gradebook
from autograder.gradebook.marking import mark_changes, rubric_changes, worklist
from autograder.gradebook.marking.leases import Answer
from autograder.gradebook.portal import feedback_views
from autograder.gradebook.regrades import requests
from autograder.steps import roster
from autograder.steps.reporting.groups import behaviour_groups
from autograder.web.portal import now
from benchmarks import grouping
from benchmarks.grouping import ASSIGNMENT as A
from benchmarks.grouping import SEEDS
from tests.course_pages.test_journey import working
from tests.web.test_journey import chromium, serving  # noqa: F401 (a fixture)

from .conftest import link
from .test_journey import Ta

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(3600)]
WIDTHS = {"desktop": 1440, "laptop": 1280, "phone": 390}
TA, INSTRUCTOR = "90002", "90001"
COMMENT = " Draw two boxes that lie apart, and look at their signs."
WHY = "The statement says nothing of boxes that lie apart."
GIVEN = "[data-key='1'][aria-pressed={}]"
STRICT, MENDED = "within=0.001", "within=0.1"  # so that the share of right pixels passes, too


class Reader(Ta):
    """Somebody with a browser and a keyboard."""

    widths = WIDTHS
    themes = ("light",)  # both are looked at where few students are: test_journey.py

    def tab_to(self, name: str) -> None:
        """Presses Tab until something of this name has the focus, and can be seen to have it."""
        for _ in range(300):
            self.page.keyboard.press("Tab")
            text, outline = self.page.evaluate(
                "() => { const e = document.activeElement;"
                "const text = (e.labels && e.labels[0] || e).textContent.trim();"
                "return [text, getComputedStyle(e).outlineStyle] }"
            )
            if text.startswith(name):
                assert outline != "none", f"{name} has no visible focus"
                return
        raise AssertionError(f"{name} cannot be reached")

    def goes(self, key: str) -> None:
        """Presses a key that leads to another page, and waits until that can take keys."""
        with self.page.expect_navigation():
            self.page.keyboard.press(key)
        self.page.wait_for_load_state("networkidle")

    def opens(self, name: str) -> None:
        """Goes to a link by Tab, and follows it."""
        self.tab_to(name)
        self.goes("Enter")

    def presses(self, key: str, then: str) -> None:
        """Presses a key and waits for what comes of it on the same page: a selector."""
        self.page.keyboard.press(key)
        self.page.locator(then).first.wait_for()

    def types(self, name: str, text: str) -> None:
        """Goes to a field by Tab, which chooses what stands in it, and writes over it."""
        self.tab_to(name)
        self.page.keyboard.type(text)

    def comes(self, course, number: str) -> None:
        """Signs in as a student does, whose personal link leads to their own pages."""
        self.page.goto(f"{self.base}/sign-in#{link(course, number)}")
        self.page.wait_for_url(f"{self.base}/")

    def waits_for(self, text: str, seconds: float = 900) -> None:
        self.page.get_by_text(text).first.wait_for(timeout=1000 * seconds)


@pytest.fixture(scope="module", params=[16, 200])
def course(request, tmp_path_factory):
    """The graded class; made-up students who hand in the author's solution or a known mistake."""
    folder = tmp_path_factory.mktemp("class") / "course"
    if kept := os.environ.get("GRADED_CLASS"):
        shutil.copytree(kept, folder)
    else:
        grouping.make_class(folder, request.param)
    with (folder / "course_config.py").open("a") as settings:
        settings.write('\nc.Feedback.when = "on_release"\n')
    return config.load(folder)


def who_made(course, task: str, mistake: str) -> list[str]:
    """The students whose submission was made with this mistake."""
    seeds = json.loads((course.state / SEEDS).read_text())
    return sorted(student for student, seed in seeds.items() if seed == [task, mistake])


def number_of(course, student: str) -> str:
    return next(one.number for one in roster.people(course) if one.id == student)


def mark(course, task: str, student: str):
    return mark_changes.mark(course, Answer(A, A, task, student))


def total(course, student: str) -> float:
    return gradebook.student_scores(course, A, student)[0].total


def test_from_a_group_to_a_mended_criterion_that_the_student_sees(chromium, course, workers):  # noqa: F811
    told = who_made(course, "overlap", "negative_overlap")
    asking = who_made(course, "contract", "pixel_accuracy")
    with serving(course, now) as base, working(course, workers):
        ta = Reader(chromium, base)
        a_group_is_told(ta, course, told)
        an_item_is_changed_for_all(ta, course)
        park = Reader(chromium, base)
        feedback_is_given(park, course)
        told_one, asking_one = Reader(chromium, base), Reader(chromium, base)
        the_group_reads_it(told_one, course, told)
        a_student_asks(asking_one, course, asking[0])
        the_criterion_is_mended(park, course, asking)
        the_student_sees_it(asking_one, course, asking[0])
        for reader in (ta, park, told_one, asking_one):
            assert reader.wrong == []


def a_group_is_told(ta: Reader, course, told: list[str]) -> None:
    """One comment and one adjustment for a whole group, after three looks; no mouse is used."""
    before = {student: mark(course, "overlap", student).score for student in told}
    ta.page.goto(f"{ta.base}/sign-in")
    ta.types("Personal code", link(course, TA))
    ta.goes("Enter")
    ta.look("course")
    ta.opens(A)
    ta.look("overview")
    ta.opens("Groups")
    ta.opens("overlap")
    ta.look("groups")
    ta.opens("negative_overlap")
    (group,) = [
        g for g in behaviour_groups.groups(course, A, A, "overlap") if set(told) <= set(g.students)
    ]
    assert (group.size, group.match.mistake.name) == (len(told), "negative_overlap")
    ta.has("You have looked at 1 / 3")
    ta.look("group")
    ta.goes("j")
    ta.goes("j")
    ta.has("You have looked at 3 / 3")
    ta.goes("k")
    ta.has("example 2 /")
    ta.presses("c", "#comment:focus")
    ta.page.keyboard.press("Control+End")
    ta.page.keyboard.type(COMMENT)  # behind what the author would say
    ta.types("Adjust by", "+1")
    ta.types("Reason", WHY)
    ta.goes("Control+Enter")
    ta.has(f"Answers changed: {len(told)}")
    ta.look("group-told")
    for student in told:
        found = mark(course, "overlap", student)
        assert found.score == before[student] + 1
        assert (found.state.reason, found.state.comment.endswith(COMMENT)) == (WHY, True)


def an_item_is_changed_for_all(ta: Reader, course) -> None:
    """An item of the rubric given to two answers, then worth something else for both of them."""
    first, second, third = (e.answer for e in worklist.entries(course, A, A, "overlap")[:3])
    before = {one: mark_changes.mark(course, one).score for one in (first, second, third)}
    ta.opens("Answers")
    ta.look("answers")
    ta.opens("overlap")
    ta.look("answers-of-a-task")
    ta.opens(roster_name(course, first.student))
    ta.tab_to("Change the rubric")
    ta.presses("Enter", "details[open] #new-item")
    ta.types("New item", "does not say why")
    ta.types("Points", "-1")
    ta.presses("Enter", GIVEN.format("false"))
    ta.presses("1", GIVEN.format("true"))
    ta.look("answer")
    ta.goes("j")
    ta.presses("1", GIVEN.format("true"))
    ta.goes("j")
    ta.presses("1", GIVEN.format("true"))
    ta.presses("u", GIVEN.format("false"))
    ta.presses("f", "#do-flag[aria-pressed=true]")
    after = {one: mark_changes.mark(course, one) for one in before}
    assert [after[one].score - before[one] for one in before] == [-1, -1, 0]
    assert after[third].state.flagged
    ta.goes("k")
    ta.goes("k")
    ta.tab_to("Change the rubric")
    ta.presses("Enter", "details[open] #new-item")
    ta.types("Points", "-2")
    ta.presses("Enter", "[data-key='1'] b:text('−2')")
    ta.look("answer-item-changed")
    scores = [mark_changes.mark(course, one).score - before[one] for one in before]
    assert scores == [-2, -2, 0]
    assert rubric_changes.of_task(course, A, A, "overlap").items[0].used == 2
    for name in ("Comments", "Statistics"):
        ta.opens(name)
        ta.look(name.lower())


def roster_name(course, student: str) -> str:
    return next(one.name for one in roster.people(course) if one.id == student)


def feedback_is_given(park: Reader, course) -> None:
    park.sign_in(course, INSTRUCTOR)
    page = park.page
    page.goto(f"{park.base}/staff/a/{A}/release")
    page.get_by_role("button", name="Give feedback").click()
    park.waits_for("Given to")
    park.look("release")


def the_group_reads_it(student: Reader, course, told: list[str]) -> None:
    student.comes(course, number_of(course, told[0]))
    student.page.get_by_role("link", name=A).click()
    student.page.get_by_role("link", name="Feedback: overview").click()
    student.page.get_by_role("link", name=re.compile(f"^{A}")).click()
    student.has(COMMENT.strip())
    assert feedback_views.first_seen(course, A, told[0])


def a_student_asks(student: Reader, course, who: str) -> None:
    student.comes(course, number_of(course, who))
    page = student.page
    page.goto(f"{student.base}/a/{A}")
    student.has(f"{total(course, who):g} of 100 points")
    page.get_by_label("Task").select_option("contract")
    page.get_by_label("What should be looked at").fill("0.875 is the mean over all pixels.")
    page.get_by_role("button", name="Send the request").click()
    student.has("0.875 is the mean over all pixels.")


def the_criterion_is_mended(park: Reader, course, asking: list[str]) -> None:
    """Previewed from evidence for all with the same cause, applied with a reason, answered."""
    before = {student: total(course, student) for student in asking}
    page = park.page
    (request,) = requests.asked(course, A)
    page.goto(f"{park.base}/staff/a/{A}/requests/{request.id}")
    park.has(f"Same cause: {len(asking) - 1} others")
    park.look("request")
    mend(course.source / A / f"{A}.ipynb")
    page.goto(f"{park.base}/staff/a/{A}/requests")
    page.get_by_label("Judge again").select_option("contract")
    page.get_by_role("button", name="Preview").click()
    park.waits_for("Whose scores change")
    assert page.get_by_text(re.compile("^Get more")).locator("xpath=../dd").inner_text() == str(
        len(asking)
    )
    park.look("preview")
    assert {student: total(course, student) for student in asking} == before
    page.get_by_label("Why? It stands").fill("The share of right pixels is a mean, too.")
    page.get_by_role("button", name="Apply to all of them").click()
    park.waits_for("Applied.")
    park.look("applied")
    assert {student: total(course, student) - 4 for student in asking} == before
    page.goto(f"{park.base}/staff/a/{A}/requests/{request.id}")
    page.get_by_label("granted").check()
    page.get_by_label("To the student").fill("You are right: thank you.")
    page.get_by_role("button", name="Send the answer").click()
    park.has("granted")


def mend(path: Path) -> None:
    """Changes the criterion in the source, as an instructor does in JupyterLab."""
    notebook = json.loads(path.read_text())
    (cell,) = [c for c in notebook["cells"] if STRICT in "".join(c["source"])]
    cell["source"] = "".join(cell["source"]).replace(STRICT, MENDED)
    path.write_text(json.dumps(notebook))


def the_student_sees_it(student: Reader, course, who: str) -> None:
    student.page.goto(f"{student.base}/a/{A}")
    student.has(f"{total(course, who):g} of 100 points")
    student.has("You are right: thank you.")
    student.look("student")
    student.page.get_by_role("link", name="Feedback: overview").click()
    student.page.get_by_role("link", name=re.compile(f"^{A}")).click()
    student.look("feedback")
