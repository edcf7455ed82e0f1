"""A release in two languages: offered in both, the reader's first; either may be handed in."""

from __future__ import annotations

import io
import json
import zipfile

import pytest
from starlette.testclient import TestClient

from autograder.steps.collect import shelf_of
from autograder.steps.portal.hand_in import hand_in
from autograder.steps.portal.on_arrival import grade_next
from autograder.steps.release import folder_of
from autograder.web import views
from autograder.web.app import create_app, now

from .conftest import ANSWER, in_korean, link, upload, with_settings


@pytest.fixture
def course(course):
    """The course with `hello` in Korean as well."""
    return in_korean(course)


@pytest.fixture
def browser(course):
    with TestClient(create_app(course)) as one:
        seal = one.get("/sign-in").text.split('name="seal" value="')[1].split('"')[0]
        one.post("/sign-in", data={"seal": seal, "code": link(course, "2026001")})
        yield one


@pytest.mark.parametrize(
    ("asks", "first"),
    [("ko-KR,ko;q=0.9,en;q=0.8", "ko"), ("en-GB", "en"), ("fr", "en"), ("", "en")],
)
def test_both_are_offered_and_the_readers_language_first(browser, asks, first):
    page = browser.get("/a/hello", headers={"Accept-Language": asks}).text
    places = {lang: page.index(f"hello.ipynb?lang={lang}") for lang in ("en", "ko")}
    assert min(places, key=places.get) == first
    assert '<h3 lang="ko">한국어</h3>' in page


def test_each_downloads_as_it_was_released(browser, course):
    for lang in ("en", "ko"):
        folder = folder_of(course, "hello", lang)
        got = browser.get(f"/a/hello/files/hello.ipynb?lang={lang}").content
        assert got == (folder / "hello.ipynb").read_bytes()
        with zipfile.ZipFile(
            io.BytesIO(browser.get(f"/a/hello/everything.zip?lang={lang}").content)
        ) as archive:
            assert archive.read("hello/hello.ipynb") == got
            assert any(name.endswith(".whl") for name in archive.namelist())
    said = [json.loads(folder_of(course, "hello", lang).joinpath("hello.ipynb").read_bytes())
            ["metadata"]["autograder"].get("language", "") for lang in ("en", "ko")]  # fmt: skip
    assert said[1] == "ko" != said[0]


@pytest.mark.parametrize("lang", ["xx", "../ko", "fr"])
def test_a_language_that_was_not_released_is_not_there(browser, lang):
    for name in ("files/hello.ipynb", "everything.zip"):
        assert browser.get(f"/a/hello/{name}", params={"lang": lang}).status_code == 404
    assert browser.get("/a/sc01/everything.zip?lang=ko").status_code == 409  # not begun


def test_one_language_needs_no_choice(browser, course):
    (edition,) = views.editions(course, "sc01")
    assert edition.lang == "en"
    assert "?lang=" not in browser.get("/a/sc01").text


def test_colab_opens_either(course, student):
    course = with_settings(course, "portal", colab_url="https://colab.test/gh/course/release/")
    page = views.page(course, "hello", student, now(), ["ko"])
    assert [edition.colab for edition in page.editions] == [
        (("hello", "https://colab.test/gh/course/release/ko/hello/hello.ipynb"),),
        (("hello", "https://colab.test/gh/course/release/hello/hello.ipynb"),),
    ]


def test_either_is_handed_in_and_judged_alike(course, student, tmp_path, workers):
    points = []
    for lang in ("en", "ko"):
        path = folder_of(course, "hello", lang) / "hello.ipynb"
        notebook = json.loads(path.read_bytes())
        for cell in notebook["cells"]:
            if cell["metadata"].get("nbgrader", {}).get("solution"):
                cell["source"] = ANSWER
        data = json.dumps(notebook).encode()
        done = hand_in(course, "hello", student, [upload(tmp_path, data)], now())
        assert done.receipt["tasks"] == {"hello": {"standardise": "saved"}}
        assert grade_next(course, workers) == 1
        points.append(views.score_of(course, "hello", student, now()).points)
    assert points[0] == points[1] == "10 of 10 points"
    shelf = shelf_of(course, "hello")
    handed_in = [shelf.submission(one) for one in shelf.all_of(student)]
    assert [submission.language for submission in handed_in] == ["", "ko"]
    overview = course.feedback / student / "hello" / "index.html"
    assert 'lang="ko"' in overview.read_text()
