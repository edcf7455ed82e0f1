"""Sessions that the server ends, headers of proxies, and notebooks that ask to be let in."""

from __future__ import annotations

import pytest
from starlette.testclient import TestClient

from autograder.gradebook.portal import access
from autograder.steps import roster
from autograder.steps.operations.forget import forget
from autograder.steps.portal.personal_links import links
from autograder.web.app import create_app

from .conftest import CLASS, link, with_settings
from .test_pages import BASE, seal_of, sign_in, text

COOKIE = "autograder"


def browser(course, clock, cookie: str = "", **more) -> TestClient:
    """A browser, with another one's cookie if one is given; a new server each time."""
    one = TestClient(create_app(course, clock=clock), base_url=BASE, follow_redirects=False, **more)
    if cookie:
        one.cookies.set(COOKIE, cookie)
    return one


def is_in(course, clock, cookie: str) -> bool:
    """Tell whether this copy of a cookie lets anybody in, after a restart of the server too."""
    page = browser(course, clock, cookie).get("/")
    return page.headers.get("location") != "/sign-in"


@pytest.fixture
def copied(course, clock) -> str:
    """A copy of the cookie of a student who signed in and looked at a page."""
    one = browser(course, clock)
    assert sign_in(one, link(course, "2026001")).status_code == 303
    assert "김하나" in one.get("/").text
    found = one.cookies[COOKIE]
    assert is_in(course, clock, found)
    return found


def test_signing_out_ends_every_copy_of_the_cookie(course, clock, copied):
    one = browser(course, clock, copied)
    assert one.post("/sign-out", data={"seal": seal_of(one, "/a/hello")}).status_code == 303
    assert not is_in(course, clock, copied)


def test_signing_out_leaves_the_same_persons_other_browsers_alone(course, clock, copied):
    code = link(course, "2026001")
    other = browser(course, clock)
    sign_in(other, code)
    one = browser(course, clock, copied)
    one.post("/sign-out", data={"seal": seal_of(one, "/a/hello")})
    assert is_in(course, clock, other.cookies[COOKIE])


@pytest.mark.parametrize("how", ["end", "new"])
def test_ending_or_replacing_a_link_ends_its_sessions(course, clock, copied, how):
    links(course, ["2026001"], end=how == "end", anew=how == "new")
    assert not is_in(course, clock, copied)


def test_another_role_ends_the_session_for_good(course, clock, copied):
    def as_a(role: str) -> None:
        text = CLASS.replace("hana@example.org,student", f"hana@example.org,{role}")
        (course.root / "class.csv").write_text(text, encoding="utf-8")
        roster.import_roster(course, course.root / "class.csv")

    as_a("ta")
    assert not is_in(course, clock, copied)
    as_a("student")
    assert not is_in(course, clock, copied)


def test_who_is_forgotten_or_leaves_the_roster_is_out(course, clock, copied):
    forget(course, students=["2026001"], delete=True, reason="asked for it")
    assert not is_in(course, clock, copied)


def test_a_session_of_before_signs_in_again(course, clock, student):
    """A cookie of an earlier version names no session: it lets nobody in."""
    app = create_app(course, clock=clock)
    door = app.state.portal.door
    token = access.hashed(course, link(course, "2026001").replace("-", ""))
    old = str(door._signer.dumps({"p": student, "t": token, "n": "x"}))
    assert not is_in(course, clock, old)


def test_a_token_of_one_kind_is_none_of_another(course, clock, student):
    session = access.new_session(course, student)
    one = browser(course, clock)
    assert sign_in(one, session).status_code == 401
    headers = {"Authorization": f"Bearer {session}"}
    kept = one.put("/api/assignments/hello/kept/x", headers=headers, content=b"x")
    assert kept.status_code == 401
    door = create_app(course, clock=clock).state.portal.door
    code = link(course, "2026001")
    entry = access.entry(course, code)
    forged = {"p": student, "r": "student", "t": entry.token, "sid": code, "n": "x"}
    assert not is_in(course, clock, str(door._signer.dumps(forged)))


def test_a_hubs_sessions_end_with_the_links_too(course, clock, student):
    behind = with_settings(course, "portal", sign_in="jupyterhub")
    door = create_app(course, clock=clock).state.portal.door
    visitor = door.let_in_by_hub("2026001")
    assert access.entry(course, visitor.session) is not None
    links(behind, ["2026001"], end=True)
    assert access.entry(course, visitor.session) is None


# ── Behind a proxy ───────────────────────────────────────────────────────────────────


@pytest.fixture
def behind(course):
    return with_settings(course, "portal", sign_in="proxy", proxy_header="X-Remote-User")


