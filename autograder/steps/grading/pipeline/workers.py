"""The two warm servers that run student cells and check criteria within a `with` block."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

from autograder.sandbox.supervisor import isolation_level
from autograder.sandbox.supervisor.cores import Cores
from autograder.sandbox.supervisor.warm_server import WarmServer


class Workers:
    """One server for student cells and one for criteria, strictly separate."""

    def __init__(self, *, sandbox: bool = True, parallel: int = 1) -> None:
        self.tier = isolation_level.choose(sandbox=sandbox)
        self.parallel = parallel
        cores = Cores(parallel)
        self.students = WarmServer("inside", tier=self.tier, cores=cores)
        self.checkers = WarmServer("checking", tier=self.tier, cores=cores)

    def __enter__(self) -> Workers:
        return self

    def __exit__(self, *_: Any) -> None:
        with ThreadPoolExecutor(2) as both:  # in parallel: each may have jobs to end
            list(both.map(WarmServer.close, (self.students, self.checkers)))

    @property
    def notes(self) -> tuple[str, ...]:
        """Notes for graders on the servers, such as restarts and fresh processes."""
        return (*self.students.notes, *self.checkers.notes)
