"""Attacks on the portal and its files: what each gets without the measure, and with it.

    python -m tests.web.attacks        every attack, without and with its measure, as a table

An attack is a function of a course: it returns what it got, "" for nothing. `weakened` takes the
measure away; an attack that then gets nothing would prove nothing.
"""

from __future__ import annotations

import re
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any
from unittest import mock

from starlette.testclient import TestClient

from autograder import config, sanitize
from autograder.config import Course
from autograder.errors import AutograderError, EvidenceFault
from autograder.evidence import store
from autograder.evidence.store import Store
from autograder.gradebook.portal import access
from autograder.gradebook.scores import visible_points
from autograder.steps import roster
from autograder.steps.portal import receive_submission, sprint
from autograder.steps.reporting import spreadsheet
from autograder.submissions import paths
from autograder.web import auth, bodies, portal
from autograder.web.app import create_app

from .conftest import ANSWER, Clock, answered, link, made, upload, with_settings

BASE = "http://portal.test"
AT = datetime(2026, 3, 1, 9, 30, tzinfo=timezone.utc)
Get = Callable[[Course], str]


@dataclass(frozen=True)
class PortalAttack:
    """One attack; `without` is (object, name, what stands there without the measure)."""

    threat: str
    name: str
    get: Get
    measure: str
    without: tuple[Any, str, Any]

    @contextmanager
    def weakened(self) -> Iterator[None]:
        """Take the measure away while the block lasts."""
        where, name, instead = self.without
        with mock.patch.object(where, name, instead):
            yield


def _browser(course: Course, address: str = "127.0.0.1", clock: Any = None) -> TestClient:
    return TestClient(
        create_app(course, clock=clock or portal.now),
        base_url=BASE,
        follow_redirects=False,
        client=(address, 9),
    )


def _seal(client: TestClient, page: str) -> str:
    return client.get(page).text.split('name="seal" value="')[1].split('"')[0]


def _signed_in(course: Course, number: str = "2026001", clock: Any = None) -> TestClient:
    client = _browser(course, clock=clock)
    code = link(course, number)
    client.post("/sign-in", data={"seal": _seal(client, "/sign-in"), "code": code})
    return client


# ── Attacks ──────────────────────────────────────────────────────────────────────────


def _large_body(course: Course) -> str:
    def pieces() -> Iterator[bytes]:
        yield b'--b\r\nContent-Disposition: form-data; name="f"; filename="x"\r\n\r\n'
        yield from [b"x" * (1 << 20)] * 4
        yield b"\r\n--b--\r\n"

    taken = (
        _browser(course)
        .post(
            "/sign-in",
            content=pieces(),
            headers={"Content-Type": "multipart/form-data; boundary=b"},
        )
        .status_code
    )
    return "" if taken == 413 else f"4 MB taken in, HTTP {taken}"


def _two_lengths(course: Course) -> str:
    headers = {"Content-Length": "4", "Transfer-Encoding": "chunked"}
    status = _browser(course).request("POST", "/sign-in", content=b"a=bc", headers=headers)
    return "" if status.status_code == 400 else f"read on, HTTP {status.status_code}"


def _copied_cookie(course: Course) -> str:
    client = _signed_in(course)
    copy = client.cookies["autograder"]
    client.post("/sign-out", data={"seal": _seal(client, "/a/hello")})
    thief = _browser(course)
    thief.cookies.set("autograder", copy)
    return "the student's pages" if thief.get("/").status_code == 200 else ""


def _spoofed_header(course: Course) -> str:
    behind = with_settings(course, "portal", sign_in="proxy")
    client = _browser(behind, "203.0.113.7")
    page = client.get("/", headers={"X-Forwarded-User": "park@example.org"})
    return "the instructor's pages" if page.headers.get("location") == "/staff" else ""


def _second_header(course: Course) -> str:
    behind = with_settings(course, "portal", sign_in="proxy")
    both = [("X-Forwarded-User", "park@example.org"), ("X-Forwarded-User", "hana@example.org")]
    page = _browser(behind).get("/", headers=both)
    return "the instructor's pages" if page.headers.get("location") == "/staff" else ""


