"""Every attack on the portal gets something without its measure, and nothing with it."""

from __future__ import annotations

import pytest

from .attacks import ATTACKS, PortalAttack

pytestmark = pytest.mark.attack


def name(attack: PortalAttack) -> str:
    return f"{attack.threat}: {attack.name}"


@pytest.mark.parametrize("attack", ATTACKS, ids=name)
def test_without_the_measure_it_gets_what_it_wants(attack, course):
    with attack.weakened():
        assert attack.get(course)


@pytest.mark.parametrize("attack", ATTACKS, ids=name)
def test_with_the_measure_it_gets_nothing(attack, course):
    assert not attack.get(course)
