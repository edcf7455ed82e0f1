"""Reader of course_config.py: the values it sets, their lines, and a type check of each."""

from __future__ import annotations

import ast
import difflib
import io
import sys
import tokenize
import types
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

from autograder.config.settings import SECTIONS, Setting, settings
from autograder.errors import ConfigError

# nbgrader classes that may be configured in the same file; nbgrader checks their values.
NBGRADER = frozenset(
    """
    Application JupyterApp NbGrader CourseDirectory Authenticator AssignApp GenerateAssignmentApp
    AutogradeApp FormgradeApp FeedbackApp GenerateFeedbackApp ValidateApp ReleaseApp
    ReleaseAssignmentApp ReleaseFeedbackApp CollectApp ZipCollectApp FetchApp FetchAssignmentApp
    FetchFeedbackApp SubmitApp ListApp ExtensionApp QuickStartApp ExportApp DbApp UpdateApp
    GenerateConfigApp GenerateSolutionApp CsvExportPlugin ExportPlugin ExtractorPlugin
    FileNameCollectorPlugin LateSubmissionPlugin AssignLatePenalties IncludeHeaderFooter LockCells
    ClearSolutions SaveAutoGrades ComputeChecksums SaveCells OverwriteCells CheckCellMetadata
    Execute InstantiateTests GetGrades ClearOutput LimitOutput DeduplicateIds ClearHiddenTests
    ClearMarkScheme OverwriteKernelspec IgnorePattern Exchange ExchangeCollect ExchangeFetch
    ExchangeFetchAssignment ExchangeFetchFeedback ExchangeList ExchangeRelease
    ExchangeReleaseAssignment ExchangeReleaseFeedback ExchangeSubmit ExchangeFactory BaseConverter
    Assign GenerateAssignment Autograde GenerateFeedback GenerateSolution GenerateSourceWithTests
    """.split()  # noqa: SIM905 - one list of words is easier to read and compare
)


@dataclass
class Written:
    """Content of a configuration file: values by section and name, and the line of each."""

    path: Path
    values: dict[str, dict[str, Any]] = field(default_factory=dict)
    others: dict[str, dict[str, Any]] = field(default_factory=dict)  # nbgrader's sections
    lines: dict[tuple[str, str], int] = field(default_factory=dict)

    def says(self, section: str, name: str) -> bool:
        """Return True if the file sets it."""
        return name in self.values.get(section, {})

    def place(self, section: str, name: str, near: object = None) -> str:
        """Return file and line of a setting, or of the first literal `near` in its value."""
        line = self.lines.get((section, name), 0)
        if near is not None:
            line = _line_of(self.path, near, line)
        return f"{self.path}, line {line}" if line else str(self.path)

    def section(self, name: str) -> Any:
        """Return the section as its frozen dataclass, with every value checked."""
        known = settings(name)
        values = {
            key: self._checked(known[key], value, known)
            for key, value in self.values.get(name, {}).items()
        }
        return SECTIONS[name](**values)

    def _checked(self, setting: Setting, value: Any, known: Mapping[str, Setting]) -> Any:
        if setting.name == "assignments" and "assignments" in known:
            return self._overrides(setting, value, known)
        place = self.place(setting.section, setting.name)
        return fitted(setting, value, f"c.{setting.section}.{setting.name}", place)

    def _overrides(self, setting: Setting, value: Any, known: Mapping[str, Setting]) -> Any:
        where = f"c.{setting.section}.assignments"
        if not isinstance(value, dict) or not all(isinstance(v, dict) for v in value.values()):
            raise ConfigError(
                f"{where} is {_shown(value)}",
                where=self.place(setting.section, "assignments"),
                way_out='write it as in {"n432_*": {"cpu_seconds": 240}}',
            )
        names = [name for name in known if name != "assignments"]
        result = {}
        for pattern, changes in value.items():
            for key in (pattern, *changes):
                if not isinstance(key, str):
                    raise ConfigError(
                        f"{where} has the name {_shown(key)}",
                        where=self.place(setting.section, "assignments", key),
                        way_out='write names in quotation marks: {"n432_*": {"cpu_seconds": 240}}',
                    )
            for name in changes:
                if name not in names:
                    place = self.place(setting.section, "assignments", name)
                    raise unknown(f"{where}[{pattern!r}] has no setting", name, names, place)
            result[pattern] = {
                name: fitted(
                    known[name],
                    given,
                    f"{where}[{pattern!r}][{name!r}]",
                    self.place(setting.section, "assignments", name),
                )
                for name, given in changes.items()
            }
        return result


