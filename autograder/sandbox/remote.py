"""A student's object as the clean process sees it: calls and reads go over as plain data.

`ask` sends one request and returns the reply; everything a reply says is somebody's claim, decoded
by exact types and judged like any other answer.
"""

from __future__ import annotations

import builtins
import inspect
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import lru_cache
from typing import Any

from autograder.errors import SandboxFault
from autograder.evidence.codec import BadValue, Decoder, Encoder, Unencodable, lengths, split
from autograder.evidence.models import STUDENT_SIDE, rebuild
from autograder.expect.handover import Arguments, Proxy
from autograder.sandbox.wire import Buffer, Frame

DEPTH_CAP = 64  # items of items of a remote: NumPy reads no more axes
ITEMS_CAP = 1_000_000  # of a remote without a length
Exchange = Callable[[dict[str, Any], list[Buffer]], Frame]  # one request over, one frame back


class NewQuestion(SandboxFault):
    """A criterion asks what the record does not answer: the submission must run again."""


class BudgetSpent(SandboxFault):
    """A criterion has asked, received or taken as much as it may: it fails, and it alone."""


class CallTimeout(TimeoutError):
    """A call that computed longer than one call may; `call` is the name of what was called."""

    def __init__(self, call: str, seconds: float, text: str) -> None:
        super().__init__(text)
        self.call, self.seconds = call, seconds


CallTimeout.__name__ = "TimeoutError"  # as a criterion would name any other


class Unrebuildable(ValueError):
    """A model whose description the student's process sent cannot be rebuilt."""


