"""Worker that grades submissions for as long as the server that started it lives.

python -m autograder.web.worker COURSE SERVER_PID [--no-sandbox]
"""

from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path
from types import FrameType

from autograder import config
from autograder.errors import AutograderError
from autograder.gradebook.portal import queue
from autograder.gradebook.regrades import previews
from autograder.steps.grading.pipeline.workers import Workers
from autograder.steps.portal.queue_runner import grade_next
from autograder.steps.portal.receive_submission import queue_what_is_not
from autograder.steps.regrade.waiting import regrade_next
from autograder.web import worker_state

NICE = 10  # lower priority than the pages
IDLE_SECONDS = 1.0
FAULT_SECONDS = 60.0
WARM_SECONDS = 600.0  # time that idle warm servers are kept


def work(root: Path, server: int, *, sandbox: bool = True) -> None:
    """Grade until the server has ended; only one worker grades a course at a time."""
    course = config.load(root)
    with worker_state.the_one_worker(course) as tell:
        queue.left_running(course)
        previews.left_undone(course)
        queue_what_is_not(course)
        while os.getppid() == server:
            if not (queue.any_ready(course) or previews.any_asked(course)):
                time.sleep(IDLE_SECONDS)
                continue
            try:
                with Workers(sandbox=sandbox, parallel=os.cpu_count() or 1) as workers:
                    tell("", workers.parallel)
                    _grade(course, workers, server)
            except AutograderError as error:  # submissions stay queued until it is fixed
                sys.stderr.write(f"nothing is graded: {error}\n")
                tell(error.fact, 0)
                time.sleep(FAULT_SECONDS)


def _grade(course: config.Course, workers: Workers, server: int) -> None:
    """Grade until there has been no work for WARM_SECONDS."""
    last = time.monotonic()
    while os.getppid() == server and time.monotonic() - last < WARM_SECONDS:
        if regrade_next(course, workers) or grade_next(course, workers):
            last = time.monotonic()
        else:
            time.sleep(IDLE_SECONDS)


def _end(_number: int, _frame: FrameType | None) -> None:
    raise SystemExit(0)


if __name__ == "__main__":
    os.nice(NICE)
    signal.signal(signal.SIGTERM, _end)
    work(Path(sys.argv[1]), int(sys.argv[2]), sandbox="--no-sandbox" not in sys.argv[3:])