def _name_that_folds(course: Course) -> str:
    path = course.root / "class.csv"
    path.write_text("number,name,email\n1,Kim,strasse@example.org\n", encoding="utf-8")
    roster.import_roster(course, path)
    visitor = auth.Authenticator(course).let_in_by_hub("straße@example.org")
    return "another's session" if visitor else ""


def _phished(course: Course) -> str:
    """The victim opens the attacker's link and presses the one button there."""
    client = _signed_in(course)
    asked = _browser(course).post("/api/device", json={"machine": "attacker"}).json()
    page = client.get(asked["page"])
    form = {"seal": page.text.split('name="seal" value="')[1].split('"')[0], "code": asked["code"]}
    said = client.post("/device", data=form).text
    got = client.post("/api/device/token", json={"secret": asked["secret"]}).status_code == 200
    return "the student's token" if got or "attacker" not in said else ""


def _dribbled_save(course: Course) -> str:
    """A save begun in the last second, its bytes sent when the time was long over."""
    clock = Clock()
    clock.to(19)
    student = roster.find(course, "2026001").id
    sprint.begin(course, "sc01", student, clock())
    token = access.new_token(course, student, "notebook", timedelta(days=9000))
    clock.to(20, 29, 59)

    def pieces() -> Iterator[bytes]:
        clock.to(22)
        yield answered(course, "sc01")

    client = _browser(course, clock=clock)
    status = client.put(
        "/api/sprints/sc01/notebook?name=sc01",
        content=pieces(),
        headers={"Authorization": f"Bearer {token}"},
    ).status_code
    return "" if status == 409 else "90 minutes more"


def _disk(course: Course) -> str:
    student = roster.find(course, "2026001").id
    small = with_settings(course, "submissions", quota_mb=1)
    with tempfile.TemporaryDirectory() as room:
        for n in range(30):
            data = answered(course, answer=f"{ANSWER}\n# {n} {'x' * 100_000}")
            try:
                receive_submission.hand_in(small, "hello", student, [upload(Path(room), data)], AT)
            except AutograderError as error:
                return "" if "1 MB are kept" in error.fact else f"refused otherwise: {error}"
    return "3 MB where 1 MB is kept"


def _hidden_number(course: Course) -> str:
    """Two answers that differ in 2 of 50 hidden labels."""
    told = {visible_points.shown_points(right, 50, "verdict") for right in (30, 32)}
    return "2 of 50 labels" if len(told) > 1 else ""


def _formula(_: Course) -> str:
    cells = ["=1+1", " =1+1", "\ufeff=1+1", "x;=1+1", "\t＝1", "a\n@x", "\u200b-1"]
    bad = [c for c in cells if "'" not in spreadsheet.plain(c)]
    return f"{len(bad)} formulas" if bad else ""


def _turned_round(course: Course) -> str:
    page = portal._environment().from_string("{{ name }}").render(name="gpj.\u202eexe")
    return "text turned round" if "\u202e" in page else ""


def _hidden_tail(_: Course) -> str:
    """A terminal sequence without an end swallows what stands after it on the line."""
    return "" if "cheated" in sanitize.text("ok\x1b]0;x cheated") else "the rest of the line"


def _poisoned_blob(course: Course) -> str:
    """Bytes that lie under the name of others."""
    kept = Store(course.state / "evidence")
    name = kept.put(b"what the student's run left")
    kept._blob(name).chmod(0o600)
    kept._blob(name).write_bytes(b"what the attacker wants")
    try:
        return kept.get(name).decode()
    except EvidenceFault:
        return ""


def _wrong_folder(_: Course) -> str:
    """A folder called so is taken for another student's."""
    return "" if paths.decoded("é".encode()) == "é" else "a student called 챕"


# ── What stands where a measure was ──────────────────────────────────────────────────

_asking = access.asking


def _agrees_by_itself(course: Course, code: str) -> Any:
    """A page that does not ask: whatever waits is agreed to."""
    found = _asking(course, code)
    return found and replace(found, code=None)


