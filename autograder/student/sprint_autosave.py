"""Automatic saving in a sprint: each cell run and each saved file is sent to the portal.

This needs no front end's API: IPython reports the cells run, and the front end writes the file.
Other cells do no harm, because the portal uses only those that belong to an answer cell.
"""

from __future__ import annotations

import json
import queue
import threading
import time
from typing import Any

from autograder.language import translate
from autograder.presentation import result_table
from autograder.student import environment, portal, sending
from autograder.student.display import Shown, show

PAUSE_SECONDS = 2.0
LONGEST = 200_000  # maximum characters of one cell
_started: list[threading.Thread] = []
_ran: queue.Queue[tuple[str, str]] = queue.Queue()
_last_run: list[float] = []  # time of the last cell run
over: list[str] = []  # the portal's reason for ending the saving


def watch() -> None:
    """Start saving in a sprint's notebook if the course has a portal."""
    shell = environment.ipython()
    if _started or shell is None or not environment.released().sprint or not portal.address():
        return
    shell.events.register("post_run_cell", lambda result: _note(shell, result))
    for work in (_save_all, _save_file):
        thread = threading.Thread(target=work, daemon=True)
        _started.append(thread)
        thread.start()
    if not portal.token():
        _sign_in()


def _note(shell: Any, result: Any) -> None:
    source = getattr(getattr(result, "info", None), "raw_cell", "") or ""
    if source.strip() and len(source) <= LONGEST and not over:
        _last_run[:] = [time.time()]
        _ran.put((_cell_id(shell), source))


def _cell_id(shell: Any) -> str:
    """Return the id that the front end gives the running cell; "" if it gives none."""
    try:
        return str(shell.get_parent()["metadata"].get("cellId", "") or "")
    except (AttributeError, KeyError, TypeError):
        return ""


def _sign_in() -> None:
    """Show a sign-in code; wait for it in a thread, so that the cell continues at once."""
    try:
        asked = portal.ask()
    except (portal.Unreachable, portal.Declined):
        return
    show(sending.code(asked))
    threading.Thread(target=portal.wait_for, args=(asked,), daemon=True).start()


def _save_all() -> None:
    while not over:
        cell, source = _ran.get()
        while not over and not _saved(cell, source):
            time.sleep(PAUSE_SECONDS)


def _save_file() -> None:
    """Send the notebook's file at each interval if it is newer than the last save and run."""
    saved = 0.0
    while not over:
        time.sleep(environment.released().autosave)
        path = environment.notebook_path()
        try:
            written = path.stat().st_mtime if path else 0.0
            if path is None or written <= max([saved, *_last_run]):
                continue  # cells run since then are saved separately and are newer than the file
            data = path.read_bytes()
            json.loads(data)
        except (OSError, ValueError):  # the file is being written
            continue
        name = portal.quoted(environment.released().notebook)
        if _put(f"notebook?name={name}", data, final=False):
            saved = written


def _saved(cell: str, source: str) -> bool:
    """Send one cell; return whether it is settled."""
    body = {"name": environment.released().notebook, "cell": cell, "source": source}
    return _put("cell", json.dumps(body).encode())


def _put(what: str, data: bytes, *, final: bool = True) -> bool:
    """Send data to the portal; return whether it is settled: stored, or rejected for good. If
    `final`, a rejection is shown and ends all saving.
    """
    if not portal.token():
        return False
    try:
        portal.put(f"/api/sprints/{portal.quoted(environment.released().assignment)}/{what}", data)
    except portal.Unreachable:
        return False
    except portal.NotSignedIn:
        portal.forget()
        return False
    except portal.Declined as error:
        if not final:
            return True
        over.append(error.fact)
        title = translate("Not saved")
        show(Shown(f"{title}: {error.fact}", result_table.block(title, error.fact, "")))
    return True
