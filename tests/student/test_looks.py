"""The table in headless Chromium: wide and narrow, light and dark, inside JupyterLab's styles."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from typing import Any

import pytest

from autograder.presentation import result_text
from autograder.presentation.distance import Distance
from autograder.student import budget
from autograder.student.check_result import CheckResult, CheckRow

pytestmark = pytest.mark.browser

# What JupyterLab 4 says of every table in an output
JUPYTERLAB = """
.jp-RenderedHTMLCommon table{border-collapse:collapse;border:none;font-size:12px;
table-layout:fixed;margin-left:auto;margin-right:auto;margin-bottom:1em}
.jp-RenderedHTMLCommon td,.jp-RenderedHTMLCommon th,.jp-RenderedHTMLCommon tr{vertical-align:middle;
padding:.5em;line-height:normal;white-space:normal;max-width:none;border:none}
.jp-RenderedHTMLCommon:not(.jp-RenderedMarkdown) td,
.jp-RenderedHTMLCommon:not(.jp-RenderedMarkdown) th{text-align:right}
.jp-RenderedHTMLCommon tbody tr:nth-child(odd){background:rgb(1,2,3)}
"""
CONTRAST = """() => {
  const light = c => { const [r,g,b] = c.match(/[\\d.]+/g).map(v => v/255)
      .map(v => v <= .03928 ? v/12.92 : ((v+.055)/1.055)**2.4); return .2126*r+.7152*g+.0722*b }
  const ground = e => { for (; e; e = e.parentElement) { const c = getComputedStyle(e)
      .backgroundColor; if (!/, 0\\)$/.test(c)) return c } return 'rgb(255,255,255)' }
  const out = []
  for (const e of document.querySelectorAll('.ag *')) {
    const own = [...e.childNodes].some(n => n.nodeType === 3 && n.textContent.trim())
    if (!own || e.closest('style') || !e.getClientRects().length) continue
    const [a, b] = [light(getComputedStyle(e).color), light(ground(e))].sort((x, y) => y - x)
    out.push([(a + .05) / (b + .05), e.textContent.slice(0, 40)])
  }
  return out.sort((x, y) => x[0] - y[0])[0]
}"""


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    sync_api = pytest.importorskip("playwright.sync_api")
    path = shutil.which("chromium") or shutil.which("chromium-browser")
    with sync_api.sync_playwright() as playwright:
        try:
            browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        except sync_api.Error as fault:
            pytest.skip(f"no Chromium here: {fault.message.splitlines()[0]}")
        yield browser
        browser.close()


def table() -> str:
    right = Distance(0.7, 0.8, True, 0.6, 0.3, (0.9, 0.95))
    long = "Mean IoU over all shapes on pictures you have not seen is at least 0.8 " * 2
    rows = (
        CheckRow(
            long,
            result_text.NOT_MET,
            1.5,
            4,
            "0.8 or more",
            "0.7 for a_very_long_name_" + "x" * 60,
            long,
            right,
            ("Look at a mask.",),
            1,
        ),
        CheckRow("A shape", result_text.MET, 1, 1, "(3,)", "(3,)"),
        CheckRow("Then", result_text.NOT_RUN, 0, 1, "first passes", "not yet", "Mend it."),
        CheckRow("Unseen", result_text.LATER, 0, 5),
    )
    uses = [budget.Use("Memory", 80, 100, "MB"), budget.Use("Disk", None, 1, "MB")]
    return (
        CheckResult("t", rows, "printed")._repr_mimebundle_()["text/html"] + budget.shown(uses).html
    )


def page_of(
    chromium: Any, *, width: int, scheme: str = "light", body: str = "", css: str = ""
) -> Any:
    page = chromium.new_page(viewport={"width": width, "height": 800}, color_scheme=scheme)
    page.set_content(
        f"<!doctype html><meta charset=utf-8><style>{css}</style>"
        f'<body {body} style="margin:0"><div class="jp-RenderedHTMLCommon">{table()}</div>'
    )
    return page


@pytest.mark.parametrize("width", [320, 390, 600, 830, 1280])
def test_nothing_is_cut_off_at_any_width(chromium, width):
    page = page_of(chromium, width=width, css=JUPYTERLAB)
    right = page.evaluate(
        "() => Math.max(...[...document.querySelectorAll('.ag *')]"
        ".filter(e => !e.closest('thead, caption')).map(e => e.getBoundingClientRect().right))"
    )
    page.close()
    assert right <= width


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280])
def test_all_words_stand_out_from_their_background(chromium, scheme, width):
    page = page_of(chromium, width=width, scheme=scheme, css=JUPYTERLAB)
    ratio, text = page.evaluate(CONTRAST)
    page.close()
    assert ratio >= 4.5, text


@pytest.mark.parametrize(("theme", "dark"), [("true", False), ("false", True)])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_jupyterlabs_theme_wins_over_the_systems(chromium, theme, dark, scheme):
    page = page_of(chromium, width=800, scheme=scheme, body=f'data-jp-theme-light="{theme}"')
    ground = page.evaluate("() => getComputedStyle(document.querySelector('.ag')).backgroundColor")
    page.close()
    assert (ground != "rgb(255, 255, 255)") is dark


def test_jupyterlabs_table_style_does_not_leak_in(chromium):
    page = page_of(chromium, width=1280, css=JUPYTERLAB)
    style = page.evaluate(
        "() => { const s = e => getComputedStyle(document.querySelector(e)); return ["
        "s('.ag tbody tr').backgroundColor, s('.ag tbody th').textAlign,"
        "s('.ag table').tableLayout] }"
    )
    page.close()
    assert style == ["rgba(0, 0, 0, 0)", "left", "auto"]
