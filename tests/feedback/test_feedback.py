"""A feedback page says what the student may know, says it plainly, and runs nothing."""

from __future__ import annotations

import base64
import hashlib
import os
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from nbgrader.api import Gradebook

from autograder import language, nouns
from autograder.config.settings import CourseSettings, LateSettings, SubmissionSettings
from autograder.errors import NotFound
from autograder.evidence import check_pictures, results
from autograder.evidence.store import Store
from autograder.nouns import Message, Status
from autograder.steps.reporting.feedback import feedback, first_given

from . import made

GOLDEN = Path(__file__).parent / "golden"
HOSTILE = '"><script>alert(1)</script><img src=x onerror=alert(2)>\u202ekcab\x1b[31m\x00'


def page(course, student="s-7f3a", name=made.NOTEBOOK):
    return (course.feedback / student / "n432" / f"{name}.html").read_text(encoding="utf-8")


def written(course, result=None):
    made.keep(course, result or made.rich_result(course))
    feedback(course, "n432")
    return page(course)


class Seen(HTMLParser):
    """The visible words of a page, its headings, and everything that would run or fetch."""

    def __init__(self, html):
        super().__init__()
        self.words, self.active, self.links, self.metas, self._skip = [], [], [], {}, 0
        self.style = ""
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        facts = dict(attrs)
        self.active += [name for name in facts if name.startswith("on") or name == "style"]
        if tag in {"script", "iframe", "object", "embed", "form", "link", "base"}:
            self.active.append(tag)
        still = ("data:image/png;base64,", "data:image/svg+xml;base64,")  # an img runs no script
        if "src" in facts and not (tag == "img" and facts["src"].startswith(still)):
            self.active.append(facts["src"])
        if "href" in facts:
            self.links.append(facts["href"])
        if tag == "meta" and "http-equiv" in facts:
            self.metas[facts["http-equiv"]] = facts["content"]
        self._skip += tag == "style"

    def handle_endtag(self, tag):
        self._skip -= tag == "style"

    def handle_data(self, data):
        if self._skip:
            self.style += data
        elif data.strip():
            self.words.append(data)

    @property
    def text(self):
        return re.sub(r"\s+", " ", " ".join(self.words))


def text_of(html):
    return Seen(html).text


@pytest.mark.golden
@pytest.mark.parametrize("name", [made.NOTEBOOK, "index"])
def test_the_page_is_as_it_was_when_somebody_last_looked_at_it(course, name):
    written(course, made.with_notebook(made.rich_result(course), figures=()))
    html = page(course, name=name)
    golden = GOLDEN / f"{name}.html"
    if os.environ.get("UPDATE_GOLDEN"):
        golden.parent.mkdir(exist_ok=True)
        golden.write_text(html, encoding="utf-8")
    assert html == golden.read_text(encoding="utf-8"), "look at it, then: make golden"


@pytest.mark.parametrize("policy", ["none", "verdict", "number"])
def test_nothing_of_a_hidden_check_is_on_any_page(tmp_path, policy):
    course = made.the_course(tmp_path, hidden=policy)
    made.register(course)
    written(course)
    for path in (course.feedback).rglob("*.html"):
        assert made.SECRET not in path.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("policy", "points", "number", "total"),
    [
        ("none", False, False, ("10.8", "36")),
        ("verdict", True, False, ("17.8", "48")),
        ("number", True, True, ("18", "48")),
    ],
)
def test_the_course_decides_what_is_told_of_hidden_criteria(
    tmp_path, policy, points, number, total
):
    course = made.the_course(tmp_path, hidden=policy)
    made.register(course)
    tasks = made.rich_tasks()
    odd = replace(tasks[1].criteria[3], score=0.123)  # its demand names no target
    unet = replace(tasks[1], criteria=(*tasks[1].criteria[:3], odd))
    result = made.with_notebook(made.rich_result(course), tasks=(tasks[0], unet, *tasks[2:]))
    shown = text_of(written(course, result))
    assert "Mean IoU on 200 unseen images is at least 0.8" in shown
    assert ("5.2 of 10 points" in shown) is (policy == "number")
    assert ("5 of 10 points" in shown) is (policy == "verdict")
    assert ("0.7041" in shown) is number
    assert "0.123" not in shown
    assert ("12 more points are decided on unseen data" in shown) is (policy == "none")
    assert re.search(r"([\d.]+) of (\d+) points", shown).groups() == total


