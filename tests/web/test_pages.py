"""The portal asked as a browser asks: who may see what, what is refused, what a page says."""

from __future__ import annotations

import html
import io
import json
import os
import re
import zipfile
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
from sqlalchemy import select
from starlette.testclient import TestClient

from autograder.gradebook.database import audit
from autograder.gradebook.database.connection import reading
from autograder.gradebook.database.tables import AuditRow
from autograder.gradebook.portal import access, served_releases, sprints
from autograder.steps import roster
from autograder.steps.grading.collect import shelf_of
from autograder.steps.portal import publish_feedback, receipts
from autograder.steps.reporting.feedback.writing import FIRST
from autograder.web.app import create_app

from .conftest import Clock, answered, link, with_settings

BASE = "http://portal.test"


@pytest.fixture
def app(course, clock):
    return create_app(course, clock=clock)


@pytest.fixture
def anybody(app):
    with TestClient(app, base_url=BASE, follow_redirects=True) as client:
        yield client


def seal_of(client: TestClient, page: str = "/sign-in") -> str:
    return re.search(r'name="seal" value="(\w+)"', client.get(page).text)[1]


def sign_in(client: TestClient, code: str):
    return client.post("/sign-in", data={"seal": seal_of(client), "code": code})


@pytest.fixture
def hana(anybody, course):
    assert sign_in(anybody, link(course, "2026001")).status_code == 200
    return anybody


def hand_in(client: TestClient, data: bytes, name: str = "hello.ipynb", page: str = "/a/hello"):
    return client.post(
        f"{page}/upload", data={"seal": seal_of(client, page)}, files={"file": (name, data)}
    )


def text(response) -> str:
    plain = re.sub(r"<[^>]*>", " ", response.text)
    return " ".join(html.unescape(plain).split())


# ── Who may see what ─────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "page",
    [
        "/",
        "/a/hello",
        "/a/hello/everything.zip",
        "/a/hello/files/hello.ipynb",
        "/device",
        "/a/hello/submissions/01JZZZZZZZZZZZZZZZZZZZZZZZ",
        "/a/hello/feedback/index.html",
    ],
)
def test_nobody_sees_a_page_of_students_without_signing_in(anybody, page):
    response = anybody.get(page, follow_redirects=False)
    assert (response.status_code, response.headers["location"]) == (303, "/sign-in")


def test_a_personal_link_opens_ones_own_assignments(anybody, course):
    page = sign_in(anybody, link(course, "2026001"))
    assert page.status_code == 200
    assert "김하나" in page.text
    assert "hello" in page.text


def test_the_code_may_be_typed_in_any_case_and_with_letters_that_look_alike(anybody, course):
    code = link(course, "2026001").lower().replace("0", "o").replace("1", "l").replace("-", " ")
    assert "김하나" in sign_in(anybody, code).text


@pytest.mark.parametrize("code", ["", "x", "AAAAA-AAAAA-AAAAA-AAAAA-AAAAA", "é" * 25, "\0" * 25])
def test_any_other_code_opens_nothing(anybody, code):
    assert sign_in(anybody, code).status_code == 401
    assert anybody.get("/", follow_redirects=False).status_code == 303


def test_a_revoked_link_ends_its_sessions_too(hana, course, student):
    assert hana.get("/", follow_redirects=False).status_code == 200
    assert access.revoke(course, student) == 1
    assert hana.get("/", follow_redirects=False).status_code == 303


def test_a_link_that_has_expired_opens_nothing(anybody, course, student):
    old = access.new_token(course, student, "link", timedelta(seconds=-1))
    assert sign_in(anybody, old).status_code == 401


def test_a_notebooks_token_opens_no_page_and_a_link_no_api(anybody, course, student):
    token = access.new_token(course, student, "notebook", timedelta(days=1))
    assert sign_in(anybody, token).status_code == 401
    bearer = {"Authorization": f"Bearer {link(course, '2026001')}"}
    answer = anybody.put(
        "/api/assignments/hello/submission?name=a.ipynb", headers=bearer, content=b"x"
    )
    assert answer.status_code == 401


def test_tokens_lie_only_as_hashes_in_the_database(course):
    token = link(course, "2026001").replace("-", "").encode()
    assert all(token not in p.read_bytes() for p in course.root.rglob("*") if p.is_file())


