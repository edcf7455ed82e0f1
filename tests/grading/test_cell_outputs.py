"""Outputs of every kind are kept, shown or left out; none of them ends a run or accuses anybody."""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from io import BytesIO
from typing import Any

import pytest
from PIL import Image

from autograder.evidence.record import CellRecord, Evidence
from autograder.evidence.store import Store
from autograder.nouns import NotebookResult
from autograder.sandbox.student_process.outputs import PICTURES_CAP, Outputs
from autograder.sandbox.supervisor.warm_server import WarmServer
from autograder.steps.grading.pipeline.cell_outputs import read_outputs
from autograder.steps.reporting.feedback.cells import PLOTS, plots
from tests.grading.made import extra, run_cells

BEFORE = """import io, os, sys
import IPython.display as D
import matplotlib.pyplot as plt, numpy as np, pandas as pd
import PIL.Image
png, jpeg, gif = io.BytesIO(), io.BytesIO(), io.BytesIO()
PIL.Image.new('RGB', (8, 8)).save(png, 'PNG')
PIL.Image.new('RGB', (8, 8)).save(jpeg, 'JPEG')
PIL.Image.new('P', (8, 8)).save(gif, 'GIF')
circle = {}
circle['again'] = circle
deep = []
for _ in range(50_000): deep = [deep]
def raw(data, metadata=None): display(data, metadata=metadata, raw=True)
class P:
    def __init__(self, value): self.value = value
    def _repr_png_(self):
        if isinstance(self.value, Exception): raise self.value
        return self.value
class B:
    def __init__(self, value): self.value = value
    def _repr_mimebundle_(self, **_): return self.value
class S(str):
    def __str__(self): raise ValueError
    def __len__(self): return -1"""

SHOWN = {  # a cell, and the pictures and other MIME types that it leaves
    "a PIL image": ("PIL.Image.new('RGB', (8, 8))", 1),
    "PIL images of every mode": (
        "for mode in '1 L P LA RGBA CMYK YCbCr I F HSV LAB'.split():"
        " display(PIL.Image.new(mode, (8, 8)))",
        7,
    ),
    "an image that keras makes": ("import keras; keras.utils.array_to_img(np.zeros((8, 8, 3)))", 1),
    "IPython's image": ("D.Image(png.getvalue())", 1),
    "a JPEG": ("D.Image(jpeg.getvalue(), format='jpeg')", 1),
    "a GIF": ("D.Image(gif.getvalue(), format='gif')", 1),
    "an SVG": ("D.SVG('<svg xmlns=\"http://www.w3.org/2000/svg\"/>')", 0),
    "a sound": ("D.Audio(np.ones(100), rate=8000)", 0),
    "a film": ("D.Video(b'abc', embed=True, mimetype='video/mp4')", 0),
    "a page": ("D.IFrame('https://example.org', 10, 10)", 0),
    "a table with a style": ("pd.DataFrame({'a': [1]}).style", 0),
    "an animation": (
        "from matplotlib.animation import FuncAnimation\nfigure, axis = plt.subplots()\n"
        "made = FuncAnimation(figure, lambda i: axis.plot([i]), frames=2).to_jshtml()\n"
        "plt.close(figure)\nD.HTML(made)",
        0,
    ),
    "bytes as a picture": ("P(png.getvalue())", 1),
    "bytes with metadata": ("P((png.getvalue(), {'width': 3}))", 1),
    "text as a picture": ("P('abc')", 0),
    "Korean as a picture": ("P('한글')", 0),
    "no picture": ("P(None)", 0),
    "an error as a picture": ("P(ValueError('x'))", 0),
    "a number as a picture": ("P(3)", 0),
    "a bundle of odd things": (
        "B({1: 2, 'image/png': [1, 2], 'x': {1: 2}, 'text/html': object(), ('a',): 3,"
        " 'application/json': float('nan')})",
        0,
    ),
    "a bundle that is a list": ("B([1])", 0),
    "a plot by plotly or bokeh": (
        "raw({'application/vnd.plotly.v1+json': {'data': [{'y': np.float32(1)}]},"
        " 'text/html': '<div/>', 'text/plain': 'x'})",
        0,
    ),
    "bytes published": ("raw({'image/png': png.getvalue(), 'text/plain': 'x'})", 1),
    "no base64": ("raw({'image/png': 'not base64!', 'text/plain': 'x'})", 0),
    "None published": ("raw({'image/png': None, 'text/plain': 'x'})", 0),
    "metadata of odd keys": ("raw({'text/plain': 'x'}, {1: {2: 3}, 'b': b'x', ('t',): 1})", 0),
    "half a character": ("print('\\ud800'); raw({'text/plain': '\\udcff'})", 0),
    "a str that lies": ("raw({'text/plain': S('x')})", 0),
    "a widget": ("import ipywidgets; ipywidgets.IntSlider()", 0),
    "a bar by tqdm": ("from tqdm.notebook import tqdm\nfor _ in tqdm(range(2)): pass", 0),
}
FLOOD = "more text than is kept"
LEFT_OUT = {  # and how many outputs
    "JSON in a circle": ("raw({'text/plain': 'x', 'application/json': circle})", 1),
    "metadata in a circle": ("raw({'text/plain': 'x'}, circle)", 1),
    "JSON without an end": ("raw({'text/plain': 'x', 'application/json': deep})", 1),
    "metadata of 20 MB": (
        "raw({'text/plain': 'x'}, {str(i): 'y' * 1000 for i in range(20_000)})",
        1,
    ),
    "nothing at all": ("raw({'text/plain': None})", 1),
    FLOOD: ("print('x' * 3_000_000); print('y')", 1),
}
WITHOUT_HARM = {
    "a fork that comes back": "if os.fork() == 0: print('child')\nelse: os.wait(); print('parent')",
    "more names than are kept": "for i in range(5000): globals()[f'name{i}'] = i",
    "a lot of plots": "for _ in range(300): display(D.Image(png.getvalue()))",
}


