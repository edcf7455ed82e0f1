"""Small SVGs built by hand: arrays as embedded PNGs, lines, and text.

Text is shown in the reader's own fonts, for any language.
"""

from __future__ import annotations

import math
import struct
import zlib
from base64 import b64encode
from collections.abc import Sequence
from html import escape

import numpy as np

from autograder.expect.coerce import Array

INK, SOFT, LINE = "#1f2328", "#57606a", "#d0d7de"
FONT = "system-ui,'Noto Sans KR','Malgun Gothic','Apple SD Gothic Neo',sans-serif"
SMALL = 11  # font size in pixels
FINEST = 512  # maximum pixels of an image's side


def document(width: float, height: float, parts: Sequence[str], alt: str) -> str:
    """Return a whole SVG of this size on white, with its text alternative."""
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" role="img" width="{width:g}" height="{height:g}"'
        f' viewBox="0 0 {width:g} {height:g}" font-family="{FONT}" font-size="{SMALL}">'
        f"<title>{escape(alt)}</title>"
        f'<rect width="100%" height="100%" fill="#fff"/>{"".join(parts)}</svg>'
    )


def text(x: float, y: float, words: str, *, at: str = "middle", colour: str = INK) -> str:
    """Return words at a position; `at` is their anchor: start, middle or end."""
    return f'<text x="{x:g}" y="{y:g}" text-anchor="{at}" fill="{colour}">{escape(words)}</text>'


def upright(x: float, y: float, words: str) -> str:
    """Return words that read from bottom to top, centred on a position."""
    return f'<g transform="translate({x:g} {y:g}) rotate(-90)">{text(0, 0, words, colour=SOFT)}</g>'


def line(x1: float, y1: float, x2: float, y2: float, *, colour: str = LINE, dash: str = "") -> str:
    """Return a straight line, dashed with the pattern `dash` if given."""
    dashed = f' stroke-dasharray="{dash}"' if dash else ""
    return f'<path d="M{x1:g} {y1:g}L{x2:g} {y2:g}" stroke="{colour}" fill="none"{dashed}/>'


def dot(x: float, y: float, colour: str) -> str:
    """Return a small filled circle."""
    return f'<circle cx="{x:g}" cy="{y:g}" r="2.2" fill="{colour}"/>'


def image(x: float, y: float, size: float, pixels: Array) -> str:
    """Return an array of bytes (height, width, 3) as square pixels, fitted into a square."""
    pixels = pixels[:: 1 + len(pixels) // FINEST, :: 1 + pixels.shape[1] // FINEST]
    height, width = pixels.shape[:2]
    scale = size / max(height, width)
    data = b64encode(png(pixels)).decode()
    return (
        f'<image x="{x:g}" y="{y:g}" width="{width * scale:g}" height="{height * scale:g}"'
        f' style="image-rendering:pixelated" href="data:image/png;base64,{data}"/>'
    )


def png(pixels: Array) -> bytes:
    """Return the bytes of a PNG of an array of shape (height, width, 3), values 0 to 255."""
    height, width = pixels.shape[:2]
    rows = np.zeros((height, 1 + 3 * width), "uint8")  # each row begins with its filter byte, 0
    rows[:, 1:] = pixels.astype("uint8").reshape(height, -1)
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunks = ((b"IHDR", head), (b"IDAT", zlib.compress(rows.tobytes())), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in chunks
    )


def ticks(low: float, high: float, most: int = 4) -> list[float]:
    """Return round numbers from low to high, about `most` of them, for an axis.

    >>> ticks(0.0, 0.93)
    [0.0, 0.5]
    >>> ticks(1, 12)
    [5.0, 10.0]
    """
    span = high - low
    if not (math.isfinite(span) and span > 0):
        return [low] if math.isfinite(low) else []
    power = 10.0 ** math.floor(math.log10(span / most))
    step = next(m * power for m in (1, 2, 5, 10) if m * power * most >= span)
    first = math.ceil(low / step - 1e-9)
    return [round(i * step, 12) for i in range(first, math.floor(high / step + 1e-9) + 1)]
