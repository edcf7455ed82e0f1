"""Attacks that the self-test tries from inside a job; one that succeeds shows a hole.

in:  {"secret": path, "port": n, "abstract": name, "pid": n, "limits": {...}}
out: {"probes": [{"name": ..., "got": ""}, ...]}      "" = it was refused
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import multiprocessing
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

from autograder.sandbox.lockdown import linux_calls
from autograder.sandbox.wire import read_frame, write_frame

Bait = dict[str, Any]


def main(read_fd: int, write_fd: int) -> None:
    """Run every probe on the bait received, then leave a daemon behind."""
    frame = read_frame(read_fd)
    if frame is None:
        return
    found = []
    for name, probe in PROBES.items():
        try:
            got = probe(frame.header)
        except OSError as error:
            got = "" if name in MUST_BE_REFUSED else f"{type(error).__name__}: {error}"
        found.append({"name": name, "got": got[:200]})
    _leave_a_daemon()
    write_frame(write_fd, {"probes": found})
    read_frame(read_fd)


def spin(_read_fd: int, _write_fd: int) -> None:
    """Loop forever."""
    while True:
        pass


def _leave_a_daemon() -> None:
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            time.sleep(600)
        os._exit(0)
    os.wait()


# ── Each returns what it obtained; "" or an OSError if it was refused ────────────────


def _read_outside(bait: Bait) -> str:
    with open(bait["secret"], encoding="utf-8") as file:
        return f"read {file.read()!r}"


def _write_outside(bait: Bait) -> str:
    places = (os.path.dirname(bait["secret"]), "/usr", "/etc", "/var/tmp", "/dev", sys.prefix)
    for place in places:
        with contextlib.suppress(OSError):
            path = f"{place}/.autograder-probe"
            with open(path, "w", encoding="utf-8"):
                os.unlink(path)
                return f"wrote into {place}"
    return ""


def _signal_outside(bait: Bait) -> str:
    os.kill(bait["pid"], 0)
    return f"may signal process {bait['pid']}"


def _connect(bait: Bait) -> str:
    with socket.create_connection(("127.0.0.1", bait["port"]), timeout=1):
        return "connected to a port of this machine"


def _abstract_socket(bait: Bait) -> str:
    with socket.socket(socket.AF_UNIX) as client:
        client.connect("\0" + bait["abstract"])
        return "connected to a local socket of this machine"


def _privileges(_bait: Bait) -> str:
    with open("/proc/self/status", encoding="ascii") as file:
        status = dict(line.rstrip("\n").split(":\t", 1) for line in file if ":\t" in line)
    held = [n for n in ("CapPrm", "CapEff", "CapBnd", "CapAmb") if int(status[n], 16)]
    if held:
        return f"holds {', '.join(held)}"
    return "" if status["NoNewPrivs"] == "1" else "may gain privileges"


def _system_calls(_bait: Bait) -> str:
    libc = ctypes.CDLL(None, use_errno=True)
    tries: dict[str, Callable[[], int]] = {
        "ptrace": lambda: libc.ptrace(0, 0, 0, 0),
        "unshare": lambda: libc.unshare(linux_calls.NEW_USER),
        "shmget": lambda: libc.shmget(0, 4096, 0o600 | 0o1000),
        "memfd_create": lambda: libc.memfd_create(b"probe", 0),
    }
    for name, call in tries.items():
        if call() >= 0:
            return f"the call {name} is allowed"
        if ctypes.get_errno() not in (errno.EPERM, errno.ENOSYS):
            return f"the call {name} was not refused by the filter"
    return ""


def _environment(_bait: Bait) -> str:
    known = {"HOME", "TMPDIR", "PATH", "LANG", "LC_CTYPE", "USER", "LOGNAME", "IPYTHONDIR"}
    known |= {"MPLBACKEND", "MPLCONFIGDIR", "OPENBLAS_NUM_THREADS", "TF_CPP_MIN_LOG_LEVEL"}
    extra = sorted(set(os.environ) - known - {"PYTHONDONTWRITEBYTECODE", "PYTHONHASHSEED"})
    return f"sees {', '.join(extra)}" if extra else ""


def _descriptors(_bait: Bait) -> str:
    extra = []
    for fd in range(5, 1024):
        with contextlib.suppress(OSError):
            os.fstat(fd)
            extra.append(str(fd))
    return f"holds descriptors {', '.join(extra)}" if extra else ""


def _memory(bait: Bait) -> str:
    try:
        taken = bytearray(bait["limits"]["memory_mb"] * 2 << 20)
    except MemoryError:
        return ""
    return f"took {len(taken) >> 20} MB"


def _processes(bait: Bait) -> str:
    wanted, started = bait["limits"]["processes"] + 8, []
    try:
        for _ in range(wanted):
            pid = os.fork()
            if pid == 0:
                time.sleep(60)
                os._exit(0)
            started.append(pid)
    finally:
        for pid in started:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
    return f"started {wanted} processes"


def _disk(bait: Bait) -> str:
    wanted, written = bait["limits"]["disk_mb"] + 4, 0
    try:
        while written < wanted:
            with open(f"fill-{written}", "wb") as file:
                file.write(bytes(1 << 20))
            written += 1
    finally:
        for number in range(written + 1):
            with contextlib.suppress(OSError):
                os.unlink(f"fill-{number}")
    return f"wrote {wanted} MB"


def _file_size(bait: Bait) -> str:
    try:
        with open("large", "wb") as file:
            file.truncate((bait["limits"]["file_mb"] + 1) << 20)
    finally:
        with contextlib.suppress(OSError):
            os.unlink("large")
    return "made a file past the limit"


def _others(_bait: Bait) -> str:
    pids = [int(name) for name in os.listdir("/proc") if name.isdigit()]
    strange = [pid for pid in pids if pid not in (1, os.getpid())]
    return f"sees {len(strange)} other processes" if strange else ""


def _everyday(_bait: Bait) -> str:
    with open("plot.txt", "w+", encoding="utf-8") as file:
        file.write("kept")
    seen: list[int] = []
    thread = threading.Thread(target=seen.append, args=(1,))
    thread.start()
    thread.join()
    worker = multiprocessing.get_context("fork").Process(target=int)
    worker.start()
    worker.join()
    said = subprocess.run(["echo", "here"], capture_output=True, check=False).stdout
    lock = multiprocessing.get_context("fork").Lock()
    works = seen == [1] and worker.exitcode == 0 and said == b"here\n" and lock.acquire(timeout=1)
    return "" if works else "threads, processes, subprocesses or locks do not work"


PROBES: dict[str, Callable[[Bait], str]] = {
    "everyday work goes on": _everyday,
    "files outside cannot be read": _read_outside,
    "files outside cannot be written": _write_outside,
    "no process outside can be signalled": _signal_outside,
    "no network": _connect,
    "no local socket of the machine": _abstract_socket,
    "no privileges": _privileges,
    "dangerous system calls are refused": _system_calls,
    "nothing of the grader's environment": _environment,
    "nothing but its own pipes": _descriptors,
    "memory is limited": _memory,
    "processes are limited": _processes,
    "a file's size is limited": _file_size,
    "disk is limited": _disk,
    "no other process is seen": _others,
}
MUST_BE_REFUSED = frozenset(PROBES) - {"everyday work goes on"}
ONLY_FULL = frozenset({"disk is limited", "no other process is seen"})  # tier B cannot hold these
