"""On Colab: the runtime's disk goes, Drive stays, and the page has the notebook."""

from __future__ import annotations

import base64
import io
import json
import sys
import types
import zipfile

import pytest

from autograder.errors import NotFound
from autograder.student import environment, keeping, kept_folders, submitting


@pytest.fixture
def colab(tmp_path, monkeypatch):
    """A kernel as on Colab, in a folder of its own, with no Drive mounted yet."""
    local = tmp_path / "content"
    local.mkdir()
    monkeypatch.setenv("COLAB_RELEASE_TAG", "release")
    monkeypatch.setenv(environment.VARIABLE, json.dumps({"assignment": "n1", "notebook": "work"}))
    monkeypatch.setattr(environment, "_started_in", local)
    monkeypatch.setattr(kept_folders, "DRIVE", tmp_path / "drive")
    return tmp_path


def test_without_drive_it_says_that_the_folder_goes_and_offers_a_download(colab):
    line = keeping._keep("a", [1, 2], kept_folders.places())
    shown = keeping.shown([line], kept_folders.places())
    assert "Colab deletes this folder" in shown.text
    (data,) = __import__("re").findall(r'href="data:application/zip;base64,([^"]+)"', shown.html)
    with zipfile.ZipFile(io.BytesIO(base64.b64decode(data))) as archive:
        assert "kept/a.json" in archive.namelist()


def test_a_mounted_drive_gets_a_copy_that_outlives_the_runtime(colab, monkeypatch):
    (colab / "drive").mkdir()
    line = keeping._keep("a", [1, 2], kept_folders.places())
    assert "copy is on your Google Drive" in keeping.shown([line], kept_folders.places()).text
    fresh = colab / "another-runtime"
    fresh.mkdir()
    monkeypatch.setattr(environment, "_started_in", fresh)
    assert keeping.kept() == ["a"]
    assert keeping.kept("a") == [1, 2]


def test_the_copy_kept_last_is_the_one_given_back(colab):
    (colab / "drive").mkdir()
    local, drive = kept_folders.places()
    kept_folders.put(kept_folders.prepared("a", "new", kept_at="2026-02"), [local])
    kept_folders.put(kept_folders.prepared("a", "old", kept_at="2026-01"), [drive])
    assert keeping.kept("a") == "new"


def test_a_missing_name_says_that_drive_may_have_to_be_mounted(colab):
    with pytest.raises(NotFound, match="mount it first"):
        keeping.kept("a")


def test_a_full_drive_does_not_stop_keeping(colab):
    (colab / "drive").mkdir()
    (colab / "drive" / "autograder").write_text("a file is in the way")
    assert keeping._keep("a", [1], kept_folders.places()).problem == ""
    assert keeping.kept("a") == [1]


def test_another_notebooks_work_is_not_overwritten(colab, monkeypatch):
    assert keeping._keep("a", [1], kept_folders.places()).problem == ""
    monkeypatch.setenv(environment.VARIABLE, json.dumps({"notebook": "other"}))
    line = keeping._keep("a", [2], kept_folders.places())
    assert line.problem == "a is already kept by the notebook work"
    assert keeping.kept("a") == [1]


def test_submit_takes_the_notebook_from_the_page(colab, monkeypatch):
    page = {"cells": [], "nbformat": 4, "nbformat_minor": 5, "metadata": {}}
    asked = []

    def blocking_request(what, **_):
        asked.append(what)
        return {"ipynb": page}

    message = types.ModuleType("google.colab._message")
    message.blocking_request = blocking_request  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "google", types.ModuleType("google"))
    monkeypatch.setitem(sys.modules, "google.colab", types.ModuleType("google.colab"))
    monkeypatch.setitem(sys.modules, "google.colab._message", message)
    bundle = submitting.gather()
    assert asked == ["get_ipynb"]
    assert json.loads(bundle.files["work.ipynb"]) == page
    shown = submitting.hand_over(bundle)
    assert "Upload work-submission.zip" in shown.text
    assert 'download="work-submission.zip"' in shown.html


def test_submit_without_any_notebook_says_what_to_do(colab):
    with pytest.raises(NotFound, match="Save the notebook"):
        submitting.gather()


def test_the_same_files_make_the_same_bundle(colab):
    bundle = submitting.Bundle("n", {"n.ipynb": b"{}", "a.py": b"x"})
    assert bundle.zipped() == submitting.Bundle("n", {"a.py": b"x", "n.ipynb": b"{}"}).zipped()


def test_links_hidden_and_foreign_files_stay_at_home(colab):
    local = colab / "content"
    for name in ("own.py", "data.csv", ".env", "old.zip", "p.whl", "other.ipynb"):
        (local / name).write_text("x")
    (local / "link.py").symlink_to("/etc/hostname")
    (local / "sample_data").mkdir()
    (local / "sample_data" / "big.csv").write_text("x")
    (local / "work.ipynb").write_text("{}")
    assert set(submitting.gather().files) == {"work.ipynb", "own.py", "data.csv"}


def test_a_file_too_large_is_left_out_and_said(colab, monkeypatch):
    local = colab / "content"
    (local / "work.ipynb").write_text("{}")
    (local / "big.csv").write_text("x" * 100)
    monkeypatch.setattr(submitting, "LARGEST", 10)
    bundle = submitting.gather()
    assert "big.csv" not in bundle.files
    assert bundle.notes[0] == "big.csv is left out: 100 B is too large."
