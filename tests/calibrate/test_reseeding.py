"""Other seeds, and nothing else."""

from __future__ import annotations

import ast

import pytest

from autograder.steps.authoring.calibrate.reseeding import Reseeded, reseeded


@pytest.mark.parametrize(
    ("code", "moved"),
    [
        ("keras.utils.set_random_seed(432)", "keras.utils.set_random_seed(442)"),
        ("np.random.seed( 0 )", "np.random.seed( 10 )"),
        ("tf.random.set_seed(1_000)", "tf.random.set_seed(1010)"),
        (
            "층 = np.random.default_rng(5); b = default_rng(6)",
            "층 = np.random.default_rng(15); b = default_rng(16)",
        ),
        ("train_test_split(x, random_state=0)", "train_test_split(x, random_state=10)"),
        ("Dense(32, seed=1)", "Dense(32, seed=11)"),
        ("model.fit(x, epochs=5)", "model.fit(x, epochs=5)"),
        ("default_rng(seed)", "default_rng(seed)"),
        ("x = 'set_random_seed(4)'  # seed(3)", "x = 'set_random_seed(4)'  # seed(3)"),
        ("def (", "def ("),
    ],
)
def test_every_seed_moves_and_nothing_else(code: str, moved: str) -> None:
    assert reseeded(code, 10) == moved


def test_the_first_cell_begins_by_seeding() -> None:
    code = Reseeded(3)("x = 1", True)
    assert "set_random_seed(3)" in code
    assert code.endswith("\nx = 1")
    ast.parse(code)
    assert Reseeded(3)("x = 1", False) == "x = 1"


def test_a_cell_magic_stays_the_first_line() -> None:
    assert Reseeded(3)("%%time\nx = 1", True).startswith("%%time\nimport keras")
