"""The set-up cell works alone, from an empty folder, without a network."""

import http.server
import os
import subprocess
import sys
import threading
import zipfile
from functools import cache
from pathlib import Path

import numpy
import pytest

from autograder.notebook.release.setup_cell import setup_cell
from autograder.notebook.release.wheel import light_wheel

FILES = {"helper.py": b"answer = 42\n", "data/points.bin": bytes(range(256))}
TOLD = {"format": 1, "assignment": "a", "notebook": "one", "release": 2}
OFFLINE = {"HTTPS_PROXY": "http://127.0.0.1:9", "HTTP_PROXY": "http://127.0.0.1:9"}


@cache
def the_wheel():
    return light_wheel()


@pytest.fixture
def wheel():
    return the_wheel()


def make_cell(files=FILES, **options):
    return setup_cell(TOLD, files, the_wheel(), **options)


def bare_python(folder, *options):
    """An interpreter that has NumPy and nothing of ours."""
    subprocess.run([sys.executable, "-m", "venv", *options, folder], check=True, timeout=120)
    (packages,) = folder.glob("lib/python*/site-packages")
    for found in Path(numpy.__file__).parent.parent.glob("numpy*"):
        (packages / found.name).symlink_to(found)
    return folder / "bin" / "python"


@pytest.fixture(scope="module")
def bare(tmp_path_factory):
    return bare_python(tmp_path_factory.mktemp("bare") / "env", "--without-pip")


def run(python, folder, code, **environment):
    folder.mkdir(exist_ok=True)
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("PYTHON", "AUTOGRADER"))}
    done = subprocess.run(
        [python, "-c", "import sys; exec(compile(sys.stdin.read(), 'cell', 'exec'))"],
        input=code,
        text=True,
        capture_output=True,
        cwd=folder,
        timeout=120,
        env={**kept, **OFFLINE, **environment},
    )
    assert done.stderr == "", done.stderr
    return done.stdout.splitlines()


IMPORT = """
import autograder, helper
from autograder import Task, expect
print(helper.answer, autograder.__file__)"""


def test_it_installs_the_wheel_with_pip_from_an_empty_folder(tmp_path, wheel):
    python = bare_python(tmp_path / "env")
    folder = tmp_path / "empty"
    said = run(python, folder, make_cell() + IMPORT)
    assert said[0] == f"Ready: autograder {wheel.version}."
    assert said[1].startswith("42 ")
    assert "site-packages" in said[1]
    assert sorted(p.name for p in folder.iterdir() if p.name != "__pycache__") == [
        "data",
        "helper.py",
    ]
    assert run(python, folder, make_cell()) == [f"Ready: autograder {wheel.version}."]


def test_where_there_is_no_pip_the_wheel_is_unpacked_beside_the_notebook(tmp_path, bare, wheel):
    said = run(bare, tmp_path, make_cell() + IMPORT)
    assert said[0] == f"Ready: autograder {wheel.version}."
    assert ".autograder-package" in said[1]
    assert (tmp_path / "data/points.bin").read_bytes() == FILES["data/points.bin"]


def test_it_needs_nothing_of_the_graders(tmp_path, bare):
    code = (
        make_cell()
        + IMPORT
        + (
            "\nimport sys\nprint(sorted({m.split('.')[0] for m in sys.modules} & "
            "{'nbgrader', 'sqlalchemy', 'tensorflow', 'keras', 'typer', 'nbformat', 'IPython'}))"
        )
    )
    assert run(bare, tmp_path, code)[-1] == "[]"


def test_running_it_again_changes_nothing(tmp_path, bare):
    run(bare, tmp_path, make_cell())
    before = (tmp_path / "helper.py").stat().st_mtime_ns
    (said,) = run(bare, tmp_path, make_cell())
    assert said.startswith("Ready")
    assert (tmp_path / "helper.py").stat().st_mtime_ns == before


def test_a_helper_that_the_student_changed_is_kept_and_told(tmp_path, bare):
    run(bare, tmp_path, make_cell())
    for number, name in enumerate(("helper_yours.py", "helper_yours2.py")):
        (tmp_path / "helper.py").write_text(f"answer = {number}\n")
        said = run(bare, tmp_path, make_cell())
        assert (
            said[0]
            == f"helper.py had been changed: yours is kept as {name}, the assignment's own is back."
        )
        assert (tmp_path / name).read_text() == f"answer = {number}\n"
        assert (tmp_path / "helper.py").read_bytes() == FILES["helper.py"]


def test_a_helper_of_an_earlier_release_is_replaced_without_ado(tmp_path, bare):
    import hashlib

    old = b"answer = 41\n"
    (tmp_path / "helper.py").write_bytes(old)
    said = run(bare, tmp_path, make_cell(former={"helper.py": [hashlib.sha256(old).hexdigest()]}))
    assert len(said) == 1
    assert (tmp_path / "helper.py").read_bytes() == FILES["helper.py"]
    assert not (tmp_path / "helper_yours.py").exists()


