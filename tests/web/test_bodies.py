"""What a request may send, told over real sockets: bytes, framing, headers, speed, disk."""

from __future__ import annotations

import socket
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

import pytest
import uvicorn

from autograder.gradebook.portal import access
from autograder.web import bodies, serving
from autograder.web.app import create_app

from .conftest import answered, with_settings
from .test_submit import free_port

PIECE = b"A" * (256 << 10)
PART = b'--b\r\nContent-Disposition: form-data; name="f"; filename="x"\r\n\r\n'


@pytest.fixture
def port(course, monkeypatch) -> Iterator[int]:
    """Where the portal answers, as `autograder serve` would serve it, with little patience."""
    monkeypatch.setattr(serving, "KEEP_ALIVE_SECONDS", 0.5)
    monkeypatch.setattr(bodies, "IDLE_SECONDS", 0.5)
    incoming = course.state / "incoming"
    incoming.mkdir(parents=True, exist_ok=True)
    monkeypatch.setattr(tempfile, "tempdir", str(incoming))
    small = with_settings(course, "submissions", max_mb=2)
    found = free_port()
    server = uvicorn.Server(serving.settings_of(create_app(small), "127.0.0.1", found))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    yield found
    server.should_exit = True
    thread.join(10)


class Disk:
    """The most bytes that open files below a folder held, looked at while the block lasts."""

    def __init__(self, folder: Path) -> None:
        self.most, self._folder, self._over = 0, str(folder), threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> Disk:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._over.wait(0.005):
            self.most = max(self.most, sum(self._sizes()))

    def _sizes(self) -> Iterator[int]:
        for opened in Path("/proc/self/fd").iterdir():
            try:
                if self._folder in str(opened.readlink()):
                    yield opened.stat().st_size
            except OSError:
                continue


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(data), data)


def talk(port: int, head: str, *pieces: bytes) -> bytes:
    """What the server answers first to these bytes; b"" if it closes without a word."""
    with socket.create_connection(("127.0.0.1", port), timeout=20) as one:
        with suppress(OSError):  # cut off; there may be an answer all the same
            one.sendall(head.replace("\n", "\r\n").encode() + b"\r\n\r\n")
            for piece in pieces:
                one.sendall(piece)
        try:
            return one.recv(4096)
        except OSError:
            return b""


def status(answer: bytes) -> int:
    return int(answer.split()[1]) if answer else 0


ROUTES = [
    "POST /sign-in",
    "POST /sign-out",
    "POST /a/hello/upload",
    "POST /a/hello/regrade",
    "POST /device",
    "POST /staff/course",
    "POST /api/device",
    "POST /api/device/token",
    "PUT /api/assignments/hello/submission?name=a.ipynb",
    "PUT /api/sprints/sc01/cell",
    "PUT /api/assignments/hello/kept/x",
    "POST /nowhere",
    "GET /",
    "GET /static/portal.css",
]


@pytest.mark.parametrize("route", ROUTES)
def test_chunks_without_an_end_reach_no_disk_before_anybody_signed_in(port, course, route):
    head = (
        f"{route} HTTP/1.1\nHost: x\nContent-Type: multipart/form-data; boundary=b\n"
        "Transfer-Encoding: chunked"
    )
    with Disk(course.state / "incoming") as disk:
        answer = talk(port, head, chunk(PART), *[chunk(PIECE)] * 40, chunk(b""))
    assert disk.most == 0
    assert status(answer) != 500


@pytest.mark.parametrize(
    "framing",
    [
        "Content-Length: 10\nTransfer-Encoding: chunked",
        "Transfer-Encoding: chunked\nContent-Length: 10",
        "Transfer-Encoding: gzip, chunked",
        "Transfer-Encoding: identity\nContent-Length: 4",
        "Content-Length: 4\nContent-Length: 5",
        "Content-Length: -4",
        "Content-Length: +4",
    ],
)
def test_a_length_stated_in_two_ways_is_refused(port, course, framing):
    head = (
        f"POST /sign-in HTTP/1.1\nHost: x\nContent-Type: multipart/form-data; boundary=b\n{framing}"
    )
    with Disk(course.state / "incoming") as disk:
        answer = talk(port, head, chunk(PART), *[chunk(PIECE)] * 40, chunk(b""))
    assert disk.most == 0
    assert status(answer) in (400, 501), answer


