"""Every attack as a line of a table: what it got without the measure and with it.

python -m tests.sandbox.attacks [--tier A|B]
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import Any

from autograder.sandbox.lockdown.isolation import Tier
from autograder.sandbox.supervisor import isolation_level
from autograder.sandbox.supervisor.warm_server import WarmServer
from autograder.steps.grading.pipeline.workers import Workers
from tests.sandbox.attacks import (
    LOOSE,
    TIGHT,
    Attack,
    Attempt,
    all_attacks,
    answers,
    applies,
    bait,
    evaded,
    honest,
    unshown,
)
from tests.sandbox.attacks.notebooks import ATTACKS
from tests.sandbox.conftest import serve

ROW = "{:<9} {:<49} {:<22} {:<30} {:<7} {}"


def main(arguments: list[str]) -> int:
    tier = Tier(arguments[1]) if arguments[:1] == ["--tier"] else isolation_level.choose()
    print(f"tier {tier}; attacks run one after the other, an honest job after each\n")
    print(ROW.format("threat", "attack", "without the measure", "with it", "honest", "measure"))
    bad = unheld = count = 0
    with bait() as caught, serve(Tier.NONE) as open_server, serve(tier) as isolated:
        for attack in all_attacks():
            if not applies(attack, tier):
                unheld += 1
                continue
            count += 1
            cells, good = _row(attack, open_server, isolated, caught)
            bad += not good
            print(ROW.format(*cells), flush=True)
    for line, good in chain(_by_submissions(), _answers()):
        count, bad = count + 1, bad + (not good)
        print(ROW.format(*line), flush=True)
    print(f"\n{count - bad} of {count} attacks got nothing and left an honest job unharmed")
    if unheld:
        print(f"{unheld} were not tried: tier {tier} does not hold them")
    return 1 if bad else 0


def _by_submissions() -> Iterator[tuple[list[str], bool]]:
    """Attacks that are graded as submissions to a course; always at the best tier."""
    with Workers(parallel=2) as workers:
        for attack in ATTACKS:
            with tempfile.TemporaryDirectory() as folder:
                with attack.undone():
                    loose = attack.got(Path(folder, "undone"), workers)
                tried = attack.got(Path(folder, "held"), workers)
            told = [
                f"got {loose}" if loose else "!! nothing",
                f"!! got {tried}" if tried else "nothing",
            ]
            line = [attack.threat, attack.name, *told, "yes", attack.measure]
            yield line, bool(loose) and not tried


def _row(
    attack: Attack, open_server: WarmServer, isolated: WarmServer, caught: dict[str, Any]
) -> tuple[list[str], bool]:
    loose = "—" if unshown(attack) else _told(evaded(attack, open_server, caught, LOOSE))
    tried = evaded(attack, isolated, caught, TIGHT)
    fine = honest(isolated)
    held = not tried.got and tried.outcome.limit == attack.limit and not tried.outcome.fault
    with_it = _told(tried) if held else f"!! {_told(tried)}"
    line = [attack.threat, attack.name, loose, with_it, "yes" if fine else "!! no", attack.measure]
    return line, held and fine and (loose == "—" or loose.startswith("got"))


def _answers() -> Iterator[tuple[list[str], bool]]:
    """The answers that attack what judges them: an honest criterion stands beside each."""
    with Workers() as workers, tempfile.TemporaryDirectory() as folder:
        grade = answers.grader(workers.students, workers.checkers, Path(folder))
        for attack in answers.ATTACKS:
            loose, tried = attack.without(attack, grade), grade(attack)
            with_it = f"!! got {tried}" if tried else "nothing: 0 points"
            line = [attack.threat, attack.name, f"got {loose}"[:22], with_it, "yes", attack.measure]
            yield line, bool(loose) and not tried


def _told(tried: Attempt) -> str:
    return " ".join(_words(tried))


def _words(tried: Attempt) -> Iterator[str]:
    if tried.got:
        yield f"got {tried.got.splitlines()[0][:17]}"
    elif tried.outcome.limit:
        yield f"nothing: limit {tried.outcome.limit}"
    else:
        yield f"nothing: {tried.error or 'refused'}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
