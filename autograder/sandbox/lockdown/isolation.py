"""Lock-down of a job: an ordered list of steps; a failing step ends the job.

A warm server forks a *keeper*, which forks the *job*. Steps run in the order of `STEPS`, in the
keeper before the second fork or in the job after it, and only in the tiers they name.
"""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from enum import Enum
from typing import Any

from autograder.nouns import Limits
from autograder.sandbox.lockdown import landlock, linux_calls, seccomp
from autograder.sandbox.lockdown import limits as limits_

STUDENT = 1000  # the uid that student code sees itself running as in tier A
SCRATCH = "/scratch"  # mount point of a job's own disk in tier A
HOME = f"{SCRATCH}/home"


class Tier(str, Enum):
    """Level of isolation that this machine supports."""

    FULL = "A"  # bubblewrap, namespaces, Landlock, seccomp, rlimits
    PARTIAL = "B"  # Landlock, seccomp, rlimits; a fresh process per job
    NONE = "UNSANDBOXED"

    def __str__(self) -> str:
        return self.value


@dataclass(frozen=True)
class Plan:
    """Permissions and limits of one job; sent to the warm server as JSON."""

    tier: Tier
    scratch: str  # the job's folder: cwd, HOME, TMPDIR
    limits: Limits
    readable: tuple[str, ...] = ()
    cores: tuple[int, ...] = ()  # the job's share of the cores; () = all
    inherited_mb: int = 0  # memory that every fork of this warm server starts with
    landlock: bool = True  # whether this kernel has Landlock
    uid: int = 0  # tier B as root: the uid of student code; 0 = keep the current one

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
            data["landlock"],
            data["uid"],
        )


class StepFailed(Exception):
    """Raised if a lock-down step fails; then no student code runs."""


@dataclass(frozen=True)
class Step:
    """One lock-down measure: its name, its function, its tiers."""

    name: str
    run: Callable[[Plan], None]
    tiers: frozenset[Tier] = field(default_factory=lambda: frozenset(Tier))
    in_keeper: bool = False


def lock_down(plan: Plan, *, in_keeper: bool) -> None:
    """Run this tier's steps for keeper or job in order; raise StepFailed at the first failure."""
    for step in STEPS:
        if step.in_keeper is in_keeper and plan.tier in step.tiers:
            try:
                step.run(plan)
            except Exception as error:
                raise StepFailed(f"{step.name}: {type(error).__name__}: {error}") from error


def environment(scratch: str) -> dict[str, str]:
    """Return the complete environment of a job; nothing of the grader's is inherited."""
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
        "PYTHONHASHSEED": "0",  # same iteration order of sets in every run
    }


# ── Before the second fork ───────────────────────────────────────────────────────────


def _session(_plan: Plan) -> None:
    os.setsid()


def _cores(plan: Plan) -> None:
    if plan.cores:
        os.sched_setaffinity(0, plan.cores)


def _reaper(_plan: Plan) -> None:
    """Adopt the job's orphans in the keeper; end the job if the warm server dies."""
    linux_calls.prctl(linux_calls.PR_SET_CHILD_SUBREAPER, 1)
    linux_calls.prctl(linux_calls.PR_SET_PDEATHSIG, signal.SIGTERM)


def _namespaces(_plan: Plan) -> None:
    linux_calls.prctl(linux_calls.PR_SET_DUMPABLE, 1)  # otherwise its files in /proc belong to root
    user, group = os.getuid(), os.getgid()
    linux_calls.unshare(linux_calls.NAMESPACES)
    _write("/proc/self/setgroups", "deny")
    _write("/proc/self/uid_map", f"{user} {user} 1")
    _write("/proc/self/gid_map", f"{group} {group} 1")
    socket.sethostname("sandbox")


def _init(plan: Plan) -> None:
    """Start process 1 of the namespace: it ignores SIGCHLD, so the kernel reaps its orphans.

    It is not locked down itself; Landlock keeps the job from accessing it. Without Landlock the job
    is process 1.
    """
    global _process_1  # noqa: PLW0603 - one per process, set once
    if plan.landlock:
        signal.signal(signal.SIGCHLD, signal.SIG_IGN)
        closed = [(os.POSIX_SPAWN_CLOSE, fd) for fd in range(6)]
        arguments = ["sleep", "infinity"]
        _process_1 = os.posix_spawnp("sleep", arguments, {}, file_actions=closed)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)


_process_1 = 0

# ── In the job ───────────────────────────────────────────────────────────────────────


def _die_with_keeper(_plan: Plan) -> None:
    linux_calls.prctl(linux_calls.PR_SET_PDEATHSIG, signal.SIGKILL)


