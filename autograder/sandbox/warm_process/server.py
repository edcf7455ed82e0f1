"""Warm server: imports TensorFlow once, runs no op, and forks one job after another.

    python -m autograder.sandbox.warm_process.server CONTROL_FD [MODULE,MODULE,...]

Orders arrive as JSON packets on CONTROL_FD (SOCK_SEQPACKET), with the job's descriptors: request,
reply, output and status pipe. The server holds no secrets, because jobs can read its heap.

    {"op": "run", "id": 7, "entry": "module:function", "plan": {...}}     + 4 descriptors
    {"op": "kill", "id": 7}

On the status pipe, the server writes `{"pid": n}` at the start and `{"exit": n, "cpu": s, "rss_mb":
m}` at the end. In between, before any student code runs, the job writes `{"locked": true}` or
`{"fault": "..."}`.
"""

from __future__ import annotations

import array
import contextlib
import gc
import importlib
import json
import os
import select
import signal
import socket
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, NoReturn

from autograder.sandbox.lockdown import isolation
from autograder.sandbox.warm_process import huge_pages

PRELOAD = (
    "numpy",
    "pandas",
    "h5py",
    "tensorflow",
    "keras",
    "matplotlib.pyplot",
    "IPython.core.interactiveshell",
    "IPython.core.displaypub",
    "matplotlib_inline.backend_inline",
    "sklearn.base",
)
STDIN, STDOUT, STDERR, REQUEST, REPLY, STATUS = range(6)
FAULT_EXIT = 99
MANY = 8  # jobs after which gathering memory in huge pages pays off; it takes up to a second


class NotWarm(Exception):
    """Raised if the server's state makes forking unsafe."""


def preload(names: Sequence[str]) -> None:
    """Import the modules that jobs need; call `prepare` in those of ours that define it.

    Raise NotWarm if that started a thread or TensorFlow's eager context.
    """
    for name in names:
        with contextlib.suppress(ModuleNotFoundError):
            module = importlib.import_module(name)
            if name.startswith("autograder.") and hasattr(module, "prepare"):
                module.prepare()
    check_cold()
    gc.collect()
    gc.freeze()


def check_cold() -> None:
    """Raise NotWarm if a fork of this process would inherit a lock or lose a thread."""
    threads = len(os.listdir("/proc/self/task"))
    if threads != 1:
        raise NotWarm(f"the warm server has {threads} threads")
    module = sys.modules.get("tensorflow.python.eager.context")
    context = getattr(module, "_context", None)
    if context is not None and context._initialized:
        raise NotWarm("TensorFlow's eager context is initialised in the warm server")


@dataclass
class _Running:
    id: int
    pid: int
    status: int


@dataclass
class Server:
    """Serves orders until the supervisor closes the connection, then ends every job."""

    control: socket.socket
    running: dict[int, _Running] = field(default_factory=dict)  # by pidfd
    started: int = 0

    def serve(self) -> None:
        poller = select.poll()
        poller.register(self.control, select.POLLIN)
        while True:
            for fd, _ in poller.poll():
                if fd in self.running:
                    poller.unregister(fd)
                    self._reap(fd)
                elif not self._order(poller):
                    self._end_all()
                    return

    def _order(self, poller: select.poll) -> bool:
        packet, fds = receive_order(self.control)
        if not packet:
            return False
        order = json.loads(packet)
        if order["op"] == "run":
            pidfd = self._run(order, fds)
            poller.register(pidfd, select.POLLIN)
        elif order["op"] == "kill":
            for pidfd, job in self.running.items():
                if job.id == order["id"]:
                    signal.pidfd_send_signal(pidfd, signal.SIGTERM)
        return True

    def _run(self, order: dict[str, Any], fds: list[int]) -> int:
        self.started += 1
        if self.started == MANY:
            huge_pages.gather()
        pid = os.fork()
        if pid == 0:
            _keeper(order, fds)
        *pipes, status = fds
        for fd in pipes:
            os.close(fd)
        pidfd = os.pidfd_open(pid)
        self.running[pidfd] = _Running(order["id"], pid, status)
        _report(status, {"pid": pid})
        return pidfd

    def _reap(self, pidfd: int) -> None:
        job = self.running.pop(pidfd)
        os.close(pidfd)
        _, status, usage = os.wait4(job.pid, 0)
        _report(
            job.status,
            {
                "exit": os.waitstatus_to_exitcode(status),
                "cpu": usage.ru_utime + usage.ru_stime,
                "rss_mb": usage.ru_maxrss / 1024,
            },
        )
        os.close(job.status)

    def _end_all(self) -> None:
        for pidfd in self.running:
            signal.pidfd_send_signal(pidfd, signal.SIGTERM)
        for pidfd in list(self.running):
            self._reap(pidfd)


def receive_order(control: socket.socket) -> tuple[bytes, list[int]]:
    """Return one packet and the descriptors that came with it."""
    packet, ancillary, _, _ = control.recvmsg(1 << 16, socket.CMSG_SPACE(4 * 4))
    fds = array.array("i")
    for level, kind, data in ancillary:
        if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
            fds.frombytes(data[: len(data) - len(data) % fds.itemsize])
    return packet, list(fds)


