"""Feeds what reads instructors' files with what libFuzzer makes of honest ones.

    python tests/fuzz/fuzz_readers.py -max_total_time=60 [CORPUS]

The first byte chooses the reader. Settings are not among them: they are Python, and would be run;
`tests/fuzz/test_readers.py` makes them up from literals.
"""

from __future__ import annotations

import logging
import sys
import tempfile
import warnings
from pathlib import Path

import atheris

sys.path.insert(0, str(Path(__file__).parents[2]))
INCLUDED = [
    "autograder.notebook",
    "autograder.steps",
    "autograder.steps.portal.receipts",
    "autograder.config",
]
with atheris.instrument_imports(include=INCLUDED):
    from tests.fuzz import readers

with tempfile.TemporaryDirectory() as place:
    SEEDS = {name: seed for name, seed in readers.seeds(Path(place)).items() if name != "settings"}
NAMES = sorted(SEEDS)


def one(data: bytes) -> None:
    if not data:
        return
    reader, _ = SEEDS[NAMES[data[0] % len(NAMES)]]
    with tempfile.TemporaryDirectory() as folder, readers.only_our_errors():
        reader(Path(folder), data[1:])


def seeds(corpus: Path) -> None:
    """An honest file of each kind to begin with."""
    for number, name in enumerate(NAMES):
        (corpus / name).write_bytes(bytes([number]) + SEEDS[name][1])


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    logging.disable(logging.CRITICAL)
    folders = [argument for argument in sys.argv[1:] if not argument.startswith("-")]
    if not folders:
        folders = [tempfile.mkdtemp()]
        sys.argv.append(folders[0])
    seeds(Path(folders[0]))
    atheris.Setup(sys.argv, one)
    atheris.Fuzz()