@pytest.fixture(scope="module")
def left(
    students: WarmServer, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Evidence, Store, dict[str, CellRecord]]:
    sources = {"before": BEFORE}
    sources |= {name: source for name, (source, _) in {**SHOWN, **LEFT_OUT}.items()}
    sources |= {**WITHOUT_HARM, "after": "print('alive')"}
    sources[FLOOD] = sources.pop(FLOOD)  # at the end: nothing is kept after it
    evidence, store = run_cells(students, tmp_path_factory.mktemp("out"), list(sources.values()))
    return evidence, store, dict(zip(sources, extra(evidence), strict=True))


def shown(store: Store, cell: CellRecord) -> list[Any]:
    return json.loads(store.get(cell.outputs)) if cell.outputs else []


def test_nothing_that_a_cell_shows_ends_the_run(left):
    evidence, store, cells = left
    assert evidence.limit == ""
    assert {name: cell.error for name, cell in cells.items() if cell.error} == {}
    assert shown(store, cells["after"])[0]["text"] == "alive\n"


@pytest.mark.parametrize("name", SHOWN)
def test_what_a_cell_shows_is_kept_with_its_pictures(name, left):
    _, store, cells = left
    cell = cells[name]
    outputs = shown(store, cell)
    assert any("text/plain" in o.get("data", {}) for o in outputs)
    assert len(cell.figures) == SHOWN[name][1]
    for digest in cell.figures:
        Image.open(BytesIO(store.get(digest))).verify()
    if name != "no base64":
        assert cell.lost == 0


@pytest.mark.parametrize("name", LEFT_OUT)
def test_what_cannot_be_kept_is_counted_and_costs_nothing_else(name, left):
    assert left[2][name].lost == LEFT_OUT[name][1]


def test_a_forked_child_that_comes_back_from_its_cell_goes_no_further(left):
    _, store, cells = left
    texts = "".join(o["text"] for o in shown(store, cells["a fork that comes back"]))
    assert "parent" in texts


def test_feedback_numbers_the_first_plots_among_all_that_were_drawn(left):
    _, store, cells = left
    cell = cells["a lot of plots"]
    assert cell.drawn == 300
    result = NotebookResult("nb", (), figures=cell.figures[:24], drawn=cell.drawn)
    found = plots(result, store.get)
    assert found.shown[0].caption == "Your plot 1 of 300"
    assert (len(found.shown), found.broken, found.left_out) == (PLOTS, 0, 300 - PLOTS)


def test_every_kind_of_picture_is_shown_in_feedback(left):
    _, store, cells = left
    for name in ("a PIL image", "a JPEG", "a GIF", "bytes with metadata"):
        (plot,) = plots(NotebookResult("nb", (), figures=cells[name].figures), store.get).shown
        assert Image.open(BytesIO(b64decode(plot.data))).size == (8, 8)


# ── What is claimed from inside is read with suspicion ────────────────────────────────

STREAM = {"output_type": "stream", "name": "stdout", "text": "x"}
CLAIMS: dict[str, tuple[bytes, int, int]] = {  # a body, outputs kept and left out
    "nothing": (b"", 0, 0),
    "no JSON": (b"\xff{", 0, 1),
    "no list": (b'{"a": 1}', 0, 1),
    "lists without an end": (b"[" * 100_000, 0, 1),
    "numbers": (b"[1, 2]", 0, 2),
    "an unknown kind": (json.dumps([{"output_type": "error"}, STREAM]).encode(), 1, 1),
    "a stream of numbers": (json.dumps([{**STREAM, "text": 3}]).encode(), 0, 1),
    "another stream": (json.dumps([{**STREAM, "name": "other"}]).encode(), 0, 1),
    "data that is none": (json.dumps([{"output_type": "display_data", "data": []}]).encode(), 0, 1),
}


