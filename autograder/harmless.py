"""What a student made, made fit to be shown on a page: text, HTML, markdown and pictures.

Everything here is for showing only; nothing is decided by it.
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
PIXEL_CAP = 4_000_000  # pixels a picture may have before it is decoded
SIDE_CAP = 1_600  # pixels of its longer side as shown
BYTES_CAP = 16 << 20

_TAGS = {
    "a", "b", "blockquote", "br", "caption", "code", "col", "colgroup", "dd", "del", "div", "dl",
    "dt", "em", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "i", "ins", "kbd", "li", "mark", "ol",
    "p", "pre", "s", "samp", "small", "span", "strong", "sub", "sup", "table", "tbody", "td",
    "tfoot", "th", "thead", "tr", "tt", "u", "ul",
}  # fmt: skip
_ATTRIBUTES = {
    "td": {"colspan", "rowspan"},
    "th": {"colspan", "rowspan", "scope"},
    "ol": {"start"},
}
_TERMINAL = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b\n]*(?:\x07|\x1b\\)|[@-Z\\-_])")
_COLOUR = re.compile(r"\x1b\[[0-9;]{0,16}m\Z")
_HIDDEN = {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"}  # control, format (bidi), half, private, separators
_HARMLESS = {"\n", "\t", "\N{ZERO WIDTH JOINER}", "\N{ZERO WIDTH NON-JOINER}"}


def text(value: str, *, cap: int = TEXT_CAP, colours: bool = False) -> str:
    r"""The text with every character that cannot be seen written out, as `⟨U+202E⟩`.

    Terminal sequences go (colours stay where `colours` is true); past `cap` characters the rest is
    counted instead of shown. Still to be escaped by the page it stands on.

    >>> text("a\x1b[31mb\u202ec")
    'ab⟨U+202E⟩c'
    """
    whole = value.replace("\r\n", "\n").replace("\r", "\n")
    cut = len(whole) - cap
    kept = _TERMINAL.sub(_kept_colour if colours else "", whole[:cap])
    shown = re.sub(r"[^\n\t -~]", _seen(colours), kept)
    return shown if cut <= 0 else f"{shown}\n… {cut} characters more"


def html(value: str) -> str:
    """The HTML with tables, lists and emphasis left: no script, style, link, picture or host."""
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
    """The markdown source with no HTML and no links in it, its attached pictures left.

    A space breaks what could open a tag or a link: nbconvert passes both on as they are, and
    `[x](javascript:…)` with them.
    """
    plain = _without_math_links(text(value, cap=10 * TEXT_CAP))
    plain = re.sub(r"<(?=[A-Za-z/!?])", "< ", plain)
    return re.sub(r"\](?=\((?!attachment:[\w.-]+\))|:)", "] ", plain)


def png(data: bytes) -> bytes | None:
    """The picture decoded and encoded again as PNG, at most 1600 pixels wide or high.

    None if it is no PNG, JPEG or GIF, or larger than 16 MB or 4 million pixels before decoding.
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
    """The same for base64 text, as notebooks keep pictures; None if it is not one."""
    joined = "".join(data) if isinstance(data, list) else data
    if not isinstance(joined, str) or len(joined) > 2 * BYTES_CAP:
        return None
    try:
        picture = png(base64.b64decode(joined, validate=False))
    except (binascii.Error, ValueError):
        return None
    return base64.b64encode(picture).decode("ascii") if picture else None


def _without_math_links(value: str) -> str:
    r"""MathJax would follow `\href{javascript:…}`."""
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
