"""The portal below a path, as one of a JupyterHub's services: nothing leads out of it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import urljoin, urlsplit

import pytest
from starlette.testclient import TestClient

from autograder.errors import ConfigError
from autograder.gradebook.portal import queue
from autograder.web import hub as hubs
from autograder.web.app import create_app
from autograder.web.path_prefix import prefix_of

from .conftest import answered, link, with_settings

ORIGIN = "https://hub.test"
PREFIX = "/services/autograder"
LINK = re.compile(r'(?:\s(?:href|src|action)="|="(?=/))([^"]*)"')  # and whatever looks like a path


@pytest.fixture
def below(course):
    return with_settings(course, "portal", url=ORIGIN + PREFIX)


@pytest.fixture
def browser(below) -> Iterator[TestClient]:
    with TestClient(create_app(below), base_url=ORIGIN, follow_redirects=False) as one:
        yield one


def seal(page: str) -> str:
    return page.split('name="seal" value="')[1].split('"', maxsplit=1)[0]


def sign_in(browser: TestClient, course, number: str = "2026001") -> None:
    form = {"seal": seal(browser.get(f"{PREFIX}/sign-in").text), "code": link(course, number)}
    answer = browser.post(f"{PREFIX}/sign-in", data=form)
    assert (answer.status_code, answer.headers["location"]) == (303, f"{PREFIX}/")


def visited(browser: TestClient, start: str) -> dict[str, int]:
    """Every address that can be reached by links, forms' targets and files from here."""
    found: dict[str, int] = {}
    todo = [start]
    while todo:
        path = todo.pop()
        if path in found:
            continue
        answer = browser.get(path)
        found[path] = answer.status_code
        if "text/html" in answer.headers.get("content-type", ""):
            page = urljoin(path, answer.headers.get("location", ""))
            hrefs = [urljoin(page, one) for one in LINK.findall(answer.text)]
            todo += [urlsplit(one).path for one in hrefs if not one.startswith(("http", "data:"))]
    return found


@pytest.mark.parametrize("number", ["2026001", "2026099"])
def test_no_link_form_or_file_of_any_page_leads_out_of_the_prefix(browser, below, number, tmp_path):
    sign_in(browser, below)
    page = browser.get(f"{PREFIX}/a/hello").text
    files = {"file": ("hello.ipynb", answered(below))}
    answer = browser.post(f"{PREFIX}/a/hello/upload", data={"seal": seal(page)}, files=files)
    assert answer.headers["location"].startswith(f"{PREFIX}/a/hello?told=")
    browser.cookies.clear()
    sign_in(browser, below, number)
    found = visited(browser, f"{PREFIX}/" if number == "2026001" else f"{PREFIX}/staff")
    outside = [path for path in found if not path.startswith(f"{PREFIX}/")]
    assert outside == []
    broken = {path: status for path, status in found.items() if status in (404, 500)}
    assert broken == {}
    assert f"{PREFIX}/static/portal.css" in found
    assert len(found) > 12


def test_a_proxy_that_takes_the_prefix_off_is_understood_too(browser, below):
    answer = browser.get("/a/hello")
    assert answer.headers["location"] == f"{PREFIX}/sign-in"
    assert browser.get("/static/portal.css").headers["cache-control"] == "public, max-age=600"
    assert browser.get(f"{PREFIX}/static/portal.css").status_code == 200
    assert browser.get(PREFIX).headers["location"] == f"{PREFIX}/sign-in"
    assert browser.get("/services/autograder-of-another/health").status_code == 404


def test_the_session_goes_to_the_portal_alone_and_not_to_other_services(browser, below):
    sign_in(browser, below)
    paths = {cookie.path for cookie in browser.cookies.jar}
    assert paths == {f"{PREFIX}/"}


def test_a_notebook_signs_in_and_hands_in_below_the_prefix(browser, below, student):
    asked = browser.post(f"{PREFIX}/api/device").json()
    assert asked["page"].startswith(f"{ORIGIN}{PREFIX}/device?code=")
    sign_in(browser, below)
    form = {"seal": seal(browser.get(f"{PREFIX}/device").text), "code": asked["code"]}
    form["agreed"] = asked["code"]
    assert "Connected" in browser.post(f"{PREFIX}/device", data=form).text
    secret = {"secret": asked["secret"]}
    token = browser.post(f"{PREFIX}/api/device/token", json=secret).json()["token"]
    sent = browser.put(
        f"{PREFIX}/api/assignments/hello/submission",
        params={"name": "hello.ipynb"},
        content=answered(below),
        headers={"Authorization": f"Bearer {token}"},
    )
    assert sent.json()["receipt"]["student"] == student
    assert queue.job(below, "hello", student) is not None
    refused = browser.put(f"{PREFIX}/api/assignments/hello/submission?name=x.ipynb", content=b"x")
    assert refused.json()["error"]["fact"]


def test_the_hubs_own_words_for_prefix_host_and_callback_are_enough(course, monkeypatch):
    told = {
        "JUPYTERHUB_API_URL": "http://127.0.0.1:8081/hub/api",
        "JUPYTERHUB_API_TOKEN": "s3cret",
        "JUPYTERHUB_SERVICE_NAME": "autograder",
        "JUPYTERHUB_SERVICE_PREFIX": f"{PREFIX}/",
        "JUPYTERHUB_BASE_URL": "/",
        "JUPYTERHUB_HOST": "",
        "JUPYTERHUB_OAUTH_CALLBACK_URL": f"{PREFIX}/oauth_callback",
    }
    for name, value in told.items():
        monkeypatch.setenv(name, value)
    behind = with_settings(course, "portal", sign_in="jupyterhub", url=ORIGIN + PREFIX)
    with TestClient(create_app(behind), base_url=ORIGIN, follow_redirects=False) as browser:
        answer = browser.get(f"{PREFIX}/hub/login")
        assert answer.headers["location"].startswith(f"{ORIGIN}/hub/api/oauth2/authorize?")
        assert browser.get(f"{PREFIX}/oauth_callback").status_code == 403
    unnamed = with_settings(course, "portal", sign_in="jupyterhub")
    assert prefix_of(unnamed, told) == PREFIX
    with pytest.raises(ConfigError, match="JUPYTERHUB_HOST"):
        hubs.hub_of(unnamed, told)


def test_an_address_of_its_own_has_no_prefix(course):
    told = {"JUPYTERHUB_SERVICE_PREFIX": f"{PREFIX}/"}
    apart = with_settings(course, "portal", sign_in="jupyterhub", url="https://portal.test/")
    assert prefix_of(apart, told) == ""
    assert prefix_of(course, told) == ""


def test_feedback_leads_back_below_the_path(browser, course, student):
    folder = course.feedback / student / "hello"
    folder.mkdir(parents=True)
    (folder / "index.html").write_text("<main><p>well done</p></main>")
    sign_in(browser, course)
    page = browser.get(f"{PREFIX}/a/hello/feedback/index.html").text
    assert f'<a href="{PREFIX}/a/hello">← hello</a>' in page
