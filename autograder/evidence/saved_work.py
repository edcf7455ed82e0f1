"""Kept work on disk: written by `keep(unet=unet, history=history)`, read without pickle.

    kept/unet.json              {"format": 1, "name": "unet", "value": NODE, "arrays": FILE, ...}
    kept/unet-3f2a9c01.npz      the arrays of the node's buffers, stored, not compressed

NODE is the codec's encoding of the value (for a model: its description and weights), so a kept
value can replace a captured one. The JSON is written last, in one step: if the process is killed,
the earlier value stays.
"""

from __future__ import annotations

import hashlib
import io
import json
import math
import zipfile
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.lib import format as npy

from autograder import atomic_files
from autograder.errors import AutograderError
from autograder.evidence.codec import BadValue, Buffer, Encoder, Node, Unencodable, decode
from autograder.evidence.models import ModelRefused, describe, rebuild

FORMAT = 1
FOLDER = "kept"
CAP = 256 << 20  # maximum bytes of one value
JSON_CAP = 32 << 20
ARRAYS_CAP = 20_000


class Unkeepable(AutograderError):
    """A value that cannot be kept, or kept work that cannot be read."""


@dataclass(frozen=True)
class SavedWork:
    """One kept value: its node and buffers as the codec wrote them, and its metadata."""

    name: str
    node: Node
    buffers: tuple[Buffer, ...]
    about: Mapping[str, Any] = field(default_factory=dict)  # time, versions, notebook, epoch
    sha256: str = ""  # of its arrays

    @property
    def is_model(self) -> bool:
        return isinstance(self.node, dict) and "model" in self.node

    def value(self, helpers: Mapping[str, Any] | None = None) -> Any:
        """Return the value, a model rebuilt. Raises Unkeepable if it cannot be rebuilt."""

        def model(node: dict[str, Any], decoder: Any) -> Any:
            return rebuild(node["model"], [decoder.array(w) for w in node["w"]], helpers)

        try:
            return decode(self.node, self.buffers, {"model": model})
        except (BadValue, ModelRefused) as reason:
            raise Unkeepable(f"it cannot be rebuilt: {reason}", where=self.name) from reason
        except Exception as fault:
            kind = type(fault).__name__
            raise Unkeepable(f"it cannot be rebuilt: {kind}", where=self.name) from fault


def encoded(
    name: str, value: Any, *, helpers: Collection[str] = (), about: Mapping[str, Any] | None = None
) -> SavedWork:
    """Return the value as it will be stored. Raises Unkeepable with the reason."""
    if not name.isidentifier():
        raise Unkeepable(f"{name!r} is no name of a variable")

    def stranger(stranger_value: Any, encoder: Encoder) -> Node:
        if not is_model(stranger_value):
            raise Unencodable(f"a {type(stranger_value).__name__}")
        description, weights = describe(stranger_value, helpers)
        return {"model": description, "w": [encoder.array(np.asarray(w)) for w in weights]}

    encoder = Encoder(stranger, cap=CAP)
    try:
        node = encoder.node(value)
    except (Unencodable, ModelRefused) as reason:
        raise Unkeepable(f"it cannot be kept: {reason}", where=name) from reason
    return SavedWork(name, node, tuple(encoder.buffers), dict(about or {}))


def is_model(value: Any) -> bool:
    """Return whether the value is a Keras model of any version; imports nothing."""
    return any(
        c.__name__ == "Model" and c.__module__.split(".")[0] in ("keras", "tf_keras", "tensorflow")
        for c in type(value).__mro__
    )


def write(folder: Path, kept: SavedWork) -> int:
    """Write the value to the folder atomically; return its size there in bytes."""
    folder.mkdir(parents=True, exist_ok=True)
    arrays = io.BytesIO()
    np.savez(arrays, **_shaped(kept.node, kept.buffers))
    data = arrays.getvalue()
    digest = hashlib.sha256(data).hexdigest()
    file = f"{kept.name}-{digest[:8]}.npz"
    text = json.dumps(
        {
            "format": FORMAT,
            "name": kept.name,
            "value": kept.node,
            "arrays": file,
            "sha256": digest,
            **{k: v for k, v in kept.about.items() if k not in _FIXED},
        },
        ensure_ascii=False,
    ).encode("utf-8", "replace")
    if len(text) > JSON_CAP or len(data) > CAP:
        raise Unkeepable(
            f"it takes {(len(text) + len(data)) >> 20} MB, the most is {CAP >> 20} MB",
            where=kept.name,
            way_out="Keep a smaller model, or only the numbers you need.",
        )
    atomic_files.write(folder / file, data)
    atomic_files.write(folder / f"{kept.name}.json", text)
    for old in folder.glob(f"{kept.name}-????????.npz"):
        if old.name != file:
            with suppress(OSError):
                old.unlink()
    return len(text) + len(data)


