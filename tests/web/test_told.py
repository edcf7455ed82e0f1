"""What is told of a submission as it comes in: on the page, in the receipt, by submit(), to staff."""

from __future__ import annotations

import base64
import io
import json
import re
import zipfile
from datetime import datetime, timezone
from pathlib import Path

import pytest
from PIL import Image
from starlette.testclient import TestClient

from autograder.steps.grading.collect import collect, shelf_of, submissions
from autograder.steps.portal import receipts
from autograder.steps.portal.receive_submission import Upload, receipt_of
from autograder.steps.portal.receive_submission import hand_in as step
from autograder.student import sending
from autograder.web.app import create_app

from .conftest import ANSWER, answered, link, with_settings
from .test_pages import BASE, hand_in, sign_in, text

AT = datetime(2026, 3, 1, 9, 30, tzinfo=timezone.utc)
BROKEN = {"empty": b"", "cut": b'{"cells": [', "braces": b"{}", "text": b"\xff\xfe\x00\x01"}


def notebook(course, change) -> bytes:
    content = json.loads(answered(course))
    content["released"] = json.loads(next((course.release / "hello").glob("*.ipynb")).read_bytes())
    change(content)
    del content["released"]
    return json.dumps(content).encode()


def answers_of(content):
    return [c for c in content["cells"] if c["metadata"].get("nbgrader", {}).get("solution")]


def own(source, kind="code"):
    more = {"outputs": [], "execution_count": None} if kind == "code" else {}
    return {"cell_type": kind, "id": "mine1", "metadata": {}, "source": source, **more}


def elsewhere(content):
    (first, *_) = answers_of(content)
    first["source"] = answers_of(content["released"])[0]["source"]
    content["cells"].insert(content["cells"].index(first) + 1, own(ANSWER))


def picture(content):
    content["cells"].append(own("My plot: ![](loss.png)", "markdown"))


def syntax(content):
    content["cells"].append(own("x = (1"))


def r_kernel(content):
    content["metadata"]["language_info"] = {"name": "R"}


@pytest.fixture
def hana(course, clock):
    with TestClient(create_app(course, clock=clock), base_url=BASE) as client:
        sign_in(client, link(course, "2026001"))
        yield client


@pytest.mark.parametrize("kind", BROKEN)
def test_a_file_that_cannot_be_graded_is_kept_and_never_called_safe(hana, course, student, kind):
    page = hand_in(hana, BROKEN[kind])
    said = text(page)
    assert "It is kept, but it cannot be graded." in said
    assert "It is safely here" not in said
    assert "Submit the right file below" in said
    assert 'class="stamp bad" role="alert"' in page.text
    (kept,) = shelf_of(course, "hello").all_of(student)
    assert (shelf_of(course, "hello").files(kept) / "hello.ipynb").read_bytes() == BROKEN[kind]
    receipt = receipt_of(course, shelf_of(course, "hello"), kept)
    assert receipt["gradable"] is False
    assert receipts.verify(receipt, receipts.public_key(course.root / "receipts.pub")).genuine
    assert "cannot be graded" in text(hana.get("/"))
    assert "cannot be graded" in text(hana.get(f"/a/hello/submissions/{kept.id}"))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (elsewhere, "below it looks like the answer"),
        (picture, "the picture loss.png, which is not in what you submitted"),
        (syntax, "which cannot read line 1 of cell"),
        (r_kernel, "another kernel than Python: R"),
    ],
)
def test_what_can_cost_points_is_told_with_a_way_out(hana, course, student, change, words):
    page = hand_in(hana, notebook(course, change))
    assert words in text(page)
    assert "This can still cost points" in text(page)
    assert 'class="stamp warn" role="status"' in page.text
    (kept,) = shelf_of(course, "hello").all_of(student)
    assert words in text(hana.get(f"/a/hello/submissions/{kept.id}"))


def test_of_a_solved_notebook_nothing_is_told_but_that_it_is_there(hana, course):
    page = hand_in(hana, answered(course))
    assert "It is safely here." in text(page)
    assert "cost points" not in text(page)
    assert '<ul class="findings">' not in page.text


def test_the_page_says_which_file_is_graded_and_which_not(hana, course):
    untouched = next((course.release / "hello").glob("*.ipynb")).read_bytes()
    seal = re.search(r'name="seal" value="(\w+)"', hana.get("/a/hello").text)[1]
    files = [
        ("file", ("hello.ipynb", untouched)),
        ("file", ("hello-Copy1.ipynb", answered(course))),
    ]
    page = hana.post("/a/hello/upload", data={"seal": seal}, files=files)
    assert (
        "hello-Copy1.ipynb is graded, as it has the most answers. Not graded: hello.ipynb."
        in text(page)
    )


def test_two_notebooks_with_other_answers_are_an_open_question(hana, course):
    other = answered(course, answer=ANSWER + "\n# another try")
    seal = re.search(r'name="seal" value="(\w+)"', hana.get("/a/hello").text)[1]
    files = [("file", ("hello.ipynb", answered(course))), ("file", ("hello (1).ipynb", other))]
    page = hana.post("/a/hello/upload", data={"seal": seal}, files=files)
    assert "Not graded, though there are other answers in it: hello (1).ipynb." in text(page)
    assert 'class="stamp warn"' in page.text


def test_the_page_is_told_in_the_courses_language(course, clock):
    korean = with_settings(course, "settings", language="ko")
    with TestClient(create_app(korean, clock=clock), base_url=BASE) as client:
        sign_in(client, link(course, "2026001"))
        page = hand_in(client, b"")
        assert page.status_code == 200
        assert '<html lang="ko"' in page.text
        assert re.search(r'class="stamp bad" role="alert".*[가-힣]', page.text, re.DOTALL)


