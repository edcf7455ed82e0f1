"""How a job is locked down: an ordered list of steps; one that fails ends the job.

A warm server forks a *keeper*, which forks the *job*. Steps run in the keeper before that fork or
in the job after it, in the order of `STEPS`, and only in the tiers they are named for.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from enum import Enum
from typing import Any

from autograder.nouns import Limits
from autograder.sandbox import limits as limits_

_libc = ctypes.CDLL(None, use_errno=True)
PR_SET_PDEATHSIG, PR_SET_DUMPABLE, PR_SET_CHILD_SUBREAPER = 1, 4, 36


class Tier(str, Enum):
    """How well student code is held on this machine."""

    FULL = "A"  # bubblewrap, namespaces, Landlock, seccomp, rlimits
    PARTIAL = "B"  # Landlock, seccomp, rlimits; a fresh process per job
    NONE = "UNSANDBOXED"

    def __str__(self) -> str:
        return self.value


@dataclass(frozen=True)
class Plan:
    """What one job is allowed: travels to the warm server as JSON."""

    tier: Tier
    scratch: str  # the job's folder: cwd, HOME, TMPDIR
    limits: Limits
    readable: tuple[str, ...] = ()
    cores: tuple[int, ...] = ()  # the job's share of the machine; () = all of it
    inherited_mb: int = 0  # data that every fork of this warm server starts with

    def as_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Plan:
        return cls(
            Tier(data["tier"]),
            data["scratch"],
            Limits(**data["limits"]),
            tuple(data["readable"]),
            tuple(data["cores"]),
            data["inherited_mb"],
        )


class StepFailed(Exception):
    """A step of the lock-down that did not work: nothing of the student's runs."""


@dataclass(frozen=True)
class Step:
    """One measure: what it is called, what it does, where it applies."""

    name: str
    run: Callable[[Plan], None]
    tiers: frozenset[Tier] = field(default_factory=lambda: frozenset(Tier))
    in_keeper: bool = False


def prctl(option: int, *arguments: int) -> int:
    """The answer of prctl; OSError if the kernel says no."""
    words = [ctypes.c_ulong(a) for a in (*arguments, 0, 0, 0, 0)[:4]]
    result: int = _libc.prctl(option, *words)
    if result < 0:
        raise OSError(ctypes.get_errno(), f"prctl {option}")
    return result


def lock_down(plan: Plan, *, in_keeper: bool) -> None:
    """Takes every step of this tier for keeper or job, in order; StepFailed at the first fault."""
    for step in STEPS:
        if step.in_keeper is in_keeper and plan.tier in step.tiers:
            try:
                step.run(plan)
            except Exception as error:
                raise StepFailed(f"{step.name}: {type(error).__name__}: {error}") from error


def environment(scratch: str) -> dict[str, str]:
    """The whole environment of a job: nothing of the grader's."""
    return {
        "HOME": scratch,
        "TMPDIR": scratch,
        "PATH": f"{os.path.dirname(sys.executable)}:/usr/local/bin:/usr/bin:/bin",
        "LANG": "C.UTF-8",
        "USER": "student",
        "LOGNAME": "student",
        "MPLBACKEND": "Agg",
        "MPLCONFIGDIR": os.path.join(scratch, ".matplotlib"),
        "IPYTHONDIR": os.path.join(scratch, ".ipython"),
        "OPENBLAS_NUM_THREADS": "1",
        "TF_CPP_MIN_LOG_LEVEL": "3",
        "PYTHONDONTWRITEBYTECODE": "1",
    }


def _session(_plan: Plan) -> None:
    os.setsid()


def _cores(plan: Plan) -> None:
    if plan.cores:
        os.sched_setaffinity(0, plan.cores)


def _reaper(_plan: Plan) -> None:
    """Orphans of the job become the keeper's; if the warm server dies the keeper ends the job."""
    prctl(PR_SET_CHILD_SUBREAPER, 1)
    prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


def _folder(plan: Plan) -> None:
    os.chdir(plan.scratch)


def _environment(plan: Plan) -> None:
    os.environ.clear()
    os.environ.update(environment(plan.scratch))


def _signals(_plan: Plan) -> None:
    signal.pthread_sigmask(signal.SIG_SETMASK, ())


def _rlimits(plan: Plan) -> None:
    limits_.apply(
        plan.limits,
        inherited_mb=plan.inherited_mb,
        count_processes=plan.tier is not Tier.NONE,
    )


STEPS: tuple[Step, ...] = (
    Step("session", _session, in_keeper=True),
    Step("cores", _cores, in_keeper=True),
    Step("reaper", _reaper, in_keeper=True),
    Step("folder", _folder),
    Step("environment", _environment),
    Step("signals", _signals),
    Step("rlimits", _rlimits),
)


def keep(pid: int) -> int:
    """Waits for the job in the keeper, ends it at SIGTERM; its wait status.

    SIGTERM and SIGCHLD are blocked here since before the fork, so none is lost.
    """
    while True:
        number = signal.sigwait((signal.SIGTERM, signal.SIGCHLD))
        if number == signal.SIGTERM:
            _end(pid)
        done, status = os.waitpid(pid, os.WNOHANG)
        if done:
            end_descendants()
            return status


def _end(pid: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


def end_descendants() -> None:
    """Kills and reaps whatever the job left behind: its orphans are the keeper's children."""
    while True:
        for child in children():
            _end(child)
        try:
            os.waitpid(-1, 0)
        except ChildProcessError:
            return


def children() -> list[int]:
    """This process's children."""
    with open(f"/proc/self/task/{os.getpid()}/children", encoding="ascii") as file:
        return [int(pid) for pid in file.read().split()]
