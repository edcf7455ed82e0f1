"""Every attack gets what it wants without the measure, nothing with it, and harms nobody after."""

from __future__ import annotations

import platform
from collections.abc import Iterator
from typing import Any

import pytest

from autograder.sandbox.lockdown.isolation import Tier
from autograder.sandbox.supervisor.warm_server import WarmServer
from tests.sandbox.attacks import (
    LOOSE,
    TIGHT,
    Attack,
    all_attacks,
    applies,
    bait,
    evaded,
    honest,
    unshown,
)
from tests.sandbox.conftest import held_here, serve

pytestmark = [
    pytest.mark.attack,
    pytest.mark.skipif(platform.machine() != "x86_64", reason="attacks name calls by number"),
]
ATTACKS = all_attacks()


@pytest.fixture(scope="module")
def caught() -> Iterator[dict[str, Any]]:
    with bait() as things:
        yield things


@pytest.fixture(scope="module", params=[Tier.FULL, Tier.PARTIAL], ids=str)
def isolated(request: pytest.FixtureRequest) -> Iterator[WarmServer]:
    with serve(held_here(request.param)) as server:
        yield server


@pytest.fixture(scope="module")
def open_server() -> Iterator[WarmServer]:
    with serve(Tier.NONE) as server:
        yield server


def name(attack: Attack) -> str:
    return f"{attack.threat}: {attack.name}"


@pytest.mark.parametrize("attack", ATTACKS, ids=name)
def test_without_the_measure_it_gets_what_it_wants(
    attack: Attack, open_server: WarmServer, caught: dict[str, Any]
) -> None:
    if why := unshown(attack):
        pytest.skip(why)
    tried = evaded(attack, open_server, caught, LOOSE)
    assert tried.got, tried


@pytest.mark.parametrize("attack", ATTACKS, ids=name)
def test_with_the_measure_it_gets_nothing(
    attack: Attack, isolated: WarmServer, caught: dict[str, Any]
) -> None:
    if not applies(attack, isolated.tier):
        pytest.skip(f"tier {isolated.tier} does not hold this")
    tried = evaded(attack, isolated, caught, TIGHT)
    assert not tried.got, tried
    assert not tried.outcome.fault
    assert tried.outcome.limit == attack.limit, tried
    if attack.error:
        assert tried.error == attack.error
    assert honest(isolated)
