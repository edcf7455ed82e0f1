"""The student's objects, exported by number to the checking process.

A *remote* is an object that stays here (a function, an estimator, a model with its own layers).
Calls and attribute reads arrive and return as plain data. On request, a reply carries the arguments
as the call left them. A function of the checking process may be called back. Before a criterion
asks anything, the namespace and the weights of remote models are restored to their state at its
test cell.
"""

from __future__ import annotations

import builtins
import inspect
import types
from collections.abc import Callable
from dataclasses import dataclass
from itertools import islice
from typing import Any

from autograder.evidence.codec import BadValue, Decoder, Encoder, Unencodable, lengths, split
from autograder.evidence.models import ModelRefused, describe, own_parts_of
from autograder.sandbox import random_states
from autograder.sandbox.random_states import RandomStates
from autograder.sandbox.student_process.alarm import TimeLimit, cpu_alarm
from autograder.sandbox.wire import Frame, read_frame, write_frame

ITEMS_CAP = 1_000_000  # of one iterated object
WAITING = 3  # wall limit of a call, as a multiple of its CPU limit: stops only code that sleeps
DOES = ("__call__", "__getitem__", "__len__", "__iter__", "__contains__")


@dataclass(frozen=True)
class _State:
    """Namespace, model weights and random states at a test cell."""

    namespace: dict[str, Any]
    weights: list[tuple[Any, list[Any]]]
    random: RandomStates


class Exports:
    """The objects exported so far, and the saved states to restore."""

    def __init__(
        self, namespace: dict[str, Any], *, helpers: tuple[str, ...] = (), seed: int = 0
    ) -> None:
        self._namespace = namespace
        self._helpers = helpers
        self._seed = seed
        self._objects: list[Any] = []
        self._numbers: dict[int, int] = {}
        self._rebuilt: set[int] = set()  # models only passed back, never queried
        self._states: dict[str, _State] = {}

    # ── states ──

    def remember(self, label: str) -> None:
        """Save a shallow copy of the namespace, weights of exported models, and random states."""
        weights = [
            (model, model.get_weights())
            for number, model in enumerate(self._objects)
            if _is_keras_model(model) and number not in self._rebuilt
        ]
        self._states[label] = _State(dict(self._namespace), weights, random_states.capture())

    def put_back(self, label: str, attempt: int = 1) -> None:
        """Restore namespace, remote models and random states to those of a test cell.

        A second attempt draws other random numbers, which are equal in every run.
        """
        state = self._states[label]
        self._namespace.clear()
        self._namespace.update(state.namespace)
        for model, values in state.weights:
            model.set_weights(values)
        if attempt == 1:
            random_states.restore(state.random)
        else:
            random_states.seed_all(random_states.derived(self._seed, label, str(attempt)))

    # ── out: objects as nodes ──

    def stranger(self, value: Any, encoder: Encoder) -> dict[str, Any]:
        """Return the node of a value unknown to the codec: a model by config, else a remote."""
        if isinstance(value, types.ModuleType):
            raise Unencodable("a module")
        if _is_keras_model(value):
            try:
                description, weights = describe(value, self._helpers)
            except ModelRefused as reason:
                return self._remote(value, "model", str(reason))
            arrays = [encoder.array(w) for w in weights]
            here = self._remote(value, "model")
            if all(part.startswith("metric ") for part in own_parts_of(description)):
                self._rebuilt.add(here["remote"])
            return {"model": description, "w": arrays, "here": here}
        if inspect.isclass(value):
            return self._remote(value, "class")
        return self._remote(value, "function" if callable(value) else "object")

    def _remote(self, value: Any, kind: str, why: str = "") -> dict[str, Any]:
        number = self._numbers.get(id(value))
        if number is None:
            number = len(self._objects)
            self._objects.append(value)
            self._numbers[id(value)] = number
        owner = type(value)
        return {
            "remote": number,
            "kind": kind,
            "type": f"{owner.__module__}.{owner.__qualname__}"[:200],
            "name": str(getattr(value, "__name__", ""))[:100],
            "params": _parameters(value),
            "does": [name for name in DOES if any(name in vars(k) for k in owner.__mro__)],
            "why": why[:200],
        }

    def object(self, number: int) -> Any:
        """Return the object exported under a number."""
        return self._objects[number]

    # ── in: requests ──

    def serve(self, read_fd: int, write_fd: int, *, call_seconds: float) -> None:
        """Answer requests one after another until the pipe closes."""
        self._call_seconds = call_seconds
        while True:
            frame = read_frame(read_fd)
            if frame is None or frame.header.get("op") == "bye":
                return
            self._answer(frame, read_fd, write_fd)

    def _answer(self, frame: Frame, read_fd: int, write_fd: int) -> None:
        number = frame.header.get("q")
        encoder = Encoder(self.stranger)
        try:
            reply = self._do(frame, encoder, read_fd, write_fd)
        except BaseException as failure:
            encoder = Encoder(self.stranger)
            reply = {"ok": False, **plainly(failure)}
        write_frame(
            write_fd, {**reply, "q": number, "n": lengths(encoder.buffers)}, encoder.buffers
        )

    def _do(self, frame: Frame, encoder: Encoder, read_fd: int, write_fd: int) -> dict[str, Any]:
        request = frame.header
        operation = request["op"]
        if operation == "state":
            self.put_back(request["at"], request.get("attempt", 1))
            return {"ok": True, "v": None}
        if operation == "inside":
            self.put_back(request["at"])
            exec(compile(request["code"], "<test>", "exec"), self._namespace)  # noqa: S102
            return {"ok": True, "v": None}
        target = self._objects[request["target"]]
        if operation == "get":
            name = request["name"]
            if name.startswith("_"):
                raise AttributeError(name)
            return {"ok": True, "v": encoder.node(getattr(target, name))}
        return self._call(target, frame, encoder, read_fd, write_fd)

    def _call(
        self, target: Any, frame: Frame, encoder: Encoder, read_fd: int, write_fd: int
    ) -> dict[str, Any]:
        request = frame.header

        def callback(node: dict[str, Any], _: Decoder) -> Callable[..., Any]:
            return self._callback(node, read_fd, write_fd)

        special = {"callback": callback, "remote": lambda node, _: self._objects[node["remote"]]}
        decoder = Decoder(split(frame.body, request["n"]), special)
        args = [decoder.value(node) for node in request["args"]]
        kwargs = {name: decoder.value(node) for name, node in request["kwargs"].items()}
        method = request.get("method")
        function = getattr(target, method) if method else target
        with cpu_alarm(self._call_seconds, "the call", wall=WAITING * self._call_seconds):
            value = items_of(target) if method == "__iter__" else function(*args, **kwargs)
        reply: dict[str, Any] = {"ok": True, "v": encoder.node(value)}
        if request.get("arguments"):
            named = {name: encoder.node(v) for name, v in kwargs.items()}
            reply["after"] = {"args": [encoder.node(a) for a in args], "kwargs": named}
        return reply

    def _callback(self, node: dict[str, Any], read_fd: int, write_fd: int) -> Callable[..., Any]:
        def call(*args: Any, **kwargs: Any) -> Any:
            encoder = Encoder(self.stranger)
            request = {
                "event": "callback",
                "callback": node["callback"],
                "args": [encoder.node(a) for a in args],
                "kwargs": {k: encoder.node(v) for k, v in kwargs.items()},
            }
            write_frame(write_fd, {**request, "n": lengths(encoder.buffers)}, encoder.buffers)
            frame = read_frame(read_fd)
            if frame is None:
                raise ConnectionError("the other side has gone")
            if not frame.header.get("ok"):
                raise RuntimeError(frame.header.get("type", "error"))
            special = {"remote": lambda n, _: self._objects[n["remote"]]}
            return Decoder(split(frame.body, frame.header["n"]), special).value(frame.header["v"])

        return call


