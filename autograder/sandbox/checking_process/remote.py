"""Proxies in the checking process for a student's objects: calls and reads travel as plain data.

`Link.ask` sends one request and returns the reply. Every reply is an unverified claim: it is
decoded by exact types and judged like any other answer.
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

DEPTH_CAP = 64  # nesting of a remote's items; NumPy supports no more axes
ITEMS_CAP = 1_000_000  # of a remote without a length
NAME_CAP = 80  # characters of an exception's name
Exchange = Callable[[dict[str, Any], list[Buffer]], Frame]  # sends one request, returns one frame


class NewQuestion(SandboxFault):
    """Raised if the recorded replies do not answer a request: the submission must run again."""


class BudgetSpent(SandboxFault):
    """Raised if a criterion exceeds its budget of requests, data or time; only it fails."""


class CallTimeout(TimeoutError):
    """Raised if a call computes longer than allowed; `call` is the name of the function called."""

    def __init__(self, call: str, seconds: float, text: str) -> None:
        super().__init__(text)
        self.call, self.seconds = call, seconds


CallTimeout.__name__ = "TimeoutError"  # the name that reports show for any timeout


class Unrebuildable(ValueError):
    """Raised for a model that cannot be rebuilt from the student process's description."""


class Link:
    """Connection to the student's process, for one check."""

    def __init__(self, exchange: Exchange, helpers: Mapping[str, Any]) -> None:
        self._exchange = exchange
        self._helpers = helpers
        self._callbacks: list[Callable[..., Any]] = []
        self.call_seconds = 0.0  # CPU limit of one call; 0: unknown
        self.topic: tuple[str, str, int] = ("", "", 1)  # task, criterion, attempt

    def decode(self, node: Any, buffers: list[memoryview]) -> Any:
        """Return a student's value, with models rebuilt and remotes as proxies."""
        special = {"model": self._model, "remote": lambda node, _: proxy(self, node)}
        return Decoder(buffers, special).value(node)

    def _model(self, node: dict[str, Any], decoder: Decoder) -> Any:
        model = rebuild(node["model"], [decoder.array(w) for w in node["w"]], self._helpers)
        if "here" in node:
            vars(model)[STUDENT_SIDE] = proxy(self, node["here"])
        return model

    def ask(self, request: dict[str, Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Return the value of a call or read; raise its exception, by type and text."""
        reply, buffers = self._answer(request, args, kwargs)
        return self.decode(reply["v"], buffers)

    def ask_with_arguments(self, request: dict[str, Any], arguments: Arguments) -> Any:
        """Return the value of a call, and the arguments as the call left them."""
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
            **request,
            "topic": list(self.topic),
            "args": nodes,
            "kwargs": named,
            "n": lengths(encoder.buffers),
        }
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
            "op": "returned",
            "ok": True,
            "v": node,
            "n": lengths(encoder.buffers),
        }, encoder.buffers


class Remote(Proxy):
    """A student's object, by number; each attribute access reads from the student's process."""

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
    """Add the name of the called function to a timeout error."""
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
    """Yield the items by index up to the length; plain Python would continue to an IndexError."""
    has_length = hasattr(type(self), "__len__")
    for index in range(_len(self) if has_length else ITEMS_CAP):
        try:
            yield _getitem(self, index)
        except IndexError:
            return
    if not has_length:
        raise OverflowError(f"it has more than {ITEMS_CAP} items, or never ends")


def _inside(outer: Remote, item: Any) -> Any:
    """Return an item of a remote; raise TypeError beyond DEPTH_CAP levels of nested remotes."""
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
    """Return a proxy class with exactly the special methods that the student's object has."""
    methods = {name: DOES[name] for name in does}
    if "__getitem__" in does:
        methods.setdefault("__iter__", _items)
    return type("Remote", (Remote,), methods)


def proxy(link: Link, node: Mapping[str, Any]) -> Remote:
    """Return the proxy for one remote node, with the signature of the student's callable."""
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
    """Return an exception with the name and text of the one that the student's code raised.

    It derives from the same builtin, so that a criterion can catch it as in a kernel. KeyError and
    its like keep the text they had there.
    """
    known = next((b for b in (kind, base) if _is_error(getattr(builtins, b, None))), "Exception")
    told = {"__init__": lambda _: None, "__str__": lambda _: text, "__module__": "builtins"}
    name = kind if len(kind) <= NAME_CAP and kind.isidentifier() else "Exception"
    try:
        return type(name, (getattr(builtins, known),), told)()  # type: ignore[no-any-return]
    except TypeError:  # an ExceptionGroup needs other arguments
        return type(name, (Exception,), told)()  # type: ignore[no-any-return]


def _is_error(found: Any) -> bool:
    return isinstance(found, type) and issubclass(found, Exception)