_FIXED = ("format", "name", "value", "arrays", "sha256")


def names(folder: Path) -> tuple[str, ...]:
    """Return the names of the values kept in a folder."""
    found = folder.glob("*.json") if folder.is_dir() else ()
    return tuple(sorted(path.stem for path in found if path.stem.isidentifier()))


def read(folder: Path, name: str) -> SavedWork:
    """Read one kept value as untrusted input. Raises Unkeepable if it is not valid."""
    path = folder / f"{name}.json"
    if not name.isidentifier() or path.is_symlink():
        raise Unkeepable(f"{name!r} is no name of kept work")
    try:
        if path.stat().st_size > JSON_CAP:
            raise Unkeepable(f"{path.name} is larger than {JSON_CAP >> 20} MB")
        data = json.loads(path.read_bytes())
        if type(data) is not dict or data.get("format") != FORMAT or data.get("name") != name:
            raise Unkeepable(f"{path.name} is not kept work of format {FORMAT}")
        arrays = folder / str(data["arrays"])
        if arrays.parent != folder or arrays.is_symlink() or not arrays.is_file():
            raise Unkeepable(f"{path.name} names no file beside it")
        buffers = _arrays(arrays, str(data["sha256"]))
        about = {k: v for k, v in data.items() if k not in _FIXED}
        return SavedWork(name, data["value"], buffers, about, data["sha256"])
    except Unkeepable:
        raise
    except Exception as fault:  # zipfile and NumPy raise anything on crafted bytes
        raise Unkeepable(
            f"{path.name} cannot be read: {type(fault).__name__}",
            way_out="Run the training cell and keep() again.",
        ) from fault


def _arrays(path: Path, digest: str) -> tuple[Buffer, ...]:
    """Return the arrays of an npz file: stored members only, sizes checked before reading."""
    if path.stat().st_size > CAP:
        raise Unkeepable(f"{path.name} is larger than {CAP >> 20} MB")
    data = path.read_bytes()
    if hashlib.sha256(data).hexdigest() != digest:
        raise Unkeepable(f"{path.name} was changed or cut after it was kept")
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        members = archive.infolist()
        if len(members) > ARRAYS_CAP:
            raise Unkeepable(f"{path.name} holds {len(members)} arrays")
        by_name = {member.filename: member for member in members}
        if by_name.keys() != {f"{number}.npy" for number in range(len(members))}:
            raise Unkeepable(f"{path.name} does not hold the arrays 0, 1, 2, ... once each")
        if sum(member.file_size for member in members) > CAP:
            raise Unkeepable(f"{path.name} says it is larger than {CAP >> 20} MB")
        return tuple(_member(archive, by_name[f"{number}.npy"]) for number in range(len(members)))


def _member(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> Buffer:
    """Return the bytes of one array in the order in which `write` stored them."""
    if member.compress_type != zipfile.ZIP_STORED or member.flag_bits & ENCRYPTED:
        raise Unkeepable("kept arrays are stored, not compressed or encrypted")
    with archive.open(member) as file:
        header = _HEADERS.get(npy.read_magic(file))
        if header is None:
            raise Unkeepable(f"{member.filename} is an array of another version")
        shape, fortran, dtype = header(file)
        if dtype.hasobject or dtype.names or any(type(n) is not int or n < 0 for n in shape):
            raise Unkeepable(f"{member.filename} is no array of numbers or text")
        if math.prod(shape) * dtype.itemsize != member.file_size - file.tell():
            raise Unkeepable(f"{member.filename} says it has another size than it has")
        array = np.frombuffer(file.read(), np.uint8)
    if fortran and len(shape) > 1:
        array = np.ascontiguousarray(array.view(dtype).reshape(shape, order="F"))
    return array.reshape(-1).view(np.uint8).data


ENCRYPTED = 0x1
_HEADERS = {(1, 0): npy.read_array_header_1_0, (2, 0): npy.read_array_header_2_0}


def _shaped(node: Node, buffers: Sequence[Buffer]) -> dict[str, Any]:
    """Return the buffers as their original arrays, so that `numpy.load` shows them as expected."""
    arrays = [np.frombuffer(buffer, np.uint8) for buffer in buffers]
    stack = [node]
    while stack:
        part = stack.pop()
        if isinstance(part, dict):
            if "a" in part and "sh" in part and arrays[part["n"]].size:
                arrays[part["n"]] = arrays[part["n"]].view(part["a"]).reshape(part["sh"])
            stack += part.values()
        elif isinstance(part, list):
            stack += part
    return {str(number): array for number, array in enumerate(arrays)}
