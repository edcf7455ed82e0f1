"""Results as JSON files, written and read: `.autograder/results/<assignment>/<student>.json`."""

from __future__ import annotations

import dataclasses
import json
import types
import typing
from collections.abc import Iterator, Mapping
from enum import Enum
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeVar

from autograder import atomic_files
from autograder.errors import EvidenceFault
from autograder.evidence.store import FORMAT
from autograder.nouns import Result

T = TypeVar("T")


def as_json(value: Any) -> Any:
    """Return a frozen value of nouns.py as JSON data."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {f.name: as_json(getattr(value, f.name)) for f in dataclasses.fields(value)}
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, Mapping):
        return {str(k): as_json(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [as_json(v) for v in value]
    if value is None or isinstance(value, bool | int | float | str):
        return value
    return str(value)


def from_json(kind: type[T], data: Any) -> T:
    """Return the frozen value of this class. Raises ValueError if the data does not fit."""
    return typing.cast(T, _thaw(kind, data))


def _thaw(kind: Any, data: Any) -> Any:
    origin, inner = typing.get_origin(kind), typing.get_args(kind)
    if kind is Any:
        return data
    if origin in (typing.Union, types.UnionType):
        return None if data is None else _thaw(next(k for k in inner if k is not type(None)), data)
    if origin is tuple:
        if not isinstance(data, list):
            raise ValueError("not a list")
        return tuple(_thaw(inner[0], item) for item in data)
    if origin is not None and isinstance(origin, type) and issubclass(origin, Mapping):
        if not isinstance(data, dict):
            raise ValueError("not an object")
        return {key: _thaw(inner[1], item) for key, item in data.items()}
    if isinstance(kind, type) and issubclass(kind, Enum):
        return kind(data)
    if isinstance(kind, type) and dataclasses.is_dataclass(kind):
        if not isinstance(data, dict) or not set(data) <= set(_hints(kind)):
            raise ValueError(f"not a {kind.__name__}")
        return kind(**{name: _thaw(_hints(kind)[name], item) for name, item in data.items()})
    if kind is float and type(data) is int:
        return float(data)
    if kind in (int, float, str, bool) and type(data) is not kind:
        raise ValueError(f"not a {kind.__name__}")
    return data


@lru_cache(maxsize=64)
def _hints(kind: Any) -> dict[str, Any]:
    return typing.get_type_hints(kind)


def path_of(state: Path, assignment: str, student: str) -> Path:
    """Return the path of one student's result."""
    return state / "results" / assignment / f"{student}.json"


def save(state: Path, result: Result) -> None:
    """Write one result atomically."""
    text = json.dumps({"format": FORMAT, **as_json(result)}, ensure_ascii=False, indent=1)
    atomic_files.write(path_of(state, result.assignment, result.student), text.encode())


def load(state: Path, assignment: str, student: str) -> Result | None:
    """Return a student's newest result, or None. Raises EvidenceFault if it is damaged."""
    path = path_of(state, assignment, student)
    try:
        text = path.read_bytes()
    except OSError:
        return None
    try:
        data = json.loads(text)
        if data.pop("format") != FORMAT:
            raise ValueError("another format")
        return from_json(Result, data)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise EvidenceFault(
            "this result cannot be read",
            where=str(path),
            way_out=f"remove it and grade {assignment} again; nothing is run twice",
        ) from error


def load_all(state: Path, assignment: str) -> Iterator[Result]:
    """Yield the results of all students of an assignment, ordered by pseudonym."""
    for path in sorted((state / "results" / assignment).glob("*.json")):
        result = load(state, assignment, path.stem)
        if result is not None:
            yield result
