"""Every limit has a name, a sentence for the student, and shows in what the code itself sees."""

from __future__ import annotations

import errno

import pytest

from autograder.language import in_words
from autograder.nouns import Limits
from autograder.sandbox.lockdown import limits
from autograder.sandbox.supervisor.warm_server import WarmServer
from autograder.sandbox.wire import pack
from tests.sandbox.attacks import PRELUDE, TIGHT
from tests.sandbox.conftest import ask

NAMES = (
    limits.CPU,
    limits.WALL,
    limits.MEMORY,
    limits.PROCESSES,
    limits.FILES,
    limits.DISK,
    limits.FILE,
    limits.OUTPUT,
    limits.CAPTURE,
    limits.FRAMES,
)

THREADS = "[threading.Thread(target=time.sleep, args=(2,)).start() for _ in range(100)]"


@pytest.mark.parametrize("name", NAMES)
def test_every_limit_has_a_sentence_with_its_number_and_a_way_out(name: str) -> None:
    for cell in (0, 7):
        message = limits.message(name, Limits(), cell)
        _, told, _ = in_words(message)
        _, korean, way_out = in_words(message, "ko")
        assert korean.startswith("7번 칸" if cell else "노트북")
        assert "{" not in korean
        assert way_out != message.next
        assert "{" not in told
        assert told.startswith("cell 7 " if cell else "the notebook ")
        assert any(c.isdigit() for c in told.removeprefix("cell 7")) or name == limits.FRAMES
        assert message.next


def test_the_sentence_of_a_cell_names_the_cells_own_seconds() -> None:
    message = limits.message(limits.CPU, Limits(cpu_seconds=300, cell_seconds=60), cell=7)
    assert in_words(message)[1] == "cell 7 used more than 60 s of computing time"


@pytest.mark.parametrize(
    ("name", "code"),
    [
        (limits.MEMORY, "bytearray(2 << 30)"),
        (limits.PROCESSES, THREADS),
        (limits.PROCESSES, "[os.fork() or time.sleep(2) or os._exit(0) for _ in range(100)]"),
        (limits.DISK, "[open(f'f{n}', 'wb').write(bytes(1 << 20)) for n in range(40)]"),
        (limits.FILE, "open('f', 'wb').write(bytes(9 << 20))"),
        (limits.FILES, "[os.open('/dev/null', 0) for _ in range(300)]"),
    ],
)
def test_a_limit_met_inside_is_known_by_its_exception(
    name: str, code: str, full: WarmServer
) -> None:
    whole = (
        f"{PRELUDE}\nfrom autograder.sandbox.lockdown.limits import limit_of\n"
        f"try: {code}\nexcept BaseException as error: answer = limit_of(error)"
    )
    with full.start(TIGHT) as job:
        assert ask(job, whole) == {"answer": name}


@pytest.mark.parametrize(
    "error", [ValueError("x"), OSError(errno.ENOENT, "x"), RuntimeError("x"), TypeError()]
)
def test_an_ordinary_exception_is_no_limit(error: Exception) -> None:
    assert limits.limit_of(error) == ""


def test_what_came_before_a_limit_is_not_lost(full: WarmServer) -> None:
    with full.start(Limits(cpu_seconds=0.5)) as job:
        assert ask(job, "print('before'); answer = 1") == {"answer": 1}
        job.send(pack({"code": "while True: pass"}))
        assert job.receive() is None
        ended = job.finish()
    assert (ended.limit, ended.output) == ("cpu", b"before\n")