@pytest.mark.parametrize("part", ["data", "sha256"])
def test_a_damaged_cell_says_so_and_writes_nothing(tmp_path, bare, part):
    cell = make_cell()
    at = cell.index(f'"{part}": ', cell.index('"helper.py"')) + len(part) + 30
    damaged = cell[:at] + ("0" if cell[at] != "0" else "1") + cell[at + 1 :]
    code = f"try:\n    exec({damaged!r})\nexcept RuntimeError as e:\n    print(e)"
    said = run(bare, tmp_path, code)
    assert said[-1] == ("This cell is damaged. Download the notebook again, or ask for a new copy.")
    assert not (tmp_path / "helper.py").exists()


def test_a_full_installation_is_never_replaced(tmp_path):
    """Such as a grader's own: the light part would take the rest of it away."""
    code = make_cell().replace("import subprocess", "subprocess = None")
    (said,) = run(sys.executable, tmp_path, code)
    assert said.startswith("Ready: autograder")
    assert "+student" not in said


def test_it_leaves_no_name_behind(tmp_path, bare):
    code = (
        "before = set(globals())\n"
        + make_cell()
        + "\nprint(sorted(set(globals()) - before - {'before'}))"
    )
    assert run(bare, tmp_path, code)[-1] == "[]"


def test_it_tells_the_students_side_about_the_notebook(tmp_path, bare):
    code = (
        make_cell()
        + "\nfrom autograder.student.environment import released as r\nprint(r().release, r().notebook)"
    )
    assert run(bare, tmp_path, code)[-1] == "2 one"


@pytest.fixture
def portal():
    """A server on loopback: what it answers, and what it was asked for."""
    asked, reply = [], {"body": b""}

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append(self.path)
            self.send_response(200)
            self.end_headers()
            self.wfile.write(reply["body"])

        def log_message(self, *_): ...

    server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}", asked, reply
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize("honest", [True, False])
def test_the_portal_is_asked_but_not_trusted(tmp_path, bare, wheel, portal, honest):
    url, asked, reply = portal
    reply["body"] = wheel.data if honest else b"something else"
    cell = make_cell(portal_url=url)
    if honest:  # then the copy in the cell is not needed
        at = cell.index('"data": [', cell.index(f'"name": "{wheel.name}"'))
        cell = cell[:at] + '"data": []' + cell[cell.index("]", at) + 1 :]
    said = run(bare, tmp_path, cell + IMPORT, NO_PROXY="127.0.0.1")
    assert said[0].startswith("Ready")
    assert asked == [f"/wheel/{wheel.name}"]


def test_a_wheel_in_the_folder_comes_first(tmp_path, bare, wheel, portal):
    url, asked, _ = portal
    (tmp_path / wheel.name).write_bytes(wheel.data)
    run(bare, tmp_path, make_cell(portal_url=url) + IMPORT, NO_PROXY="127.0.0.1")
    assert asked == []


def test_no_line_of_the_cell_names_a_registry_or_a_path_of_this_machine(wheel):
    code = make_cell({}).split("_autograder_setup(r'''")[0]
    assert "pypi" not in code.lower()
    assert "http" not in code.replace('startswith(("http://", "https://"))', "")
    assert str(Path.home()) not in code
    assert "--no-index" in code
    assert "--no-deps" in code


WALL = {
    "__init__.py",
    "wire.py",
    "random_states.py",
    "checking_process/__init__.py",
    "checking_process/main.py",
    "checking_process/author_code.py",
    "checking_process/remote.py",
    "student_process/__init__.py",
    "student_process/alarm.py",
    "student_process/object_server.py",
}


def test_the_wheel_is_the_students_part_and_the_same_every_time(wheel, tmp_path):
    assert light_wheel() == light_wheel()
    path = tmp_path / wheel.name
    path.write_bytes(wheel.data)
    with zipfile.ZipFile(path) as archive:
        names = archive.namelist()
    assert "autograder/student/task.py" in names
    assert "autograder/criteria/task.py" in names
    assert not [n for n in names if "/gradebook/" in n or "/notebook/" in n or "/steps/" in n]
    wall = {n.removeprefix("autograder/sandbox/") for n in names if "/sandbox/" in n}
    assert wall == WALL  # by which `check()` sees models as grading does
    (record,) = [n for n in names if n.endswith("RECORD")]
    listed = zipfile.ZipFile(path).read(record).decode().splitlines()
    assert sorted(line.rsplit(",", 2)[0] for line in listed) == sorted(names)