def items_of(target: Any) -> list[Any]:
    """Return the items of an iterable student object; raise OverflowError beyond the cap."""
    items = list(islice(iter(target), ITEMS_CAP + 1))
    if len(items) > ITEMS_CAP:
        raise OverflowError(f"it has more than {ITEMS_CAP} items, or never ends")
    return items


def _is_keras_model(value: Any) -> bool:
    import sys

    keras = sys.modules.get("keras")
    return keras is not None and isinstance(value, keras.Model)


def _parameters(value: Any) -> list[list[Any]] | None:
    """Return [name, kind, has default] for each parameter of a callable; None if unknown."""
    if not callable(value):
        return None
    try:
        parameters = inspect.signature(value).parameters.values()
        return [[p.name, int(p.kind), p.default is not p.empty] for p in parameters][:50]
    except (TypeError, ValueError):
        return None


def plainly(failure: BaseException) -> dict[str, str]:
    """Return the type, text and builtin base class of an exception that student code raised."""
    try:
        text = str(failure)[:500]
    except Exception:
        text = ""
    kind = "BadValue" if isinstance(failure, BadValue) else type(failure).__name__
    if isinstance(failure, TimeLimit):
        return {"type": "TimeoutError", "text": text}
    if isinstance(failure, Unencodable):
        return {"type": "TypeError", "text": f"it returns {text}, which cannot be checked"}
    known = (k.__name__ for k in type(failure).__mro__ if getattr(builtins, k.__name__, None) is k)
    return {"type": kind[:80], "text": text, "base": next(known)}
