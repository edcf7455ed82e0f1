"""Bits of hidden labels that attempts can learn: with exact points, in quarters, by pass or fail.

    python benchmarks/hidden_labels.py [--labels 50] [--seeds 20]

An attacker hands in answers for hidden data and reads only the points of one hidden criterion, as
`gradebook.shown_points` shows them. With exact points they ask for the sum of a block of labels and
halve it where it is not clear; with steps they walk to the edge of one and change one label at a
time across it. What is counted is what the attacker then knows for certain, in bits.
"""

from __future__ import annotations

import argparse
import math
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from statistics import mean

from autograder.gradebook.scores.visible_points import shown_points

CHECKPOINTS = (3, 10, 42, 100)  # a day, a few days, and two weeks of attempts; a hundred
POLICIES: dict[str, Callable[[float, float], float]] = {
    "exact points (before)": lambda points, most: shown_points(points, most, "number"),
    "quarters (now)": lambda points, most: shown_points(points, most, "verdict"),
    "pass or fail": lambda points, most: most if points >= most else 0.0,
    "none": lambda points, most: shown_points(points, most, "none"),
}


@dataclass
class Oracle:
    """A hidden criterion: its points are the labels that are right."""

    labels: list[int]
    shown: Callable[[float, float], float]
    spent: int = 0

    def ask(self, guess: list[int]) -> float:
        self.spent += 1
        right = sum(a == b for a, b in zip(guess, self.labels, strict=True))
        return self.shown(float(right), float(len(self.labels)))


@dataclass
class Known:
    """What the attacker knows for certain: classes that are still possible, label by label."""

    possible: list[set[int]]
    classes: int
    history: list[float] = field(default_factory=list)  # bits after each attempt

    def bits(self) -> float:
        return sum(math.log2(self.classes / len(one)) for one in self.possible)

    def note(self, oracle: Oracle) -> None:
        while len(self.history) < oracle.spent:
            self.history.append(self.bits())


def by_sums(oracle: Oracle, guess: list[int], known: Known) -> Iterator[None]:
    """With exact points: change blocks of labels, and halve a block whose sum is not clear."""
    base = oracle.ask(guess)
    known.note(oracle)
    yield
    size = len(guess)
    for other in range(1, known.classes):
        blocks = [list(range(at, min(at + 3, size))) for at in range(0, size, 3)]
        while blocks:
            block = [at for at in blocks.pop() if len(known.possible[at]) > 1]
            if not block:
                continue
            changed = list(guess)
            for at in block:
                changed[at] = (guess[at] + other) % known.classes
            change = oracle.ask(changed) - base
            _conclude(known, guess, changed, block, round(change))
            known.note(oracle)
            yield
            if len(block) > 1 and any(changed[at] in known.possible[at] for at in block):
                middle = len(block) // 2
                blocks += [block[:middle], block[middle:]]


def _conclude(
    known: Known, guess: list[int], changed: list[int], block: list[int], change: int
) -> None:
    """A block that gains or loses all it can says all; a single label that stays says two."""
    if change == len(block):
        for at in block:
            known.possible[at] = {changed[at]}
    elif change == -len(block):
        for at in block:
            known.possible[at] = {guess[at]}
    elif len(block) == 1 and change == 0:
        known.possible[block[0]] -= {guess[block[0]], changed[block[0]]}


def by_steps(oracle: Oracle, guess: list[int], known: Known, rng: random.Random) -> Iterator[None]:
    """With steps: walk until one is crossed, then change one label at a time beside its edge."""
    order = list(range(len(guess)))
    here, edge = list(guess), None
    before = oracle.ask(here)
    known.note(oracle)
    yield
    while edge is None:  # change labels at random, and keep it: somewhere a step is crossed
        tried = list(here)
        at = rng.choice(order)
        tried[at] = rng.choice([c for c in range(known.classes) if c != here[at]])
        now = oracle.ask(tried)
        if now < before:  # what was there was right, and the step is lost without it
            known.possible[at] = {here[at]}
            edge = here
        elif now > before:
            known.possible[at] = {tried[at]}
            edge = tried
        here, before = tried, now
        known.note(oracle)
        yield
    top = oracle.shown(
        float(sum(a == b for a, b in zip(edge, oracle.labels, strict=True))), float(len(edge))
    )  # known: it was asked
    rng.shuffle(order)
    for at in order:  # at the edge itself one right label less is seen
        if len(known.possible[at]) == 1:
            continue
        tried = list(edge)
        tried[at] = next(c for c in known.possible[at] if c != edge[at])
        if oracle.ask(tried) < top:
            known.possible[at] = {edge[at]}
        else:
            known.possible[at] -= {edge[at]}
        known.note(oracle)
        yield


def learned(policy: str, labels: int, classes: int, right: float, seed: int) -> list[float]:
    """Bits known after each of a hundred attempts; the attacker's model has this accuracy."""
    rng = random.Random(seed)
    truth = [rng.randrange(classes) for _ in range(labels)]
    guess = [t if rng.random() < right else rng.randrange(classes) for t in truth]
    oracle = Oracle(truth, POLICIES[policy])
    known = Known([set(range(classes)) for _ in truth], classes)
    if policy.startswith("exact"):
        attack = by_sums(oracle, guess, known)
    else:
        attack = by_steps(oracle, guess, known, rng)
    for _ in attack:
        if oracle.spent >= CHECKPOINTS[-1]:
            break
    return known.history + [known.bits()] * (CHECKPOINTS[-1] - len(known.history))


def answers(policy: str, labels: int) -> int:
    """How many different answers one attempt can get: no attacker learns more than its log2."""
    return len({POLICIES[policy](float(n), float(labels)) for n in range(labels + 1)})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--labels", type=int, default=50)
    parser.add_argument("--seeds", type=int, default=20)
    given = parser.parse_args()
    for classes, right in ((2, 0.5), (10, 0.1), (10, 0.7)):
        whole = given.labels * math.log2(classes)
        print(
            f"\n{given.labels} hidden labels of {classes} classes ({whole:.0f} bits); the attacker "
            f"begins with {right:.0%} accuracy beyond chance"
        )
        heads = "".join(f"{f'after {n}':>11}" for n in CHECKPOINTS)
        print(f"{'what is shown':<24}{'bits an attempt, at most':>26}{heads}")
        for policy in POLICIES:
            runs = [learned(policy, given.labels, classes, right, s) for s in range(given.seeds)]
            means = "".join(f"{mean(run[n - 1] for run in runs):>11.1f}" for n in CHECKPOINTS)
            print(f"{policy:<24}{math.log2(answers(policy, given.labels)):>26.2f}{means}")


if __name__ == "__main__":
    main()