def _any_header(door: auth.Authenticator, request: Any) -> Any:
    return door._called(request.headers.getlist("x-forwarded-user")[0])


def _nothing(*_: Any) -> None:
    return None


def _always(*_: Any) -> bool:
    return True


def _never(*_: Any) -> bool:
    return False


_ENDLESS = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[@-Z\\-_])")

ATTACKS = (
    PortalAttack(
        "exhaust",
        "chunks without an end before sign-in",
        _large_body,
        "bytes counted as they come",
        (bodies._Counted, "_check", _nothing),
    ),
    PortalAttack(
        "exhaust",
        "two lengths of one body",
        _two_lengths,
        "one framing",
        (bodies, "_is_framed_once", _always),
    ),
    PortalAttack(
        "exhaust",
        "a disk full of one student's uploads",
        _disk,
        "quota of a student",
        (receive_submission, "_must_fit", _nothing),
    ),
    PortalAttack(
        "identity",
        "a cookie copied before signing out",
        _copied_cookie,
        "sessions end on the server",
        (access, "end_session", _nothing),
    ),
    PortalAttack(
        "identity",
        "a proxy's header from anywhere",
        _spoofed_header,
        "trusted proxies",
        (auth.Authenticator, "_is_proxy", _always),
    ),
    PortalAttack(
        "identity",
        "a header beside the proxy's own",
        _second_header,
        "a header that comes twice is nobody's",
        (auth.Authenticator, "_by_proxy", _any_header),
    ),
    PortalAttack(
        "identity",
        "a user name that folds to another's",
        _name_that_folds,
        "only ASCII letters fold",
        (auth, "_identity", str.casefold),
    ),
    PortalAttack(
        "identity",
        "a device code sent to a victim",
        _phished,
        "said what is connected, then asked",
        (access, "asking", _agrees_by_itself),
    ),
    PortalAttack(
        "time",
        "a save that is sent when the time is over",
        _dribbled_save,
        "first and last byte in time",
        (sprint, "must_be_in_time", _nothing),
    ),
    PortalAttack(
        "steal",
        "hidden labels by partial points",
        _hidden_number,
        "quarters",
        (visible_points, "STEPS", 50),
    ),
    PortalAttack(
        "tamper",
        "evidence under another's digest",
        _poisoned_blob,
        "digest verified when read",
        (store, "digest", lambda *_: "ab" * 32),
    ),
    PortalAttack(
        "others",
        "a folder é that becomes a Korean student's",
        _wrong_folder,
        "UTF-8 before CP949",
        (paths, "_latin", _never),
    ),
    PortalAttack(
        "presentation",
        "formulas in an export",
        _formula,
        "formulas are text",
        (spreadsheet, "plain", str),
    ),
    PortalAttack(
        "presentation",
        "bidi characters on a page",
        _turned_round,
        "written out by every page",
        (sanitize, "text", lambda value, **_: value),
    ),
    PortalAttack(
        "presentation",
        "a terminal sequence without an end",
        _hidden_tail,
        "only whole sequences go",
        (sanitize, "_TERMINAL", _ENDLESS),
    ),
)

ROW = "{:<13} {:<44} {:<32} {:<24} {}"


@contextmanager
def a_course() -> Iterator[Course]:
    """A course with a class and a sprint, as the tests of the portal have it."""
    with tempfile.TemporaryDirectory() as folder:
        yield config.load(made(Path(folder, "course")))


def main() -> int:
    print(ROW.format("threat", "attack", "without the measure", "with it", "measure"))
    held = 0
    for attack in ATTACKS:
        with a_course() as course, attack.weakened():
            without = attack.get(course)
        with a_course() as course:
            got = attack.get(course)
        held += bool(without) and not got
        told = (
            f"got {without}" if without else "!! nothing",
            f"!! got {got}" if got else "nothing",
        )
        print(ROW.format(attack.threat, attack.name, *told, attack.measure), flush=True)
    print(f"\n{held} of {len(ATTACKS)} attacks on the portal got nothing")
    return 0 if held == len(ATTACKS) else 1


if __name__ == "__main__":
    sys.exit(main())
