"""Checks of the connections between a functional model's layers, read from its config."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from autograder.expect import coerce
from autograder.expect.models import parts
from autograder.expect.verdict import Verdict, WrongSetting, check, decide


@dataclass(frozen=True)
class Joint:
    """One layer in the graph: the layers that feed it, and its output's height."""

    name: str
    sources: tuple[str, ...]
    height: int | None


def graph_of(model: Any) -> dict[str, Joint]:
    """Return a functional model's layers and their inputs; empty if it has no such graph.

    A tensor's shape is recorded where it is used, so the height of the last layer is unknown.
    """
    config = parts.fact(model.get_config, {})
    layers = config.get("layers") if type(config) is dict else None
    if not layers or any("inbound_nodes" not in layer for layer in layers):
        return {}
    heights: dict[str, int | None] = {}
    sources: dict[str, list[str]] = {}
    for layer in layers:
        name = str(layer.get("name") or layer["config"]["name"])
        sources[name] = []
        for tensor in _tensors(layer["inbound_nodes"]):
            source = str(tensor["keras_history"][0])
            shape = tensor["shape"]
            heights[source] = shape[1] if len(shape) == 4 else None
            if source not in sources[name]:
                sources[name].append(source)
    return {n: Joint(n, tuple(s), heights.get(n)) for n, s in sources.items()}


def _tensors(value: Any) -> Iterator[dict[str, Any]]:
    if type(value) is dict:
        if value.get("class_name") == "__keras_tensor__":
            yield value["config"]
        else:
            for inner in value.values():
                yield from _tensors(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from _tensors(inner)


def ancestors(graph: dict[str, Joint], name: str) -> set[str]:
    """Return the layers that a layer's output depends on, including itself."""
    found: set[str] = set()
    waiting = [name]
    while waiting:
        current = waiting.pop()
        if current not in found and current in graph:
            found.add(current)
            waiting += graph[current].sources
    return found


def joined_at(graph: dict[str, Joint], height: int) -> bool:
    """Return whether a layer joins, at this height, an input from below and one never smaller.

    "From below": some layer before that input has a smaller height (the bottleneck's side).
    """
    for joint in graph.values():
        fed = [s for s in joint.sources if graph[s].height == height]
        if len(fed) < 2:
            continue
        smaller = [
            any((graph[a].height or height) < height for a in ancestors(graph, s)) for s in fed
        ]
        if any(smaller) and not all(smaller):
            return True
    return False


@check
def skip_connections(model: Any, sizes: Sequence[int]) -> Verdict:
    """Check that encoder and decoder are joined at each of these heights, around the bottleneck.

    This is read from the graph of a functional model: a layer takes one input that has been smaller
    and one that has not. Partial credit: the share of sizes.

    Catches: a U-Net without skips (its mean IoU is only a little lower), a skip from the wrong
    level, Concatenate of the same tensor twice.
    Blind to: a skip whose weights are all zero; models that are no functional graph.
    """
    if not sizes:
        raise WrongSetting("name at least one size")
    parts.demand_model(model)
    graph = graph_of(model)
    if not graph:
        raise coerce.failing(
            expected="a functional model, keras.Model(inputs, outputs)",
            got="a model whose graph cannot be read",
            next="Build it with keras.Input and layers called on tensors.",
        )
    missing = [size for size in sizes if not joined_at(graph, size)]
    size = missing[0] if missing else sizes[0]
    return decide(
        1 - len(missing) / len(sizes),
        expected="a skip connection at size {size}",
        got="no path joins encoder and decoder at size {size}; {right} of {n} sizes are joined",
        next="Concatenate()([up, encoder_{size}]) before the decoder's convolutions.",
        score=float(len(sizes) - len(missing)),
        size=size,
        right=len(sizes) - len(missing),
        n=len(sizes),
    )
