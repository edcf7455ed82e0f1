"""`budget()`: CPU time, memory and disk used so far, compared with the grading limits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from autograder.expect.verdict import msgid
from autograder.language import translate
from autograder.nouns import Limits, fill
from autograder.presentation import result_table, result_text
from autograder.student import environment, meter
from autograder.student.display import Shown, show

WARN_AT = 0.7


@dataclass(frozen=True)
class Use:
    """One limited resource: the amount used, the limit and their unit."""

    what: str
    used: float | None  # None: this system does not report it
    limit: float
    unit: str
    note: str = ""

    @property
    def share(self) -> float:
        return 0.0 if self.used is None or self.limit <= 0 else self.used / self.limit


def budget() -> None:
    """Show CPU time, memory and disk used so far; warn from 70 % of a limit.

    CPU time counts the last run of each cell. The limits are those of grading for this assignment.
    Grading never needs a GPU.
    """
    limits = environment.released().limits
    show(shown((*time_and_memory(limits), disk(limits))))


def time_and_memory(limits: Limits) -> tuple[Use, ...]:
    """Return the use of total CPU seconds, CPU seconds of the slowest cell, and memory."""
    dearest = meter.METER.dearest
    memory = meter.memory_mb()
    total = meter.METER.total + meter.METER.running
    return (
        Use(msgid("Computing time, each cell once"), total, limits.cpu_seconds, "s"),
        Use(
            msgid("Computing time, dearest cell"),
            dearest[1] if dearest else 0.0,
            limits.cell_seconds,
            "s",
            dearest[0][:60] if dearest and dearest[1] >= 1 else "",
        ),
        Use(msgid("Memory, at its highest"), memory[1] if memory else None, limits.memory_mb, "MB"),
    )


def disk(limits: Limits) -> Use:
    """Return the disk space used by the notebook's folder."""
    used, all_of_it = meter.disk_mb(environment.folder())
    note = "" if all_of_it else translate("at least: not every file was counted")
    return Use(msgid("Disk, this folder"), used, limits.disk_mb, "MB", note)


def warnings(found: Sequence[Use]) -> list[str]:
    """Return one warning for each resource used to 70 % or more."""
    return [_warning(use) for use in found if use.share >= WARN_AT]


def _warning(use: Use) -> str:
    template = msgid("{what}: {percent} % of what grading allows is used.")
    if use.share >= 1:
        template = msgid("{what}: {percent} % of what grading allows. Grading would stop here.")
    return fill(
        translate(template), {"what": translate(use.what), "percent": round(100 * use.share)}
    )


def shown(found: Sequence[Use]) -> Shown:
    """Return the budget as bars and as text."""
    title = translate("Budget")
    warned = warnings(found)
    summary = " ".join(warned) or translate("Everything is well within what grading allows.")
    gpu = translate(
        "Grading runs on two CPU cores. A GPU is never needed; one here makes times look shorter."
    )
    text = [f"{title}: {summary}", *map(_text, found), f"  {gpu}"]
    rows = "".join(map(_row, found))
    inside = f'<ul class="ag-list">{rows}</ul><p class="ag-note">{escape(gpu)}</p>'
    return Shown("\n".join(text), result_table.block(title, summary, inside))


def _amount(use: Use) -> str:
    if use.used is None:
        return translate("not known on this system")
    used = f"{use.used:.1f}" if use.used < 10 else f"{use.used:.0f}"
    values = {"used": used, "limit": result_text.number(use.limit), "unit": use.unit}
    return fill(translate("{used} of {limit} {unit}"), values)


def _text(use: Use) -> str:
    sign = "!" if use.share >= WARN_AT else " "
    note = f" ({use.note})" if use.note else ""
    return f" {sign} {translate(use.what)}: {_amount(use)}, {100 * use.share:.0f} %{note}"


def _row(use: Use) -> str:
    tone = "bad" if use.share >= WARN_AT else "good"
    bar = (
        f'<span class="ag-meter" aria-hidden="true"><i class="ag-meter-{tone}" '
        f'style="width:{min(use.share, 1):.1%}"></i><u style="left:{WARN_AT:.0%}"></u></span>'
    )
    note = f"<small><code>{escape(result_table.clean(use.note))}</code></small>" if use.note else ""
    return (
        f"<li><strong>{escape(translate(use.what))}</strong> {escape(_amount(use))} "
        f"({100 * use.share:.0f} %){bar}{note}</li>"
    )
