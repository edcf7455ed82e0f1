"""SVG plots, each with a text alternative; the page also shows the numbers in a table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

WIDTH, HEIGHT = 440, 220
LEFT, RIGHT, TOP, BOTTOM = 40, 24, 18, 36
WIDE, TALL = WIDTH - LEFT - RIGHT, HEIGHT - TOP - BOTTOM
LOWEST = -0.2  # lower discrimination is drawn at this value


@dataclass(frozen=True)
class Dot:
    """One point of a scatter plot; values outside the axes are drawn at their ends."""

    x: float
    y: float
    label: str
    doubt: bool = False


def columns(title: str, labels: Sequence[str], counts: Sequence[int], x_label: str) -> Markup:
    """Return a column chart with the count above each column."""
    most, step = max([*counts, 1]), WIDE / max(len(counts), 1)
    parts = [_line(LEFT, HEIGHT - BOTTOM, WIDTH - RIGHT, HEIGHT - BOTTOM)]
    for place, (label, count) in enumerate(zip(labels, counts, strict=True)):
        x, height = LEFT + place * step, TALL * count / most
        y = HEIGHT - BOTTOM - height
        parts.append(_tag("rect", kind="column", x=x + 2, y=y, width=step - 4, height=height))
        if count:
            parts.append(_text(x + step / 2, y - 4, str(count), "middle", "count"))
        parts.append(_text(x + step / 2, HEIGHT - BOTTOM + 14, label, "middle"))
    parts.append(_text(LEFT + WIDE / 2, HEIGHT - 4, x_label, "middle"))
    told = ", ".join(f"{label}: {count}" for label, count in zip(labels, counts, strict=True))
    return _svg(f"{title}. {told}", parts)


def scatter(title: str, dots: Sequence[Dot], labels: tuple[str, str], limit: float) -> Markup:
    """Return a scatter plot: x from 0 to 1, y up to 1, with a line at y = `limit`."""
    parts = [
        _line(LEFT, _y(0), WIDTH - RIGHT, _y(0)),
        _line(LEFT, TOP, LEFT, HEIGHT - BOTTOM),
        _line(LEFT, _y(limit), WIDTH - RIGHT, _y(limit), "limit"),
    ]
    for value in (0.0, 0.5, 1.0):
        parts.append(_text(LEFT - 6, _y(value) + 4, f"{value:g}", "end"))
        parts.append(_text(_x(value), HEIGHT - BOTTOM + 14, f"{value:.0%}", "middle"))
    for dot in dots:
        kind = "dot doubt" if dot.doubt else "dot"
        name = _tag("title", dot.label)
        parts.append(_tag("circle", name, kind=kind, cx=_x(dot.x), cy=_y(dot.y), r=5))
    parts.append(_text(LEFT + WIDE / 2, HEIGHT - 4, labels[0], "middle"))
    parts.append(_text(LEFT + 6, TOP - 6, labels[1], "start"))
    told = "; ".join(f"{d.label}: {d.x:.0%}, {d.y:.2f}" for d in dots)
    return _svg(f"{title}. {told}", parts)


def _x(value: float) -> float:
    return LEFT + WIDE * min(max(value, 0.0), 1.0)


def _y(value: float) -> float:
    return HEIGHT - BOTTOM - TALL * (min(max(value, LOWEST), 1.0) - LOWEST) / (1.0 - LOWEST)


def _svg(told: str, parts: Sequence[Markup]) -> Markup:
    picture = Markup('<svg class="plot" viewBox="0 0 {} {}" role="img" aria-label="{}">{}</svg>')
    return picture.format(WIDTH, HEIGHT, told, Markup("").join(parts))


def _line(x1: float, y1: float, x2: float, y2: float, kind: str = "axis") -> Markup:
    return _tag("line", kind=kind, x1=x1, y1=y1, x2=x2, y2=y2)


def _text(x: float, y: float, text: str, anchor: str, kind: str = "tick") -> Markup:
    place = Markup('<text class="{}" x="{:.1f}" y="{:.1f}" text-anchor="{}">{}</text>')
    return place.format(kind, x, y, anchor, text)


def _tag(name: str, inside: str = "", *, kind: str = "", **numbers: float) -> Markup:
    said = Markup("").join(
        Markup(' {}="{:.1f}"').format(key, value) for key, value in numbers.items()
    )
    return Markup('<{} class="{}"{}>{}</{}>').format(name, kind, said, inside, name)
