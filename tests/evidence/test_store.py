"""Evidence is there whole or not at all, and results come back as they went."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from autograder import atomic_files
from autograder.errors import EvidenceFault
from autograder.evidence import results
from autograder.evidence.store import Store
from autograder.nouns import (
    CriterionResult,
    Message,
    NotebookResult,
    Result,
    Status,
    TaskKind,
    TaskResult,
    Usage,
)


def a_result() -> Result:
    criterion = CriterionResult(
        "iou", Status.FAILED, 1.5, 3.0, "IoU", True, Message("e", "{x}", "", {"x": 1}), 0.5
    )
    task = TaskResult("t", TaskKind.CRITERIA, 3.0, (criterion,))
    notebook = NotebookResult("nb", (task,), notes=("한글",), usage=Usage(1.0, 2.0))
    return Result("id", "A", "학생", 2, (notebook,), {"keras": "3"})


def test_a_result_comes_back_as_it_was_saved(tmp_path: Path) -> None:
    results.save(tmp_path, a_result())
    assert results.load(tmp_path, "A", "학생") == a_result()
    assert list(results.load_all(tmp_path, "A")) == [a_result()]


def test_no_result_is_none(tmp_path: Path) -> None:
    assert results.load(tmp_path, "A", "nobody") is None


@pytest.mark.parametrize("damage", ["", "{", "[]", '{"format": 9}', '{"format": 1, "odd": 1}'])
def test_a_damaged_result_says_where_it_lies_and_the_way_out(tmp_path: Path, damage: str) -> None:
    path = results.path_of(tmp_path, "A", "s")
    atomic_files.write(path, damage.encode())
    with pytest.raises(EvidenceFault, match="cannot be read") as caught:
        results.load(tmp_path, "A", "s")
    assert caught.value.where == str(path)
    assert "grade A again" in caught.value.way_out


def test_equal_bytes_are_kept_once(tmp_path: Path) -> None:
    store = Store(tmp_path)
    assert store.put(b"abc") == store.put(b"a", b"bc")
    assert len(list((tmp_path / "blobs").rglob("*"))) == 2  # one folder, one file


def test_a_damaged_blob_is_noticed_and_removed(tmp_path: Path) -> None:
    store = Store(tmp_path)
    name = store.put(b"abc")
    path = next(p for p in (tmp_path / "blobs").rglob("*") if p.is_file())
    path.write_bytes(b"abd")
    with pytest.raises(EvidenceFault, match="damaged"):
        store.get(name)
    assert not path.exists()
    with pytest.raises(EvidenceFault, match="missing"):
        store.get(name)


def test_records_whose_names_differ_after_a_point_are_different_ones(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.write("traces", "run", "t.c.1", record={"trace": [1]})
    store.write("traces", "run", "t.c.2", record={"trace": [2]})
    found = [store.read("traces", "run", f"t.c.{attempt}") for attempt in (1, 2)]
    assert [record["trace"] for record in found if record] == [[1], [2]]


def test_a_record_of_another_format_is_none(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.write("runs", "k", record={"x": 1})
    assert store.read("runs", "k") == {"format": 1, "x": 1}
    path = tmp_path / "runs" / "k.json"
    path.write_text(json.dumps({"format": 7}))
    assert store.read("runs", "k") is None


def test_a_write_that_fails_leaves_what_was_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "x"
    atomic_files.write(path, b"old")

    def no(*_: object) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(Path, "replace", no)
    with pytest.raises(OSError, match="disk full"):
        atomic_files.write(path, b"new")
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]
