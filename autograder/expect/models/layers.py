"""Checks of a model's layers: their classes, order and settings."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from autograder.expect.models import parts
from autograder.expect.models.parts import Layer
from autograder.expect.verdict import Verdict, WrongSetting, check, decide, short

ANY = "..."


_PATTERN = re.compile(r"^(\w+|\*)(?:\((.*)\))?$")


SIZES = ("units", "filters", "rate", "pool_size", "output_dim")


def layer_fits(layer: Layer, wanted: str) -> bool:
    """Return whether a layer matches a pattern such as "Dense(64, relu)".

    >>> layer_fits(Layer("d", "Dense", {"units": 64, "activation": "relu"}), "Dense(64, relu)")
    True
    """
    match = _PATTERN.match(wanted.replace(" ", ""))
    if match is None:
        raise WrongSetting(f"{wanted!r} is no layer: write Dense, Dense(64) or Dense(64, relu)")
    kind, details = match.groups()
    if kind not in ("*", layer.kind):
        return False
    return all(_detail_fits(layer, d) for d in (details or "").split(",") if d)


def _detail_fits(layer: Layer, detail: str) -> bool:
    if "=" in detail:
        key, value = detail.split("=", 1)
        found = layer.settings.get(key)
        return value in (str(found), parts.setting_name(found))
    if detail[0].isdigit():
        sizes = [layer.settings[s] for s in SIZES if s in layer.settings]
        return any(str(size) == detail or size == float(detail) for size in sizes[:1])
    return layer.activation == detail


def as_words(layers: Sequence[Layer]) -> list[str]:
    """Return the layers as a student writes them: Dense(64, relu)."""
    words = []
    for layer in layers:
        size = [str(layer.settings[s]) for s in SIZES if s in layer.settings][:1]
        shown = layer.activation not in ("linear", "tanh") or layer.kind == "Activation"
        activation = [layer.activation] if "activation" in layer.settings and shown else []
        inner = ", ".join(size + activation)
        words.append(f"{layer.kind}({inner})" if inner else layer.kind)
    return words


def activations_joined(layers: Sequence[Layer], pattern: Sequence[str]) -> list[Layer]:
    """Return the layers with `Dense(64)`, `ReLU()` merged to `Dense(64, relu)`, unless the pattern
    names the activation layer.
    """
    named = {p.split("(")[0] for p in pattern}
    joined: list[Layer] = []
    for layer in layers:
        separate = layer.kind in {"Activation", *parts.ACTIVATION_LAYERS} - named
        if separate and joined and joined[-1].settings.get("activation") == "linear":
            last = joined.pop()
            settings = {**last.settings, "activation": layer.activation}
            joined.append(Layer(last.name, last.kind, settings, last.layer))
        else:
            joined.append(layer)
    return joined


def matched(layers: Sequence[Layer], pattern: Sequence[str]) -> tuple[int, bool]:
    """Return the length of the longest common subsequence, and whether the pattern fits whole.

    "..." in the pattern matches any layers, or none.
    """
    wanted = [p for p in pattern if p != ANY]
    rows = [[0] * (len(layers) + 1) for _ in range(len(wanted) + 1)]
    for i, want in enumerate(wanted):
        for j, layer in enumerate(layers):
            longer = rows[i][j] + 1 if layer_fits(layer, want) else 0
            rows[i + 1][j + 1] = max(longer, rows[i][j + 1], rows[i + 1][j])
    return rows[-1][-1], _fits_whole(layers, pattern)


def _fits_whole(layers: Sequence[Layer], pattern: Sequence[str]) -> bool:
    reachable = {0}
    for want in pattern:
        if want == ANY:
            reachable = set(range(min(reachable), len(layers) + 1)) if reachable else set()
        else:
            reachable = {
                i + 1 for i in reachable if i < len(layers) and layer_fits(layers[i], want)
            }
    return len(layers) in reachable


@check
def layers_in_order(model: Any, pattern: Sequence[str]) -> Verdict:
    """Check that the model's layers are these, in this order: "Dense(64, relu)", "..." for any.

    A number in brackets is units, filters or rate, a word is the activation, `key=value` any
    setting. Input layers are skipped, nested models opened. Partial credit: longest common
    subsequence.

    >>> import keras
    >>> net = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3)])
    >>> layers_in_order(net, ["Dense(64, relu)", "Dense(3)"])
    Traceback (most recent call last):
    autograder.expect.verdict.NotMet: Expected: Dense(64, relu) → Dense(3)
    Got: Dense(3); the first difference is at layer 1
    Next: Compare with model.summary() from the top down.

    Catches: a missing hidden layer, a missing activation, a layer in the wrong place.
    Blind to: connections between layers; use `skip_connections`.
    """
    if not pattern:
        raise WrongSetting("the pattern names no layer")
    layers = activations_joined(parts.layers_of(model), pattern)
    common, whole = matched(layers, pattern)
    wanted = [p for p in pattern if p != ANY]
    length = max(len(wanted), len(layers)) if ANY not in pattern else len(wanted)
    share = common / length if length else 0.0
    return decide(
        1.0 if whole else min(share, 1.0 - 1.0 / (length + 1)),
        expected="{want}",
        got="{found}; the first difference is at layer {i}"
        if ANY not in pattern
        else "{found}; {missing} is missing or out of place",
        next="Compare with model.summary() from the top down.",
        want=" → ".join("…" if p == ANY else p for p in pattern),
        found=" → ".join(as_words(layers)) or "no layers",
        i=_first_difference(layers, pattern),
        missing=_first_missing(layers, wanted),
    )


def _first_missing(layers: Sequence[Layer], wanted: Sequence[str]) -> str:
    place = 0
    for want in wanted:
        found = [i for i in range(place, len(layers)) if layer_fits(layers[i], want)]
        if not found:
            return want
        place = found[0] + 1
    return wanted[-1] if wanted else ""


def _first_difference(layers: Sequence[Layer], pattern: Sequence[str]) -> int:
    for i, want in enumerate(pattern):
        if want == ANY:
            return i + 1
        if i >= len(layers) or not layer_fits(layers[i], want):
            return i + 1
    return len(pattern) + 1


@check
def layer_setting(model: Any, layers: str | Sequence[str], **settings: Any) -> Verdict:
    """Check that each of these layers has these settings: `layer_setting(net, "Dense", units=64)`.

    A tuple of values allows any of them. Partial credit: the share of right settings.

    >>> import keras
    >>> net = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3, name="head")])
    >>> layer_setting(net, "head", activation="softmax")
    Traceback (most recent call last):
    autograder.expect.verdict.NotMet: Expected: head.activation = softmax
    Got: head.activation = linear
    Next: Write activation=softmax where you create head.

    Catches: a default that was not changed.
    Blind to: the same effect reached by another layer.
    """
    if not settings:
        raise WrongSetting("name at least one setting")
    wrong: list[tuple[str, str, str, str]] = []
    total = 0
    for layer in parts.chosen(model, layers):
        for key, want in settings.items():
            total += 1
            found = layer.activation if key == "activation" else layer.settings.get(key)
            allowed = want if isinstance(want, tuple) and key not in _TUPLES else (want,)
            if not any(_equal_setting(found, one) for one in allowed):
                words = " / ".join(map(short, allowed))
                wrong.append((layer.name, key, words, parts.setting_name(found) or short(found)))
    name, key, words, found = wrong[0] if wrong else ("", "", "", "")
    return decide(
        1 - len(wrong) / total,
        expected="{layer}.{setting} = {want}",
        got="{layer}.{setting} = {found}",
        next="Write {setting}={want} where you create {layer}.",
        layer=name,
        setting=key,
        want=words,
        found=found,
    )


_TUPLES = ("kernel_size", "strides", "pool_size", "dilation_rate", "size", "target_shape")


def _equal_setting(found: Any, want: Any) -> bool:
    if isinstance(want, str):
        name = parts.setting_name(found)
        return name.lower().replace("_", "") == want.lower().replace("_", "")
    if isinstance(found, list | tuple):
        sizes = tuple(found)
        return sizes == (tuple(want) if isinstance(want, list | tuple) else (want,) * len(sizes))
    if isinstance(want, float) and isinstance(found, int | float):
        return abs(found - want) <= 1e-6 * max(1.0, abs(want))
    return type(found) in (bool, int, float, type(None)) and bool(found == want)
