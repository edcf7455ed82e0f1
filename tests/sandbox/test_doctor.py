"""What `autograder doctor` finds, as root and as an ordinary user."""

from __future__ import annotations

import json
import os
import sys
from datetime import datetime, timezone

import pytest

from autograder import config
from autograder.errors import SandboxFault
from autograder.sandbox.lockdown.isolation import Tier
from autograder.sandbox.supervisor import isolation_level
from autograder.sandbox.supervisor.isolation_level import Probe
from autograder.steps.operations.doctor import Finding, doctor
from tests.sandbox import ordinary
from tests.sandbox.conftest import held_here

_REPORT = (
    "import json; from autograder.steps.operations.doctor import doctor; "
    "print(json.dumps(doctor(quick=True).as_json()))"
)


def test_every_probe_is_held_where_the_doctor_says_tier_a() -> None:
    held_here(Tier.FULL)
    seen: list[Finding] = []
    report = doctor(quick=True, progress=seen.append)
    assert (report.tier, report.ok) == ("A", True)
    assert report.findings == tuple(seen)
    probes = [f for f in report.findings if f.area == "tier A"]
    assert len(probes) >= 17
    assert all(f.ok for f in probes)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become an ordinary user")
def test_an_ordinary_user_has_tier_a_wherever_the_interpreter_is() -> None:
    held_here(Tier.FULL)
    done = ordinary.run([sys.executable, "-c", _REPORT], capture_output=True, timeout=120)
    report = json.loads(done.stdout)
    assert report["tier"] == "A", done.stdout + done.stderr
    assert any("ordinary user (uid 1234)" in f["seen"] for f in report["findings"])


def test_without_bubblewrap_and_landlock_nothing_is_graded_unless_asked_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    broken = (Probe("a job starts", held=False, got="bwrap: no permissions"),)
    monkeypatch.setattr(isolation_level, "examine", lambda tier: broken)
    isolation_level.find.cache_clear()
    try:
        assert isolation_level.find() is Tier.NONE
        with pytest.raises(SandboxFault, match="--no-sandbox"):
            isolation_level.choose()
        assert isolation_level.choose(sandbox=False) is Tier.NONE
        report = doctor(quick=True)
        assert (report.tier, report.ok) == ("UNSANDBOXED", False)
        assert any(f.seen == "bwrap: no permissions" for f in report.findings)
    finally:
        monkeypatch.undo()
        isolation_level.find.cache_clear()


def test_a_probe_that_tier_b_cannot_hold_does_not_count_against_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    found = {
        Tier.FULL: (Probe("a job starts", held=False, got="no user namespaces"),),
        Tier.PARTIAL: (Probe("disk is limited", held=False, got="wrote", needed=False),),
    }
    monkeypatch.setattr(isolation_level, "examine", found.__getitem__)
    isolation_level.find.cache_clear()
    try:
        assert isolation_level.find() is Tier.PARTIAL
    finally:
        monkeypatch.undo()
        isolation_level.find.cache_clear()


def test_a_machine_without_bubblewrap_is_told_how_to_get_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("shutil.which", lambda name: None)
    assert "install bubblewrap: apt install bubblewrap" in isolation_level.ways_out()


def test_due_dates_that_are_seldom_meant_are_told(tmp_path) -> None:
    year = datetime.now(timezone.utc).year
    due = {"a": f"{year}-12-01", "b": f"{year + 180}-12-01 18:00", "c": f"{year}-12-01 00:00"}
    for name in due:
        (tmp_path / "source" / name).mkdir(parents=True)
    due["hw*"] = f"{year}-12-01 18:00"
    (tmp_path / config.FILE).write_text(f"c = get_config()\nc.Course.due = {due!r}\n")
    told = [f for f in doctor(config.load(tmp_path), quick=True).findings if "due" in f.name]
    assert [(f.name, f.seen) for f in told] == [
        ("due date of a", f"{year}-12-01 is 00:00, when that day begins"),
        ("due date of b", f"{year + 180}-12-01 18:00 is 180 years ahead"),
        ("due date of hw*", "there is no assignment 'hw*' in source/"),
    ]
    assert told[0].way_out == f"write '{year}-12-01 23:59' if the whole day is meant"
    assert not any(f.ok or f.matters for f in told)
