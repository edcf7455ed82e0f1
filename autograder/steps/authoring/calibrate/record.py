"""Scores by seed in `source/A/calibration.json`, saved after every run and read by the next."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from autograder import atomic_files
from autograder.nouns import Assignment
from autograder.steps.authoring.validate.thresholds import (
    FILE,
    FORMAT,
    measured_with,
    other_majors,
    read_calibration,
)

ABOUT = (
    "Written by `autograder calibrate`: the scores of the solution and of each mistake by seed, "
    "[first attempt, second attempt], and what they allow to demand. Commit it with the notebook."
)
REFERENCE, CHECK = "reference", "check"
Score = float | None
Scores = Mapping[str, list[Score]]  # criterion -> one score for each attempt


@dataclass
class Entry:
    """Scores of one task. One thread adds to it, run by run."""

    code: str
    files: str
    versions: dict[str, str]
    scores: dict[str, dict[int, dict[str, list[Score]]]] = field(default_factory=dict)
    criteria: dict[str, Any] = field(default_factory=dict)

    def add(self, who: str, seed: int, scores: Scores) -> None:
        """Record one run of the reference, of a check, or of a mistake (by its name)."""
        kept = {name: [_short(s) for s in many] for name, many in scores.items()}
        self.scores.setdefault(who, {})[seed] = kept

    def has(self, who: str, seed: int) -> bool:
        return seed in self.scores.get(who, {})

    def of(self, who: str, criterion: str) -> list[list[Score]]:
        """Return the scores of one criterion, ordered by seed."""
        runs = self.scores.get(who, {})
        return [runs[seed][criterion] for seed in sorted(runs) if criterion in runs[seed]]

    def as_json(self) -> dict[str, Any]:
        """Return the entry as JSON values: seeds as text, runs in order."""
        return {
            "versions": self.versions,
            "code": self.code,
            "files": self.files,
            "criteria": self.criteria,
            "scores": {
                who: {str(seed): runs[seed] for seed in sorted(runs)}
                for who, runs in sorted(self.scores.items(), key=lambda i: (i[0] != REFERENCE, i))
            },
        }


def _short(score: Score) -> Score:
    return None if score is None else float(f"{score:.6g}")


class Record:
    """Calibration of one assignment."""

    def __init__(self, assignment: Assignment) -> None:
        self._path = assignment.path / FILE
        self._before = read_calibration(assignment)
        self.entries: dict[str, Entry] = {}
        self.dropped: list[str] = []

    def open(self, key: str, *, code: str, files: str) -> Entry:
        """Return the entry of a task; reuse old scores unless code, files or versions changed."""
        old = self._before.get(key)
        fresh = Entry(code, files, measured_with())
        if old is not None:
            reasons = list(_outdated(old, code, files))
            if reasons:
                self.dropped.append(f"{key}: measured again, for {', '.join(reasons)}")
            else:
                fresh.versions = dict(old["versions"])
                fresh.scores = {
                    who: {int(seed): dict(run) for seed, run in runs.items()}
                    for who, runs in old["scores"].items()
                }
        self.entries[key] = fresh
        return fresh

    def save(self) -> None:
        """Write the file atomically; tasks that no longer exist are left out."""
        data = {
            "format": FORMAT,
            "about": ABOUT,
            "tasks": {key: entry.as_json() for key, entry in self.entries.items()},
        }
        text = "\n".join(_lines(data)) + "\n"
        atomic_files.write(self._path, text.encode(), mode=0o644)


def _outdated(old: Mapping[str, Any], code: str, files: str) -> Iterator[str]:
    if old.get("code") != code:
        yield "its code has changed"
    if old.get("files") != files:
        yield "a file of the assignment has changed"
    for other in other_majors(old.get("versions", {})):
        yield f"it was measured with {other}"


def _lines(data: Mapping[str, Any]) -> Iterator[str]:
    """Yield the lines of the JSON text, one for each run, so that diffs are readable."""
    text = json.dumps(data, ensure_ascii=False, indent=1)
    joined: list[str] = []
    depth = 0
    for line in text.split("\n"):
        bare = line.strip()
        opens = bare.endswith("{") and bare[1:2].isdigit()
        if depth:
            joined[-1] += (" " if joined[-1].endswith(",") else "") + bare
            depth += bare.count("[") + bare.count("{") - bare.count("]") - bare.count("}")
        else:
            joined.append(line)
            depth = 1 if opens else 0
    yield from joined
