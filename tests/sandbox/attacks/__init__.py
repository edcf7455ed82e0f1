"""Attacks by class: what each tries, the measure that holds it, and what it gets without.

python -m tests.sandbox.attacks        every attack, held and not held, as a table
"""

from __future__ import annotations

import contextlib
import os
import secrets
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from autograder.nouns import Limits
from autograder.sandbox.lockdown.isolation import Tier
from autograder.sandbox.supervisor.warm_server import Outcome, WarmServer
from autograder.sandbox.wire import pack

TIGHT = Limits(
    cpu_seconds=4,
    wall_factor=1.5,
    memory_mb=256,
    processes=48,
    open_files=128,
    disk_mb=16,
    file_mb=8,
    output_kb=64,
    capture_mb=4,
)
LOOSE = Limits(
    cpu_seconds=60,
    wall_factor=3,
    memory_mb=2048,
    processes=2000,
    open_files=1024,
    disk_mb=512,
    file_mb=256,
    output_kb=8192,
    capture_mb=256,
)

# Names that the code of an attack finds: `bait`, and libc's calls with a raised errno.
PRELUDE = """
import contextlib, ctypes, mmap, os, signal, socket, struct, subprocess, sys, threading, time
libc = ctypes.CDLL(None, use_errno=True)
def call(number, *arguments):
    result = libc.syscall(number, *arguments)
    if result < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return result
"""


@dataclass(frozen=True)
class Attack:
    """Code that sets `answer` to what it got; `without` is where it is shown to get it."""

    threat: str  # the class it stands for
    name: str
    code: str
    measure: str  # what holds it
    limit: str = ""  # the limit that ends the job, if it is one
    error: str = ""  # the exception that the student's code sees, if one is promised
    loose: bool = False  # shown without the measure by generous limits, else without isolation
    root: bool = False  # gets something only where the grader is root
    partial: bool = False  # tier B holds it too
    shown: bool = True  # False: cannot be shown to get anything on a machine like this


@dataclass(frozen=True)
class Attempt:
    """What an attack got: "" if nothing."""

    got: str
    error: str
    outcome: Outcome


@contextlib.contextmanager
def bait() -> Iterator[dict[str, Any]]:
    """Things of this machine that a job must not get at."""
    name = f"bait-{secrets.token_hex(8)}"
    with contextlib.ExitStack() as undo:
        folder = undo.enter_context(tempfile.TemporaryDirectory(prefix="bait-"))
        Path(folder).chmod(0o777)
        secret = Path(folder, "hidden_tests.py")
        secret.write_text("label = 7")
        secret.chmod(0o666)
        tcp = undo.enter_context(socket.create_server(("127.0.0.1", 0)))
        udp = undo.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
        udp.bind(("127.0.0.1", 0))
        for path in (f"\0{name}", f"{folder}/socket"):
            listener = undo.enter_context(socket.socket(socket.AF_UNIX))
            listener.bind(path)
            listener.listen()
        Path(folder, "socket").chmod(0o777)
        victim = subprocess.Popen(["sleep", "600"], env={"COURSE_KEY": "secret"})
        undo.callback(victim.wait)
        undo.callback(victim.kill)
        yield {
            "folder": folder,
            "secret": str(secret),
            "tcp": tcp.getsockname()[1],
            "udp": udp.getsockname()[1],
            "abstract": name,
            "victim": victim.pid,
            "mark": f"mark-{secrets.token_hex(8)}",
        }


def attempt(server: WarmServer, attack: Attack, bait: dict[str, Any], limits: Limits) -> Attempt:
    """What an attack gets from a job on this server."""
    code = f"{PRELUDE}\nbait = {bait!r}\n{attack.code}"
    with server.start(limits) as job:
        job.send(pack({"code": code}))
        frame = job.receive()
        outcome = job.finish()
    header = frame.header if frame else {}
    answer, error = header.get("answer"), str(header.get("error", ""))
    return Attempt("" if answer in (None, "", False, [], 0) else str(answer), error, outcome)


def honest(server: WarmServer) -> bool:
    """Whether an honest job right afterwards gets its work done."""
    with server.start(LOOSE) as job:
        job.send(pack({"code": "answer = sum(range(1000))"}))
        frame = job.receive()
        return frame is not None and frame.header == {"answer": 499500} and not job.finish().fault


def all_attacks() -> tuple[Attack, ...]:
    """Every attack, class by class."""
    from tests.sandbox.attacks import escape, exhaust, steal

    return (*steal.ATTACKS, *escape.ATTACKS, *exhaust.ATTACKS)


def evaded(attack: Attack, server: WarmServer, bait: dict[str, Any], limits: Limits) -> Attempt:
    """What an attack gets in the end: those on other jobs need a second visit."""
    tried = attempt(server, attack, bait, limits)
    return tried if attack.threat != "others" else attempt(server, attack, bait, limits)


def unshown(attack: Attack) -> str:
    """Why an attack cannot be shown to get anything here without its measure; "" if it can."""
    if not attack.shown:
        return "not to be had on a machine like this"
    if attack.root and os.geteuid() != 0:
        return "only root could get this"
    if attack.limit and not attack.loose:
        return "there is no grader without this measure"
    return ""


def applies(attack: Attack, tier: Tier) -> bool:
    """Whether this tier promises to hold the attack."""
    return tier is Tier.FULL or (tier is Tier.PARTIAL and attack.partial)
