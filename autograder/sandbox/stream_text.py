r"""Text of a stream as a terminal leaves it: a progress bar is one line, not all its states.

Keras and tqdm redraw a line with `\r` and `\b`. Kept as written, a training run fills the cap with
states that are overwritten at once.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

_BACK_TO_START = re.compile(r"\x08+(?=\r)")


@dataclass
class StreamText:
    """The text of one stream output, to which more is written."""

    _done: list[str] = field(default_factory=list)  # whole lines
    _line: str = ""  # the last line; a `\r` at its end waits for what overwrites it

    def write(self, text: str) -> int:
        """Add text; return the change of the length."""
        before = len(self._line)
        head, newline, tail = text.rpartition("\n")
        if not newline:
            self._line = _overwritten(self._line + tail)
            return len(self._line) - before
        lines = (_overwritten(line).rstrip("\r") for line in (self._line + head).split("\n"))
        self._done.append("\n".join(lines) + "\n")
        self._line = _overwritten(tail)
        return len(self._done[-1]) + len(self._line) - before

    def cut(self, excess: int) -> None:
        """Remove so many characters from the end."""
        while excess > 0 and (self._line or self._done):
            if not self._line:
                self._line = self._done.pop()
            whole = self._line
            self._line = whole[: max(0, len(whole) - excess)]
            excess -= len(whole) - len(self._line)

    @property
    def length(self) -> int:
        """Number of characters kept."""
        return sum(map(len, self._done)) + len(self._line)

    def __str__(self) -> str:
        return "".join(self._done) + self._line.removesuffix("\r")


def _overwritten(line: str) -> str:
    r"""Return what is left of a line: the part after its last `\r`, without what `\b` took back.

    >>> _overwritten("1/3\r2/3\r"), _overwritten("a-\b/\b|")
    ('2/3\r', 'a|')
    """
    if "\r" in line:
        states = [state for state in _BACK_TO_START.sub("", line).split("\r") if state]
        line = "".join(states[-1:]) + ("\r" if line.endswith("\r") else "")
    if "\b" not in line:
        return line
    left: list[str] = []
    for part in re.split(r"(\x08+)", line):
        if part[:1] == "\b":
            del left[max(0, len(left) - len(part)) :]
        else:
            left += part
    return "".join(left)
