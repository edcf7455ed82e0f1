"""Short runs of what `make fuzz` does for a minute: no file gives anything but an AutograderError.

Longer: `FUZZ_EXAMPLES=20000 pytest tests/fuzz/test_readers.py`.
"""

from __future__ import annotations

import copy
import json
import os
import shutil
import tempfile
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from autograder.config.settings import SECTIONS
from autograder.config.settings import settings as settings_of
from tests.fuzz import readers
from tests.fuzz.readers import only_our_errors

EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "15"))
short = settings(
    max_examples=EXAMPLES,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
with tempfile.TemporaryDirectory() as place:
    SEEDS = readers.seeds(Path(place))
OBJECTS = ["source", "stored_roster", "receipt", "calibration", "manifest"]
TEXTS = ["settings", "catalogue", "class_list", *OBJECTS]
odd = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-3, 9),
    st.just(1 << 70),
    st.floats(),
    st.just(""),
    st.text(max_size=8),
    st.sampled_from(["3", "a", "\ud800", "\x00", "../x", "한글", "{x", "{0}", "attachment:a.png"]),
    st.just([]),
    st.just({}),
    st.just([1]),
    st.just({"a": 1}),
    st.just([[]]),
    st.just([{}]),
)


def read(name: str, data: bytes) -> None:
    reader, _ = SEEDS[name]
    folder = Path(tempfile.mkdtemp())
    try:
        with warnings.catch_warnings(), only_our_errors():
            warnings.simplefilter("ignore")
            reader(folder, data)
    finally:
        shutil.rmtree(folder)


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Where in an object something else could stand."""
    yield path
    if isinstance(value, dict):
        for key in value:
            yield from places(value[key], (*path, key))
    elif isinstance(value, list):
        for at, one in enumerate(value):
            yield from places(one, (*path, at))


def changed(value: Any, path: tuple[Any, ...], to: Any, how: str) -> Any:
    if not path:
        return to
    whole = copy.deepcopy(value)
    at = whole
    for step in path[:-1]:
        at = at[step]
    if how == "gone":
        del at[path[-1]]
    elif how == "another" and isinstance(at, dict):
        at[str(to)[:9]] = to
    else:
        at[path[-1]] = to
    return whole


@pytest.mark.parametrize("name", TEXTS)
def test_an_honest_file_is_read(name: str, tmp_path: Path) -> None:
    reader, data = SEEDS[name]
    assert reader(tmp_path, data) is not None


@pytest.mark.parametrize("name", OBJECTS)
def test_a_file_with_something_else_in_one_or_two_places(name: str) -> None:
    honest = json.loads(SEEDS[name][1])
    everywhere = list(places(honest))
    hows = st.sampled_from(["other", "gone", "another"])

    @short
    @given(st.lists(st.tuples(st.sampled_from(everywhere), odd, hows), min_size=1, max_size=2))
    def check(slips) -> None:
        value = honest
        for path, to, how in slips:
            try:
                value = changed(value, path, to, how)
            except (KeyError, IndexError, TypeError):
                continue  # the first slip has taken that place away
        read(name, json.dumps(value).encode())

    check()


@pytest.mark.parametrize("name", TEXTS)
def test_a_file_with_bytes_cut_put_in_and_turned(name: str) -> None:
    honest = SEEDS[name][1]
    spans = st.tuples(st.integers(0, len(honest)), st.integers(0, 30), st.binary(max_size=6))

    @short
    @given(st.lists(spans, min_size=1, max_size=3))
    def check(slips) -> None:
        data = honest
        for at, length, more in slips:
            data = data[:at] + more + data[at + length :]
        if name != "settings" or b"c." in data:
            read(name, data)

    check()


cell_text = st.lists(
    st.sampled_from(
        [
            "x = 1",
            "assert x == 1",
            "### BEGIN SOLUTION",
            "### END SOLUTION",
            "    return 1",
            "### BEGIN HIDDEN TESTS",
            "### END HIDDEN TESTS",
            "### BEGIN MARK SCHEME",
            "### END MARK SCHEME",
            "def f(x):",
            "@task.criterion('a {b}', points=1)",
            "task.check()",
            'task = Task("double")',
            "@task.criterion(x, points='a')",
            "%%time",
            "!ls",
            "x = \x00",
            "# mistake: a",
            "# fails: small",
            "# tell: b",
            "from helper import *",
            "import nothing",
            "def g(*, b={}): pass",
            "(" * 150,
            "'''",
            "\\",
            "\ud800",
            "![a](attachment:b.png)",
            "await x",
            "lambda: (yield)",
            "x: int",
            "match x:",
            "global x",
            "del x",
            "1 += 1",
        ]
    ),
    max_size=7,
).map("\n".join)


@short
@given(
    st.lists(
        st.tuples(
            cell_text,
            st.sampled_from(["code", "markdown", "raw"]),
            st.booleans(),
            st.booleans(),
            st.booleans(),
            st.booleans(),
            st.sampled_from([0, 1, 2.5]),
            st.lists(st.sampled_from(["setup", "mistake", "train", "card", "fake"]), max_size=2),
        ),
        min_size=1,
        max_size=5,
    )
)
def test_a_source_of_any_cells(cells) -> None:
    made = []
    for number, (text, kind, grade, solution, locked, task, points, tags) in enumerate(cells):
        marks = {
            "schema_version": 3,
            "grade_id": f"c{number}",
            "grade": grade,
            "solution": solution,
            "locked": locked,
            "task": task,
            "points": points,
        }
        one = {"cell_type": kind, "source": text, "metadata": {"nbgrader": marks, "tags": tags}}
        made.append({**one, "outputs": []} if kind == "code" else one)
    notebook = {"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": made}
    read("source", json.dumps(notebook).encode())


names = [(section, name) for section in SECTIONS for name in settings_of(section)]
literals = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(),
        st.floats(),
        st.text(max_size=9),
        st.binary(max_size=3),
        st.sampled_from(
            ["2026-11-01 01:30", "9999-12-31 23:59", "Europe/Lisbon", "Asia", "n411", "sc*"]
        ),
    ),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["n411", "sc*", "cpu_seconds", "closes", "hw [1]", ""]) | st.integers(),
            inner,
            max_size=3,
        )
    ),
    max_leaves=5,
)


@settings(short, max_examples=4 * EXAMPLES)
@given(st.lists(st.tuples(st.sampled_from(names), literals), min_size=1, max_size=3))
def test_any_setting_of_any_value(values) -> None:
    lines = ["inf = nan = 0.0", "c = get_config()"]
    lines += [f"c.{section}.{name} = {value!r}" for (section, name), value in values]
    read("settings", "\n".join(lines).encode("utf-8", "surrogatepass"))


class_cells = st.sampled_from(
    [
        "number",
        "name",
        "Student",
        "ID",
        "SIS User ID",
        "학번",
        "이름",
        "성",
        "Section",
        "multiplier",
        "1",
        "0012345",
        "1.2E+11",
        '="007"',
        "'007",
        "２０",
        "Lee, Bo",
        '"',
        "\x00",
        "\ud7ff",
        "1,5",
        "Points Possible",
        "",
        " ",
        "nan",
        "Section A",
        "٣",
        "²",
        "Jan-26",
        "\u202e1",
        "-",
        "=",
    ]
)


@settings(short, max_examples=4 * EXAMPLES)
@given(
    st.lists(st.lists(class_cells, max_size=5), max_size=6),
    st.sampled_from(",;\t|"),
    st.sampled_from(["utf-8", "utf-16", "cp949", "latin-1", "utf-16-le"]),
    st.sampled_from(["\n", "\r\n", "\r"]),
)
def test_a_class_list_of_any_cells(rows, delimiter, encoding, end) -> None:
    head = [["number", "name", "section", "multiplier"]]
    text = end.join(delimiter.join(row) for row in [*head, *rows])
    read("class_list", text.encode(encoding, "replace"))


@short
@given(
    st.lists(
        st.sampled_from(
            [
                'msgid ""',
                'msgstr ""',
                'msgid "Write `double`."',
                'msgstr "쓰기"',
                "#, fuzzy",
                "#~ msgid",
                'msgid_plural "x"',
                'msgstr[0] "a"',
                'msgstr[9] "a"',
                'msgctxt "c"',
                '"a"',
                "#: a:b",
                "#| msgid",
                '"Content-Type: text/plain; charset=nonsense\\n"',
                '"Plural-Forms: nplurals=2; plural=x;\\n"',
                '"POT-Creation-Date: never\\n"',
                '"Language: zz\\n"',
                "msgstr",
                'msgstr "{x"',
                'msgstr "{0}"',
                'msgid "double({x}) is twice as much"',
                '"\\x"',
                '"',
                "",
            ]
        ),
        max_size=12,
    )
)
def test_a_catalogue_of_any_lines(lines) -> None:
    read("catalogue", "\n".join(lines).encode())
