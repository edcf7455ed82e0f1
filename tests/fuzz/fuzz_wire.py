"""Feeds the frame reader and the codec with what libFuzzer makes of honest frames.

    python tests/fuzz/fuzz_wire.py -max_total_time=60 [CORPUS]

Whatever the bytes are: they are frames and values within the caps, or BadFrame or BadValue.
"""

from __future__ import annotations

import sys

import atheris

with atheris.instrument_imports(include=["autograder.sandbox.wire", "autograder.evidence.codec"]):
    from autograder.evidence.codec import BadValue, decode, encode, lengths, split
    from autograder.sandbox.wire import BadFrame, Reader, pack


def one(data: bytes) -> None:
    reader = Reader(header_cap=1 << 16, body_cap=1 << 20)
    try:
        for start in range(0, len(data), 7):
            for frame in reader.feed(data[start : start + 7]):
                decode(frame.header.get("v"), split(frame.body, frame.header.get("n")))
    except (BadFrame, BadValue):
        pass


def honest() -> bytes:
    """A frame to begin with: one of every kind of value."""
    import numpy as np

    value = {"a": [1, 2.5, None, True, "π", b"x"], 3: (np.arange(3), {1, 2}, 1j, range(3))}
    node, buffers = encode(value)
    return b"".join(map(bytes, pack({"v": node, "n": lengths(buffers)}, buffers)))


if __name__ == "__main__":
    one(honest())
    atheris.Setup(sys.argv, one)
    atheris.Fuzz()