def test_each_criterion_says_expected_got_and_next_in_words_and_sign(course):
    shown = text_of(written(course))
    assert "✗ not met Validation IoU reaches at least 0.8" in shown
    assert "Expected an IoU of at least 0.8 Got 0.7213 Next Train longer" in shown
    assert "– not run yet mAP at IoU 0.5 is at least 0.7" in shown
    assert "✓ met Every mask holds only 0 and 1" in shown


def test_what_to_do_next_stands_at_the_top_with_its_task(course):
    html = written(course)
    shown = text_of(html)
    at = shown.index("What to do next")
    assert shown.index("Return the list of boxes", at) < shown.index("Where your cells stopped")
    assert "#task-detect" in Seen(html).links


def test_a_fault_of_ours_is_no_zero(course):
    shown = text_of(written(course))
    assert "? looked at by a person The aspect ratio is kept – of 4 points" in shown
    assert "The fault is ours, not yours" in shown
    assert "sandbox died" not in shown
    assert "12 points wait for a person" in shown


def test_a_persons_points_and_words_are_shown_and_go_before_the_automatic_ones(course):
    made.keep(course, made.rich_result(course))
    with Gradebook(course.db_url) as book:
        for task, points in (("discuss", 2.5), ("detect", 7.0)):
            grade = book.find_grade(task, made.NOTEBOOK, "n432", "s-7f3a")
            grade.manual_score, grade.needs_manual_grade = points, False
        grade.extra_credit = 1.0
        found = book.find_comment("discuss", made.NOTEBOOK, "n432", "s-7f3a")
        found.manual_comment = "Clear. <b>"
        book.find_comment("detect-answer", made.NOTEBOOK, "n432", "s-7f3a").manual_comment = "Oh."
        book.db.commit()
        total = book.find_submission("n432", "s-7f3a").score
    feedback(course, "n432")
    shown = text_of(page(course))
    assert "2.5 of 3 points A person gave these points. A person wrote: Clear. <b>" in shown
    assert "8 of 10 points A person gave these points. 1 of these points are extra" in shown
    assert "detect-answer Oh." in shown
    assert text_of(page(course, name="index")).count("28.3 of 48 points")
    assert total == 28.5


def test_cell_errors_name_cell_and_line_in_plain_words(course):
    shown = text_of(written(course))
    assert "Cell 14, line 6 · a name is used that no cell before it defines return boxs" in shown
    assert "NameError: name 'boxs' is not defined" in shown
    assert "Cell 17 · a value that does not fit" in shown


def test_a_broken_notebook_is_explained_with_the_way_out(course):
    broken = "the file is no notebook: it holds a PDF\n  → Choose File, Save as, Notebook (.ipynb)."
    tasks = tuple(
        replace(t, criteria=(), attempted=False)
        for t in made.rich_tasks()
        if t.kind is nouns.TaskKind.MANUAL
    )
    html = written(
        course,
        made.with_notebook(
            made.rich_result(course),
            broken=broken,
            tasks=tasks,
            cell_errors=(),
            figures=(),
            usage=nouns.Usage(),
        ),
    )
    shown = text_of(html)
    assert "This notebook could not be read the file is no notebook: it holds a PDF" in shown
    assert "What you can do Choose File, Save as, Notebook (.ipynb)." in shown
    assert "Time and memory" not in shown


@pytest.mark.parametrize(("tier", "stamped"), [("UNSANDBOXED", True), ("A", False), ("B", False)])
def test_results_without_a_sandbox_are_stamped_on_every_page(course, tier, stamped):
    written(course, made.with_notebook(made.rich_result(course), tier=tier))
    for name in (made.NOTEBOOK, "index"):
        assert ("without isolation" in text_of(page(course, name=name))) is stamped