def read(path: Path, *, foreign: bool = False) -> Written:
    """Run the configuration file and return what it sets.

    `foreign`: nbgrader's own file, which may hold sections unknown to us. Raises ConfigError.
    """
    written = Written(path)
    root = _Root(written, foreign)
    try:
        code = compile(_source(path), str(path), "exec")
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        line = getattr(error, "lineno", None)
        place = f"{path}, line {line}" if line else str(path)
        raise ConfigError(
            f"this is not Python: {error}", where=place, way_out="mend that line; save it in UTF-8"
        ) from None
    namespace = {"get_config": lambda: root, "__file__": str(path), "__name__": path.stem}
    try:
        exec(code, namespace)  # noqa: S102 - the instructor's own file, run as traitlets runs it
    except ConfigError:
        raise
    except (Exception, SystemExit) as error:
        lines = [f.lineno for f in _frames(error.__traceback__) if f.file == str(path)]
        place = f"{path}, line {lines[-1]}" if lines else str(path)
        raise ConfigError(
            f"{type(error).__name__}: {error}", where=place, way_out="mend that line"
        ) from error
    return written


def _source(path: Path) -> str:
    """Return the file's text, decoded as UTF-8 or as its `coding` line says."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise ConfigError(
            f"cannot read it: {error.strerror}", where=str(path), way_out="check the file"
        ) from None
    encoding, _ = tokenize.detect_encoding(io.BytesIO(data).readline)
    return io.TextIOWrapper(io.BytesIO(data), encoding).read()


class _Root:
    """The object `c`: returns its sections by name."""

    _written: Written
    _foreign: bool

    def __init__(self, written: Written, foreign: bool) -> None:
        vars(self).update(_written=written, _foreign=foreign)

    def __getattr__(self, name: str) -> _Section:
        if name in SECTIONS:
            return _Section(self._written, name, settings(name))
        if name in NBGRADER or self._foreign:
            return _Section(self._written, name, None)
        raise unknown("there is no section", name, SECTIONS, _here(self._written.path), "c.")

    def __setattr__(self, name: str, value: object) -> None:
        raise ConfigError(
            f"c.{name} is not a setting",
            where=_here(self._written.path),
            way_out="settings lie in sections: c.Course.name = ...",
        )


class _Section:
    """A section such as `c.Limits`, which stores settings; `known` is None for nbgrader's."""

    _written: Written
    _name: str
    _known: dict[str, Setting] | None

    def __init__(self, written: Written, name: str, known: dict[str, Setting] | None) -> None:
        vars(self).update(_written=written, _name=name, _known=known)

    def _values(self) -> dict[str, Any]:
        table = self._written.others if self._known is None else self._written.values
        values: dict[str, Any] = table.setdefault(self._name, {})
        return values

    def _must_know(self, name: str) -> None:
        if self._known is not None and name not in self._known:
            place = _here(self._written.path)
            raise unknown(f"c.{self._name} has no setting", name, self._known, place)

    def __setattr__(self, name: str, value: object) -> None:
        self._must_know(name)
        self._written.lines[self._name, name] = _line(self._written.path)
        self._values()[name] = value

    def __getattr__(self, name: str) -> Any:
        self._must_know(name)
        self._written.lines.setdefault((self._name, name), _line(self._written.path))
        default: Any = {} if self._known is None else self._known[name].default
        return self._values().setdefault(name, default)


