"""The downloaded notebook where students run it, handed in to a real server: Jupyter and Colab."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from datetime import timedelta
from pathlib import Path

import numpy
import pytest

from autograder.gradebook.portal import access
from autograder.steps.grading.collect import shelf_of
from autograder.steps.portal import receipts
from tests.student.conftest import start_kernel

from .conftest import ANSWER
from .test_submit import free_port, served

__all__ = ["start_kernel"]

COLAB = {
    "__init__.py": "",
    "_message.py": (
        "import json, pathlib\n"
        "def blocking_request(what, request=None, timeout_sec=None):\n"
        "    assert what == 'get_ipynb'\n"
        "    return {'ipynb': json.loads(pathlib.Path(PAGE).read_text())}\n"
    ),
    "userdata.py": (
        "class SecretNotFoundError(Exception): pass\n"
        "def get(name):\n"
        "    raise SecretNotFoundError(name)\n"
    ),
}


@pytest.fixture
def port(course) -> int:
    port = free_port()
    with served(course, port):
        yield port


@pytest.fixture
def work(course, tmp_path: Path) -> Path:
    """The notebook as it was downloaded, in a folder of its own, and nothing beside it."""
    path = tmp_path / "hello.ipynb"
    path.write_bytes((course.release / "hello" / "hello.ipynb").read_bytes())
    return path


def cells(path: Path) -> list[str]:
    found = json.loads(path.read_bytes())["cells"]
    return ["".join(one["source"]) for one in found if one["cell_type"] == "code"]


def answered(path: Path, answer: str) -> None:
    """What the student types, saved."""
    notebook = json.loads(path.read_bytes())
    for cell in notebook["cells"]:
        if cell["metadata"].get("nbgrader", {}).get("solution"):
            cell["source"] = answer
        elif "".join(cell["source"]).endswith("# submit()"):
            cell["source"] = "".join(cell["source"]).replace("# submit()", "submit()")
    path.write_text(json.dumps(notebook))


def told(course, student: str, tmp_path: Path, port: int) -> dict[str, str]:
    token = access.new_token(course, student, "notebook", timedelta(hours=1))
    return {
        "AUTOGRADER_PORTAL": f"http://127.0.0.1:{port}",
        "AUTOGRADER_TOKEN": token,
        "XDG_CONFIG_HOME": str(tmp_path / "config"),
    }


def test_in_a_jupyter_kernel_from_the_first_cell_to_the_receipt(
    course, student, work, port, start_kernel, tmp_path
):
    kernel = start_kernel(**told(course, student, tmp_path, port))
    setup, imports, untouched, checks, _ = cells(work)
    assert "Ready: autograder" in kernel.run(setup)
    assert kernel.run(imports) == ""
    assert "NotImplementedError" in kernel.run(untouched + "\nstandardise(np.ones((2, 2)))")
    assert "not met" in kernel.run(checks)
    answered(work, ANSWER)
    kernel.run(ANSWER)
    assert "6 of 6 points so far" in kernel.run(checks)
    said = kernel.run(cells(work)[-1])
    assert "standardise: 6 of 6 points" in said
    assert "Handed in: Received" in said
    (kept,) = shelf_of(course, "hello").all_of(student)
    (file,) = (work.parent / ".autograder" / "receipts").glob("*.json")
    found = receipts.verify(receipts.read(file), receipts.public_key(course.root / receipts.PUBLIC))
    assert found.problems == ()
    assert found.facts["submission"] == kept.id
    assert found.facts["tasks"] == {"hello": {"standardise": "saved"}}


def test_under_colabs_front_end_the_page_is_handed_in_and_a_code_signs_in(
    course, student, work, port, start_kernel, tmp_path
):
    """Colab keeps no file: its page answers a message, and the code is typed on the portal."""
    page = tmp_path / "colab" / "page.json"
    package = tmp_path / "colab" / "google" / "colab"
    package.mkdir(parents=True)
    for name, text in COLAB.items():
        (package / name).write_text(text.replace("PAGE", repr(str(page))))
    answered(work, ANSWER)
    work.rename(page)
    environment = told(course, student, tmp_path, port) | {
        "PYTHONPATH": str(tmp_path / "colab"),
        "COLAB_RELEASE_TAG": "release",
    }
    del environment["AUTOGRADER_TOKEN"]
    kernel = start_kernel(**environment)
    kernel.run("import google.colab, google.colab._message")
    *before, last = cells(page)
    for cell in before:
        said = kernel.run(cell)
    assert "6 of 6 points so far" in said
    kernel.begin(last)
    code = shown_code(kernel)
    assert access.allow(course, code, student)
    assert "Handed in: Received" in kernel.rest()
    kept = shelf_of(course, "hello").newest(student)
    assert kept is not None
    text = (shelf_of(course, "hello").files(kept) / "hello.ipynb").read_text()
    assert json.loads(text)["cells"][-1]["source"].endswith("\nsubmit()")
    assert not list((tmp_path / "config").rglob("*.json")), "no token stays on Colab's disk"


def shown_code(kernel) -> str:
    """The short code that the cell shows while it waits."""
    said = ""
    end = time.monotonic() + 60
    while time.monotonic() < end:
        said += kernel.next()
        if found := re.search(r"type the code (\S+)\.", said):
            return found[1]
    raise AssertionError(said)


def test_a_kernel_killed_in_a_fit_loses_nothing_and_the_rest_is_handed_in(
    course, student, work, port, start_kernel, tmp_path
):
    environment = told(course, student, tmp_path, port)
    kernel = start_kernel(**environment)
    answered(work, ANSWER)
    setup, imports, *_ = cells(work)
    kernel.run(setup)
    kernel.run(imports)
    kernel.run(
        "import keras, pathlib, time\n"
        "from autograder import KeepEachEpoch\n"
        "net = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])\n"
        "net.compile('sgd', 'mse')\n"
        "class Stop(keras.callbacks.Callback):\n"
        "    def on_epoch_begin(self, epoch, logs=None):\n"
        "        if epoch == 2:\n"
        "            pathlib.Path('third').touch(); time.sleep(600)\n"
    )
    kernel.begin(
        "net.fit(np.ones((4, 2)), np.ones(4), epochs=9, verbose=0,"
        " callbacks=[KeepEachEpoch('net'), Stop()])"
    )
    end = time.monotonic() + 120
    while not (tmp_path / "third").exists():
        assert time.monotonic() < end
        time.sleep(0.1)
    kernel.kill()
    again = start_kernel(**environment)
    again.run(setup)
    again.run(imports)
    said = again.run(
        "from autograder import kept, submit\n"
        "print(kept('net').count_params(), kept('net_history').epoch)\nsubmit()"
    )
    assert "3 [0, 1]" in said
    assert "Handed in: Received" in said
    (handed_in,) = shelf_of(course, "hello").all_of(student)
    names = {file.path for file in handed_in.files}
    assert {"hello.ipynb", "kept/net.json", "kept/net_history.json"} <= names


def test_a_new_student_has_the_first_check_within_two_minutes(work, tmp_path):
    """Counted from an environment that has NumPy and pip alone: the notebook brings the rest."""
    subprocess.run([sys.executable, "-m", "venv", tmp_path / "fresh"], check=True)
    fresh = tmp_path / "fresh" / "bin" / "python"
    site = subprocess.check_output(
        [fresh, "-c", "import site; print(site.getsitepackages()[0])"], text=True
    )
    for name in (numpy.__name__, f"{numpy.__name__}.libs"):
        Path(site.strip(), name).symlink_to(Path(numpy.__file__).parent.parent / name)
    setup, imports, _, checks, _ = cells(work)
    answered(work, ANSWER)
    script = "\n".join(
        [setup, imports, ANSWER, checks.replace("task.check()", "print(task.check())")]
    )
    (tmp_path / "all.py").write_text(script)
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("PYTHON", "JPY_"))}
    began = time.monotonic()
    done = subprocess.run(
        [fresh, "all.py"],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    took = time.monotonic() - began
    assert "6 of 6 points so far" in done.stdout, done.stderr
    assert "+student." in done.stdout, "the light wheel was installed"
    print(f"{took:.1f} s")
    assert took < 120
