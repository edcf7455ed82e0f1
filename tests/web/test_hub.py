"""Signing in by JupyterHub, against a small Hub of our own."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import pytest
from starlette.testclient import TestClient

from autograder.errors import ConfigError
from autograder.web import hub as hubs
from autograder.web.app import create_app

from .conftest import link, with_settings

BASE = "https://portal.test"
CALLBACK = f"{BASE}/hub/callback"


@dataclass
class FakeHub:
    """What a JupyterHub answers to its service, and what it was asked."""

    user: str = "2026001"
    fault: int = 0
    tokens: dict[str, str] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    url: str = ""

    def handler(self) -> type[BaseHTTPRequestHandler]:
        fake = self

        class Handler(BaseHTTPRequestHandler):
            def log_message(self, *_: object) -> None:
                pass

            def reply(self, status: int, body: object) -> None:
                data = json.dumps(body).encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def do_POST(self) -> None:
                form = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
                given = {key: one for key, (one,) in form.items()}
                fake.asked.append("token")
                right = {
                    "client_id": "service-autograder",
                    "client_secret": "s3cret",
                    "grant_type": "authorization_code",
                    "redirect_uri": CALLBACK,
                }
                code = given.pop("code", "")
                if fake.fault or given != right or code not in fake.tokens:
                    self.reply(fake.fault or 400, {"error": "invalid_grant"})
                else:
                    self.reply(200, {"access_token": fake.tokens.pop(code)})

            def do_GET(self) -> None:
                fake.asked.append("user")
                known = self.headers.get("Authorization") == "token abc"
                self.reply(200 if known else 403, {"name": fake.user} if known else {})

        return Handler


@pytest.fixture
def fake() -> Iterator[FakeHub]:
    found = FakeHub(tokens={"c0de": "abc"})
    server = ThreadingHTTPServer(("127.0.0.1", 0), found.handler())
    found.url = f"http://127.0.0.1:{server.server_port}/hub/api"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield found
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def environment(fake: FakeHub, monkeypatch: pytest.MonkeyPatch) -> None:
    told = {
        "JUPYTERHUB_API_URL": fake.url,
        "JUPYTERHUB_API_TOKEN": "s3cret",
        "JUPYTERHUB_SERVICE_NAME": "autograder",
        "JUPYTERHUB_HOST": "https://hub.test",
        "JUPYTERHUB_BASE_URL": "/",
    }
    for name, value in told.items():
        monkeypatch.setenv(name, value)


@pytest.fixture
def browser(course, clock, environment) -> Iterator[TestClient]:
    behind = with_settings(course, "portal", sign_in="jupyterhub", url=BASE)
    with TestClient(create_app(behind, clock=clock), base_url=BASE, follow_redirects=False) as one:
        yield one


def gone_to_the_hub(browser: TestClient) -> str:
    """The state with which the Hub is asked who this is."""
    answer = browser.get("/hub/login")
    assert answer.status_code == 303
    where = urlsplit(answer.headers["location"])
    assert (where.scheme, where.netloc) == ("https", "hub.test")
    assert where.path == "/hub/api/oauth2/authorize"
    asked = {key: one for key, (one,) in parse_qs(where.query).items()}
    assert asked["client_id"] == "service-autograder"
    assert asked["redirect_uri"] == CALLBACK
    assert asked["response_type"] == "code"
    return asked["state"]


def back(browser: TestClient, state: str, code: str = "c0de"):
    return browser.get("/hub/callback", params={"code": code, "state": state})


def test_a_student_signs_in_by_the_hub_and_out_again(browser, fake):
    assert browser.get("/", follow_redirects=False).headers["location"] == "/sign-in"
    assert "Sign in with JupyterHub" in browser.get("/sign-in").text
    answer = back(browser, gone_to_the_hub(browser))
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    assert fake.asked == ["token", "user"]
    page = browser.get("/")
    assert "김하나" in page.text
    seal = page.text.split('name="seal" value="')[1].split('"')[0]
    browser.post("/sign-out", data={"seal": seal})
    assert browser.get("/").status_code == 303


@pytest.mark.parametrize("user", ["hana@example.org", "HANA@example.org"])
def test_a_hub_that_calls_people_by_their_address_is_understood(browser, fake, user):
    fake.user = user
    assert back(browser, gone_to_the_hub(browser)).status_code == 303
    assert "김하나" in browser.get("/").text


@pytest.mark.parametrize("user", ["stranger", "김하나", "Bo Lee", ""])
def test_a_name_that_is_no_identity_lets_nobody_in(browser, fake, user):
    fake.user = user
    answer = back(browser, gone_to_the_hub(browser))
    assert answer.status_code == (403 if user else 502)
    assert user in answer.text
    assert browser.get("/").status_code == 303


def test_a_sign_in_that_was_not_begun_in_this_browser_is_refused(browser, fake):
    state = gone_to_the_hub(browser)
    assert back(browser, "another").status_code == 403
    assert back(browser, "").status_code == 403
    browser.cookies.clear()
    assert back(browser, state).status_code == 403
    assert fake.asked == []


def test_a_code_serves_once(browser, fake):
    state = gone_to_the_hub(browser)
    assert back(browser, state, "wr0ng").status_code == 401
    state = gone_to_the_hub(browser)
    assert back(browser, state).status_code == 303
    state = gone_to_the_hub(browser)
    assert back(browser, state).status_code == 401


@pytest.mark.parametrize("fault", [500, 503])
def test_a_hub_that_does_not_work_is_told(browser, fake, fault):
    fake.fault = fault
    answer = back(browser, gone_to_the_hub(browser))
    assert answer.status_code == 502
    assert "JupyterHub does not answer" in answer.text


def test_a_personal_link_opens_nothing_here_and_a_hubs_session_nothing_elsewhere(
    browser, course, clock
):
    assert back(browser, gone_to_the_hub(browser)).status_code == 303
    session = browser.cookies.get("autograder")
    with TestClient(create_app(course, clock=clock), base_url=BASE) as elsewhere:
        elsewhere.cookies.set("autograder", session, domain="portal.test", path="/")
        assert elsewhere.get("/", follow_redirects=False).status_code == 303
        code = link(course, "2026001")
        seal = elsewhere.get("/sign-in").text.split('name="seal" value="')[1].split('"')[0]
        elsewhere.post("/sign-in", data={"seal": seal, "code": code})
        linked = elsewhere.cookies.get("autograder")
    browser.cookies.clear()
    browser.cookies.set("autograder", linked, domain="portal.test", path="/")
    assert browser.get("/").status_code == 303


def test_what_the_environment_lacks_is_named(course):
    with pytest.raises(ConfigError, match="JUPYTERHUB_API_URL") as error:
        hubs.hub_of(course, {"JUPYTERHUB_API_TOKEN": "x"})
    assert "c.Portal.url" in str(error.value)
    assert "JUPYTERHUB_API_TOKEN" not in str(error.value)


def test_a_hub_of_version_5_names_its_own_addresses(course):
    found = hubs.hub_of(
        course,
        {
            "JUPYTERHUB_API_URL": "http://127.0.0.1:8081/hub/api/",
            "JUPYTERHUB_API_TOKEN": "x",
            "JUPYTERHUB_CLIENT_ID": "service-ag",
            "JUPYTERHUB_PUBLIC_HUB_URL": "https://jupyter.example.org/base/hub/",
            "JUPYTERHUB_OAUTH_CALLBACK_URL": "https://portal.example.org/hub/callback",
        },
    )
    assert found.login("s").startswith(
        "https://jupyter.example.org/base/hub/api/oauth2/authorize?client_id=service-ag&"
    )
    assert found.api == "http://127.0.0.1:8081/hub/api"