def test_staff_come_to_their_own_pages_and_see_none_of_students(anybody, course):
    page = sign_in(anybody, link(course, "2026099"))
    assert (page.status_code, page.url.path) == (200, "/staff")
    assert "hello" in page.text
    page = anybody.get("/a/hello")
    assert page.status_code == 403
    assert "for students" in text(page)


def test_a_cookie_that_was_tampered_with_is_nobodys(hana):
    value = hana.cookies["autograder"]
    hana.cookies.set(
        "autograder", value[:-2] + ("AA" if value[-2:] != "AA" else "BB"), domain="portal.test"
    )
    fresh = hana.get("/", follow_redirects=False)
    assert fresh.status_code in {200, 303}
    for forged in (value[:-3], "", "x.y.z", value.replace(".", "", 1)):
        response = TestClient(hana.app, base_url=BASE).get(
            "/", headers={"Cookie": f"autograder={forged}"}, follow_redirects=False
        )
        assert response.status_code == 303


def test_the_cookie_is_out_of_reach_of_scripts_and_other_sites(anybody):
    cookie = anybody.get("/sign-in").headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=lax" in cookie


def test_over_https_the_cookie_never_goes_in_the_clear(course):
    safe = with_settings(course, "portal", url="https://grader.example.org")
    with TestClient(create_app(safe), base_url=BASE) as client:
        assert "secure" in client.get("/sign-in").headers["set-cookie"].lower()


def test_too_many_wrong_codes_are_stopped_and_lock_out_nobody_at_the_same_address(anybody, course):
    right = link(course, "2026001")
    codes = [sign_in(anybody, "AAAAA-AAAAA-AAAAA-AAAAA-AAAAA").status_code for _ in range(21)]
    assert (codes[0], codes[-1]) == (401, 429)
    assert sign_in(anybody, right).status_code == 200
    token = access.new_token(course, roster.find(course, "2026001").id, "notebook", timedelta(1))
    asked = [
        anybody.get(
            "/api/assignments/hello/kept/x", headers={"Authorization": f"Bearer {one}"}
        ).status_code
        for one in ("wrong", token)
    ]
    assert asked == [429, 404]  # nothing is kept under this name


@pytest.mark.parametrize(
    "where",
    ["/sign-in", "/sign-out", "/a/hello/upload", "/a/hello/regrade", "/a/sc01/start", "/device"],
)
def test_no_form_is_taken_without_its_seal_or_from_another_site(hana, where):
    assert hana.post(where, data={"code": "x"}).status_code == 403
    sealed = {"seal": seal_of(hana, "/a/hello"), "code": "x"}
    foreign = hana.post(where, data=sealed, headers={"Origin": "https://evil.example"})
    assert foreign.status_code == 403


def test_the_seal_of_another_person_does_not_fit(app, hana, course):
    with TestClient(app, base_url=BASE) as other:
        sign_in(other, link(course, "2026002"))
        stolen = seal_of(other, "/a/hello")
    assert hana.post("/sign-out", data={"seal": stolen}).status_code == 403


def test_signing_out_ends_the_session(hana):
    hana.post("/sign-out", data={"seal": seal_of(hana, "/a/hello")})
    assert hana.get("/", follow_redirects=False).status_code == 303


def test_without_that_setting_a_proxys_header_says_nothing(anybody):
    page = anybody.get(
        "/", headers={"X-Forwarded-User": "hana@example.org"}, follow_redirects=False
    )
    assert page.status_code == 303


# ── Headers and files ────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "page", ["/sign-in", "/nowhere", "/static/portal.js", "/api/nowhere", "/page.css"]
)
def test_every_answer_forbids_foreign_code_frames_and_guessing(anybody, page):
    headers = anybody.get(page).headers
    policy = headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert headers["x-content-type-options"] == "nosniff"


def test_no_page_names_another_host_or_runs_code_of_its_own(hana):
    hand_in(hana, answered(hana.app.state.portal.course))
    for page in ("/", "/a/hello", "/a/sc01", "/device"):
        source = hana.get(page).text
        assert "://" not in source
        assert not re.search(r"<script(?![^>]*src=)|\son\w+=|style=", source)


