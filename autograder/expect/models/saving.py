"""Checks that a model can be saved and loaded."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from autograder.errors import Fault
from autograder.expect import coerce
from autograder.expect.models import parts
from autograder.expect.verdict import Verdict, check, decide, sentence_of


def loaded(path: Path) -> tuple[Any, str]:
    """Return the model in a file, opened in safe mode; or None and the reason it does not open."""
    import keras

    try:
        return keras.models.load_model(path, safe_mode=True, compile=False), ""
    except (Fault, KeyboardInterrupt):
        raise
    except BaseException as failure:
        first = sentence_of(failure).strip().splitlines()
        return None, (first[0] if first else type(failure).__name__)[:200]


@check
def saves_and_loads(model: Any, inputs: Any = None) -> Verdict:
    """Check that a model, or a .keras file, reloads with built-in layers and gives equal outputs.

    `inputs`: a batch on which outputs are compared; without it, random numbers of the input's
    shape.

    Catches: Lambda layers, classes that are not registered, a file that is not a model.
    Blind to: untrained weights in the file; use `reaches` on the loaded model.
    """
    if isinstance(model, str | Path):
        path = Path(model)
        again, problem = loaded(path) if path.is_file() else (None, "")
        change = 0.0
    else:
        parts.demand_model(model)
        again, problem, change = _round_trip(model, inputs)
    same = again is not None and change <= 1e-5
    return decide(
        same,
        expected="a model file that opens with built-in layers and answers the same",
        got="no file {file}"
        if again is None and not problem
        else "{problem}"
        if again is None
        else "answers that differ by {change}",
        next="Save with model.save('answer.keras'), and avoid Lambda and classes of your own.",
        problem=problem,
        file=Path(model).name if isinstance(model, str | Path) else "",
        change=change,
    )


def _round_trip(model: Any, inputs: Any) -> tuple[Any, str, float]:
    import tempfile  # importing it at the top slows every start of a notebook

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "answer.keras"
        coerce.call(lambda: model.save(path), name="save")
        again, problem = loaded(path)
    if again is None:
        return None, problem, 0.0
    batch = inputs if inputs is not None else _random_batch(model)
    difference = parts.one_answer(model, batch) - parts.one_answer(again, batch)
    return again, "", float(np.abs(difference).max())


def _random_batch(model: Any) -> Any:
    batch = parts.trial_inputs(model, parts.input_shapes(model), n=4)
    rng = np.random.default_rng(0)
    many = batch if isinstance(batch, list) else [batch]
    filled = [b if b.dtype.kind == "i" else rng.normal(size=b.shape).astype(b.dtype) for b in many]
    return filled if isinstance(batch, list) else filled[0]
