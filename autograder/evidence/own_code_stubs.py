"""Stand-ins for the student's own parts of `compile()`: a name and no code.

Grading rebuilds the model around them. They show that the part exists ("the loss focal"). Computing
with one raises an error that says why this is impossible; training is left to the student's own
process.
"""

from __future__ import annotations

from functools import cache
from typing import Any

PACKAGE = "autograder"


class NotHere(NotImplementedError):
    """Attempt to compute a student's own part outside the student's process."""


def _refuse(kind: str, name: str) -> Any:
    raise NotHere(f"the {kind} {name} is your own: only your notebook can compute it")


@cache
def classes() -> tuple[type, ...]:
    """Return the stand-ins; made on first use, as Keras is slow to import."""
    import keras

    class OwnLoss(keras.Loss):  # type: ignore[misc]
        """A loss of the student's own."""

        def __init__(self, name: str = "own", **_: Any) -> None:
            super().__init__(name=name)

        def call(self, y_true: Any, y_pred: Any) -> Any:  # noqa: ARG002
            return _refuse("loss", self.name)

        def get_config(self) -> dict[str, Any]:
            return {"name": self.name}

    class OwnMetric(keras.Metric):  # type: ignore[misc]
        """A metric of the student's own: it does not affect the others, and has no value."""

        def update_state(self, *_: Any, **__: Any) -> None:
            """Ignore the batch."""

        def result(self) -> Any:
            return float("nan")

        def get_config(self) -> dict[str, Any]:
            return {"name": self.name}

    class OwnSchedule(keras.optimizers.schedules.LearningRateSchedule):  # type: ignore[misc]
        """A learning-rate schedule of the student's own, and its rate when it was captured."""

        def __init__(self, name: str = "own", rate: float = 0.0) -> None:
            self.name, self.rate = name, float(rate)

        def __call__(self, step: Any) -> Any:  # noqa: ARG002
            return keras.ops.convert_to_tensor(self.rate, "float32")

        def get_config(self) -> dict[str, Any]:
            return {"name": self.name, "rate": self.rate}

    class OwnOptimizer(keras.Optimizer):  # type: ignore[misc]
        """An optimizer of the student's own, and its learning rate."""

        def __init__(self, learning_rate: Any = 0.0, name: str = "own", **_: Any) -> None:
            super().__init__(learning_rate=learning_rate, name=name)

        def update_step(self, *_: Any, **__: Any) -> None:
            _refuse("optimizer", self.name)

        def get_config(self) -> dict[str, Any]:
            rate = float(keras.ops.convert_to_numpy(self.learning_rate))
            return {"name": self.name, "learning_rate": rate}

    found = (OwnLoss, OwnMetric, OwnSchedule, OwnOptimizer)
    for one in found:
        one.__module__, one.__qualname__ = __name__, one.__name__
        keras.saving.register_keras_serializable(PACKAGE)(one)  # a clone is compiled with them too
    return found


def node(kind: str, name: str, **more: Any) -> dict[str, Any]:
    """Return the config of a stand-in; `kind` is Loss, Metric, Schedule or Optimizer."""
    class_name = f"Own{kind}"
    return {
        "module": __name__,
        "class_name": class_name,
        "config": {"name": name, **more},
        "registered_name": registered_name(class_name),
    }


def registered_name(class_name: str) -> str:
    """Return the name under which Keras knows a stand-in."""
    return f"{PACKAGE}>{class_name}"


def is_stand_in(value: Any) -> bool:
    """Return whether a value stands for a part of the student's own."""
    return type(value).__module__ == __name__ and type(value).__name__.startswith("Own")