@pytest.mark.parametrize(
    "path",
    [
        "/static/../app.py",
        "/static/%2e%2e/app.py",
        "/wheel/..%2fgradebook.db",
        "/a/hello/files/..%2f..%2fsource%2fhello%2fhello.ipynb",
        "/a/..%2f..%2f",
    ],
)
def test_no_path_leads_out_of_what_is_served(hana, path):
    assert hana.get(path).status_code == 404


def test_the_release_is_served_and_nothing_hidden_with_it(hana, course):
    page = hana.get("/a/hello/files/hello.ipynb")
    assert page.content == (course.release / "hello" / "hello.ipynb").read_bytes()
    assert b"BEGIN HIDDEN" not in page.content
    (course.release / "hello" / "prices.json").write_bytes(b"[1]")
    everything = hana.get("/a/hello/everything.zip").content
    with zipfile.ZipFile(io.BytesIO(everything)) as zipped:
        names = {Path(name).name for name in zipped.namelist()}
    assert {"hello.ipynb", "prices.json"} < names
    assert "manifest.json" not in names
    wheel = next((course.release / "hello").glob("*.whl"))
    assert hana.get(f"/wheel/{wheel.name}").content == wheel.read_bytes()


def test_which_release_was_served_to_whom_is_kept_once(hana, course, student):
    assert served_releases.oldest(course, "hello") == {}
    for _ in range(2):
        assert hana.get("/a/hello/files/hello.ipynb").status_code == 200
        assert hana.get("/a/hello/everything.zip").status_code == 200
    assert served_releases.oldest(course, "hello") == {student: 1}
    with reading(course) as session:
        rows = session.scalars(select(AuditRow).where(AuditRow.action == audit.SERVED)).all()
    assert [(row.student, row.after) for row in rows] == [(student, {"release": 1})]
    assert audit.changed_at(course, "hello") == {}, "feedback is as new as before"


# ── Handing in ───────────────────────────────────────────────────────────────────────


def test_an_upload_gets_a_receipt_that_verifies_and_stands_in_the_history(
    hana, course, student, clock
):
    clock.at = datetime(2029, 5, 4, 3, 2, 1, tzinfo=timezone.utc)
    page = hand_in(hana, answered(course))
    assert page.status_code == 200
    assert "safely here" in text(page)
    (kept,) = shelf_of(course, "hello").all_of(student)
    assert kept.arrival.received == clock.at
    file = hana.get(f"/a/hello/submissions/{kept.id}/receipt.json")
    public = course.root / "receipts.pub"
    assert hana.get("/receipts.pub").content == public.read_bytes()
    assert receipts.verify(json.loads(file.content), receipts.public_key(public)).problems == ()
    assert "saved" in text(hana.get(f"/a/hello/submissions/{kept.id}"))


def test_how_an_upload_was_taken_stands_on_the_page_and_on_its_receipt(hana, course, student):
    page = hand_in(hana, answered(course), "hello (1).ipynb")
    assert "hello (1).ipynb is taken for hello.ipynb" in text(page)
    (kept,) = shelf_of(course, "hello").all_of(student)
    receipt = hana.get(f"/a/hello/submissions/{kept.id}/receipt.json").json()
    assert receipt["notes"] == ["hello (1).ipynb is taken for hello.ipynb"]


def test_what_is_refused_says_why_on_the_page_and_keeps_nothing(hana, course, student):
    page = hand_in(hana, b"MZ", "virus.exe")
    assert page.status_code == 400
    assert "neither a notebook nor a zip" in text(page)
    assert hand_in(hana, b"", "").status_code == 400
    assert shelf_of(course, "hello").newest(student) is None


def test_more_than_the_course_takes_is_refused_before_it_is_read(course, clock):
    small = with_settings(course, "submissions", max_mb=1)
    with TestClient(create_app(small, clock=clock), base_url=BASE) as client:
        sign_in(client, link(course, "2026001"))
        assert hand_in(client, b"x" * (3 << 20)).status_code == 413


def test_nobody_reads_anothers_receipts(app, hana, course, student):
    hand_in(hana, answered(course))
    id_ = shelf_of(course, "hello").newest(student).id
    with TestClient(app, base_url=BASE) as other:
        sign_in(other, link(course, "2026002"))
        assert other.get(f"/a/hello/submissions/{id_}").status_code == 404
        assert other.get(f"/a/hello/submissions/{id_}/receipt.json").status_code == 404


