"""Checks of the task card: understanding of the demand, presence of the answer, and its budget."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from autograder.expect import coerce
from autograder.expect.arrays.functions import same
from autograder.expect.models import parts
from autograder.expect.models.saving import loaded
from autograder.expect.verdict import NotMet, Verdict, WrongSetting, check, decide, msgid, short

MB = 1 << 20


@check
def contract(
    answers: Any,
    want: Mapping[str, Any],
    *,
    lines: Mapping[str, str] | None = None,
    rtol: float = 1e-3,
) -> Verdict:
    """Check that each field of the student's statement is right; the right value is never shown.

    Texts are compared without case and outer spaces, numbers closely. Partial credit: the share of
    right fields. `lines` names the card's line for a field.

    >>> contract({"IoU": 0.5, "A": "pass"}, {"IoU": 1 / 3, "A": "pass"}, lines={"IoU": "Metric"})
    Traceback (most recent call last):
    autograder.expect.verdict.NotMet: Expected: a right answer for IoU
    Got: IoU = 0.5 is not right; 1 of 2 fields are
    Next: Read the line "Metric" of the card again; nothing has been trained yet.

    Catches: a misread metric or direction, before any training.
    Blind to: guessing. Ask for a number computed on an example, not only pass or fail.
    """
    if not want:
        raise WrongSetting("the contract has no fields")
    if not isinstance(answers, Mapping):
        raise coerce.failing(
            expected="a dict with the fields {fields}",
            got="{found}",
            next="Fill in the dict of the answer cell; keep its keys.",
            fields=", ".join(want),
            found=short(answers),
        )
    wrong = [f for f, value in want.items() if not _answered(answers.get(f), value, rtol)]
    field = wrong[0] if wrong else next(iter(want))
    return decide(
        1 - len(wrong) / len(want),
        expected="a right answer for {field}",
        got="{field} = {found} is not right; {right} of {n} fields are",
        next='Read the line "{line}" of the card again; nothing has been trained yet.',
        field=field,
        found=short(answers.get(field)),
        right=len(want) - len(wrong),
        n=len(want),
        line=(lines or {}).get(field, field),
    )


def _answered(found: Any, want: Any, rtol: float) -> bool:
    if isinstance(want, str):
        return isinstance(found, str) and _word(found) == _word(want)
    if isinstance(want, bool):
        return type(found).__name__ in ("bool", "bool_") and bool(found) == want
    if isinstance(want, tuple | list):
        items = list(found) if isinstance(found, tuple | list) else []
        return len(items) == len(want) and all(
            f is None if w is None else _answered(f, w, rtol)
            for f, w in zip(items, want, strict=True)
        )
    return type(found) is not bool and same(found, want, rtol, 1e-9)


def _word(text: str) -> str:
    return " ".join(str.__str__(text).lower().split())


# ── The answer itself ────────────────────────────────────────────────────────────────


def megabytes(answer: Any, kind: str) -> float:
    """Return the size of an answer in MB. Raises NotMet if it is not of the expected kind.

    A path is opened; a model, an array or a text itself is measured directly.
    """
    path = _path(answer, kind)
    if path is not None and not path.is_file():
        raise _not_saved(msgid("no file {file}"), file=path.name)
    if kind == "model":
        return _model_size(path if path is not None else answer)
    if kind == "array":
        return coerce.numbers(_array_in(path) if path else answer, "the answer").nbytes / MB
    if kind == "text":
        text = path.read_text(encoding="utf-8") if path else answer
        if not isinstance(text, str) or not text.strip():
            raise _not_saved(msgid("no text in it"))
        return len(text.encode("utf-8", "replace")) / MB
    if path is None or path.stat().st_size == 0:
        raise _not_saved(msgid("an empty file") if path else msgid("{found}"), found=short(answer))
    return path.stat().st_size / MB


def _path(answer: Any, kind: str) -> Path | None:
    if isinstance(answer, os.PathLike):
        return Path(answer)
    if isinstance(answer, str) and kind != "text":
        return Path(str.__str__(answer))
    looks_so = isinstance(answer, str) and "\n" not in answer and answer.endswith((".txt", ".csv"))
    return Path(answer) if looks_so else None


def _array_in(path: Path) -> Any:
    try:
        loaded = np.load(path, allow_pickle=False)
        return loaded if isinstance(loaded, np.ndarray) else loaded[loaded.files[0]]
    except Exception:
        raise _not_saved(msgid("{file} cannot be opened by np.load"), file=path.name) from None


def _model_size(answer: Any) -> float:
    if isinstance(answer, Path):
        model, problem = loaded(answer)
        if model is None:
            raise _not_saved(msgid("{found}"), found=problem)
        return answer.stat().st_size / MB
    return float(sum(w.nbytes for w in parts.weights_of(answer))) / MB


def _not_saved(got: str, **values: str) -> NotMet:
    return coerce.failing(
        expected="an answer that can be opened",
        got=got,
        next="Run the last cell; it writes the answer.",
        **values,
    )


@check
def answer_saved(
    answer: Any, *, kind: str = "model", at_most_mb: float = 20.0, name: str = ""
) -> Verdict:
    """Check that the answer exists, opens as a model, array, text or file, and is small enough.

    `answer` is a path or the object itself.

    >>> answer_saved("labels.npy", kind="array")
    Traceback (most recent call last):
    autograder.expect.verdict.NotMet: Expected: an answer that can be opened
    Got: no file labels.npy
    Next: Run the last cell; it writes the answer.

    Catches: a last cell that was never run, an empty array, a model of a gigabyte.
    Blind to: the quality of the answer.
    """
    if kind not in ("model", "array", "text", "file"):
        raise WrongSetting(f"kind={kind!r} is none of model, array, text, file")
    size = megabytes(answer, kind)
    return decide(
        size <= at_most_mb,
        expected="{name} ({kind}) of at most {limit} MB",
        got="{size} MB",
        next="Save only what is asked for, in the given types.",
        score=size,
        name=name or "the answer",
        kind=kind,
        limit=at_most_mb,
        size=size,
    )


@check
def time_budget(used: Any, *, cpu_seconds: float, memory_mb: float | None = None) -> Verdict:
    """Check that the CPU time and memory used stay within the card's limits.

    `used`: seconds, or a dict or object with `cpu_seconds` and `memory_mb`.

    >>> time_budget(125.0, cpu_seconds=90)
    Traceback (most recent call last):
    autograder.expect.verdict.NotMet: Expected: at most 90 CPU seconds
    Got: 125 s
    Next: Use the given image size, epochs and batch size; no GPU is needed.

    Catches: ten times the epochs, full-size images.
    Blind to: a false `used`. Pass the seconds that the run measured, not the student's.
    """
    seconds = coerce.number(_used(used, "cpu_seconds"), "CPU seconds")
    memory = 0.0 if memory_mb is None else coerce.number(_used(used, "memory_mb"), "memory")
    limited = memory_mb is not None
    return decide(
        0 <= seconds <= cpu_seconds and (memory_mb is None or memory <= memory_mb),
        expected="at most {limit} CPU seconds and {limit_mb} MB"
        if limited
        else "at most {limit} CPU seconds",
        got="{seconds} s, {memory} MB" if limited else "{seconds} s",
        next="Use the given image size, epochs and batch size; no GPU is needed.",
        score=seconds,
        limit=cpu_seconds,
        limit_mb=memory_mb,
        seconds=seconds,
        memory=memory,
    )


def _used(used: Any, key: str) -> Any:
    if isinstance(used, Mapping):
        return used.get(key)
    return getattr(used, key, used if key == "cpu_seconds" else None)
