"""Extraction of a submission's files from the zips and folders around them."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass, replace

from autograder.language import translate
from autograder.nouns import fill
from autograder.submissions import archive
from autograder.submissions.entries import Entry
from autograder.submissions.extraction import Caps, take, without_wrapping
from autograder.submissions.filename_parsing import Sent
from autograder.submissions.paths import Refused
from autograder.submissions.store import SubmissionStore


@dataclass(frozen=True)
class Unpacked:
    """Files of a submission, notes for the report, and rejected files."""

    entries: tuple[Entry, ...]
    notes: tuple[str, ...] = ()
    refused: tuple[Refused, ...] = ()


def unpacked(sent: Sent, shelf: SubmissionStore, caps: Caps, stack: ExitStack) -> Unpacked:
    """Return the files of a submission, with its zips unpacked but not the zips in them.

    If there is a notebook beside the zips, the zips are kept as files, and only zips that contain
    notebooks are also unpacked, into a folder of the zip's name. The files can be read until the
    stack is closed.
    """
    entries, refused = _out_of_zips(sent.entries, shelf, caps, stack)
    unwrapped = without_wrapping(entries)
    late = fill(translate("{system} marks it as late"), {"system": sent.system})
    return Unpacked(unwrapped, (late,) if sent.late else (), refused)


def _out_of_zips(
    entries: tuple[Entry, ...], shelf: SubmissionStore, caps: Caps, stack: ExitStack
) -> tuple[tuple[Entry, ...], tuple[Refused, ...]]:
    zips = [entry for entry in entries if entry.path.suffix.casefold() == ".zip"]
    beside = _has_notebook(entries)
    found = [entry for entry in entries if beside or entry not in zips]
    refused: list[Refused] = []
    most = max(1000, 20 * caps.files)
    room = stack.enter_context(shelf.staging())
    for number, packed in enumerate(zips[: caps.files]):
        into = room / str(number)
        into.mkdir()
        written = take([packed], into, replace(caps, files=1))
        problems = list(written.refused)
        for file in written.files:
            try:
                offered = stack.enter_context(archive.opened(into / file.path, most=most))
            except Refused as error:
                problems.append(error)
                continue
            if not beside:
                found += offered.entries
                problems += offered.refused
            elif _has_notebook(offered.entries):
                found += [e.under(packed.path.with_suffix("") / e.path) for e in offered.entries]
        refused += [] if beside else problems  # beside a notebook a zip may be data
    return tuple(found), tuple(refused)


def _has_notebook(entries: tuple[Entry, ...]) -> bool:
    return any(entry.path.suffix.casefold() == ".ipynb" for entry in entries)