def test_tests_that_ran_beside_student_code_are_stamped(course):
    html = written(course)
    assert text_of(html).count("TESTS BESIDE STUDENT CODE") == 2  # at the top and at the task
    tasks = tuple(replace(t, beside_student_code=False) for t in made.rich_tasks())
    html = written(course, made.with_notebook(made.rich_result(course), tasks=tasks))
    assert "TESTS BESIDE" not in html


def test_time_and_memory_stand_beside_their_limits(course):
    shown = text_of(written(course))
    assert "Computing time 131 of 180 s" in shown
    assert "Memory 1,480 of 3,072 MB" in shown


def test_a_limit_that_was_reached_is_said_first(course):
    limit = "Cell 9 used more than 120 s of computing time. Look for a loop that does not end."
    shown = text_of(written(course, made.with_notebook(made.rich_result(course), limit=limit)))
    assert f"A limit was reached. {limit}" in shown


def test_the_page_needs_no_host_runs_nothing_and_carries_a_strict_policy(course):
    for html in (written(course), page(course, name="index")):
        seen = Seen(html)
        assert seen.active == []
        assert all(link.startswith("#") or link.endswith(".html") for link in seen.links)
        assert "://" not in html
        digest = base64.b64encode(hashlib.sha256(seen.style.encode()).digest()).decode()
        assert seen.metas["Content-Security-Policy"] == (
            f"default-src 'none'; img-src data:; style-src 'sha256-{digest}'; "
            "base-uri 'none'; form-action 'none'"
        )
        anchors = set(re.findall(r'id="([^"]+)"', html))
        assert {link[1:] for link in seen.links if link[0] == "#"} <= anchors


def hostile_result(course, text):
    failed = nouns.CriterionResult(
        "shapes",
        Status.FAILED,
        0,
        2,
        text,
        False,
        Message("{x}", text, text, {"x": text}),
        error=text,
    )
    task = nouns.TaskResult("masks", nouns.TaskKind.CRITERIA, 4, (failed,))
    return made.with_notebook(
        made.rich_result(course),
        tasks=(task,),
        cell_errors=(nouns.CellError(1, text, text, text, 1, text),),
        notes=(text,),
        limit=text,
        broken=text,
    )


def test_hostile_text_is_shown_as_text_and_what_cannot_be_seen_is_written_out(course):
    html = written(course, hostile_result(course, HOSTILE))
    assert Seen(html).active == []
    assert "<script>alert(1)</script>" in text_of(html)
    assert "⟨U+202E⟩kcab⟨U+0000⟩" in html
    assert "\u202e" not in html
    assert "\x1b" not in html


@given(text=st.text(max_size=60))
@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_no_text_of_a_student_becomes_markup(course, text):
    from autograder.steps.reporting.feedback.pages import Graded, pages_of
    from autograder.steps.reporting.feedback.tasks import Sources

    result = hostile_result(course, f"<b id=x onclick=y>{text}</b><script>")
    kept = Store(course.state / "evidence")
    graded = Graded(course, result, None, (), lambda n: Sources(n, {}, (), {}, "number", kept))
    for html in pages_of(graded).values():
        assert Seen(html).active == []


def test_own_plots_are_encoded_again_and_a_bomb_or_a_lost_one_is_counted(course):
    store = Store(course.state / "evidence")
    bomb = store.put(made.a_plot(4000, 4000))
    tail = store.put(made.a_plot() + b"<script>after the end</script>")
    figures = (tail, bomb, "0" * 64)
    html = written(course, made.with_notebook(made.rich_result(course), figures=figures))
    pictures = re.findall(r'src="data:image/png;base64,([^"]+)" alt="([^"]+)"', html)
    assert [alt for _, alt in pictures] == ["Your plot 1 of 3"]
    assert b"script" not in base64.b64decode(pictures[0][0])
    assert "Plots that could not be shown: 2" in text_of(html)


