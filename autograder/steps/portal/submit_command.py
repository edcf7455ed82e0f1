"""Submit a notebook from the command line, as `submit()` does inside the notebook."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from autograder.errors import AutograderError, NotFound
from autograder.student import environment, portal, sending, submitting

_TOLD = re.compile(r"^_autograder_setup\(r'''(.*)'''\)", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class SubmitReport:
    """The submission sent, and the text for the student."""

    sent: sending.Sent
    words: str

    def as_json(self) -> dict[str, Any]:
        return {
            "submission": self.sent.submission,
            "again": self.sent.again,
            "receipt": self.sent.receipt,
            "file": str(self.sent.file),
        }


def submit(notebook: Path, to: str = "", tell: Callable[[str], None] = print) -> SubmitReport:
    """Submit a notebook with its files and kept work, save the receipt, and return both.

    `to` is the portal's address, by default the one in the notebook. A student who is not signed in
    here gets a short code to confirm. Raises NotFound if it is not a released notebook,
    AutograderError if the submission was not accepted.
    """
    with _as_its_kernel(notebook, to):
        bundle = submitting.gather()
        if not portal.address():
            raise AutograderError(
                "the notebook names no portal",
                where=str(notebook),
                way_out="--portal https://…, or upload it on your course's page",
            )
        try:
            sent = _sent(bundle, tell)
        except portal.Unreachable:
            raise AutograderError(
                f"{portal.host()} does not answer",
                where=portal.address(),
                way_out="run it again later: the same work twice is one submission",
            ) from None
        return SubmitReport(sent, sending.shown(sent, bundle.notes).text)


def _sent(bundle: submitting.Bundle, tell: Callable[[str], None]) -> sending.Sent:
    data, name = bundle.zipped(), f"{bundle.name}-submission.zip"
    if portal.token():
        try:
            return sending.send(str(bundle.about["assignment"]), name, data)
        except portal.NotSignedIn:
            portal.forget()
    asked = portal.ask()
    tell(portal.sentence(asked))
    if not portal.wait_for(asked):
        raise AutograderError("nobody typed the code", way_out="run it again for a new one")
    return sending.send(str(bundle.about["assignment"]), name, data)


@contextmanager
def _as_its_kernel(notebook: Path, to: str) -> Iterator[None]:
    """Set the environment that the notebook's own kernel has after its set-up cell."""
    path = notebook.resolve()
    told = {environment.VARIABLE: json.dumps(_told(path)), "JPY_SESSION_NAME": str(path)}
    if to:
        told["AUTOGRADER_PORTAL"] = to
    before = {name: os.environ.get(name) for name in told}
    os.environ.update(told)
    try:
        environment.speak()
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name) if value is None else os.environ.update({name: value})


def _told(path: Path) -> dict[str, Any]:
    """Return the facts that the notebook's set-up cell passes to the kernel."""
    try:
        cells = json.loads(path.read_bytes())["cells"]
        sources = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]
        found = next(match for text in sources if (match := _TOLD.search(text)))
        told: dict[str, Any] = json.loads(found[1])["notebook"]
        return told
    except (OSError, ValueError, KeyError, TypeError, StopIteration, RecursionError):
        raise NotFound(
            "this is no notebook that a course released",
            where=str(path),
            way_out="name the .ipynb that you worked in, with its set-up cell",
        ) from None
