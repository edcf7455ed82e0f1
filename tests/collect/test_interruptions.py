"""Killed at any moment, or run twice at once: nothing half written, nothing lost, nothing twice."""

from __future__ import annotations

import hashlib
import json
import os
import sys

import pytest
from ulid import ULID

from autograder.steps.grading.collect import collect, submissions
from autograder.submissions import store
from autograder.submissions.store import SubmissionStore

NAME = "n411"
EVENTS = {"open", "os.rename", "os.mkdir", "os.remove", "os.rmdir", "os.chmod"}


def in_a_child(work) -> int:
    """The exit code of a forked child that does this and no more."""
    child = os.fork()
    if not child:
        code = 1
        try:
            work()
            code = 0
        finally:
            os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def killed_at(step: int, root: str, work):
    """Does the work, but dies without a word before the step-th change below root."""
    left = step

    def hook(event, arguments):
        nonlocal left
        if event not in EVENTS or not str(arguments[0]).startswith(root):
            return
        if event == "open" and not isinstance(arguments[1], str) and not arguments[2] & os.O_CREAT:
            return
        left -= 1
        if left < 0:
            os._exit(9)

    def child():
        sys.addaudithook(hook)
        work()

    return in_a_child(child)


def check_whole(course) -> None:
    """Every submission kept is what its manifest says; what lies in submitted/ is one of them."""
    for manifest in course.state.glob("submissions/*/*/*/manifest.json"):
        said = json.loads(manifest.read_text())
        for file in said["files"]:
            content = (manifest.parent / "files" / file["path"]).read_bytes()
            assert hashlib.sha256(content).hexdigest() == file["sha256"]
    for folder in course.state.glob("submissions/*/[!.]*/*/"):
        assert (folder / "manifest.json").exists()


@pytest.mark.parametrize("first", [True, False], ids=["first submission", "another one"])
def test_a_collection_killed_at_any_step_is_finished_by_the_next(
    course, inbox, hand_in, first, tmp_path, monkeypatch
):
    monkeypatch.setattr(store, "_sync", lambda _: None)  # the machine is not what dies here
    if not first:
        hand_in("kim/n411.ipynb", "old")
        hand_in("kim/data/a.txt", "old")
        collect(course, NAME, inbox)
    hand_in("kim/n411.ipynb", "new")
    hand_in("kim/data/a.txt", "new")
    root, steps = str(course.root), 0
    saved = tmp_path / "saved"
    os.system(f"cp -a {root} {saved}")
    while True:
        code = killed_at(steps, root, lambda: collect(course, NAME, inbox))
        (seen,) = submissions(course, NAME) or [None]
        check_whole(course)
        assert seen or first  # work that was there is never gone meanwhile
        if seen is not None:
            texts = {(seen.path / name).read_text()[-40:] for name in ("data/a.txt",)}
            assert texts in ({"old"}, {"new"})
        collect(course, NAME, inbox)
        (one,) = submissions(course, NAME)
        assert (one.path / "data/a.txt").read_text() == "new"
        assert (course.submitted / "kim" / NAME / "data/a.txt").read_text() == "new"
        kept = SubmissionStore(course.state, course.submitted, NAME).all_of("kim")
        assert len(kept) == (1 if first else 2)
        check_whole(course)
        if code == 0:
            break
        assert code == 9
        os.system(f"rm -rf {root} && cp -a {saved} {root}")
        steps += 1
    assert steps > 20


def test_two_collections_at_once_make_one_submission(course, inbox, hand_in):
    for number in range(10):
        hand_in(f"s{number}/n411.ipynb", str(number))
    children = []
    for _ in range(4):
        child = os.fork()
        if not child:
            code = 1
            try:
                collect(course, NAME, inbox)
                submissions(course, NAME)
                code = 0
            finally:
                os._exit(code)
        children.append(child)
    codes = [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children]
    assert codes == [0, 0, 0, 0]
    assert len(submissions(course, NAME)) == 10
    assert len(list(course.state.glob("submissions/*/*/*/manifest.json"))) == 10


def test_ids_stay_in_order_when_the_clock_is_set_back(course, inbox, hand_in, monkeypatch):
    hand_in("kim/n411.ipynb", "first")
    collect(course, NAME, inbox)
    (first,) = submissions(course, NAME)
    monkeypatch.setattr(store, "ULID", _Stuck)
    _Stuck.at = ULID.from_timestamp(1.0)
    hand_in("kim/n411.ipynb", "second")
    collect(course, NAME, inbox)
    (second,) = submissions(course, NAME)
    assert second.id > first.id
    assert "second" in (second.path / "n411.ipynb").read_text()


class _Stuck:
    """ULIDs of a clock that stands in 1970."""

    at = None

    def __new__(cls):
        return cls.at

    @staticmethod
    def from_int(number):
        return ULID.from_int(number)

    @staticmethod
    def from_str(text):
        return ULID.from_str(text)
