"""The light wheel: the part of this package that a student's kernel imports.

It is written straight from the installed modules, so it needs no network, build tool or source
tree, and equal modules always make equal bytes.
"""

from __future__ import annotations

import ast
import base64
import hashlib
import io
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError
from importlib.metadata import version as version_of
from pathlib import Path

import autograder

DISTRIBUTION = "sprintgrader"
LOCAL_LABEL = "+student."  # marks a light installation in its version
_ROOTS = ("autograder", "autograder.student", "autograder.criteria", "autograder.expect")
_DATA = ("fonts", "locale")
_TAGS = b"""Wheel-Version: 1.0
Generator: autograder
Root-Is-Purelib: true
Tag: py3-none-any
"""
_PACKAGE = Path(autograder.__file__).parent


@dataclass(frozen=True)
class Wheel:
    """A wheel file: its name, its version and its bytes."""

    name: str
    version: str
    data: bytes

    @classmethod
    def at(cls, path: Path) -> Wheel:
        """Return the wheel in a file, with the version from its name."""
        return cls(path.name, path.name.split("-")[1], path.read_bytes())

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.data).hexdigest()


def light_wheel() -> Wheel:
    """Return the wheel of the student's part of this version of the package."""
    files = {
        f"autograder/{path.relative_to(_PACKAGE).as_posix()}": path.read_bytes()
        for path in sorted(_files())
    }
    digest = hashlib.sha256()
    for name, data in files.items():
        digest.update(f"{name}\0{len(data)}\0".encode() + data)
    version = f"{public_version()}{LOCAL_LABEL}{digest.hexdigest()[:10]}"
    info = f"{DISTRIBUTION}-{version}.dist-info"
    files[f"{info}/METADATA"] = _metadata(version).encode()
    files[f"{info}/WHEEL"] = _TAGS
    record = f"{info}/RECORD"
    rows = [f"{name},sha256={_b64(data)},{len(data)}" for name, data in files.items()]
    files[record] = ("\n".join([*rows, f"{record},,"]) + "\n").encode()
    return Wheel(f"{DISTRIBUTION}-{version}-py3-none-any.whl", version, _zipped(files))


def public_version() -> str:
    """Return the version of the installed package; "0" if it is not installed."""
    try:
        return version_of(DISTRIBUTION).split("+")[0]
    except PackageNotFoundError:
        return "0"


def _metadata(version: str) -> str:
    return (
        f"Metadata-Version: 2.1\nName: {DISTRIBUTION}\nVersion: {version}\n"
        "Summary: The student's part of autograder: check, progress, budget, keep, submit\n"
        "Requires-Python: >=3.10\nRequires-Dist: numpy\n"
    )


def _b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(data).digest()).decode().rstrip("=")


def _zipped(files: dict[str, bytes]) -> bytes:
    """Return a zip without dates or compression, since the set-up cell compresses it all."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for name, data in files.items():
            facts = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
            facts.external_attr = 0o644 << 16
            archive.writestr(facts, data)
    return buffer.getvalue()


# ── Contents ─────────────────────────────────────────────────────────────────────────


def _files() -> set[Path]:
    modules = _reached()
    data = {p for folder in _DATA for p in (_PACKAGE / folder).rglob("*") if p.suffix != ".po"}
    for module in modules:
        if module.name == "__init__.py" and module.parent != _PACKAGE:
            data |= {p for p in module.parent.iterdir() if p.suffix != ".py"}
    return modules | {p for p in data if p.is_file() and "__pycache__" not in p.parts}


def _reached() -> set[Path]:
    """Return the modules that the roots import, directly or indirectly."""
    waiting = [path for root in _ROOTS for path in _root_modules(root)]
    found: set[Path] = set()
    while waiting:
        path = waiting.pop()
        if path in found:
            continue
        found.add(path)
        for name in _imports(path):
            waiting += _paths(name)
    return found


def _root_modules(root: str) -> Iterator[Path]:
    folder = _PACKAGE.joinpath(*root.split(".")[1:])
    yield from [folder / "__init__.py"] if folder == _PACKAGE else folder.rglob("*.py")


def _imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_bytes())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def _paths(name: str) -> list[Path]:
    """Return the files of one of our modules and its packages; [] for any other module."""
    parts = name.split(".")
    if parts[0] != "autograder":
        return []
    found = [_PACKAGE.joinpath(*parts[1:end], "__init__.py") for end in range(1, len(parts) + 1)]
    if len(parts) > 1:
        found.append(_PACKAGE.joinpath(*parts[1:-1], parts[-1] + ".py"))
    return [path for path in found if path.is_file()]
