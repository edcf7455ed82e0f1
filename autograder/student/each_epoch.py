"""Keras callback that keeps the model and its history after every epoch.

model.fit(..., callbacks=[KeepEachEpoch("unet")])
# after a lost runtime:
unet, history = kept("unet"), kept("unet_history")
unet.fit(..., initial_epoch=len(history.epoch), callbacks=[KeepEachEpoch("unet")])
"""

from __future__ import annotations

import sys
from functools import lru_cache
from typing import Any

from autograder.errors import AutograderError
from autograder.language import translate
from autograder.nouns import fill
from autograder.student import kept_folders


def KeepEachEpoch(name: str, *, history: str = "") -> Any:  # noqa: N802  (it makes a callback)
    """Return a callback that keeps the model under `name` and its history under `history`.

    `history` defaults to `<name>_history`. A run that resumes from a later epoch continues the
    history kept before. If a value cannot be kept, the callback reports it once and training
    continues.
    """
    return _callback_class()(name, history or f"{name}_history")


@lru_cache(maxsize=1)
def _callback_class() -> type:
    import keras

    class Callback(keras.callbacks.Callback):  # type: ignore[misc]
        """Callback that keeps the model and its history after every epoch."""

        def __init__(self, name: str, history_name: str) -> None:
            super().__init__()
            self.name, self.history_name = name, history_name
            self.told = False

        def on_train_begin(self, logs: Any = None) -> None:  # noqa: ARG002
            self.so_far = keras.callbacks.History()
            self.so_far.on_train_begin()
            self.so_far.history = {}

        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            if epoch and not self.so_far.epoch:
                self._go_on(epoch)
            self.so_far.epoch.append(epoch)
            for key, value in (logs or {}).items():
                self.so_far.history.setdefault(key, []).append(_number(value))
            self._keep(epoch)

        def _go_on(self, epoch: int) -> None:
            """Load the epochs before this one from the history kept before."""
            try:
                before = kept_folders.newest(self.history_name, kept_folders.places()).value()
                self.so_far.epoch = list(before.epoch)[:epoch]
                self.so_far.history = {k: list(v)[:epoch] for k, v in before.history.items()}
            except (AutograderError, AttributeError, TypeError):
                return  # the earlier epochs are unknown: the history begins here

        def _keep(self, epoch: int) -> None:
            self.so_far.set_params(self.params)
            folders = kept_folders.places()
            try:
                for name, value in ((self.name, self.model), (self.history_name, self.so_far)):
                    kept_folders.put(kept_folders.prepared(name, value, epoch=epoch + 1), folders)
            except (AutograderError, OSError) as problem:
                self._tell(problem)

        def _tell(self, problem: Exception) -> None:
            if not self.told:
                self.told = True
                words = translate("Training goes on, but {name} is not kept: {problem}")
                said = fill(words, {"name": self.name, "problem": problem})
                sys.stderr.write(f"\n{said}\n")

    return Callback


def _number(value: Any) -> Any:
    try:
        return float(value)
    except (TypeError, ValueError):
        return value
