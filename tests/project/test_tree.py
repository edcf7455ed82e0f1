"""What holds for the whole tree: layers, a light core, and nothing of anyone's machine in it."""

from __future__ import annotations

import re
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest
import tomllib

ROOT = Path(__file__).parents[2]
BIN = Path(sys.executable).parent
LIGHT = (
    "autograder",
    "autograder.student",
    "autograder.criteria",
    "autograder.expect",
    "autograder.language",
    "autograder.nouns",
    "autograder.errors",
    "autograder.evidence.codec",
)
# Spelt apart, so that this file does not hold what it looks for.
ELSEWHERE = [
    "pypi" + r"\.org",
    "python" + r"hosted\.org",
    "registry" + r"\.npmjs",
    "deb" + r"\.debian\.org",
    "extra-" + "index-url",
    "/" + r"root/",
    "/" + r"work/(main|shared|\.)",
    "/" + "opt/(pypi|wheels)",
    "/tmp/" + "team",
]


def tracked() -> list[Path]:
    done = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return [ROOT / name for name in done.stdout.split("\0") if name and (ROOT / name).is_file()]


def test_the_layers_hold() -> None:
    done = subprocess.run(
        [BIN / "lint-imports", "--no-logo"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout
    assert "0 broken" in done.stdout


@pytest.mark.parametrize(
    ("path", "line", "contract"),
    [
        ("expect/bad.py", "import autograder.steps", "The layers"),
        ("notebook/bad.py", "from autograder import sandbox", "The layers"),
        ("student/bad.py", "import nbgrader", "stays light"),
        ("sandbox/student_process/main.py", "import autograder.criteria", "knows no criteria"),
        ("unplaced.py", "", "The layers"),
    ],
)
def test_an_import_against_the_layers_is_caught(
    tmp_path: Path, path: str, line: str, contract: str
) -> None:
    for file in (ROOT / "autograder").rglob("*.py"):
        copy = tmp_path / file.relative_to(ROOT)
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_bytes(file.read_bytes())
    (tmp_path / ".importlinter").write_text((ROOT / ".importlinter").read_text())
    bad = tmp_path / "autograder" / path
    bad.write_text((bad.read_text() if bad.exists() else "") + f"\n{line}\n")
    done = subprocess.run(
        [BIN / "lint-imports", "--no-logo", "--no-cache"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        env={"PYTHONPATH": str(tmp_path), "PATH": str(BIN), "COLUMNS": "200"},
    )
    assert done.returncode != 0
    assert re.search(f"{contract}.* BROKEN", done.stdout), done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("dist")
    subprocess.run(
        [sys.executable, "-m", "build", "-q", "--no-isolation", "--wheel", "-o", out, ROOT],
        check=True,
        capture_output=True,
    )
    (made,) = out.glob("*.whl")
    return made


def test_the_wheel_asks_for_numpy_and_nothing_else(wheel: Path) -> None:
    assert wheel.name.startswith("sprintgrader-")
    with zipfile.ZipFile(wheel) as archive:
        (metadata,) = [n for n in archive.namelist() if n.endswith("dist-info/METADATA")]
        lines = archive.read(metadata).decode().splitlines()
    needed = [x for x in lines if x.startswith("Requires-Dist:") and "extra ==" not in x]
    assert needed == ["Requires-Dist: numpy"]


def test_the_wheel_carries_what_is_read_at_run_time(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    files = (p for p in (ROOT / "autograder").rglob("*") if p.is_file() and p in set(tracked()))
    wanted = {str(p.relative_to(ROOT)) for p in files}
    assert wanted - names == set()


def test_a_kernel_that_has_only_numpy_can_import_it(wheel: Path, tmp_path: Path) -> None:
    """In an environment of its own, with NumPy lent to it and nothing else."""
    import numpy

    venv.create(tmp_path / "env", with_pip=False)
    python = tmp_path / "env" / "bin" / "python"
    site = next((tmp_path / "env" / "lib").glob("python*/site-packages"))
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(site)
    packages = Path(numpy.__file__).parents[1]
    for lent in (packages / "numpy", packages / "numpy.libs"):
        if lent.exists():
            (site / lent.name).symlink_to(lent)
    code = f"import {', '.join(LIGHT)}\nfrom autograder import Task, expect"
    done = subprocess.run(
        [python, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_importing_it_in_a_kernel_loads_nothing_large() -> None:
    heavy = (
        "tensorflow keras nbgrader otter sqlalchemy alembic typer rich fastapi jinja2 pandas scipy "
        "sklearn skimage matplotlib IPython nbformat traitlets"
    )
    code = f"import sys, {', '.join(LIGHT)}; print(*set('{heavy}'.split()) & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""


@pytest.mark.parametrize("first", ["autograder.notebook.source.reading", "autograder.gradebook"])
def test_commands_do_not_wait_for_a_grammar_that_nothing_needs(first: str) -> None:
    code = f"import sys, {first}; print('rfc3987_syntax' in sys.modules); import rfc3987_syntax"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_no_file_names_a_registry_or_a_place_on_a_machine() -> None:
    wrong = re.compile("|".join(ELSEWHERE))
    found = []
    for path in tracked():
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
        found += [
            f"{path.relative_to(ROOT)}:{number}: {line[:80]}"
            for number, line in enumerate(text.splitlines(), 1)
            if wrong.search(line)
        ]
    assert found == []


def test_every_requirement_is_pinned() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"].values()
    asked = [*project["dependencies"], *(one for extra in extras for one in extra)]
    names = {re.split(r"[=<>;!~ \[]", one)[0].lower().replace("_", "-") for one in asked}
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    pinned = {line.partition("==")[0].lower().replace("_", "-") for line in lines if "==" in line}
    assert names - pinned - {"tensorflow"} == set()  # tensorflow-cpu on Linux


def test_make_help_lists_every_target() -> None:
    done = subprocess.run(
        ["make", "--no-print-directory", "help"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    listed = {line.split()[0] for line in done.stdout.splitlines()}
    targets = re.findall(r"^([a-z][a-z-]*):", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert listed == set(targets)