def test_a_form_of_somebody_unknown_is_too_large_at_65_kb_however_it_is_sent(port):
    head = "POST /sign-in HTTP/1.1\nHost: x\nContent-Type: application/x-www-form-urlencoded\n"
    body = b"code=" + b"x" * bodies.FORM_BYTES
    assert status(talk(port, f"{head}Content-Length: {len(body)}", body)) == 413
    assert status(talk(port, f"{head}Transfer-Encoding: chunked", chunk(body), chunk(b""))) == 413
    body = b"code=x"
    assert status(talk(port, f"{head}Transfer-Encoding: chunked", chunk(body), chunk(b""))) == 403


def test_a_known_student_sends_as_much_as_the_course_takes_and_no_more(port, course, student):
    token = access.new_token(course, student, "notebook", timedelta(days=1))
    head = (
        "PUT /api/assignments/hello/submission?name=hello.ipynb HTTP/1.1\nHost: x\n"
        f"Authorization: Bearer {token}\nTransfer-Encoding: chunked"
    )
    with Disk(course.state / "incoming") as disk:
        assert status(talk(port, head, *[chunk(PIECE)] * 40, chunk(b""))) == 413
    assert disk.most <= (3 << 20)
    data = answered(course) + b" " * (1 << 20)
    assert status(talk(port, head, chunk(data), chunk(b""))) == 200


def test_headers_without_an_end_are_refused(port):
    many = "\n".join(f"X-{n}: {'y' * 1000}" for n in range(200))
    assert status(talk(port, f"GET / HTTP/1.1\nHost: x\n{many}")) in (0, 400, 431)


def test_headers_that_come_too_slowly_close_the_connection(port):
    with socket.create_connection(("127.0.0.1", port), timeout=20) as one:
        one.sendall(b"GET / HTTP/1.1\r\nHost: x\r\nX-Slow: ")
        assert one.recv(100) == b""


def test_a_body_that_comes_too_slowly_is_ended(port):
    head = "POST /sign-in HTTP/1.1\nHost: x\nContent-Type: multipart/form-data; boundary=b\nContent-Length: 900"
    assert status(talk(port, head, b"--b")) == 408


def test_a_body_whose_pieces_come_in_time_but_never_end_is_ended(port, monkeypatch):
    monkeypatch.setattr(bodies, "START_SECONDS", 0.3)
    head = (
        "POST /sign-in HTTP/1.1\r\nHost: x\r\nContent-Type: text/plain\r\nContent-Length: 9000\r\n"
    )
    head = head.replace("text/plain", "application/x-www-form-urlencoded")
    with socket.create_connection(("127.0.0.1", port), timeout=20) as one:
        one.sendall(head.encode() + b"\r\n")
        for _ in range(50):
            try:
                one.sendall(b"a")
            except OSError:
                break
            time.sleep(0.02)
        assert status(one.recv(100)) == 408


def test_many_parts_and_many_fields_are_refused(port):
    head = "POST /sign-in HTTP/1.1\nHost: x\nContent-Type: {}\nContent-Length: {}"
    fields = b"&".join(b"a%d=1" % n for n in range(2000))
    kind = "application/x-www-form-urlencoded"
    assert status(talk(port, head.format(kind, len(fields)), fields)) == 400
    parts = b"".join(PART + b"\r\n" for _ in range(600)) + b"--b--\r\n"
    kind = "multipart/form-data; boundary=b"
    assert status(talk(port, head.format(kind, len(parts)), parts)) == 400


def test_uploads_of_one_student_at_the_same_time_are_few():
    limit = bodies.AtOnce(2)
    with limit.one("s1"), limit.one("s1"), limit.one("s2"):
        with pytest.raises(Exception, match="still on the way") as error, limit.one("s1"):
            pass
        assert error.value.status_code == 429
    with limit.one("s1"):
        pass