@pytest.mark.parametrize("name", CLAIMS)
def test_a_body_that_cannot_be_read_costs_outputs_and_nothing_else(name):
    body, kept, unreadable = CLAIMS[name]
    found = read_outputs(body)
    assert (len(json.loads(found.body or b"[]")), found.unreadable) == (kept, unreadable)


def test_what_is_kept_is_valid_unicode_and_valid_json():
    data = {"text/plain": "\ud800", "application/json": float("nan")}
    claimed = [{"output_type": "display_data", "data": data, "metadata": {}, "transient": 1}]
    (kept,) = json.loads(read_outputs(json.dumps(claimed).encode()).body.decode("utf-8"))
    assert kept["data"] == {"text/plain": "?", "application/json": None}
    assert set(kept) == {"output_type", "data", "metadata"}


# ── Room ─────────────────────────────────────────────────────────────────────────────


def a_picture(size: int) -> dict[str, str]:
    return {"image/png": b64encode(bytes(size)).decode(), "text/plain": "<Figure>"}


def test_pictures_have_room_of_their_own_and_outputs_cleared_use_none():
    outputs = Outputs(cap=100)
    for _ in range(50):
        outputs.clear(wait=True)
        outputs.show("display_data", a_picture(PICTURES_CAP // 2), {})
        outputs.write("stdout", "x" * 80)
    taken = outputs.take()
    assert [o["output_type"] for o in taken.items] == ["display_data", "stream"]
    assert (taken.dropped, taken.pictures) == (0, 1)


def test_a_picture_that_is_too_large_leaves_its_text():
    outputs = Outputs(cap=100)
    outputs.show("display_data", a_picture(PICTURES_CAP), {})
    taken = outputs.take()
    assert [set(o["data"]) for o in taken.items] == [{"text/plain"}]
    assert (taken.dropped, taken.pictures) == (1, 1)


def test_an_output_that_is_updated_is_one_output():
    outputs = Outputs(cap=100)
    outputs.show("display_data", {"text/plain": "old"}, {}, name="bar")
    for step in range(100):
        outputs.update("bar", {"text/plain": f"step {step:03}"}, {})
    outputs.update("of a cell before", {"text/plain": "x"}, {})
    (kept,) = outputs.take().items
    assert kept["data"] == {"text/plain": "step 099"}


# ── Progress bars ────────────────────────────────────────────────────────────────────


def written(*texts: str, cap: int = 1000) -> tuple[str, int]:
    outputs = Outputs(cap)
    for text in texts:
        outputs.write("stdout", text)
    taken = outputs.take()
    return "".join(one["text"] for one in taken.items), taken.dropped


@pytest.mark.parametrize(
    ("texts", "left"),
    [
        (("Epoch 1/2\n", "1/9\r", "2/9\r", "9/9\n", "done"), "Epoch 1/2\n9/9\ndone"),
        (("1/9", "\b\b\b\r2/9", "\b\b\b\r9/9", "\n"), "9/9\n"),
        (("\r10%", "\r20%", "\r100%\n"), "100%\n"),
        (("a\r\n", "b\r", "\nc"), "a\nb\nc"),
        (("-", "\b/", "\b|", "\b\b\b\bend"), "end"),
        (("50%\r",), "50%"),
        (("one\ntwo\rthree\n\rfour",), "one\nthree\nfour"),
        (("\r", ""), ""),
    ],
)
def test_a_line_that_is_overwritten_is_kept_as_it_was_left(texts, left):
    assert written(*texts) == (left, 0)


def test_the_states_of_a_progress_bar_use_no_room():
    states = [f"{chr(8) * 20}\r{step:4}/5000 loss: 0.5" for step in range(5000)]
    assert written("before\n", *states, "\nafter\n") == ("before\n4999/5000 loss: 0.5\nafter\n", 0)


@pytest.mark.parametrize("texts", [["0123456789"] * 30, ["01234\n"] * 30, ["01\n34\n"] * 30])
def test_text_is_cut_at_the_cap_wherever_lines_end(texts):
    assert written(*texts, cap=100) == ("".join(texts)[:100], 1)


def test_two_streams_by_turns_keep_their_order_and_share_the_room():
    outputs = Outputs(cap=10)
    for _ in range(3):
        outputs.write("stdout", "out")
        outputs.write("stderr", "")
        outputs.write("stderr", "er")
    kept = [(o["name"], o["text"]) for o in outputs.take().items]
    assert kept == [("stdout", "out"), ("stderr", "er"), ("stdout", "out"), ("stderr", "er")]
    outputs.clear(wait=False)
    outputs.write("stdout", "later")
    assert outputs.take().items == []
