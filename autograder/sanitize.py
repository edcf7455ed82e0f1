"""Sanitizers for student content shown on pages: text, HTML, markdown and pictures.

They serve display only; grading does not depend on them.
"""

from __future__ import annotations

import base64
import binascii
import io
import re
import unicodedata
from collections.abc import Callable

import nh3
from PIL import Image, UnidentifiedImageError

TEXT_CAP = 20_000  # characters of one text
PIXEL_CAP = 4_000_000  # pixels of a picture, checked before decoding
SIDE_CAP = 1_600  # longer side in pixels, as shown
BYTES_CAP = 16 << 20

_TAGS = {
    "a",
    "b",
    "blockquote",
    "br",
    "caption",
    "code",
    "col",
    "colgroup",
    "dd",
    "del",
    "div",
    "dl",
    "dt",
    "em",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "hr",
    "i",
    "ins",
    "kbd",
    "li",
    "mark",
    "ol",
    "p",
    "pre",
    "s",
    "samp",
    "small",
    "span",
    "strong",
    "sub",
    "sup",
    "table",
    "tbody",
    "td",
    "tfoot",
    "th",
    "thead",
    "tr",
    "tt",
    "u",
    "ul",
}
_ATTRIBUTES = {
    "td": {"colspan", "rowspan"},
    "th": {"colspan", "rowspan", "scope"},
    "ol": {"start"},
}
_TERMINAL = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b\n]*(?:\x07|\x1b\\)|[@-Z\\-_])")
_COLOUR = re.compile(r"\x1b\[[0-9;]{0,16}m\Z")
_HIDDEN = {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"}  # control, format, surrogate, private, separators
_HARMLESS = {"\n", "\t", "\N{ZERO WIDTH JOINER}", "\N{ZERO WIDTH NON-JOINER}"}


def text(value: str, *, cap: int = TEXT_CAP, colours: bool = False) -> str:
    r"""Return the text with every invisible character written out, as `⟨U+202E⟩`.

    Terminal sequences are removed (colours stay if `colours` is true). Characters past `cap` are
    counted instead of shown. The page must still escape the result.

    >>> text("a\x1b[31mb\u202ec")
    'ab⟨U+202E⟩c'
    """
    whole = value.replace("\r\n", "\n").replace("\r", "\n")
    cut = len(whole) - cap
    kept = _TERMINAL.sub(_kept_colour if colours else "", whole[:cap])
    shown = re.sub(r"[^\n\t -~]", _seen(colours), kept)
    return shown if cut <= 0 else f"{shown}\n… {cut} characters more"


def html(value: str) -> str:
    """Return the HTML with only tables, lists and emphasis.

    Scripts, styles, links, pictures and addresses of other hosts are removed.
    """
    if len(value) > 10 * TEXT_CAP:
        return f"<pre>{nh3.clean_text(text(value))}</pre>"
    return nh3.clean(
        _without_math_links(text(value, cap=10 * TEXT_CAP)),
        tags=_TAGS,
        attributes=_ATTRIBUTES,
        url_schemes=set(),
        link_rel="noopener noreferrer nofollow",
    )


def markdown(value: str) -> str:
    """Return the markdown source without HTML and links; attached pictures stay.

    A space breaks everything that could open a tag or a link, because nbconvert passes both on
    unchanged, including `[x](javascript:…)`.
    """
    plain = _without_math_links(text(value, cap=10 * TEXT_CAP))
    plain = re.sub(r"<(?=[A-Za-z/!?])", "< ", plain)
    return re.sub(r"\](?=\((?!attachment:[\w.-]+\))|:)", "] ", plain)


def png(data: bytes) -> bytes | None:
    """Return the picture decoded and encoded again as PNG, at most 1600 pixels wide or high.

    Return None if it is not a PNG, JPEG or GIF, or is larger than 16 MB or 4 million pixels.
    """
    if len(data) > BYTES_CAP:
        return None
    try:
        with Image.open(io.BytesIO(data), formats=("PNG", "JPEG", "GIF")) as image:
            if image.width * image.height > PIXEL_CAP:
                return None
            plain = image.convert("RGBA" if _transparent(image) else "RGB")
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return None
    plain.thumbnail((SIDE_CAP, SIDE_CAP))
    plain.info.clear()
    out = io.BytesIO()
    plain.save(out, "PNG", optimize=False)
    return out.getvalue()


def png_of_base64(data: object) -> str | None:
    """Return the picture as `png` does, from and to base64 text, as notebooks store pictures.

    Return None if it is not an acceptable picture.
    """
    joined = "".join(data) if isinstance(data, list) else data
    if not isinstance(joined, str) or len(joined) > 2 * BYTES_CAP:
        return None
    try:
        picture = png(base64.b64decode(joined, validate=False))
    except (binascii.Error, ValueError):
        return None
    return base64.b64encode(picture).decode("ascii") if picture else None


def _without_math_links(value: str) -> str:
    r"""Remove commands such as `\href{javascript:…}`, which MathJax would follow."""
    return re.sub(r"\\(?=(?:href|require|style|class|cssId)\b)", "", value)


def _transparent(image: Image.Image) -> bool:
    return image.mode in {"RGBA", "LA", "PA"} or "transparency" in image.info


def _kept_colour(found: re.Match[str]) -> str:
    return found.group() if _COLOUR.match(found.group()) else ""


def _seen(colours: bool) -> Callable[[re.Match[str]], str]:
    def seen(found: re.Match[str]) -> str:
        character = found.group()
        if character in _HARMLESS or (colours and character == "\x1b"):
            return character
        if unicodedata.category(character) in _HIDDEN:
            return f"⟨U+{ord(character):04X}⟩"
        return character

    return seen