def test_one_limit_holds_at_upload_and_when_graded(course, student, tmp_path):
    def grow(content):
        noise = base64.b64encode(bytes(54 << 18)).decode()
        display = {"output_type": "display_data", "metadata": {}, "data": {"image/png": noise}}
        content["cells"].append({**own("x"), "outputs": [display] * 3})

    big = notebook(course, grow)
    assert len(big) > 50 << 20
    path = tmp_path / "big.ipynb"
    path.write_bytes(big)
    done = step(course, "hello", student, [Upload("hello.ipynb", path)], AT)
    assert done.gradable
    assert done.receipt["release"] == 1
    assert set(done.receipt["tasks"]["hello"].values()) == {"saved"}


def test_submit_says_what_the_page_says(course, student, tmp_path):
    (tmp_path / "hello.ipynb").write_bytes(b"{}")
    done = step(course, "hello", student, [Upload("hello.ipynb", tmp_path / "hello.ipynb")], AT)
    sent = sending.Sent(done.submission, dict(done.receipt), False, "", Path("r.json"), done.notes)
    first, second = sending.shown(sent).text.splitlines()[:2]
    assert first.startswith("Kept, but it cannot be graded")
    assert "hello.ipynb: The file is JSON but no notebook" in second


def test_an_earlier_receipt_is_shown_as_it_was(hana, course, student):
    hand_in(hana, answered(course))
    shelf = shelf_of(course, "hello")
    (kept,) = shelf.all_of(student)
    path = shelf.files(kept).parent / "receipt.json"
    old = {
        k: v for k, v in json.loads(path.read_bytes()).items() if k not in ("findings", "gradable")
    }
    path.chmod(0o600)
    path.write_text(json.dumps({**old, "notes": ["an earlier note"]}))
    page = hana.get(f"/a/hello/submissions/{kept.id}")
    assert "an earlier note" in text(page)
    assert "cannot be graded" not in text(hana.get("/a/hello"))


def test_a_manifest_of_an_earlier_version_opens(course, student, tmp_path):
    (tmp_path / "hello.ipynb").write_bytes(answered(course))
    step(course, "hello", student, [Upload("hello.ipynb", tmp_path / "hello.ipynb")], AT)
    shelf = shelf_of(course, "hello")
    path = shelf.files(shelf.newest(student)).parent / "manifest.json"
    record = {
        k: v for k, v in json.loads(path.read_bytes()).items() if k not in ("renamed", "choices")
    }
    path.chmod(0o600)
    path.write_text(json.dumps(record))
    kept = shelf.newest(student)
    assert (kept.renamed, kept.choices) == ({}, ())
    assert [one.id for one in submissions(course, "hello")] == [kept.id]


def test_staff_are_told_when_they_collect(course, tmp_path):
    for name, data in {
        "2026001/hello.ipynb": b"{}",
        "2026002/hello.ipynb": notebook(course, elsewhere),
    }.items():
        path = tmp_path / "in" / name
        path.parent.mkdir(parents=True)
        path.write_bytes(data)
    told = [note for one in collect(course, "hello", tmp_path / "in").new for note in one.notes]
    assert any(note.startswith("hello.ipynb: The file is JSON but no notebook") for note in told)
    assert any("looks like the answer" in note for note in told)


def test_a_picture_handed_in_beside_the_notebook_is_not_missing(course, student, tmp_path):
    out, drawn = io.BytesIO(), io.BytesIO()
    Image.new("RGB", (4, 3), "red").save(drawn, "PNG")
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("week1/mine.ipynb", notebook(course, picture))
        archive.writestr("week1/loss.png", drawn.getvalue())
        archive.writestr("readme.txt", "x")
    (tmp_path / "w.zip").write_bytes(out.getvalue())
    done = step(course, "hello", student, [Upload("w.zip", tmp_path / "w.zip")], AT)
    assert [one["code"] for one in done.receipt["findings"]] == ["chosen"]
    assert {f["path"]: f.get("given") for f in done.receipt["files"]} == {
        "hello.ipynb": "week1/mine.ipynb",
        "loss.png": "week1/loss.png",
        "readme.txt": None,
    }


def test_a_broken_file_after_a_good_one_takes_nothing_from_it(hana, course):
    hand_in(hana, answered(course))
    page = hand_in(hana, b"{}")
    assert "It is kept, but it cannot be graded." in text(page)
    overview = text(hana.get("/"))
    assert "handed in" in overview
    assert "cannot be graded" not in overview


def test_names_that_a_student_made_up_are_shown_harmlessly(hana, course):
    def hostile(content):
        name = "<b>\u202egnp.x</b>\x1b[31m.png"
        content["cells"].append(own(f"![](<{name}>)", "markdown"))
        content["metadata"]["language_info"] = {"name": "<script>alert(1)</script>"}

    page = hand_in(hana, notebook(course, hostile))
    assert page.status_code == 200
    assert "<script>alert" not in page.text
    assert "\u202e" not in page.text
    assert "\x1b" not in page.text


def test_an_error_of_ours_while_looking_keeps_no_receipt_back(
    course, student, tmp_path, monkeypatch, caplog
):
    def fails(*_):
        raise RuntimeError("ours")

    monkeypatch.setattr("autograder.steps.grading.inspect_submission.inspect", fails)
    (tmp_path / "hello.ipynb").write_bytes(answered(course))
    done = step(course, "hello", student, [Upload("hello.ipynb", tmp_path / "hello.ipynb")], AT)
    assert done.gradable
    assert done.receipt["submission"] == done.submission
    assert "could not be inspected" in caplog.text