def test_names_of_files_cannot_bring_code_onto_the_page(hana, course):
    page = hand_in(hana, answered(course), "<img src=x onerror=alert(1)>.ipynb")
    assert "<img src=x" not in page.text
    assert "<img src=x" not in hand_in(hana, b"x", "<img src=x onerror=alert(1)>.exe").text


# ── A notebook signs in and hands in ─────────────────────────────────────────────────


def test_a_notebook_is_let_in_by_a_code_typed_on_the_page(hana, course, student):
    asked = hana.post("/api/device").json()
    assert hana.post("/api/device/token", json={"secret": asked["secret"]}).status_code == 202
    seal = seal_of(hana, "/device")
    shown = hana.post("/device", data={"seal": seal, "code": asked["code"].lower()})
    assert "asks to hand in as you" in text(shown)
    assert hana.post("/api/device/token", json={"secret": asked["secret"]}).status_code == 202
    agreed = {"seal": seal, "code": asked["code"], "agreed": asked["code"]}
    assert "Connected" in text(hana.post("/device", data=agreed))
    token = hana.post("/api/device/token", json={"secret": asked["secret"]}).json()["token"]
    assert hana.post("/api/device/token", json={"secret": asked["secret"]}).status_code == 410
    answer = hana.put(
        "/api/assignments/hello/submission?name=hello.ipynb",
        headers={"Authorization": f"Bearer {token}"},
        content=answered(course),
    ).json()
    assert answer["submission"] == shelf_of(course, "hello").newest(student).id
    again = hana.put(
        "/api/assignments/hello/submission?name=hello.ipynb",
        headers={"Authorization": f"Bearer {token}"},
        content=answered(course),
    ).json()
    assert (again["again"], again["receipt"]) == (True, answer["receipt"])


def test_a_code_that_no_notebook_shows_connects_nothing(hana):
    page = hana.post("/device", data={"seal": seal_of(hana, "/device"), "code": "ABCD-EFGH"})
    assert page.status_code == 400
    assert hana.post("/api/device/token", json={"secret": "x"}).status_code == 410


@pytest.mark.parametrize("bad", ["", "Bearer", "Bearer x", "Basic eDp5", "Bearer " + "A" * 25])
def test_without_a_token_nothing_is_taken(anybody, bad):
    where = "/api/assignments/hello/submission?name=hello.ipynb"
    assert anybody.put(where, headers={"Authorization": bad}, content=b"{}").status_code == 401


# ── Results ──────────────────────────────────────────────────────────────────────────


def feedback_of(course, student, body="<p>well done</p>"):
    folder = course.feedback / student / "hello"
    folder.mkdir(parents=True)
    (folder / "index.html").write_text(body)


def test_feedback_is_shown_when_the_course_says_so(course, student, clock):
    feedback_of(course, student)
    for when, at, seen in [
        ("on_grade", 2029, True),
        ("after_due", 2029, False),
        ("after_due", 2031, True),
        ("on_release", 2029, True),
    ]:
        chosen = with_settings(course, "feedback_settings", when=when)
        clock.at = datetime(at, 1, 1, tzinfo=timezone.utc)
        with TestClient(create_app(chosen, clock=clock), base_url=BASE) as client:
            sign_in(client, link(course, "2026001"))
            page = client.get("/a/hello/feedback/index.html")
            assert (page.status_code == 200) is seen, (when, at)
            assert ("Feedback" in text(client.get("/a/hello"))) is seen


def test_feedback_leads_back_to_its_assignment(course, student, clock):
    feedback_of(course, student, "<main><p>well done</p></main>")
    with TestClient(create_app(course, clock=clock), base_url=BASE) as client:
        sign_in(client, link(course, "2026001"))
        page = client.get("/a/hello/feedback/index.html").text
        (back,) = re.findall(r'<main><p class="where"><a href="([^"]*)">← hello</a>', page)
        assert client.get(back).status_code == 200
    (alone,) = course.feedback.glob("*/hello/index.html")
    assert "← hello" not in alone.read_text()


