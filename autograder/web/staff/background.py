"""Background work started by staff pages: one task of each name at a time."""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextvars import copy_context
from dataclasses import dataclass
from threading import Lock, Thread

from autograder.errors import AutograderError
from autograder.language import translate

Tell = Callable[[int, int], None]
Work = Callable[[Tell], str]  # gets a progress callback; returns a summary in words
log = logging.getLogger("autograder.portal")


@dataclass(frozen=True)
class State:
    """Progress and result of one background task."""

    done: int = 0
    total: int = 0
    over: bool = False
    said: str = ""
    problem: str = ""


class Background:
    """Background tasks by name."""

    def __init__(self) -> None:
        self._states: dict[str, State] = {}
        self._lock = Lock()

    def state(self, name: str) -> State | None:
        """Return a task's state; None if it was not started since the server started."""
        return self._states.get(name)

    def begin(self, name: str, work: Work) -> bool:
        """Start a task and return True; return False if it is still running."""
        with self._lock:
            state = self._states.get(name)
            if state is not None and not state.over:
                return False
            self._states[name] = State()
        run = copy_context().run
        Thread(target=lambda: run(self._run, name, work), name=name, daemon=True).start()
        return True

    def _run(self, name: str, work: Work) -> None:
        def tell(done: int, total: int) -> None:
            self._states[name] = State(done, total)

        try:
            self._states[name] = State(over=True, said=work(tell))
        except AutograderError as error:
            self._states[name] = State(over=True, problem=str(error.fact))
        except Exception:
            log.exception("%s was not finished", name)
            self._states[name] = State(
                over=True, problem=translate("It failed: the server's log says why.")
            )
