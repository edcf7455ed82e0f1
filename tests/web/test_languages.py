"""A release in two languages: offered in both, the reader's first; either may be handed in."""

from __future__ import annotations

import io
import json
import zipfile
from contextlib import contextmanager

import pytest
from starlette.testclient import TestClient

from autograder import language
from autograder.steps.assignments import release_folder
from autograder.steps.grading.collect import shelf_of
from autograder.steps.portal.queue_runner import grade_next
from autograder.steps.portal.receive_submission import hand_in
from autograder.web.app import create_app
from autograder.web.portal import now
from autograder.web.student import views

from .conftest import ANSWER, answered, in_korean, link, upload, with_settings


@pytest.fixture
def course(course):
    """The course with `hello` in Korean as well."""
    return in_korean(course)


@pytest.fixture
def browser(course):
    with signed_in(course) as one:
        yield one


@contextmanager
def signed_in(course):
    with TestClient(create_app(course)) as one:
        one.post("/sign-in", data={"seal": seal_of(one), "code": link(course, "2026001")})
        yield one


def seal_of(client, page="/sign-in"):
    return client.get(page).text.split('name="seal" value="')[1].split('"')[0]


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
        folder = release_folder(course, "hello", lang)
        got = browser.get(f"/a/hello/files/hello.ipynb?lang={lang}").content
        assert got == (folder / "hello.ipynb").read_bytes()
        with zipfile.ZipFile(
            io.BytesIO(browser.get(f"/a/hello/everything.zip?lang={lang}").content)
        ) as archive:
            assert archive.read("hello/hello.ipynb") == got
            assert any(name.endswith(".whl") for name in archive.namelist())
    said = [
        json.loads(release_folder(course, "hello", lang).joinpath("hello.ipynb").read_bytes())[
            "metadata"
        ]["autograder"].get("language", "")
        for lang in ("en", "ko")
    ]
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
        path = release_folder(course, "hello", lang) / "hello.ipynb"
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


def zipped(**files: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name.replace("__", "."), data)
    return out.getvalue()


REFUSED = [
    ("notes.pdf", b"x", "노트북도 zip도 아닙니다", "전부를 담은 .zip 하나를 제출하세요"),
    ("all.zip", zipped(mine__py=b"x = 1"), "노트북이 들어 있지 않습니다", "작업한 .ipynb"),
    ("all.zip", b"PK", "zip으로 읽을 수 없습니다", "다시 압축하세요"),
    ("con.ipynb", b"{}", "&#39;con.ipynb&#39;: Windows에서는", "이름을 바꾸세요"),
    ("all.zip", zipped(hello__ipynb=bytes(2 << 20)), "1 MB를 넘습니다", "줄여서 제출하세요"),
]


@pytest.mark.parametrize(("name", "data", "fact", "way_out"), REFUSED)
def test_a_korean_portal_says_in_korean_why_an_upload_is_refused(course, name, data, fact, way_out):
    course = with_settings(course, "settings", language="ko")
    course = with_settings(course, "submissions", max_mb=1)
    with signed_in(course) as browser:
        form = {"seal": seal_of(browser, "/a/hello")}
        answer = browser.post("/a/hello/upload", data=form, files={"file": (name, data)})
    assert answer.status_code == 400
    assert fact in answer.text
    assert way_out in answer.text
    assert "c.Submissions" not in answer.text  # a student sets nothing there


def test_a_korean_course_says_in_korean_which_file_it_took_for_the_notebook(
    course, student, tmp_path
):
    course = with_settings(course, "settings", language="ko")
    sent = upload(tmp_path, answered(course), "hello (1).ipynb")
    language.use("ko")
    try:
        done = hand_in(course, "hello", student, [sent], now())
    finally:
        language.use("en")
    assert done.notes == ("hello (1).ipynb 파일을 hello.ipynb(으)로 받았습니다",)
