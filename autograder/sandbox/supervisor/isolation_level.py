"""Detection of the sandbox tier that this machine supports, by trying real jobs."""

from __future__ import annotations

import contextlib
import os
import platform
import secrets
import shutil
import socket
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from autograder.errors import SandboxFault
from autograder.nouns import Limits
from autograder.sandbox import wire
from autograder.sandbox.lockdown import limits as limits_
from autograder.sandbox.lockdown import probes
from autograder.sandbox.lockdown.isolation import Tier
from autograder.sandbox.supervisor.warm_server import WarmServer

_LIMITS = Limits(
    cpu_seconds=20, memory_mb=256, processes=24, disk_mb=8, file_mb=4, wall_factor=1, output_kb=64
)


@dataclass(frozen=True)
class Probe:
    """One probe: its name, whether the sandbox held, and what the probe obtained if not."""

    name: str
    held: bool
    got: str = ""
    needed: bool = True  # in this tier


def choose(*, sandbox: bool = True) -> Tier:
    """Return the tier to grade at; raise SandboxFault if there is none and `sandbox` is True."""
    if not sandbox:
        return Tier.NONE
    tier = find()
    if tier is Tier.NONE:
        raise SandboxFault(
            "student code cannot be isolated on this machine",
            way_out="run `autograder doctor` for what is missing; "
            "`--no-sandbox` grades without isolation and stamps UNSANDBOXED on every result",
        )
    return tier


@cache
def find() -> Tier:
    """Return the best tier whose needed probes all hold on this machine."""
    for tier in (Tier.FULL, Tier.PARTIAL):
        if all(probe.held or not probe.needed for probe in examine(tier)):
            return tier
    return Tier.NONE


@cache
def examine(tier: Tier) -> tuple[Probe, ...]:
    """Run every probe in a real job of this tier; return the results."""
    if sys.platform != "linux":
        return (Probe("Linux", held=False, got=f"this is {platform.system()}"),)
    try:
        with (
            WarmServer(_entry("main"), tier=tier, preload=(), start_seconds=30) as server,
            _bait() as bait,
        ):
            with server.start(_LIMITS) as job:
                job.send(wire.pack({**bait, "limits": _limits()}))
                frame = job.receive()
                left = job.pids()
                outcome = job.finish()
            if frame is None:
                why = outcome.fault or outcome.output.decode(errors="replace")[-300:]
                return (Probe("a job starts", held=False, got=why or outcome.limit),)
            inside = tuple(_probe(tier, found) for found in frame.header["probes"])
            return (
                Probe("a job starts", held=True),
                *inside,
                _no_daemon(left),
                _endless_loop(tier),
            )
    except SandboxFault as fault:
        return (Probe("a job starts", held=False, got=fault.fact),)


def _probe(tier: Tier, found: dict[str, str]) -> Probe:
    needed = tier is Tier.FULL or found["name"] not in probes.ONLY_FULL
    return Probe(found["name"], not found["got"], found["got"], needed)


def _no_daemon(left: tuple[int, ...]) -> Probe:
    alive = [pid for pid in left if _runs(pid)]
    got = f"{len(alive)} of {len(left)} processes outlived the job" if alive else ""
    return Probe("nothing outlives the job", not alive and bool(left), got)


def _runs(pid: int) -> bool:
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    return False


def _endless_loop(tier: Tier) -> Probe:
    limits = Limits(cpu_seconds=0.3, memory_mb=256)
    with WarmServer(_entry("spin"), tier=tier, preload=()) as server, server.start(limits) as job:
        job.receive()
        ended = job.finish().limit
    return Probe("an endless loop ends", ended == limits_.CPU, f"it ended by {ended or 'itself'!r}")


def _entry(name: str) -> str:
    return f"autograder.sandbox.lockdown.probes:{name}"


def _limits() -> dict[str, Any]:
    return {
        "memory_mb": _LIMITS.memory_mb,
        "processes": _LIMITS.processes,
        "disk_mb": _LIMITS.disk_mb,
        "file_mb": _LIMITS.file_mb,
    }


@contextlib.contextmanager
def _bait() -> Iterator[dict[str, Any]]:
    """Create targets that a job must not reach, with Unix permissions open to every user."""
    name = f"autograder-{secrets.token_hex(8)}"
    with (
        tempfile.TemporaryDirectory(prefix="autograder-bait-") as folder,
        socket.create_server(("127.0.0.1", 0)) as port,
        socket.socket(socket.AF_UNIX) as abstract,
    ):
        os.chmod(folder, 0o777)  # noqa: S103
        secret = Path(folder, "secret.txt")
        secret.write_text("a hidden test")
        secret.chmod(0o666)
        abstract.bind("\0" + name)
        abstract.listen()
        yield {
            "secret": str(secret),
            "port": port.getsockname()[1],
            "abstract": name,
            "pid": os.getpid(),
        }


# ── Remedies ─────────────────────────────────────────────────────────────────────────

_SYSCTLS = (
    ("/proc/sys/kernel/unprivileged_userns_clone", "0", "kernel.unprivileged_userns_clone=1"),
    (
        "/proc/sys/kernel/apparmor_restrict_unprivileged_userns",
        "1",
        "kernel.apparmor_restrict_unprivileged_userns=0",
    ),
    ("/proc/sys/user/max_user_namespaces", "0", "user.max_user_namespaces=15000"),
)


def ways_out() -> tuple[str, ...]:
    """Return the changes that would raise this machine's tier, as far as can be detected."""
    if sys.platform != "linux":
        return ("grade on Linux: on Windows in WSL2, on macOS in a virtual machine",)
    found = []
    if not shutil.which("bwrap"):
        found.append("install bubblewrap: apt install bubblewrap")
    for path, blocking, setting in _SYSCTLS:
        with contextlib.suppress(OSError):
            if Path(path).read_text().strip() == blocking:
                found.append(f"allow user namespaces: sysctl -w {setting}")
    if Path("/.dockerenv").exists() or Path("/run/.containerenv").exists():
        found.append(
            "this is a container: start it with --security-opt seccomp=unconfined "
            "--security-opt apparmor=unconfined --security-opt systempaths=unconfined"
        )
    return tuple(found)
