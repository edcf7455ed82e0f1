"""What one person sent → the files of a submission, out of zips and folders around them."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass, replace

from autograder.inbox import archive
from autograder.inbox.entries import Entry
from autograder.inbox.notebooks import plain_stem, rightly_named
from autograder.inbox.paths import Refused
from autograder.inbox.senders import Rules, Sent
from autograder.inbox.shelf import Shelf
from autograder.inbox.taking import Caps, take, without_wrapping
from autograder.language import translate
from autograder.nouns import fill


@dataclass(frozen=True)
class Unpacked:
    """The files as they shall lie in the submission, and what there is to say of them."""

    entries: tuple[Entry, ...]
    notes: tuple[str, ...] = ()
    refused: tuple[Refused, ...] = ()


def unpacked(sent: Sent, rules: Rules, shelf: Shelf, caps: Caps, stack: ExitStack) -> Unpacked:
    """The files of a submission with the assignment's notebooks under their right names.

    Zips are unpacked (once, not zips in them) where there is no notebook beside them; what they
    offer can be read until the stack is closed.
    """
    entries, refused = _out_of_zips(sent.entries, shelf, caps, stack)
    unwrapped = without_wrapping(entries)
    named = rightly_named(unwrapped, rules.notebooks)
    notes = [
        fill(
            translate("{name} is taken for {notebook}"),
            {"name": before.path, "notebook": after.path},
        )
        for before, after in zip(unwrapped, named, strict=True)
        if before.path != after.path and not _is_called(before, sent)
    ]
    if not _has_notebook(named):
        notes.append(translate("there is no notebook in it"))
    if sent.late:
        notes.append(fill(translate("{system} marks it as late"), {"system": sent.system}))
    return Unpacked(named, tuple(notes), refused)


def _out_of_zips(
    entries: tuple[Entry, ...], shelf: Shelf, caps: Caps, stack: ExitStack
) -> tuple[tuple[Entry, ...], tuple[Refused, ...]]:
    zips = [entry for entry in entries if entry.path.suffix.casefold() == ".zip"]
    if not zips or _has_notebook(entries):
        return entries, ()
    found = [entry for entry in entries if entry not in zips]
    refused: list[Refused] = []
    most = max(1000, 20 * caps.files)
    room = stack.enter_context(shelf.staging())
    for number, packed in enumerate(zips[: caps.files]):
        into = room / str(number)
        into.mkdir()
        written = take([packed], into, replace(caps, files=1))
        refused += written.refused
        for file in written.files:
            try:
                offered = stack.enter_context(archive.opened(into / file.path, most=most))
            except Refused as error:
                refused.append(error)
                continue
            found += offered.entries
            refused += offered.refused
    return tuple(found), tuple(refused)


def _has_notebook(entries: tuple[Entry, ...]) -> bool:
    return any(entry.path.suffix.casefold() == ".ipynb" for entry in entries)


def _is_called(entry: Entry, sent: Sent) -> bool:
    """Whether the file bears its sender's name, so that another name for it is no news."""
    return sent.name in entry.path.stem or sent.name in plain_stem(entry.path.stem)
