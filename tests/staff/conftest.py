"""A graded course, copied fresh for each test, and people who sign in to it."""

from __future__ import annotations

import html
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from autograder import config
from autograder.config import Course
from autograder.gradebook.portal import access
from autograder.steps import roster
from autograder.web.app import create_app

from .made import make_course

BASE = "http://portal.test"


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("template") / "course"
    make_course(root)
    return root


@pytest.fixture
def course(template: Path, tmp_path: Path) -> Course:
    shutil.copytree(template, tmp_path / "course")
    return config.load(tmp_path / "course")


def link(course: Course, number: str) -> str:
    return access.new_token(course, roster.find(course, number).id, "link", timedelta(days=1))


class Person:
    """Somebody with a browser of their own, without scripts."""

    def __init__(self, client: TestClient) -> None:
        self.client = client

    def get(self, path: str, **more):
        return self.client.get(path, **more)

    def post(self, path: str, page: str = "", **data):
        """A form of `page` (or of the path itself), sealed and with its edition."""
        shown = self.client.get(page or path).text
        edition = re.search(r'name="edition" value="(\w*)"', shown)
        sent = {"seal": _value(shown, "seal"), "edition": edition[1] if edition else "", **data}
        return self.client.post(path, data=sent)

    def text(self, path: str) -> str:
        return text(self.get(path))


def text(response) -> str:
    """What a page says, without its tags."""
    plain = re.sub(r"<[^>]*>", " ", response.text)
    return " ".join(html.unescape(plain).split())


def _value(shown: str, name: str) -> str:
    return re.search(rf'name="{name}" value="(\w+)"', shown)[1]


@contextmanager
def signed_in(course: Course, number: str) -> Iterator[Person]:
    with TestClient(create_app(course), base_url=BASE) as client:
        page = client.get("/sign-in").text
        done = client.post(
            "/sign-in", data={"seal": _value(page, "seal"), "code": link(course, number)}
        )
        assert done.status_code == 200
        yield Person(client)


@pytest.fixture
def ann(course) -> Iterator[Person]:
    """A TA."""
    with signed_in(course, "91") as person:
        yield person


@pytest.fixture
def ben(course) -> Iterator[Person]:
    """Another TA."""
    with signed_in(course, "92") as person:
        yield person


@pytest.fixture
def park(course) -> Iterator[Person]:
    """The instructor."""
    with signed_in(course, "99") as person:
        yield person


@pytest.fixture
def hana(course) -> Iterator[Person]:
    """A student."""
    with signed_in(course, "1") as person:
        yield person