def _mounts(plan: Plan) -> None:
    quiet = linux_calls.MS_NOSUID | linux_calls.MS_NODEV
    disk, shared = plan.limits.disk_mb, max(16, plan.limits.disk_mb // 4)
    linux_calls.mount("none", "/", "", linux_calls.MS_REC | linux_calls.MS_PRIVATE)
    linux_calls.mount("proc", "/proc", "proc", quiet | linux_calls.MS_NOEXEC)
    options = f"size={disk}m,mode=0700,nr_inodes={max(1000, disk * 100)}"
    linux_calls.mount("scratch", SCRATCH, "tmpfs", quiet, options)
    os.mkdir(HOME)
    os.mkdir(f"{SCRATCH}/tmp")
    _bind_into_own_tmp(plan.readable)
    linux_calls.mount(f"{SCRATCH}/tmp", "/tmp", "", linux_calls.MS_BIND | linux_calls.MS_REC)
    options = f"size={shared}m,mode=0700,nr_inodes=4096"
    linux_calls.mount("shm", "/dev/shm", "tmpfs", quiet | linux_calls.MS_NOEXEC, options)


def _bind_into_own_tmp(readable: Sequence[str]) -> None:
    """Bind the readable paths under /tmp (e.g. an interpreter) into the job's own /tmp."""
    bound: list[str] = []
    for path in sorted(path for path in readable if path.startswith("/tmp/")):
        if any(path.startswith(f"{parent}/") for parent in bound):
            continue
        place = f"{SCRATCH}{path}"
        if os.path.isdir(path):
            os.makedirs(place)
        else:
            os.makedirs(os.path.dirname(place), exist_ok=True)
            os.close(os.open(place, os.O_CREAT | os.O_WRONLY))
        linux_calls.mount(path, place, "", linux_calls.MS_BIND | linux_calls.MS_REC)
        bound.append(path)


def _identity(plan: Plan) -> None:
    if plan.uid:
        os.setgroups([])
        os.setresgid(plan.uid, plan.uid, plan.uid)
        os.setresuid(plan.uid, plan.uid, plan.uid)
        linux_calls.prctl(linux_calls.PR_SET_DUMPABLE, 1)
        linux_calls.prctl(
            linux_calls.PR_SET_PDEATHSIG, signal.SIGKILL
        )  # changing the uid clears it


def _folder(plan: Plan) -> None:
    os.chdir(plan.scratch)


def _environment(plan: Plan) -> None:
    os.environ.clear()
    os.environ.update(environment(plan.scratch))


def _signals(_plan: Plan) -> None:
    signal.pthread_sigmask(signal.SIG_SETMASK, ())


def _rlimits(plan: Plan) -> None:
    others = 0 if plan.tier is Tier.FULL else limits_.tasks_of(os.getuid())
    limits_.apply(plan.limits, inherited_mb=plan.inherited_mb, other_processes=others)


def _capabilities(_plan: Plan) -> None:
    linux_calls.drop_capabilities()


def _landlock(plan: Plan) -> None:
    if plan.landlock:
        own = (SCRATCH, "/tmp") if plan.tier is Tier.FULL else (plan.scratch,)
        landlock.restrict((*READABLE, *plan.readable), (*own, "/dev/shm", "/dev/null"))


def _seccomp(_plan: Plan) -> None:
    linux_calls.load_filter(seccomp.program())


_ISOLATED = frozenset({Tier.FULL, Tier.PARTIAL})
_FULL, _PARTIAL = frozenset({Tier.FULL}), frozenset({Tier.PARTIAL})

STEPS: tuple[Step, ...] = (
    Step("session", _session, in_keeper=True),
    Step("cores", _cores, in_keeper=True),
    Step("reaper", _reaper, in_keeper=True),
    Step("namespaces", _namespaces, _FULL, in_keeper=True),
    Step("init", _init, _FULL, in_keeper=True),
    Step("end with the keeper", _die_with_keeper),
    Step("mounts", _mounts, _FULL),
    Step("identity", _identity, _PARTIAL),
    Step("folder", _folder),
    Step("environment", _environment),
    Step("signals", _signals),
    Step("rlimits", _rlimits),
    Step("capabilities", _capabilities, _ISOLATED),
    Step("landlock", _landlock, _ISOLATED),
    Step("seccomp", _seccomp, _ISOLATED),
)

# Readable by every job: programs, libraries, fonts, and information on the machine.
READABLE = (
    *("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64"),
    *("/etc/alternatives", "/etc/fonts", "/etc/group", "/etc/hosts", "/etc/ld.so.cache"),
    *("/etc/localtime", "/etc/mime.types", "/etc/nsswitch.conf", "/etc/passwd"),
    *("/dev/full", "/dev/random", "/dev/urandom", "/dev/zero"),
    *("/proc", "/sys/devices/system/cpu"),
)


def _write(path: str, text: str) -> None:
    with open(path, "w", encoding="ascii") as file:
        file.write(text)


# ── The keeper's watch ───────────────────────────────────────────────────────────────


def keep(pid: int) -> int:
    """Wait for the job in the keeper and kill it at SIGTERM; return its wait status.

    SIGTERM and SIGCHLD are blocked since before the fork, so that none is lost.
    """
    while True:
        number = signal.sigwait((signal.SIGTERM, signal.SIGCHLD))
        if number == signal.SIGTERM:
            _end(pid)
        done, status = os.waitpid(pid, os.WNOHANG)
        if done:
            if _process_1:
                _end(_process_1)
                os.waitpid(_process_1, 0)
            else:
                end_descendants()
            return status


def _end(pid: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


def end_descendants() -> None:
    """Kill and reap all processes the job left behind; its orphans are the keeper's children."""
    while True:
        for child in children():
            _end(child)
        try:
            os.waitpid(-1, 0)
        except ChildProcessError:
            return


def children() -> list[int]:
    """Return the process ids of this process's children."""
    with open(f"/proc/self/task/{os.getpid()}/children", encoding="ascii") as file:
        return [int(pid) for pid in file.read().split()]
