"""Feeds the zip reader with what libFuzzer makes of honest zips.

    python tests/fuzz/fuzz_archive.py -max_total_time=60 [CORPUS]

Whatever the bytes are: they are taken within the caps, or Refused; anything else is a crash.
"""

from __future__ import annotations

import io
import sys
import tempfile
import zipfile
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["autograder.submissions", "zipfile"]):
    from autograder.submissions import archive
    from autograder.submissions.extraction import Caps, take
    from autograder.submissions.filename_parsing import Rules, sorted_out
    from autograder.submissions.name_matching import ClassList
    from autograder.submissions.paths import Refused

CAPS = Caps(1 << 20, 20)
RULES = Rules("n411", ("n411",), frozenset(), ClassList())


def one(data: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path, into = Path(folder) / "fuzzed.zip", Path(folder) / "into"
        path.write_bytes(data)
        into.mkdir()
        try:
            with archive.opened(path, most=100) as offered:
                sent, _ = sorted_out(offered.entries, RULES)
                for number, student in enumerate(sent):
                    (into / str(number)).mkdir()
                    take(student.entries, into / str(number), CAPS)
        except Refused:
            pass
        sizes = [p.stat().st_size for p in Path(folder).rglob("*") if not p.is_dir()]
        assert all(size <= CAPS.bytes for size in sizes[1:])
        assert {p.name for p in Path(folder).iterdir()} == {"fuzzed.zip", "into"}


def seeds(corpus: Path) -> None:
    """A few honest zips to begin with."""
    for number, packing in enumerate((zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)):
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w", packing) as zipped:
            for name in ("kim/n411.ipynb", "doe_1_2_n411.ipynb", "한글/n411.ipynb", "a/../b"):
                zipped.writestr(name, "{}" * 40)
        (corpus / f"seed{number}").write_bytes(buffer.getvalue())


if __name__ == "__main__":
    folders = [argument for argument in sys.argv[1:] if not argument.startswith("-")]
    if not folders:
        folders = [tempfile.mkdtemp()]
        sys.argv.append(folders[0])
    seeds(Path(folders[0]))
    atheris.Setup(sys.argv, one)
    atheris.Fuzz()
