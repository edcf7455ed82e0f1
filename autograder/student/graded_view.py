"""Models as grading sees them, so that `check()` gives the same verdict as grading.

The model passes through the codec within the kernel, by the functions that the sandbox wall uses.
It is described and rebuilt, or stays where it is behind a proxy. All other values are checked as
they are.
"""

from __future__ import annotations

import functools
import json
import sys
import types
from collections.abc import Callable, Mapping
from typing import Any

from autograder.criteria.running import Missing
from autograder.errors import Fault
from autograder.evidence.codec import Encoder, Unencodable
from autograder.evidence.models import STUDENT_SIDE, ModelRefused, describe, own_parts_of
from autograder.language import translate
from autograder.nouns import fill
from autograder.sandbox.checking_process.main import Values
from autograder.sandbox.checking_process.remote import Link, Remote, student_error
from autograder.sandbox.student_process.object_server import Exports, items_of, plainly

DEPTH, ITEMS = 3, 1000  # search depth and maximum size of lists and dicts searched for models


class GradedView:
    """A lookup of a notebook's names that shows models as grading sees them."""

    def __init__(self, names: Mapping[str, Any], helpers: Mapping[str, Any]) -> None:
        self._names = names
        self._link = KernelLink(helpers)
        self._encoded: dict[str, Any] = {}
        self._values = Values(self._encoded, {}, self._link)

    def __call__(self, name: str) -> Any:
        """Return the value of a name. Raise Missing if it is undefined or cannot reach grading."""
        if name not in self._names:
            raise Missing(name)
        value = self._names[name]
        if isinstance(value, _FUNCTIONS):
            return self._link.watched(value)
        if not holds_model(value):
            return value
        if name not in self._encoded:
            try:
                self._encoded[name] = self._link.encoded(value)
            except Unencodable as reason:
                raise Missing(name, str(reason)) from reason
        return self._values(name)

    def renew(self) -> None:
        """Reset every model to its captured state for the next criterion."""
        self._values.renew()

    def notes(self) -> tuple[str, ...]:
        """Return the notes that grading will give on the models seen so far, one sentence each."""
        models = (
            (name, self._names[name]) for name in self._encoded if _is_model(self._names[name])
        )
        return tuple(note for name, model in models if (note := self._note(name, model)))

    def _note(self, name: str, model: Any) -> str:
        try:
            own = own_parts_of(describe(model, tuple(self._link.helpers))[0])
        except ModelRefused as reason:
            text = translate("{name}: {why}. It is graded as in this table, by calling it.")
            why = fill(translate(reason.template), reason.values)
            return fill(text, {"name": name, "why": why})
        text = translate(
            "{name}: {parts} is your own. Grading knows it by its name, as in this table."
        )
        return fill(text, {"name": name, "parts": ", ".join(own)}) if own else ""


class KernelLink(Link):
    """The wall's link within one process: values are encoded and decoded, but nothing is sent."""

    def __init__(self, helpers: Mapping[str, Any]) -> None:
        super().__init__(_nowhere, helpers)
        self.helpers = helpers
        self._exports = Exports({}, helpers=tuple(helpers))

    def encoded(self, value: Any) -> tuple[Any, list[memoryview]]:
        """Return the node and buffers of a value, as they would cross the wall."""
        encoder = Encoder(self._exports.stranger)
        node = json.loads(json.dumps(encoder.node(value)))
        return node, [memoryview(buffer).cast("B") for buffer in encoder.buffers]

    def seen(self, value: Any) -> Any:
        """Return the value as it arrives on the other side of the wall."""
        return self.decode(*self.encoded(value))

    def ask(self, request: dict[str, Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Return the result of a call or attribute read; raise its exception by type and text."""
        target = self._exports.object(request["target"])
        own = [self.original(a) for a in args], {k: self.original(v) for k, v in kwargs.items()}
        try:
            return self.seen(_done(target, request, *own))
        except (Fault, KeyboardInterrupt):
            raise
        except BaseException as failure:
            told = plainly(failure)
            raise student_error(told["type"], told["text"], told.get("base", "")) from None

    def original(self, value: Any) -> Any:
        """Return the student's own object for a view of it; anything else as it is."""
        proxy = getattr(value, "__dict__", {}).get(STUDENT_SIDE, value)
        if isinstance(proxy, Remote):
            return self._exports.object(proxy.__remote__["remote"])
        if hasattr(value, "copy") and type(value).__module__ == "numpy":
            return value.copy()
        return value

    def watched(self, function: Any) -> Any:
        """Return the function wrapped so that it takes and returns models as graded."""

        @functools.wraps(function)
        def called(*args: Any, **kwargs: Any) -> Any:
            own = {name: _own(self, value) for name, value in kwargs.items()}
            value = function(*(_own(self, a) for a in args), **own)
            return self.seen(value) if holds_model(value) else value

        return called


_FUNCTIONS = (types.FunctionType, types.MethodType, functools.partial)


def _own(link: KernelLink, value: Any) -> Any:
    """Return the student's own object for a view of it; return other arguments unchanged."""
    side = getattr(value, "__dict__", {}).get(STUDENT_SIDE, value)
    return link.original(side) if isinstance(side, Remote) else value


def holds_model(value: Any, depth: int = 0) -> bool:
    """Return whether a value is a Keras model or a class of them, or a list or dict with one."""
    if isinstance(value, list | tuple | dict):
        if depth >= DEPTH or len(value) > ITEMS:
            return False
        items = value.values() if isinstance(value, dict) else value
        return any(holds_model(item, depth + 1) for item in items)
    return _is_model(value) or (isinstance(value, type) and _has_model_base(value))


def _is_model(value: Any) -> bool:
    keras = sys.modules.get("keras")
    return keras is not None and isinstance(value, keras.Model)


def _has_model_base(kind: type) -> bool:
    keras = sys.modules.get("keras")
    own = (kind.__module__ or "").split(".")[0] not in ("keras", "tensorflow")
    return keras is not None and own and issubclass(kind, keras.Model)


def _done(target: Any, request: Mapping[str, Any], args: list[Any], kwargs: dict[str, Any]) -> Any:
    if request["op"] == "get":
        return getattr(target, request["name"])
    method = request.get("method")
    if method == "__iter__":
        return items_of(target)
    function: Callable[..., Any] = getattr(target, method) if method else target
    return function(*args, **kwargs)


def _nowhere(*_: Any) -> Any:
    raise AssertionError("a link within a kernel sends nothing")
