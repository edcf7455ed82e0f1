"""What isolation costs: empty jobs and small fits, isolated, not isolated, and in fresh processes.

    python -m tests.sandbox.cost [--repeat 20]

CPU seconds, medians: of the job's own tree, of warm server and supervisor for it, and in all.
"""

from __future__ import annotations

import argparse
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass

from autograder.sandbox.lockdown.isolation import Tier, environment
from autograder.sandbox.supervisor import isolation_level, process_tree
from autograder.sandbox.supervisor.warm_server import WarmServer
from autograder.sandbox.warm_process.server import PRELOAD
from tests.sandbox.conftest import LIMITS, ask, serve

EMPTY = "answer = 1"
FIT = """
import numpy as np, keras
m = keras.Sequential([keras.layers.Dense(8, activation='relu'), keras.layers.Dense(1)])
m.compile('adam', 'mse')
m.fit(np.ones((64, 3), 'float32'), np.ones((64, 1), 'float32'), epochs=2, verbose=0)
answer = 1
"""


@dataclass(frozen=True)
class Cost:
    """One job: CPU seconds of its tree, of what serves it, and its turnaround."""

    job: float
    around: float
    wall: float


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeat", type=int, default=20)
    repeat = parser.parse_args().repeat
    print(f"medians of {repeat}, in milliseconds\n")
    print(f"{'':<34}{'job CPU':>9}{'around':>9}{'in all':>9}{'turnaround':>12}")
    for name, code in (("empty job", EMPTY), ("small fit", FIT)):
        for tier in (isolation_level.choose(), Tier.NONE):
            with serve(tier, preload=PRELOAD) as server:
                server.warm_up()
                _show(f"{name}, warm, tier {tier}", list(_warm(server, code, repeat)))
        _show(f"{name}, fresh process", [_fresh(code) for _ in range(min(repeat, 5))])
    return 0


def _warm(server: WarmServer, code: str, repeat: int) -> Iterator[Cost]:
    for _ in range(repeat):
        before, began = _serving(server), time.monotonic()
        with server.start(LIMITS) as job:
            ask(job, code)
            outcome = job.finish()
        wall = time.monotonic() - began
        yield Cost(outcome.cpu_seconds, _serving(server) - before, wall)


def _serving(server: WarmServer) -> float:
    """CPU seconds of the supervisor and of the warm server itself, their children left out."""
    own = resource.getrusage(resource.RUSAGE_SELF)
    generation = server._current
    times = process_tree._times(generation.launched.pid) if generation else None
    return own.ru_utime + own.ru_stime + (times[1] if times else 0.0)


def _fresh(code: str) -> Cost:
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    imports = "\n".join(f"import {name}" for name in PRELOAD)
    script = f"import sys\n{imports}\n{code}"
    subprocess.run([sys.executable, "-c", script], env=environment("/tmp"), check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Cost(used, 0.0, time.monotonic() - began)


def _show(name: str, costs: list[Cost]) -> None:
    figures = (
        [c.job for c in costs],
        [c.around for c in costs],
        [c.job + c.around for c in costs],
        [c.wall for c in costs],
    )
    job, around, both, wall = (statistics.median(f) * 1000 for f in figures)
    print(f"{name:<34}{job:>9.1f}{around:>9.1f}{both:>9.1f}{wall:>12.1f}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