def test_behind_a_proxy_its_header_says_who_it_is(behind, clock):
    one = browser(behind, clock, client=("127.0.0.1", 9))
    assert one.get("/").status_code == 303
    assert "김하나" in one.get("/", headers={"X-Remote-User": "hana@example.org"}).text
    assert one.get("/", headers={"X-Remote-User": "nobody"}).status_code == 303


def test_the_header_of_anybody_but_the_proxy_is_nothing(behind, clock):
    one = browser(behind, clock, client=("10.0.0.7", 9))
    assert one.get("/", headers={"X-Remote-User": "park@example.org"}).status_code == 303
    trusted = with_settings(behind, "portal", trusted_proxies=("10.0.0.7",))
    one = browser(trusted, clock, client=("10.0.0.7", 9))
    page = one.get("/", headers={"X-Remote-User": "park@example.org"})
    assert page.headers["location"] == "/staff"


def test_a_header_that_comes_twice_is_nobodys(behind, clock):
    """A proxy that adds its own beside the visitor's does not let the visitor choose."""
    one = browser(behind, clock, client=("127.0.0.1", 9))
    both = [("X-Remote-User", "park@example.org"), ("X-Remote-User", "hana@example.org")]
    assert one.get("/", headers=both).status_code == 303
    joined = {"X-Remote-User": "park@example.org, hana@example.org"}
    assert one.get("/", headers=joined).status_code == 303


def test_tries_are_counted_by_the_address_that_the_proxy_saw(course, clock):
    def fails(forwarded: str) -> int:
        data = {"seal": seal_of(one), "code": "wrong"}
        return one.post("/sign-in", data=data, headers={"X-Forwarded-For": forwarded}).status_code

    one = browser(course, clock, client=("127.0.0.1", 9))
    assert {fails("198.51.100.1, 203.0.113.5") for _ in range(20)} == {401}
    assert fails("198.51.100.99, 203.0.113.5") == 429  # what a visitor claims is not counted by
    assert fails("203.0.113.6") == 401
    outside = browser(course, clock, client=("203.0.113.9", 9))
    one = outside
    assert {fails(f"198.51.100.{n}") for n in range(20)} == {401}
    assert fails("198.51.100.77") == 429


# ── A notebook asks to be let in ─────────────────────────────────────────────────────


@pytest.fixture
def hana(course, clock):
    one = browser(course, clock)
    sign_in(one, link(course, "2026001"))
    return one


ABOUT = {"assignment": "hello", "notebook": "hello", "machine": "lab-7\u202e<b>"}


def test_what_is_connected_is_said_before_it_is(hana):
    asked = hana.post("/api/device", json=ABOUT).json()
    secret = {"secret": asked["secret"]}
    opened = hana.get(asked["page"])
    assert "Connected" not in opened.text
    seal = seal_of(hana, "/device")
    page = hana.post("/device", data={"seal": seal, "code": asked["code"]})
    said = text(page)
    for fact in (asked["code"], "hello", "lab-7⟨U+202E⟩", "testclient", "own notebook"):
        assert fact in said
    assert "<b>" not in page.text.split("<dl")[1].split("</dl>")[0]
    assert hana.post("/api/device/token", json=secret).status_code == 202
    agreed = {"seal": seal, "code": asked["code"], "agreed": "AAAA-AAAA"}
    hana.post("/device", data=agreed)  # agreed to another one
    assert hana.post("/api/device/token", json=secret).status_code == 202
    hana.post("/device", data={**agreed, "agreed": asked["code"]})
    assert hana.post("/api/device/token", json=secret).status_code == 200


def test_a_code_is_over_after_ten_minutes_and_serves_once(hana, course, student, monkeypatch):
    asked = hana.post("/api/device", json=ABOUT).json()
    assert asked["seconds"] == 600
    assert access.allow(course, asked["code"], student)
    assert access.asking(course, asked["code"]) is None
    assert not access.allow(course, asked["code"], student)
    later = hana.post("/api/device", json=ABOUT).json()
    over = access.asking(course, later["code"]).expires
    monkeypatch.setattr(access, "now", lambda: over)
    assert access.asking(course, later["code"]) is None
    assert not access.allow(course, later["code"], student)
    assert access.collect_token(course, later["secret"], over - over) is None


def test_codes_are_not_guessed(hana):
    seal = seal_of(hana, "/device")
    said = [hana.post("/device", data={"seal": seal, "code": f"AAAA-{n:04d}"}) for n in range(11)]
    assert [one.status_code for one in said] == [400] * 10 + [429]


@pytest.mark.parametrize(
    "body", [b"", b"[1]", b"{", b'{"machine": {"a": 1}}', b"\xff", b"[" * 9999]
)
def test_a_notebook_that_says_nothing_of_itself_may_ask_too(hana, body):
    assert hana.post("/api/device", content=body).status_code == 200
