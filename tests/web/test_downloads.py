"""What a browser saves as a file."""

from __future__ import annotations

import pytest

from autograder.web.downloads import download


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("n411-canvas.csv", "n411-canvas.csv"),
        ('a"; x=\r\ny.csv', "a___x___y.csv"),
        ("한 1.zip", "__1.zip"),
    ],
)
def test_a_name_cannot_end_the_header_that_carries_it(name: str, kept: str) -> None:
    file = download("점수".encode(), name, "text/csv; charset=utf-8")
    assert file.headers["content-disposition"] == f'attachment; filename="{kept}"'
    assert file.headers["content-type"] == "text/csv; charset=utf-8"
    assert file.body == "점수".encode()
