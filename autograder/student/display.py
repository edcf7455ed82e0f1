"""Display of results in any front end: as a table in a notebook, as text elsewhere."""

from __future__ import annotations

import sys
from base64 import b64encode
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

from autograder.language import translate
from autograder.nouns import fill
from autograder.presentation import result_table
from autograder.student import environment

IN_THE_PAGE = 8 << 20  # maximum bytes of a download embedded in the page


@dataclass(frozen=True)
class Shown:
    """A result as text and as HTML with the same content."""

    text: str
    html: str

    def __repr__(self) -> str:
        return self.text

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        return result_table.bundle(self.text, self.html)


def show(shown: Shown) -> None:
    """Display the result in the running cell, or print its text outside a notebook."""
    if environment.ipython() is None:
        sys.stdout.write(f"{shown.text}\n")
        return
    from IPython.display import display

    display(shown)


def download(path: Path) -> str:
    """Return HTML that offers a file for download: a link, or a Colab line for large files."""
    data = path.read_bytes()
    if len(data) > IN_THE_PAGE:
        advice = f"from google.colab import files; files.download({str(path)!r})"
        return f'<p class="ag-note"><code>{escape(advice)}</code></p>'
    values = {"file": path.name, "size": in_bytes(len(data))}
    label = fill(translate("Download {file} ({size})"), values)
    link = f"data:application/zip;base64,{b64encode(data).decode()}"
    anchor = f'<a download="{escape(path.name)}" href="{link}">{escape(label)}</a>'
    return f'<p class="ag-note">{anchor}</p>'


def in_bytes(count: float) -> str:
    """Return a size in bytes in words.

    >>> in_bytes(812), in_bytes(4120), in_bytes(2_300_000)
    ('812 B', '4.12 KB', '2.3 MB')
    """
    for unit in ("B", "KB", "MB"):
        if count < 1000:
            return f"{count:.3g} {unit}"
        count /= 1000
    return f"{count:.3g} GB"
