"""Upload of a bundle to the portal: returns a receipt, or keeps the bundle and retries.

A bundle that could not be sent waits in `.autograder/waiting.zip`; a newer bundle replaces it.
Sending the same files again gives the same receipt and does no harm.
"""

from __future__ import annotations

import json
import threading
import time
from contextlib import suppress
from dataclasses import dataclass, field
from html import escape
from pathlib import Path
from typing import Any

from autograder import atomic_files
from autograder.language import translate
from autograder.nouns import fill
from autograder.presentation import result_table
from autograder.student import environment, portal
from autograder.student.display import Shown, show

WAITING = Path(".autograder") / "waiting.zip"
RECEIPTS = Path(".autograder") / "receipts"
AT_ONCE = 3  # tries before retrying in the background
PAUSES = (1.0, 2.0)  # seconds between these tries
AGAIN_SECONDS = 15.0
FOR_SECONDS = 2 * 3600.0


@dataclass(frozen=True)
class Sent:
    """The portal's reply to a bundle."""

    submission: str
    receipt: dict[str, Any]
    again: bool
    page: str
    file: Path
    notes: tuple[str, ...] = field(default=())


def send(assignment: str, name: str, data: bytes) -> Sent:
    """Send a bundle and return its receipt. Raises Unreachable after three tries, NotSignedIn or
    Declined at once.
    """
    where = f"/api/assignments/{portal.quoted(assignment)}/submission?name={portal.quoted(name)}"
    for pause in (*PAUSES, None):
        try:
            return _kept(portal.put(where, data))
        except portal.Unreachable:
            if pause is None:
                raise
            time.sleep(pause)
    raise AssertionError


def _kept(said: dict[str, Any]) -> Sent:
    receipt = dict(said["receipt"])
    id_ = str(receipt["submission"])
    path = environment.folder() / RECEIPTS / f"receipt-{id_}.json"
    with suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        text = json.dumps(receipt, ensure_ascii=False, indent=1)
        atomic_files.write(path, text.encode("utf-8"))
    with suppress(OSError):
        (environment.folder() / WAITING).unlink(missing_ok=True)
    notes = tuple(map(str, said.get("notes", ())))
    return Sent(id_, receipt, bool(said.get("again")), str(said.get("page", "")), path, notes)


# ── Retries in the background ────────────────────────────────────────────────────────

_going_on: dict[str, threading.Thread] = {}


def go_on(assignment: str, name: str, data: bytes) -> None:
    """Store the bundle and retry in the background for at most FOR_SECONDS while the kernel
    runs.
    """
    path = environment.folder() / WAITING
    path.parent.mkdir(exist_ok=True)
    atomic_files.write(path, data)
    running = _going_on.get(assignment)
    if running is None or not running.is_alive():
        thread = threading.Thread(target=_until_it_is_in, args=(assignment, name), daemon=True)
        _going_on[assignment] = thread
        thread.start()


def _until_it_is_in(assignment: str, name: str) -> None:
    path, until = environment.folder() / WAITING, time.monotonic() + FOR_SECONDS
    while time.monotonic() < until and path.is_file():
        time.sleep(AGAIN_SECONDS)
        try:
            sent = send(assignment, name, path.read_bytes())
        except portal.Unreachable:
            continue
        except (portal.NotSignedIn, portal.Declined, OSError):
            return  # submit() reports the reason when it is run again
        show(shown(sent))
        return


# ── Display ──────────────────────────────────────────────────────────────────────────


def shown(sent: Sent, notes: tuple[str, ...] = ()) -> Shown:
    """Return the receipt in short: time, submission, and tasks saved or missing."""
    receipt = sent.receipt
    gradable = receipt.get("gradable", True) is not False
    title = translate("Handed in") if gradable else translate("Kept, but it cannot be graded")
    when = fill(
        translate("Received {time} by {host}."),
        {
            "time": str(receipt.get("received", ""))[:19].replace("T", " ") + " UTC",
            "host": portal.host(),
        },
    )
    if sent.again:
        when += " " + translate("The very same files were there already.")
    lines = [*_tasks(receipt), *_facts(sent), *notes]
    lines = [*lines, *sent.notes] if gradable else [*sent.notes, *lines]
    text = [f"{title}: {when}", *(f"  {result_table.clean(line)}" for line in lines)]
    inside = "".join(f'<p class="ag-note">{escape(result_table.clean(line))}</p>' for line in lines)
    return Shown("\n".join(text), result_table.block(title, when, inside))


def _tasks(receipt: dict[str, Any]) -> list[str]:
    saved: list[str] = []
    missing: list[str] = []
    for tasks in dict(receipt.get("tasks", {})).values():
        for task, state in tasks.items():
            (saved if state == "saved" else missing).append(task)
    lines = []
    if saved:
        lines.append(fill(translate("Saved: {tasks}."), {"tasks": ", ".join(saved)}))
    if missing:
        lines.append(
            fill(
                translate("Missing, as it was given to you: {tasks}."),
                {"tasks": ", ".join(missing)},
            )
        )
    return lines


def _facts(sent: Sent) -> list[str]:
    receipt = {
        "id": sent.submission,
        "sha": str(sent.receipt.get("sha256", ""))[:16],
        "file": sent.file,
    }
    return [
        fill(translate("Receipt {id}, SHA-256 {sha}…, kept in {file}"), receipt),
        fill(
            translate("Counts: {what}."), {"what": translate(str(sent.receipt.get("counts", "")))}
        ),
    ]


def waits(size: str) -> Shown:
    """Return the message shown if the portal did not answer."""
    title = translate("Not handed in yet")
    todo = fill(
        translate(
            "{host} does not answer. It is kept here ({size}) and sent by itself; "
            "this notebook must stay open."
        ),
        {"host": portal.host(), "size": size},
    )
    return Shown(f"{title}: {todo}", result_table.block(title, todo, ""))


def code(asked: portal.Asked) -> Shown:
    """Return the message shown while the student types the sign-in code."""
    title, todo = translate("Sign in once"), portal.sentence(asked)
    link = (
        f'<p class="ag-note"><a href="{escape(asked.page)}" target="_blank" rel="noopener">'
        f"{escape(asked.page)}</a></p>"
    )
    return Shown(f"{title}: {todo}", result_table.block(title, todo, link))
