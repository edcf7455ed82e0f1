"""The two warm servers that everything is run and checked by, for as long as a block lasts."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

from autograder.sandbox import tiers
from autograder.sandbox.cores import Cores
from autograder.sandbox.supervisor import WarmServer


class Workers:
    """One server for students' cells, one for criteria; they never meet."""

    def __init__(self, *, sandbox: bool = True, parallel: int = 1) -> None:
        self.tier = tiers.choose(sandbox=sandbox)
        self.parallel = parallel
        cores = Cores(parallel)
        self.students = WarmServer("inside", tier=self.tier, cores=cores)
        self.checkers = WarmServer("checking", tier=self.tier, cores=cores)

    def __enter__(self) -> Workers:
        return self

    def __exit__(self, *_: Any) -> None:
        with ThreadPoolExecutor(2) as both:  # each may have jobs to end
            list(both.map(WarmServer.close, (self.students, self.checkers)))

    @property
    def notes(self) -> tuple[str, ...]:
        """What whoever grades should know of the servers: restarts, fresh processes."""
        return (*self.students.notes, *self.checkers.notes)
