"""The whole journey of a Korean course under `LC_ALL=C PYTHONUTF8=0`, where Python knows ASCII only."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

AUTOGRADER = Path(sys.executable).with_name("autograder")
ANSWER = """def standardise(x):
    spread = x.std(axis=0)
    return (x - x.mean(axis=0)) / np.where(spread > 0, spread, 1)"""


def autograder(*words: str, cwd: Path, code: int = 0) -> str:
    """What a command prints, run as from a shell in the plainest locale."""
    env = {**os.environ, "LC_ALL": "C", "PYTHONUTF8": "0", "TF_CPP_MIN_LOG_LEVEL": "3"}
    for name in ("LANG", "LC_CTYPE", "PYTHONIOENCODING"):
        env.pop(name, None)
    done = subprocess.run([AUTOGRADER, *words], cwd=cwd, env=env, capture_output=True, check=False)
    out, err = done.stdout.decode("utf-8"), done.stderr.decode("utf-8", "replace")
    assert done.returncode == code, out + err
    assert "Traceback" not in out + err
    return out + err


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_a_korean_course_from_nothing_to_scores(tmp_path: Path) -> None:
    root = tmp_path / "딥러닝 수업"
    assert "딥러닝 수업" in autograder("init", "딥러닝 수업", "--name", "딥러닝", cwd=tmp_path)
    (root / "source" / "hello").rename(root / "source" / "과제 1")
    (root / "명단.csv").write_bytes("학번,이름\n0012345,김하늘\n0012346,이바다\n".encode("cp949"))
    assert "cp949" in autograder("roster", "import", "명단.csv", cwd=root)
    assert "과제 1" in autograder("release", "과제 1", "--no-sandbox", cwd=root)
    node = nbformat.read(root / "release" / "과제 1" / "hello.ipynb", as_version=4)
    for cell in node.cells:
        if cell.metadata.get("nbgrader", {}).get("solution"):
            cell.source = ANSWER + "\n# 한글"
    inbox = tmp_path / "받은 것"
    for student in ("김하늘", "0012346"):
        (inbox / student).mkdir(parents=True)
        nbformat.write(node, inbox / student / "hello.ipynb")
    assert "2 students" in autograder("collect", "과제 1", str(inbox), cwd=root)
    assert "2 submissions" in autograder("grade", "과제 1", "--no-sandbox", cwd=root)
    assert "pages" in autograder("feedback", "과제 1", cwd=root)
    autograder("export", "과제 1", cwd=root)
    table = (root / ".autograder" / "exports" / "과제 1-csv.csv").read_text("utf-8-sig")
    assert "김하늘" in table
    assert "과제 1" in autograder("status", cwd=root)
    report = json.loads(autograder("status", "--json", cwd=root))
    assert report["assignments"][0]["graded"] == 2
    assert "없는 과제" in autograder("grade", "없는 과제", cwd=root, code=1)
