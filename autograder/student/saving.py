"""In a sprint: every cell that is run is saved on the portal as it is, in the background.

No front end's API is needed: IPython says what was run. Cells that are not answers do no harm, the
portal puts in only what belongs to an answer cell.
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
over: list[str] = []  # what the portal said when it took no more


def watch() -> None:
    """Begins to save what is run, if this notebook is a sprint's and the course has a portal."""
    shell = here.ipython()
    if _started or shell is None or not here.released().sprint or not portal.address():
        return
    shell.events.register("post_run_cell", lambda result: _note(shell, result))
    thread = threading.Thread(target=_save_all, daemon=True)
    _started.append(thread)
    thread.start()
    if not portal.token():
        _sign_in()


def _note(shell: Any, result: Any) -> None:
    source = getattr(getattr(result, "info", None), "raw_cell", "") or ""
    if source.strip() and len(source) <= LONGEST and not over:
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


def _saved(cell: str, source: str) -> bool:
    """Whether the portal has it; once it takes no more, that is said."""
    said = here.released()
    body = {"name": said.notebook, "cell": cell, "source": source}
    if not portal.token():
        return False
    try:
        portal.put(f"/api/sprints/{portal.quoted(said.assignment)}/cell", json.dumps(body).encode())
    except portal.Unreachable:
        return False
    except portal.NotSignedIn:
        portal.forget()
        return False
    except portal.Declined as error:
        over.append(error.fact)
        title = translate("Not saved")
        show(Shown(f"{title}: {error.fact}", showing.block(title, error.fact, "")))
    return True