class Link:
    """The way to the student's process, for one check."""

    def __init__(self, exchange: Exchange, helpers: Mapping[str, Any]) -> None:
        self._exchange = exchange
        self._helpers = helpers
        self._callbacks: list[Callable[..., Any]] = []
        self.call_seconds = 0.0  # that one call may compute; 0: not known
        self.topic: tuple[str, str, int] = ("", "", 1)  # task, criterion, attempt

    def decode(self, node: Any, buffers: list[memoryview]) -> Any:
        """A value of the student's: models rebuilt, remotes as proxies."""
        special = {"model": self._model, "remote": lambda node, _: proxy(self, node)}
        return Decoder(buffers, special).value(node)

    def _model(self, node: dict[str, Any], decoder: Decoder) -> Any:
        model = rebuild(node["model"], [decoder.array(w) for w in node["w"]], self._helpers)
        if "here" in node:
            vars(model)[STUDENT_SIDE] = proxy(self, node["here"])
        return model

    def ask(self, request: dict[str, Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """The value of a call or read; raises what it raised, by type and text."""
        reply, buffers = self._answer(request, args, kwargs)
        return self.decode(reply["v"], buffers)

    def ask_with_arguments(self, request: dict[str, Any], arguments: Arguments) -> Any:
        """The value of a call, and the arguments as the call left them."""
        reply, buffers = self._answer({**request, "arguments": True}, *arguments)
        value = self.decode(reply["v"], buffers)
        after = reply.get("after")
        if type(after) is not dict or len(after.get("args", ())) != len(arguments[0]):
            raise BadValue("not the arguments of the call")
        args = tuple(self.decode(node, buffers) for node in after["args"])
        return value, (args, {k: self.decode(after["kwargs"][k], buffers) for k in arguments[1]})

    def _answer(
        self, request: dict[str, Any], args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> tuple[dict[str, Any], list[memoryview]]:
        encoder = Encoder(self._stranger)
        try:
            nodes = [encoder.node(a) for a in args]
            named = {k: encoder.node(v) for k, v in kwargs.items()}
        except Unencodable as error:
            raise TypeError(f"a check hands over {error}, which cannot cross") from error
        header = {
            **request, "topic": list(self.topic), "args": nodes, "kwargs": named,
            "n": lengths(encoder.buffers),
        }  # fmt: skip
        frame = self._exchange(header, encoder.buffers)
        while frame.header.get("event") == "callback":
            frame = self._exchange(*self._call_back(frame))
        return self._reply(frame)

    def _reply(self, frame: Frame) -> tuple[dict[str, Any], list[memoryview]]:
        reply = frame.header
        if reply.get("new_question"):
            raise NewQuestion("a new question to the student's code")
        if reply.get("spent"):
            raise BudgetSpent("the budget of this criterion is spent")
        if reply.get("ok") is not True:
            told = (str(reply.get(key, "")) for key in ("type", "text", "base"))
            raise student_error(*told)
        return reply, split(frame.body, reply.get("n"))

    def _stranger(self, value: Any, _: Encoder) -> dict[str, Any]:
        value = getattr(value, "__dict__", {}).get(STUDENT_SIDE, value)
        if isinstance(value, Remote):
            return {"remote": value.__remote__["remote"]}
        if callable(value):
            self._callbacks.append(value)
            return {"callback": len(self._callbacks) - 1}
        raise Unencodable(f"a {type(value).__module__}.{type(value).__name__}")

    def _call_back(self, frame: Frame) -> tuple[dict[str, Any], list[Buffer]]:
        encoder = Encoder(self._stranger)
        try:
            buffers = split(frame.body, frame.header["n"])
            function = self._callbacks[frame.header["callback"]]
            args = [self.decode(node, buffers) for node in frame.header["args"]]
            kwargs = {k: self.decode(n, buffers) for k, n in frame.header["kwargs"].items()}
            node = encoder.node(function(*args, **kwargs))
        except (Exception, AssertionError) as error:
            return {"op": "returned", "ok": False, "type": type(error).__name__}, []
        return {
            "op": "returned", "ok": True, "v": node, "n": lengths(encoder.buffers)
        }, encoder.buffers  # fmt: skip


class Remote(Proxy):
    """An object of the student's, by number; attributes are read when they are asked for."""

    def __init__(self, link: Link, node: Mapping[str, Any]) -> None:
        self.__link__ = link
        self.__remote__ = node
        self.__depth__ = 0
        self.__name__ = str(node.get("name", ""))
        self.__doc__ = None

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        request = {"op": "get", "target": self.__remote__["remote"], "name": name}
        return self.__link__.ask(request, (), {})

    def __call_and_arguments__(self, arguments: Arguments) -> Any:
        request = {"op": "call", "target": self.__remote__["remote"]}
        with _timed(self):
            return self.__link__.ask_with_arguments(request, arguments)

    def __bool__(self) -> bool:
        return True

    def __repr__(self) -> str:
        name = self.__name__ or self.__remote__.get("type", "")
        return f"<{self.__remote__.get('kind', 'object')} {name}>"


def _method(remote: Remote, method: str, *args: Any) -> Any:
    request = {"op": "call", "target": remote.__remote__["remote"], "method": method}
    return remote.__link__.ask(request, args, {})


def _call(self: Remote, *args: Any, **kwargs: Any) -> Any:
    request = {"op": "call", "target": self.__remote__["remote"]}
    with _timed(self):
        return self.__link__.ask(request, args, kwargs)


@contextmanager
def _timed(remote: Remote) -> Iterator[None]:
    """Name what was called in the error of a call that takes too long."""
    try:
        yield
    except TimeoutError as error:
        raise CallTimeout(remote.__name__, remote.__link__.call_seconds, str(error)) from error


def _getitem(self: Remote, key: Any) -> Any:
    return _inside(self, _method(self, "__getitem__", key))


def _len(self: Remote) -> int:
    length = _method(self, "__len__")
    if type(length) is not int or not 0 <= length < 1 << 62:
        raise TypeError("its length is no length")
    return length


def _iter(self: Remote) -> Iterator[Any]:
    items = _method(self, "__iter__")
    return (_inside(self, item) for item in (items if type(items) is list else []))


def _items(self: Remote) -> Iterator[Any]:
    """The items by number, no more than its length: Python alone would ask until an IndexError."""
    has_length = hasattr(type(self), "__len__")
    for index in range(_len(self) if has_length else ITEMS_CAP):
        try:
            yield _getitem(self, index)
        except IndexError:
            return
    if not has_length:
        raise OverflowError(f"it has more than {ITEMS_CAP} items, or never ends")


def _inside(outer: Remote, item: Any) -> Any:
    """An item of a remote; TypeError where remotes lie in each other without an end."""
    if isinstance(item, Remote):
        item.__depth__ = outer.__depth__ + 1
        if item.__depth__ > DEPTH_CAP:
            raise TypeError(f"items of items, more than {DEPTH_CAP} deep")
    return item


def _contains(self: Remote, item: Any) -> bool:
    return _method(self, "__contains__", item) is True


DOES: Mapping[str, Callable[..., Any]] = {
    "__call__": _call,
    "__getitem__": _getitem,
    "__len__": _len,
    "__iter__": _iter,
    "__contains__": _contains,
}


@lru_cache(maxsize=64)
def _kind(does: frozenset[str]) -> type[Remote]:
    """A class of proxies that can do what the student's object can, and nothing else."""
    methods = {name: DOES[name] for name in does}
    if "__getitem__" in does:
        methods.setdefault("__iter__", _items)
    return type("Remote", (Remote,), methods)


def proxy(link: Link, node: Mapping[str, Any]) -> Remote:
    """The proxy for one remote node, with the signature that the student's callable has."""
    does = node.get("does")
    if type(node.get("remote")) is not int or type(does) is not list or len(does) > len(DOES):
        raise BadValue("not a remote")
    if any(name not in DOES for name in does):
        raise BadValue("not what a remote can do")
    remote = _kind(frozenset(does))(link, node)
    signature = _signature(node.get("params"))
    if signature is not None:
        remote.__signature__ = signature  # type: ignore[attr-defined]
    return remote


def _signature(parameters: Any) -> inspect.Signature | None:
    if type(parameters) is not list:
        return None
    try:
        return inspect.Signature([_parameter(*p) for p in parameters])
    except (TypeError, ValueError):
        return None


def _parameter(name: str, kind: int, has_default: bool) -> inspect.Parameter:
    default = None if has_default else inspect.Parameter.empty
    return inspect.Parameter(name, inspect._ParameterKind(kind), default=default)


def student_error(kind: str, text: str, base: str = "") -> Exception:
    """An exception with the name and text of the one the student's code raised.

    Caught as the builtin it is or was made from, so that a criterion meets what it would meet in
    a kernel. KeyError and its like keep the text they had there.
    """
    known = next((b for b in (kind, base) if _is_error(getattr(builtins, b, None))), "Exception")
    told = {"__init__": lambda _: None, "__str__": lambda _: text, "__module__": "builtins"}
    name = kind if kind.isidentifier() else "Exception"
    try:
        return type(name, (getattr(builtins, known),), told)()  # type: ignore[no-any-return]
    except TypeError:  # an ExceptionGroup is made of others
        return type(name, (Exception,), told)()  # type: ignore[no-any-return]


def _is_error(found: Any) -> bool:
    return isinstance(found, type) and issubclass(found, Exception)