def fitted(setting: Setting, value: Any, name: str, place: str) -> Any:
    """Return the value as its setting's type; raise ConfigError if it does not fit."""
    try:
        value = _fit(value, setting.type)
    except TypeError:
        for key, one in value.items() if isinstance(value, dict) else ():
            if get_origin(setting.type) is Mapping and not _fits({key: one}, setting.type):
                took, gave = map(in_words, get_args(setting.type))
                raise ConfigError(
                    f"{name} has {key!r}: {_shown(one)}",
                    where=place,
                    way_out=f"it takes {took} before the colon and {gave} after it",
                ) from None
        raise ConfigError(
            f"{name} is {_shown(value)}", where=place, way_out=f"it takes {in_words(setting.type)}"
        ) from None
    if setting.least is not None and not value >= setting.least:
        raise ConfigError(
            f"{name} is {value!r}", where=place, way_out=f"it takes {setting.least:g} or more"
        )
    return value


def _fits(value: Any, hint: Any) -> bool:
    try:
        _fit(value, hint)
    except TypeError:
        return False
    return True


def _fit(value: Any, hint: Any) -> Any:
    origin, arguments = get_origin(hint), get_args(hint)
    if origin is Literal:
        if type(value) is not str or value not in arguments:
            raise TypeError
        return value
    if origin is tuple:
        if not isinstance(value, (list, tuple)):
            raise TypeError
        return tuple(_fit(one, arguments[0]) for one in value)
    if origin is not None:  # Mapping[str, X]
        if not isinstance(value, dict):
            raise TypeError
        return {_fit(key, arguments[0]): _fit(one, arguments[1]) for key, one in value.items()}
    if hint is Any:
        return value
    if hint is float and type(value) is int:
        return float(value)
    if type(value) is not hint:
        raise TypeError
    return value


def in_words(hint: Any) -> str:
    """Return a type in plain words."""
    origin, arguments = get_origin(hint), get_args(hint)
    if origin is Literal:
        return " or ".join(repr(one) for one in arguments)
    if origin is tuple:
        return "a list of strings"
    if origin is not None:
        return "a dict"
    plain = {bool: "True or False", int: "a whole number", float: "a number", str: "a string"}
    return plain[hint]


def unknown(
    fact: str, name: str, names: Iterable[str], place: str, prefix: str = ""
) -> ConfigError:
    """Return the error for an unknown name, suggesting the nearest known one."""
    known = list(names)
    lower = {one.lower(): one for one in known}
    near = [one for one in lower if one.startswith(name.lower())]
    near = near or difflib.get_close_matches(name.lower(), lower, n=1, cutoff=0.5)
    way_out = (
        f"did you mean {prefix}{lower[near[0]]}?"
        if near
        else f"there are {', '.join(prefix + one for one in known)}"
    )
    return ConfigError(f"{fact} {name!r}", where=place, way_out=way_out)


def _shown(value: object) -> str:
    return f"{repr(value)[:60]} ({type(value).__name__})"


@dataclass(frozen=True)
class _Frame:
    file: str
    lineno: int


def _frames(traceback: types.TracebackType | None) -> Iterator[_Frame]:
    while traceback is not None:
        yield _Frame(traceback.tb_frame.f_code.co_filename, traceback.tb_lineno)
        traceback = traceback.tb_next


def _line(path: Path) -> int:
    """Return the line of this file that is being executed; 0 if none is."""
    frame: types.FrameType | None = sys._getframe(1)
    while frame is not None and frame.f_code.co_filename != str(path):
        frame = frame.f_back
    return frame.f_lineno if frame is not None else 0


def _here(path: Path) -> str:
    return f"{path}, line {_line(path)}"


def _line_of(path: Path, literal: object, start: int) -> int:
    """Return the first line from `start` on that holds this literal, or `start`."""
    tree = ast.parse(_source(path))
    lines = [
        node.lineno
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and node.value == literal and node.lineno >= start
    ]
    return min(lines, default=start)