def _report(fd: int, line: dict[str, Any]) -> None:
    with contextlib.suppress(BrokenPipeError):
        os.write(fd, json.dumps(line).encode() + b"\n")


def _keeper(order: dict[str, Any], fds: list[int]) -> NoReturn:
    """Run the process between server and job: it ends the job on request and exits like it."""
    with _fault_ends():
        signal.pthread_sigmask(signal.SIG_BLOCK, (signal.SIGTERM, signal.SIGCHLD))
        take_descriptors(fds)
        plan = isolation.Plan.from_json(order["plan"])
        isolation.lock_down(plan, in_keeper=True)
        pid = os.fork()
        if pid == 0:
            _job(order["entry"], plan)
        os.closerange(0, STATUS + 1)
        _mirror(isolation.keep(pid))


def take_descriptors(fds: list[int]) -> None:
    """Move the job's pipes to their fixed descriptors and close everything else."""
    request, reply, output, status = fds
    null = os.open(os.devnull, os.O_RDONLY)
    wanted = (null, output, output, request, reply, status)
    high = [os.dup2(fd, 200 + place) for place, fd in enumerate(wanted)]
    for place, fd in enumerate(high):
        os.dup2(fd, place, inheritable=place <= STDERR)
    os.closerange(STATUS + 1, 65536)


def _job(entry: str, plan: isolation.Plan) -> NoReturn:
    with _fault_ends():
        isolation.lock_down(plan, in_keeper=False)
        main = entry_point(entry)
        sys.argv[:] = [""]
        open_streams()
        _report(STATUS, {"locked": True})
        os.close(STATUS)
    code = 0
    try:
        _in_one_chunk(main, REQUEST, REPLY)
    except SystemExit as error:
        code = error.code if isinstance(error.code, int) else 1
    except BaseException:
        sys.excepthook(*sys.exc_info())
        code = 1
    finally:
        with contextlib.suppress(Exception):
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(code & 0xFF)


def _in_one_chunk(main: Callable[[int, int], None], request: int, reply: int) -> None:
    """Call `main` with room for all its frames behind this one's.

    CPython keeps frames in chunks of 16 KB, and maps and unmaps one at each call that crosses a
    boundary: a training loop that happens to be there does so thousands of times. A frame of half
    a megabyte gets a chunk of twice that size, of which only the address space is used.
    """
    main(request, reply)


_in_one_chunk.__code__ = _in_one_chunk.__code__.replace(co_stacksize=1 << 16)


def entry_point(entry: str) -> Any:
    """Return the function that `module:function` names."""
    module, _, name = entry.partition(":")
    return getattr(importlib.import_module(module), name)


def open_streams() -> None:
    """Open the job's own standard streams: UTF-8, line-buffered, in the order printed."""
    sys.stdin = open(STDIN, encoding="utf-8", closefd=False)  # noqa: SIM115 - open to the end
    sys.stdout = open(STDOUT, "w", encoding="utf-8", errors="replace", buffering=1, closefd=False)  # noqa: SIM115
    sys.stderr = open(  # noqa: SIM115
        STDERR, "w", encoding="utf-8", errors="backslashreplace", buffering=1, closefd=False
    )


def _mirror(status: int) -> NoReturn:
    """End this process the way the job ended."""
    code = os.waitstatus_to_exitcode(status)
    if code < 0:
        signal.pthread_sigmask(signal.SIG_SETMASK, ())
        with contextlib.suppress(OSError):
            signal.signal(-code, signal.SIG_DFL)
        os.kill(os.getpid(), -code)
    os._exit(code & 0xFF)


@contextlib.contextmanager
def _fault_ends() -> Iterator[None]:
    """Report any exception of the block on the status pipe and end this process."""
    try:
        yield
    except BaseException as error:
        with contextlib.suppress(BaseException):
            _report(STATUS, {"fault": f"{error}"[:2000] or type(error).__name__})
        os._exit(FAULT_EXIT)


def data_mb() -> int:
    """Return this process's private writable memory in MB, as RLIMIT_DATA counts it."""
    with open("/proc/self/status", encoding="ascii") as lines:
        for line in lines:
            if line.startswith("VmData:"):
                return int(line.split()[1]) // 1024
    return 0


def main(arguments: list[str]) -> int:
    """Import the modules, report readiness or the fault, and serve."""
    control = socket.socket(fileno=int(arguments[0]))
    began = time.monotonic()
    try:
        preload([name for name in arguments[1].split(",") if name])
    except Exception as error:
        control.send(json.dumps({"fault": f"{type(error).__name__}: {error}"}).encode())
        return 1
    seconds = round(time.monotonic() - began, 3)
    ready = {"ready": seconds, "pid": os.getpid(), "data_mb": data_mb()}
    control.send(json.dumps(ready).encode())
    Server(control).serve()
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
