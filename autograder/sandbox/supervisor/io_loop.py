"""Thread that transfers the bytes of all jobs and checks their clocks."""

from __future__ import annotations

import contextlib
import os
import selectors
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from typing import Protocol, TypeVar

T = TypeVar("T")

TICK = 0.1  # seconds between two checks of the jobs


class Served(Protocol):
    """Interface of a job to the pump, called from the pump's thread only."""

    def ready(self, fd: int) -> None: ...

    def tick(self, now: float) -> None: ...


class Pump:
    """Calls a job's `ready(fd)` when its descriptor is ready, and `tick` every TICK seconds."""

    def __init__(self) -> None:
        self._selector = selectors.DefaultSelector()
        self._lock = threading.Lock()
        self._wanted: dict[int, tuple[int, Served]] = {}  # changes requested, by descriptor
        self._closing: list[int] = []
        self._tasks: list[Callable[[], None]] = []
        self._jobs: set[Served] = set()
        self._wake_read, self._wake_write = os.pipe()
        os.set_blocking(self._wake_read, False)
        os.set_blocking(self._wake_write, False)
        self._selector.register(self._wake_read, selectors.EVENT_READ)
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name="sandbox-pump", daemon=True)
        self._thread.start()

    def add(self, job: Served) -> None:
        """Start ticking a job."""
        with self._lock:
            self._jobs.add(job)
        self._wake()

    def remove(self, job: Served) -> None:
        """Stop ticking a job."""
        with self._lock:
            self._jobs.discard(job)

    def watch(self, fd: int, events: int, job: Served) -> None:
        """Set the events to wait for on a descriptor, from any thread; 0 means none."""
        with self._lock:
            self._wanted[fd] = (events, job)
        self._wake()

    def close(self, fd: int) -> None:
        """Close a descriptor in the pump's own thread, so that its number is not reused earlier."""
        with self._lock:
            self._wanted.pop(fd, None)
            self._closing.append(fd)
        if threading.current_thread() is self._thread:
            self._apply()
        else:
            self._wake()

    def call(self, function: Callable[[], T]) -> T:
        """Call a function in the pump's thread, wait for it, and return its result.

        A process set to die with its parent dies with the *thread* that started it.
        """
        future: Future[T] = Future()

        def task() -> None:
            try:
                future.set_result(function())
            except BaseException as error:
                future.set_exception(error)

        with self._lock:
            self._tasks.append(task)
        self._wake()
        return future.result()

    def stop(self) -> None:
        """Stop the thread."""
        self._stopping = True
        self._wake()
        self._thread.join(5)
        self._selector.close()
        os.close(self._wake_read)
        os.close(self._wake_write)

    def _wake(self) -> None:
        if threading.current_thread() is not self._thread:
            with contextlib.suppress(BlockingIOError):
                os.write(self._wake_write, b"x")

    def _apply(self) -> None:
        with self._lock:
            wanted, self._wanted = self._wanted, {}
            closing, self._closing = self._closing, []
            tasks, self._tasks = self._tasks, []
        for task in tasks:
            task()
        for fd in closing:
            with contextlib.suppress(KeyError):
                self._selector.unregister(fd)
            os.close(fd)
        for fd, (events, job) in wanted.items():
            known = fd in self._selector.get_map()
            if events and known:
                self._selector.modify(fd, events, job)
            elif events:
                self._selector.register(fd, events, job)
            elif known:
                self._selector.unregister(fd)

    def _run(self) -> None:
        last = 0.0
        while not self._stopping:
            self._apply()
            idle = not self._jobs
            for key, _ in self._selector.select(None if idle else TICK):
                if key.fd == self._wake_read:
                    with contextlib.suppress(BlockingIOError):
                        os.read(self._wake_read, 4096)
                elif key.fd in self._selector.get_map():
                    key.data.ready(key.fd)
            now = time.monotonic()
            if now - last >= TICK:
                last = now
                with self._lock:
                    jobs = tuple(self._jobs)
                for job in jobs:
                    job.tick(now)
