"""In a sprint: what is run, and the file as it is saved, are on the portal soon after.

No front end's API is needed: IPython says what was run, and the front end writes the file. Cells
that are not answers do no harm, the portal puts in only what belongs to an answer cell.
"""

from __future__ import annotations

import json
import queue
import threading
import time
from typing import Any

from autograder.language import translate
from autograder.student import here, portal, sending, showing
from autograder.student.front import Shown, show

PAUSE_SECONDS = 2.0
LONGEST = 200_000  # characters of one cell
_started: list[threading.Thread] = []
_ran: queue.Queue[tuple[str, str]] = queue.Queue()
_last_run: list[float] = []  # when a cell was run last
over: list[str] = []  # what the portal said when it took no more


def watch() -> None:
    """Begins to save what is run, if this notebook is a sprint's and the course has a portal."""
    shell = here.ipython()
    if _started or shell is None or not here.released().sprint or not portal.address():
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
    """The id that the front end gives the cell; "" where it gives none."""
    try:
        return str(shell.get_parent()["metadata"].get("cellId", "") or "")
    except (AttributeError, KeyError, TypeError):
        return ""


def _sign_in() -> None:
    """Shows a code; the cell goes on at once, whoever types it is waited for beside."""
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
    """Every so many seconds, the notebook's file if it was saved since, and since the last run."""
    saved = 0.0
    while not over:
        time.sleep(here.released().autosave)
        path = here.notebook_path()
        try:
            written = path.stat().st_mtime if path else 0.0
            if path is None or written <= max([saved, *_last_run]):
                continue  # what was run since is saved by itself, and is newer than the file
            data = path.read_bytes()
            json.loads(data)
        except (OSError, ValueError):  # it is being written
            continue
        name = portal.quoted(here.released().notebook)
        if _put(f"notebook?name={name}", data, final=False):
            saved = written


def _saved(cell: str, source: str) -> bool:
    """Whether the portal has this cell."""
    body = {"name": here.released().notebook, "cell": cell, "source": source}
    return _put("cell", json.dumps(body).encode())


def _put(what: str, data: bytes, *, final: bool = True) -> bool:
    """Whether the portal has it or never takes it; `final`: that is said, and all saving ends."""
    if not portal.token():
        return False
    try:
        portal.put(f"/api/sprints/{portal.quoted(here.released().assignment)}/{what}", data)
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
        show(Shown(f"{title}: {error.fact}", showing.block(title, error.fact, "")))
    return True
