"""Capture of everything a check prints: nbgrader scores a single line on stderr as zero."""

from __future__ import annotations

import io
import os
import sys
import tempfile
import warnings
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, redirect_stderr, redirect_stdout, suppress

KEPT = 4000  # maximum characters shown to the student


@contextmanager
def held_back() -> Iterator[Callable[[], str]]:
    """Capture stdout and stderr inside the block; yield a function that returns the text so far.

    Captured are Python's streams, handlers that hold a reference to the stream (logging), and C++
    output to descriptor 2 (TensorFlow). Warnings are silenced even if a filter would make them
    errors, so that the verdict does not depend on the student's filters.
    """
    held = io.StringIO()
    with ExitStack() as stack:
        stack.enter_context(warnings.catch_warnings())
        warnings.simplefilter("ignore")
        for stream in (sys.stdout, sys.stderr):
            stack.enter_context(_writing_to(held, stream))
        stack.enter_context(redirect_stdout(held))
        stack.enter_context(redirect_stderr(held))
        stack.enter_context(_descriptor_to(held))

        def so_far() -> str:
            return held.getvalue()[:KEPT].strip()

        yield so_far


@contextmanager
def _writing_to(held: io.StringIO, stream: object) -> Iterator[None]:
    """Redirect the stream object itself if its `write` can be replaced (as in ipykernel)."""
    try:
        stream.write = held.write  # type: ignore[attr-defined]
    except (AttributeError, TypeError):
        yield
        return
    try:
        yield
    finally:
        with suppress(AttributeError):
            del stream.write  # type: ignore[attr-defined]


@contextmanager
def _descriptor_to(held: io.StringIO, descriptor: int = 2) -> Iterator[None]:
    with tempfile.TemporaryFile() as file:
        try:
            before = os.dup(descriptor)
        except OSError:  # no such descriptor here: nothing can be written to it
            yield
            return
        os.dup2(file.fileno(), descriptor)
        try:
            yield
        finally:
            os.dup2(before, descriptor)
            os.close(before)
            file.seek(0)
            held.write(file.read(KEPT).decode("utf-8", "replace"))
