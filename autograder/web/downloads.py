"""Answers that a browser saves as a file."""

from __future__ import annotations

from fastapi import Response


def download(content: str | bytes, name: str, media_type: str) -> Response:
    """The content as a file to be saved; of the name all but ASCII letters, digits, . _ - is _."""
    plain = "".join(c if c.isascii() and (c.isalnum() or c in "._-") else "_" for c in name)
    headers = {"Content-Disposition": f'attachment; filename="{plain}"'}
    return Response(content, media_type=media_type, headers=headers)
