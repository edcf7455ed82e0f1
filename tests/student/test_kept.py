"""Kept work on disk: read back as it was, written whole or not at all, never unpickled."""

from __future__ import annotations

import io
import json
import pickle
import zipfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from autograder import atomic_files
from autograder.evidence import saved_work
from autograder.evidence.saved_work import Unkeepable

plain = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4)
    ),
    max_leaves=12,
)


@given(value=plain)
@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_plain_data_comes_back_as_it_was(tmp_path, value):
    saved_work.write(tmp_path, saved_work.encoded("it", value))
    assert saved_work.read(tmp_path, "it").value() == value


@pytest.mark.parametrize(
    "array",
    [
        np.arange(6.0).reshape(2, 3),
        np.zeros((0, 3), np.float32),
        np.array(["가", "b"]),
        np.array([True, False]),
        np.array(3, np.int8),
        np.arange(4)[::-1],
    ],
    ids=str,
)
def test_arrays_come_back_with_dtype_and_shape(tmp_path, array):
    saved_work.write(tmp_path, saved_work.encoded("a", array))
    back = saved_work.read(tmp_path, "a").value()
    assert back.dtype == array.dtype
    assert back.shape == array.shape
    assert np.array_equal(back, array)


def test_the_arrays_are_an_ordinary_npz_file(tmp_path):
    saved_work.write(tmp_path, saved_work.encoded("a", np.arange(6.0).reshape(2, 3)))
    (file,) = tmp_path.glob("*.npz")
    assert np.load(file, allow_pickle=False)["0"].shape == (2, 3)


def test_only_the_last_arrays_stay(tmp_path):
    for number in range(3):
        saved_work.write(tmp_path, saved_work.encoded("a", np.full(3, number)))
    assert len(list(tmp_path.iterdir())) == 2
    assert saved_work.read(tmp_path, "a").value().tolist() == [2, 2, 2]


def test_a_write_cut_short_leaves_what_was_there(tmp_path, monkeypatch):
    saved_work.write(tmp_path, saved_work.encoded("a", np.zeros(3)))
    whole = atomic_files.write

    def die_before_json(path: Path, data: bytes) -> None:
        if path.suffix == ".json":
            raise KeyboardInterrupt
        whole(path, data)

    monkeypatch.setattr(atomic_files, "write", die_before_json)
    with pytest.raises(KeyboardInterrupt):
        saved_work.write(tmp_path, saved_work.encoded("a", np.ones(3)))
    assert saved_work.read(tmp_path, "a").value().tolist() == [0, 0, 0]


class Bomb:
    def __reduce__(self):
        return (pytest.fail, ("a pickle was loaded",))


def hostile(folder: Path, data: bytes, **changes: object) -> None:
    """Puts other arrays in the place of the kept ones, with the digest they then have."""
    import hashlib

    saved_work.write(folder, saved_work.encoded("a", np.zeros(3)))
    entry = json.loads((folder / "a.json").read_text())
    (folder / "x.npz").write_bytes(data)
    entry.update(arrays="x.npz", sha256=hashlib.sha256(data).hexdigest(), **changes)
    (folder / "a.json").write_text(json.dumps(entry))


def npz(member: bytes, compression: int = zipfile.ZIP_STORED) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", compression) as archive:
        archive.writestr("0.npy", member)
    return out.getvalue()


def npy(array: np.ndarray) -> bytes:
    out = io.BytesIO()
    np.save(out, array, allow_pickle=True)
    return out.getvalue()


def claiming(shape: tuple[int, ...]) -> bytes:
    """An array file whose header claims a shape that its bytes do not have."""
    out = io.BytesIO()
    header = {"descr": "<f8", "fortran_order": False, "shape": shape}
    np.lib.format.write_array_header_1_0(out, header)
    return out.getvalue() + bytes(24)


@pytest.mark.parametrize(
    "data",
    [
        npz(npy(np.array([Bomb()], dtype=object))),
        npz(pickle.dumps(Bomb())),
        npz(npy(np.zeros(3)), zipfile.ZIP_DEFLATED),
        npz(claiming((10**12,))),
        npz(npy(np.zeros(3))[:-5]),
        b"no zip at all",
    ],
    ids=["object array", "pickle", "compressed", "says it is huge", "cut", "no zip"],
)
def test_hostile_arrays_are_refused_and_nothing_is_unpickled(tmp_path, data):
    hostile(tmp_path, data)
    with pytest.raises(Unkeepable):
        saved_work.read(tmp_path, "a")


@pytest.mark.parametrize("arrays", ["../x.npz", "/etc/passwd", "sub/x.npz"])
def test_arrays_are_never_looked_for_elsewhere(tmp_path, arrays):
    folder = tmp_path / "kept"
    folder.mkdir()
    (tmp_path / "x.npz").write_bytes(npz(npy(np.zeros(3))))
    hostile(folder, npz(npy(np.zeros(3))))
    entry = json.loads((folder / "a.json").read_text())
    (folder / "a.json").write_text(json.dumps({**entry, "arrays": arrays}))
    with pytest.raises(Unkeepable):
        saved_work.read(folder, "a")


@pytest.mark.parametrize("name", ["../a", "a/b", "", "a.b", "."])
def test_only_names_of_variables_are_names(tmp_path, name):
    with pytest.raises(Unkeepable):
        saved_work.read(tmp_path, name)
    with pytest.raises(Unkeepable):
        saved_work.encoded(name, 1)


def test_changed_arrays_are_noticed(tmp_path):
    saved_work.write(tmp_path, saved_work.encoded("a", np.zeros(300)))
    (file,) = tmp_path.glob("*.npz")
    data = bytearray(file.read_bytes())
    data[500] ^= 1
    file.write_bytes(data)
    with pytest.raises(Unkeepable, match="changed or cut"):
        saved_work.read(tmp_path, "a")


@given(text=st.binary(max_size=60))
@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_lies_in_the_json_only_unkeepable_comes_out(tmp_path, text):
    (tmp_path / "a.json").write_bytes(text)
    with pytest.raises(Unkeepable):
        saved_work.read(tmp_path, "a")
