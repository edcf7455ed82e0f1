"""Resource use of a job's process tree, read from /proc by the supervisor."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, field

_TICK = os.sysconf("SC_CLK_TCK")
_PAGE = os.sysconf("SC_PAGE_SIZE")


def descendants(pid: int) -> Iterator[int]:
    """Yield the ids of the processes below `pid`, parents first."""
    below = list(_children(pid))
    while below:
        child = below.pop(0)
        yield child
        below += _children(child)


def find(root: int, inner: int) -> int:
    """Return the outer pid of the process, from `root` down, whose own pid is `inner`; else 0.

    `root` is checked first, then its descendants.
    """
    for pid in (root, *descendants(root)):
        seen = _namespace_pids(pid)
        if seen and seen[-1] == inner:
            return pid
    return 0


@dataclass
class Tree:
    """Process tree of one job; call `look()` at intervals."""

    root: int  # the keeper's pid, as seen here
    peak_mb: float = 0.0
    processes: int = 0
    _seen: dict[tuple[int, int], float] = field(default_factory=dict)  # (pid, start): CPU seconds
    _waited: float = 0.0

    def look(self, limit_mb: float) -> tuple[float, float]:
        """Return CPU seconds so far and MB of memory now; exact memory only near the limit.

        Exact memory counts pages shared with the warm server by share. The CPU time of processes
        that ended between two looks counts once their parent waits for them.
        """
        pids = list(descendants(self.root))
        self.processes = len(pids)
        waited = 0.0
        for pid in (self.root, *pids):
            times = _times(pid)
            if times:
                start, own, of_children = times
                self._seen[pid, start] = own
                waited += own + of_children
        self._waited = max(self._waited, waited)
        memory = sum(map(_anonymous_mb, pids))
        if memory > limit_mb:
            memory = sum(map(_proportional_mb, pids))
        self.peak_mb = max(self.peak_mb, memory)
        return max(sum(self._seen.values()), self._waited), memory


def delayed(root: int) -> float:
    """Return the longest time in seconds that a thread below `root` was ready but had no core."""
    longest = 0
    for pid in (root, *descendants(root)):
        try:
            threads = os.listdir(f"/proc/{pid}/task")
        except OSError:
            continue
        for thread in threads:
            words = _read(f"/proc/{pid}/task/{thread}/schedstat").split()
            if len(words) == 3:
                longest = max(longest, int(words[1]))
    return longest / 1e9


def _children(pid: int) -> list[int]:
    found: list[int] = []
    try:
        for task in os.listdir(f"/proc/{pid}/task"):
            found += map(int, _read(f"/proc/{pid}/task/{task}/children").split())
    except OSError:
        return []
    return found


def _namespace_pids(pid: int) -> list[int]:
    for line in _read(f"/proc/{pid}/status").splitlines():
        if line.startswith("NSpid:"):
            return [int(word) for word in line.split()[1:]]
    return []


def _times(pid: int) -> tuple[int, float, float] | None:
    """Return start time, own CPU seconds, and CPU seconds of children waited for."""
    words = _read(f"/proc/{pid}/stat").rpartition(")")[2].split()
    if len(words) < 20:
        return None
    user, system, child_user, child_system = map(int, words[11:15])
    return int(words[19]), (user + system) / _TICK, (child_user + child_system) / _TICK


def _anonymous_mb(pid: int) -> float:
    """Return the process's memory that no file backs, in MB, with shared pages counted in full."""
    kilobytes = 0
    for line in _read(f"/proc/{pid}/status").splitlines():
        if line.startswith(("RssAnon:", "RssShmem:", "VmSwap:")):
            kilobytes += int(line.split()[1])
    return kilobytes / 1024


def _proportional_mb(pid: int) -> float:
    """Return the process's memory in MB, with shared pages divided among their sharers."""
    text = _read(f"/proc/{pid}/smaps_rollup")
    if not text:
        return _anonymous_mb(pid)
    kilobytes = 0
    for line in text.splitlines():
        if line.startswith(("Pss_Anon:", "Pss_Shmem:", "SwapPss:")):
            kilobytes += int(line.split()[1])
    return kilobytes / 1024


def _read(path: str) -> str:
    try:
        with open(path, encoding="ascii", errors="replace") as file:
            return file.read()
    except OSError:
        return ""
