"""Responses that a browser saves as a file."""

from __future__ import annotations

from fastapi import Response


def download(content: str | bytes, name: str, media_type: str) -> Response:
    """Return the content as a file download; replace unsafe characters of the name by `_`.

    Safe are ASCII letters, digits, `.`, `_` and `-`.
    """
    plain = "".join(c if c.isascii() and (c.isalnum() or c in "._-") else "_" for c in name)
    headers = {"Content-Disposition": f'attachment; filename="{plain}"'}
    return Response(content, media_type=media_type, headers=headers)
