"""Checks of this machine for a course: every probe, and the remedy for each failure."""

from __future__ import annotations

import os
import platform
import shlex
import shutil
import stat
import sys
import time
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from datetime import datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from sqlalchemy import make_url

from autograder.config.course import Course
from autograder.errors import AutograderError
from autograder.sandbox.lockdown import landlock, seccomp
from autograder.sandbox.lockdown.isolation import Tier
from autograder.sandbox.supervisor import isolation_level
from autograder.sandbox.supervisor.warm_server import WarmServer

FAR_YEARS = 3  # a due date further away is probably a typing error
JOURNALS = ("-wal", "-shm", "-journal")
Progress = Callable[["Finding"], None]


@dataclass(frozen=True)
class Finding:
    """One check: whether it passed, what was found, and the remedy if it failed."""

    area: str  # "machine", "tier A", "tier B", "warm server", "course"
    name: str
    ok: bool
    seen: str = ""
    way_out: str = ""
    matters: bool = True  # False: information only, not a failure


@dataclass(frozen=True)
class DoctorReport:
    """The tier of this machine and all findings."""

    tier: str
    findings: tuple[Finding, ...]

    @property
    def ok(self) -> bool:
        """True if student code can be graded here and no check that matters failed."""
        amiss = any(not f.ok and f.matters for f in self.findings)
        return self.tier != str(Tier.NONE) and not amiss

    def as_json(self) -> dict[str, Any]:
        return {
            "tier": self.tier,
            "ok": self.ok,
            "findings": [asdict(finding) for finding in self.findings],
        }


def doctor(
    course: Course | None = None, *, quick: bool = False, progress: Progress | None = None
) -> DoctorReport:
    """Check everything that grading needs; `quick` skips the warm server, which takes seconds."""
    found = []
    for finding in _findings(course, quick):
        found.append(finding)
        if progress:
            progress(finding)
    return DoctorReport(str(isolation_level.find()), tuple(found))


def _findings(course: Course | None, quick: bool) -> Iterator[Finding]:
    yield from _machine()
    yield from _tiers()
    if not quick and isolation_level.find() is not Tier.NONE:
        yield _warm_server()
    if course is not None:
        yield from _course(course)


def _machine() -> Iterator[Finding]:
    area, machine = "machine", platform.machine()
    system = f"{platform.system()} {platform.release()}, {machine}, {os.cpu_count()} cores"
    linux = sys.platform == "linux"
    way_out = "" if linux else isolation_level.ways_out()[0]
    yield Finding(area, "system", linux, system, way_out)
    who = "root" if os.geteuid() == 0 else f"an ordinary user (uid {os.geteuid()})"
    yield Finding(area, "runs as", ok=True, seen=who, matters=False)
    bubblewrap = shutil.which("bwrap") or ""
    install = "" if bubblewrap else "apt install bubblewrap"
    yield Finding(area, "bubblewrap", bool(bubblewrap), bubblewrap or "none", install, False)
    if linux:
        abi = landlock.version()
        way_out = (
            "" if abi else "a kernel with Landlock (5.13 or newer), booted with lsm=landlock,…"
        )
        yield Finding(
            area, "Landlock", abi > 0, f"version {abi}" if abi else "none", way_out, False
        )
    known = machine.lower() in seccomp.MACHINES
    way_out = "" if known else "grade on x86-64 or arm64"
    yield Finding(area, "system call filter", known, machine, way_out)
    for package in ("tensorflow", "tensorflow-cpu", "keras", "nbgrader"):
        try:
            yield Finding(area, package, ok=True, seen=version(package), matters=False)
        except PackageNotFoundError:
            continue


def _tiers() -> Iterator[Finding]:
    best = isolation_level.find()
    ways_out = "; ".join(isolation_level.ways_out()) if best is not Tier.FULL else ""
    for tier in (Tier.FULL, Tier.PARTIAL):
        for probe in isolation_level.examine(tier):
            way_out = "" if probe.held else ways_out or _beside(tier, best)
            matters = probe.needed and best is Tier.NONE
            seen = "held" if probe.held else probe.got
            yield Finding(f"tier {tier}", probe.name, probe.held, seen, way_out, matters)
        if tier is best:
            return