def test_lateness_and_another_counting_submission_are_said(course):
    first = made.rich_result(course)
    late = replace(
        course,
        settings=CourseSettings(timezone="UTC", due={"n432": "2026-03-01 12:00"}),
        late=LateSettings(penalty="zero"),
    )
    made.register(late)
    assert "Handed in late: 17.8 points are taken off" in text_of(written(late, first))
    last = replace(late, submissions=SubmissionSettings(counts="best"), late=LateSettings())
    worse = replace(hostile_result(last, "x"), submission="01J8ZQ4W2M7R5T9XK3BD6ZZZZZ")
    shown = text_of(written(last, worse))
    assert "This page is about your newest submission; the best of them counts." in shown


def test_one_damaged_result_stops_nobody_else(course):
    made.keep(course, made.rich_result(course))
    made.keep(course, made.rich_result(course, "s-0b1c"))
    results.path_of(course.state, "n432", "s-0b1c").write_text("{}")
    seen = []
    report = feedback(course, "n432", progress=lambda done, of: seen.append((done, of)))
    assert report.students == 1
    assert [p.split(":")[0] for p in report.problems] == ["s-0b1c"]
    assert report.as_json()["pages"] == [
        f"feedback/s-7f3a/n432/{made.NOTEBOOK}.html",
        "feedback/s-7f3a/n432/index.html",
    ]
    assert seen == [(1, 2), (2, 2)]


def test_where_nothing_is_graded_the_way_out_is_told(course):
    with pytest.raises(NotFound, match="autograder grade n432"):
        feedback(course, "n432")
    made.keep(course, made.rich_result(course))
    with pytest.raises(NotFound, match="s-none"):
        feedback(course, "n432", "s-none")


def test_every_word_of_the_templates_is_known_to_the_catalogues():
    from autograder.steps.reporting.feedback.pages import TEMPLATE_WORDS, TEMPLATES

    texts = [path.read_text(encoding="utf-8") for path in TEMPLATES.glob("*.j2")]
    used = {word for text in texts for word in re.findall(r"""\bt\(["']([^"']*)["']\)""", text)}
    assert used == set(TEMPLATE_WORDS)


def test_the_language_of_the_course_is_used_for_its_pages_alone(tmp_path):
    course = made.the_course(tmp_path, language="ko")
    made.register(course)
    html = written(course)
    assert '<html lang="ko">' in html
    assert language.current() == "en"


def test_pages_are_readable_where_the_assignment_is_in_no_gradebook(course):
    result = made.rich_result(course)
    results.save(course.state, result)
    feedback(course, "n432", "s-7f3a")
    assert "17.8 of 48 points" in text_of(page(course))


def test_writing_pages_anew_is_not_giving_them_anew(course):
    result = made.rich_result(course)
    written(course, result)
    folder = course.feedback / "s-7f3a" / "n432"
    for path in folder.iterdir():
        os.utime(path, (1_900_000_000, 1_900_000_000))
    first = first_given(course, "n432", "s-7f3a")
    assert first.timestamp() == 1_900_000_000
    feedback(course, "n432")
    assert (folder / "index.html").stat().st_mtime != first.timestamp()
    assert first_given(course, "n432", "s-7f3a") == first
    written(course, replace(result, submission="another"))
    assert first_given(course, "n432", "s-7f3a") != first
    assert first_given(course, "n432", "nobody") is None


def test_what_a_check_drew_is_shown_where_the_student_could_draw_it_too(course):
    store = Store(course.state / "evidence")
    for task, name in (("unet", "learns"), ("unet", "unseen_iou"), ("masks", "binary")):
        svg = f'<svg xmlns="http://www.w3.org/2000/svg" onload="hit()"><title>{name}</title></svg>'
        check_pictures.keep(store, "r" * 16, task, name, [{"svg": svg, "alt": f"curve of {name}"}])
    html = written(course, made.rich_result(course))
    seen = re.findall(r'src="data:image/svg\+xml;base64,([^"]+)" alt="([^"]+)"', html)
    assert [alt for _, alt in seen] == ["curve of learns"]  # neither a hidden nor a passed one's
    assert b"<title>learns</title>" in base64.b64decode(seen[0][0])
    assert Seen(html).active == []
