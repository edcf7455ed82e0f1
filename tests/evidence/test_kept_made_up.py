"""Kept work that is broken or made up is the student's broken file: refused, never a fault."""

from __future__ import annotations

import hashlib
import io
import json
import struct
import zipfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st

from autograder.evidence import saved_work
from autograder.evidence.saved_work import Unkeepable
from autograder.steps.grading.pipeline.training_cells import _shelf

QUIET = settings(
    deadline=None,
    max_examples=30,
    phases=[Phase.explicit, Phase.generate],
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


def whole(folder: Path) -> tuple[dict[str, Any], bytes]:
    """An honest entry and its arrays."""
    value = {"weights": [np.arange(6.0).reshape(2, 3), np.asfortranarray(np.eye(3))], "n": 3}
    saved_work.write(folder, saved_work.encoded("a", value))
    entry = json.loads((folder / "a.json").read_text())
    return entry, (folder / entry["arrays"]).read_bytes()


def put(folder: Path, entry: dict[str, Any], data: bytes) -> None:
    """Make this the kept work, its digest in order, so that the arrays are looked into."""
    (folder / "x.npz").write_bytes(data)
    entry = {**entry, "arrays": "x.npz", "sha256": hashlib.sha256(data).hexdigest()}
    (folder / "a.json").write_text(json.dumps(entry))


def refused_or_plain(folder: Path) -> None:
    """Read it as plain data, or see it refused with the one error for that, as grading does."""
    with suppress(Unkeepable):
        saved_work.read(folder, "a").value()
    shelf, problems = _shelf(folder)
    assert {*shelf, *problems} == {"a"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "kept"
    made.mkdir()
    return made


@given(data=st.data())
@QUIET
def test_any_bytes_changed_in_the_arrays(folder: Path, data: st.DataObject) -> None:
    entry, arrays = whole(folder)
    changed = bytearray(arrays)
    for _ in range(data.draw(st.integers(1, 6))):
        changed[data.draw(st.integers(0, len(changed) - 1))] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(0, len(changed)) | st.just(len(changed)))
    put(folder, entry, bytes(changed[:cut]))
    refused_or_plain(folder)


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    "model",
                    "w",
                    "config",
                    "a",
                    "sh",
                    "n",
                    "o",
                    "d",
                    "of",
                    "l",
                    "f",
                    "all",
                    "class_name",
                    "module",
                    "history",
                    "frame",
                    "sparse",
                ]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=8,
)


@given(key=st.sampled_from(["value", "arrays", "sha256", "format", "name"]), value=anything)
@example("value", {"a": "<f8", "sh": [float("nan")], "n": 0})
@example("value", {"a": "<f8", "sh": [-1], "n": 0})
@example("value", {"a": "<f8", "sh": [10**31], "n": 0})
@example("value", {"model": {"config": {"class_name": "Sequential"}}, "w": None})
@example("value", {"model": 3, "w": []})
@example("arrays", "a\0b")
@example("arrays", ".")
@QUIET
def test_any_json_in_the_entry(folder: Path, key: str, value: Any) -> None:
    entry, arrays = whole(folder)
    put(folder, entry, arrays)
    made = {**json.loads((folder / "a.json").read_text()), key: value}
    (folder / "a.json").write_text(json.dumps(made))
    refused_or_plain(folder)


def member(header: str, body: bytes = bytes(48)) -> bytes:
    text = (header + " " * (-(len(header) + 11) % 64)).encode() + b"\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text + body


def npz(*members: tuple[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, content in members:
            archive.writestr(name, content)
    return out.getvalue()


def shaped(shape: str, descr: str = "'<f8'", order: str = "False") -> bytes:
    return member(f"{{'descr': {descr}, 'fortran_order': {order}, 'shape': {shape}, }}")


def encrypted(data: bytes) -> bytes:
    """The same archive with every member marked as encrypted."""
    changed = bytearray(data)
    for mark, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        place = changed.find(mark)
        while place >= 0:
            changed[place + at] |= 1
            place = changed.find(mark, place + 4)
    return bytes(changed)


def broken() -> Iterator[tuple[str, bytes]]:
    plain = member("{'descr': '<f8', 'fortran_order': False, 'shape': (2, 3), }")
    yield "encrypted", encrypted(npz(("0.npy", plain)))
    for shape in (
        "(10**31,)",
        f"({10**31},)",
        "(-2, -3)",
        "(2.0, 3)",
        "(True, 6)",
        "(nan,)",
        "None",
        "6",
        "('2', 3)",
        "(2, 3, 0)",
        "(1 << 62, 4)",
    ):
        yield f"shape {shape}", npz(("0.npy", shaped(shape)))
    for descr in ("'O'", "'|V0'", "'<U0'", "[('a', '<f8')]", "3", "'no'", "'<f99999999999'"):
        yield f"dtype {descr}", npz(("0.npy", shaped("(2, 3)", descr)))
    yield "order", npz(("0.npy", shaped("(2, 3)", order="nan")))
    yield "header that is code", npz(("0.npy", member("__import__('os').getcwd()")))
    yield "NaN header", npz(("0.npy", member("nan")))
    yield "version 9", npz(("0.npy", b"\x93NUMPY\x09\x00" + plain[8:]))
    yield "cut", npz(("0.npy", plain[:-5]))
    yield "longer than it says", npz(("0.npy", plain + b"more"))
    yield "other names", npz(("a.npy", plain))
    yield "a gap", npz(("0.npy", plain), ("2.npy", plain))
    yield "no bytes", b""
    yield "nothing in it", npz()
    with pytest.warns(UserWarning, match="Duplicate"):
        twice = npz(("0.npy", plain), ("0.npy", plain))
    yield "twice", twice


BROKEN = dict(broken())


@pytest.mark.parametrize("what", BROKEN)
def test_broken_arrays_are_refused_with_the_reason(folder: Path, what: str) -> None:
    saved_work.write(folder, saved_work.encoded("a", np.zeros((2, 3))))
    entry = json.loads((folder / "a.json").read_text())
    put(folder, entry, BROKEN[what])
    with pytest.raises(Unkeepable):
        saved_work.read(folder, "a").value()


def test_what_was_written_in_another_order_is_read_in_the_right_one(folder: Path) -> None:
    value = np.asfortranarray(np.arange(6.0).reshape(2, 3))
    saved_work.write(folder, saved_work.encoded("a", value))
    entry = json.loads((folder / "a.json").read_text())
    out = io.BytesIO()
    np.save(out, value)
    put(folder, entry, npz(("0.npy", out.getvalue())))
    assert np.array_equal(saved_work.read(folder, "a").value(), value)