def _beside(tier: Tier, best: Tier) -> str:
    return "" if tier is best else f"this machine grades at tier {best}"


def _warm_server() -> Finding:
    began = time.monotonic()
    try:
        with WarmServer("inside", tier=isolation_level.find()) as server:
            imports = server.warm_up()
            notes = "; ".join(server.notes)
    except AutograderError as error:
        return Finding("warm server", "starts and fits a model", False, error.fact, error.way_out)
    seconds = time.monotonic() - began
    seen = notes or f"{seconds:.1f} s, of which imports {imports:.1f} s"
    if isolation_level.find() is Tier.PARTIAL:
        seen = "tier B starts a fresh process for every submission"
    way_out = "" if not notes else "grading works, about three times slower"
    return Finding("warm server", "starts and fits a model", not notes, seen, way_out, False)


def _course(course: Course) -> Iterator[Finding]:
    area = "course"
    yield Finding(area, "folder", course.root.is_dir(), str(course.root))
    writable = os.access(course.root, os.W_OK)
    way_out = "" if writable else f"chown or chmod {course.root}"
    yield Finding(area, "may be written", writable, "yes" if writable else "no", way_out)
    yield from _private(course)
    yield from _due_dates(course)
    free = shutil.disk_usage(course.root).free / 1e9
    way_out = "" if free > 2 else "make room: evidence of a class takes a few GB"
    yield Finding(area, "disk", free > 2, f"{free:.1f} GB free", way_out)


def _private(course: Course) -> Iterator[Finding]:
    """Check that other users of this machine cannot read names, work or scores."""
    shared = bool(course.nbgrader.get("CourseDirectory", {}).get("groupshared"))
    others = stat.S_IRWXO if shared else stat.S_IRWXG | stat.S_IRWXO
    for path in (*_folders(course), *_gradebook(course)):
        try:
            mode = stat.S_IMODE(path.stat().st_mode)
        except OSError:
            continue  # not there yet; it will be created private
        private = not mode & others
        seen = f"{mode:04o}" if private else f"{mode:04o}: others of this machine can open it"
        way_out = "" if private else f"chmod {mode & ~others:04o} {shlex.quote(str(path))}"
        yield Finding("course", f"{path.name} is private", private, seen, way_out)


def _due_dates(course: Course) -> Iterator[Finding]:
    """Report due dates that are seldom meant: of no assignment, without an hour, years away."""
    there = {unicodedata.normalize("NFC", path.name) for path in course.source.glob("*/")}
    for name, written in course.settings.due.items():
        if unicodedata.normalize("NFC", name) not in there:
            seen = f"there is no assignment {name!r} in {course.source.name}/"
            way_out = "a due date takes the assignment's own name, no pattern"
            yield Finding("course", f"due date of {name}", False, seen, way_out, False)
        due = course.moment(written)
        years = due.year - datetime.now(course.zone).year
        if abs(years) > FAR_YEARS:
            seen = f"{written} is {abs(years)} years {'ahead' if years > 0 else 'ago'}"
            yield Finding("course", f"due date of {name}", False, seen, "check the year", False)
        if ":" not in written and (due.hour, due.minute) == (0, 0):
            seen = f"{written} is 00:00, when that day begins"
            way_out = f"write '{due:%Y-%m-%d} 23:59' if the whole day is meant"
            yield Finding("course", f"due date of {name}", False, seen, way_out, False)


def _folders(course: Course) -> tuple[Path, ...]:
    return (course.state, course.submitted, course.autograded, course.feedback)


def _gradebook(course: Course) -> tuple[Path, ...]:
    """Return the gradebook file and its journals; () if a server stores it."""
    url = make_url(course.db_url)
    if url.get_backend_name() != "sqlite" or not url.database:
        return ()
    return tuple(Path(url.database + journal) for journal in ("", *JOURNALS))
