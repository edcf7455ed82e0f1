"""Korean words in plots are drawn, not boxes: in a script, in a kernel, and where grading runs."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path

import pytest
from matplotlib.ft2font import FT2Font

from autograder import plot_fonts
from autograder.notebook.release.wheel import light_wheel
from autograder.sandbox.supervisor import isolation_level
from autograder.sandbox.supervisor.warm_server import WarmServer
from tests.grading.made import extra, run_cells

# A box in place of a letter is a warning of matplotlib's.
DRAWN = """
import warnings
warnings.simplefilter("error")
figure, axis = plt.subplots()
axis.set_title("훈련 데이터의 손실 (loss), 에포크마다")
figure.canvas.draw()
print("drawn")
"""
IMPORT = "import matplotlib\nmatplotlib.use('Agg')\nimport matplotlib.pyplot as plt\n"
OURS = "from autograder import Task\n"


def script(code: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)


@pytest.mark.parametrize(
    "begin",
    [
        OURS + IMPORT,
        IMPORT + OURS,
        OURS + OURS + IMPORT + "plt.style.use('ggplot'); plt.rcdefaults()",
    ],
    ids=["first", "after", "styled"],
)
def test_hangul_is_drawn_whoever_is_imported_first(begin: str) -> None:
    done = script(begin + DRAWN)
    assert done.stdout == "drawn\n", done.stderr


def test_matplotlib_alone_has_none() -> None:
    """Or the tests here would prove nothing."""
    assert "missing from font" in script(IMPORT + DRAWN).stderr


def test_no_other_letter_looks_different() -> None:
    code = "plt.plot([1, 2]); plt.title('loss −1 é')\nimport hashlib, io\nout = io.BytesIO()\n" + (
        "plt.savefig(out, format='raw'); print(hashlib.sha256(out.getvalue()).hexdigest())"
    )
    assert script(IMPORT + code).stdout == script(OURS + IMPORT + code).stdout != ""


def test_importing_ours_does_not_import_matplotlib() -> None:
    done = script(OURS + "import sys; print('matplotlib' in sys.modules)")
    assert done.stdout == "False\n"


def test_a_kernel_draws_it(start_kernel: Callable) -> None:
    kernel = start_kernel()
    kernel.run(OURS)
    assert "drawn" in kernel.run("import matplotlib.pyplot as plt" + DRAWN)


@pytest.fixture(scope="module")
def students() -> Iterator[WarmServer]:
    with WarmServer("inside", tier=isolation_level.find()) as server:
        yield server


def test_grading_draws_it(students: WarmServer, tmp_path: Path) -> None:
    evidence, store = run_cells(students, tmp_path, ["import matplotlib.pyplot as plt" + DRAWN])
    (cell,) = extra(evidence)
    assert cell.error is None
    assert b"drawn" in store.get(cell.outputs)


def test_the_font_has_every_syllable_of_the_korean_standard_and_is_small() -> None:
    known = set(FT2Font(str(plot_fonts.FONT)).get_charmap())
    standard = {c for c in range(0xAC00, 0xD7A4) if in_two_bytes(chr(c))}
    assert len(standard) == 2350
    assert standard <= known
    assert plot_fonts.FONT.stat().st_size < 300_000


def in_two_bytes(character: str) -> bool:
    try:
        return len(character.encode("euc_kr")) == 2
    except UnicodeEncodeError:
        return False


def test_students_get_the_font_with_its_licence() -> None:
    with zipfile.ZipFile(BytesIO(light_wheel().data)) as archive:
        assert "SIL OPEN FONT LICENSE" in archive.read("autograder/fonts/OFL.txt").decode()
        assert archive.read("autograder/fonts/hangul.otf") == plot_fonts.FONT.read_bytes()