def test_with_an_extension_for_anyone_nobody_sees_results_before_it(course, student, clock):
    feedback_of(course, student)
    chosen = with_settings(course, "feedback_settings", when="after_due")
    other = roster.find(course, "2026002").id
    sprints.give(course, "hello", "extension", 60 * 24, student=other, reason="ill", who="Park")
    clock.at = course.due("hello") + timedelta(hours=12)
    with TestClient(create_app(chosen, clock=clock), base_url=BASE) as client:
        sign_in(client, link(course, "2026001"))
        assert client.get("/a/hello/feedback/index.html").status_code == 404
        clock.at = course.due("hello") + timedelta(hours=25)
        assert client.get("/a/hello/feedback/index.html").status_code == 200


def test_the_days_to_ask_for_a_regrade_count_from_the_first_feedback(course, student):
    feedback_of(course, student)
    folder = course.feedback / student / "hello"
    (folder / FIRST).write_text("01")
    for name, day in ((FIRST, 1), ("index.html", 20)):
        then = datetime(2030, 1, day, tzinfo=timezone.utc).timestamp()
        os.utime(folder / name, (then, then))
    chosen = with_settings(course, "feedback_settings", regrade_days=7)
    assert publish_feedback.asking_ends(chosen, "hello", student).day == 8
    (folder / FIRST).unlink()  # written by a version that left no mark
    assert publish_feedback.asking_ends(chosen, "hello", student).day == 27
    never = with_settings(course, "feedback_settings", regrade_days=0)
    assert publish_feedback.asking_ends(never, "hello", student) is None
    assert publish_feedback.asking_ends(chosen, "hello", "nobody") is None


def test_a_regrade_cannot_be_asked_for_before_there_is_a_result(hana):
    seal = seal_of(hana, "/a/hello")
    page = hana.post("/a/hello/regrade", data={"seal": seal, "task": "hello/x", "text": "please"})
    assert page.status_code == 400


def test_times_are_in_the_courses_zone_and_told_to_the_browser_exactly(hana):
    page = hana.get("/a/hello").text
    assert '<time datetime="2030-12-01T18:00:00+09:00">2030-12-01 18:00 <small>Asia/Seoul' in page


# ── The sprint ───────────────────────────────────────────────────────────────────────


def start(client):
    return client.post("/a/sc01/start", data={"seal": seal_of(client, "/a/sc01")})


def test_the_notebook_of_a_sprint_is_not_served_before_ones_own_start(hana, clock: Clock):
    for hour in (18, 20):
        clock.to(hour)
        for path in ("files/sc01.ipynb", "everything.zip"):
            assert hana.get(f"/a/sc01/{path}").status_code == 409
    clock.to(18, 59)
    assert start(hana).status_code == 409
    clock.to(20, 30)
    assert "Begin by 20:30 for the full 90 minutes" in text(hana.get("/a/sc01"))
    assert "You have until 22:00: 90 minutes left" in text(start(hana))
    assert hana.get("/a/sc01/files/sc01.ipynb").status_code == 200


def test_starting_twice_starts_once(hana, clock: Clock):
    clock.to(19, 10)
    start(hana)
    clock.to(19, 40)
    assert "You have until 20:40: 60 minutes left" in text(start(hana))


def test_who_has_more_time_reads_it_before_starting(app, anybody, course, clock: Clock):
    clock.to(19)
    sign_in(anybody, link(course, "2026002"))
    assert "Begin by 20:30 for the full 135 minutes" in text(anybody.get("/a/sc01"))
    clock.to(20)
    assert "until 22:15" in text(start(anybody))


def test_an_upload_counts_by_its_first_byte_and_is_refused_after_the_end(
    hana, course, student, clock
):
    clock.to(19)
    start(hana)
    clock.to(20, 29, 59)
    seal = seal_of(hana, "/a/sc01")
    hana.post(
        "/a/sc01/upload",
        data={"seal": seal},
        files={"file": ("sc01.ipynb", answered(course, "sc01"))},
    )
    (kept,) = shelf_of(course, "sc01").all_of(student)
    assert kept.arrival.received == clock.at
    clock.to(20, 30)
    late = hana.post("/a/sc01/upload", data={"seal": seal}, files={"file": ("sc01.ipynb", b"{}")})
    assert late.status_code == 400
    assert "Time was over at 20:30" in text(late)
    assert len(shelf_of(course, "sc01").all_of(student)) == 1
