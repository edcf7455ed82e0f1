"""Jobs in a warm server: what is sent, what comes back, how they end."""

from __future__ import annotations

import os
import signal
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from autograder.errors import SandboxFault
from autograder.nouns import Limits
from autograder.sandbox.supervisor import WarmServer
from autograder.sandbox.wire import pack
from tests.sandbox.conftest import ENTRIES, LIMITS, ask, outcome


def test_a_frame_comes_back_as_it_was_sent() -> None:
    with WarmServer(f"{ENTRIES}:echo", preload=()) as server, server.start(LIMITS) as job:
        job.send(pack({"n": 1, "text": "π"}, [b"abc", b"", bytes(100_000)]))
        frame = job.receive()
        assert frame is not None
        assert frame.header == {"n": 1, "text": "π"}
        assert frame.body == b"abc" + bytes(100_000)


def test_large_frames_both_ways_at_once_do_not_lock_up() -> None:
    entry = f"{ENTRIES}:flood_both_ways"
    with WarmServer(entry, preload=()) as server, server.start(LIMITS) as job:
        for number in range(8):
            job.send(pack({"mine": number}, [bytes(4 << 20)]))
        received = [job.receive(timeout=30) for _ in range(16)]
        assert [f.header for f in received if f] == [
            *({"n": n} for n in range(8)),
            *({"mine": n} for n in range(8)),
        ]
        assert job.finish().exit_code == 0


def test_a_job_begins_in_an_empty_folder_of_its_own_that_is_gone_afterwards(
    bare: WarmServer,
) -> None:
    with bare.start(LIMITS) as job:
        got = ask(job, "import os; answer = [os.getcwd(), os.listdir(), os.environ['HOME']]")
        folder, names, home = got["answer"]
        ask(job, "import os; os.makedirs('a/b'); open('a/b/c','w').close(); os.chmod('a/b', 0)")
        job.finish()
    assert (names, home) == ([], folder)
    assert not Path(folder).exists()


def test_a_job_sees_nothing_of_the_graders_environment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("COURSE_KEY", "secret")
    with WarmServer(f"{ENTRIES}:run", preload=()) as server, server.start(LIMITS) as job:
        got = ask(job, "import os; answer = dict(os.environ)")
    assert "COURSE_KEY" not in got["answer"]


def test_a_job_has_its_own_pipes_and_no_other_descriptor(bare: WarmServer) -> None:
    with bare.start(LIMITS), bare.start(LIMITS) as job:
        got = ask(
            job,
            "import os\nanswer = {}\nfor n in range(1000):\n"
            "    try: answer[n] = os.readlink(f'/proc/self/fd/{n}').split(':')[0]\n"
            "    except OSError: pass",
        )
    assert got["answer"] == {
        "0": "/dev/null", "1": "pipe", "2": "pipe", "3": "pipe", "4": "pipe"
    }  # fmt: skip


def test_what_is_printed_before_a_frame_is_kept_and_after_drop_output_is_not(
    bare: WarmServer,
) -> None:
    with bare.start(LIMITS) as job:
        ask(job, "import sys; print('one'); print('two', file=sys.stderr)")
        job.drop_output()
        ask(job, "print('hidden input: 42')")
        assert job.finish().output == b"one\ntwo\n"


def test_output_is_kept_up_to_the_limit_and_the_rest_is_counted(bare: WarmServer) -> None:
    ended = outcome(bare, "print('x' * 300_000)", Limits(output_kb=100))
    assert (ended.exit_code, ended.limit) == (0, "")
    assert len(ended.output) == 100 * 1024
    assert ended.dropped == 300_001 - 100 * 1024


def test_a_flood_of_output_ends_the_job(bare: WarmServer) -> None:
    ended = outcome(bare, "while True: print('x' * 100_000)", Limits(output_kb=64))
    assert ended.limit == "output"
    assert len(ended.output) == 64 * 1024


def test_an_endless_loop_ends_at_its_cpu_seconds(bare: WarmServer) -> None:
    ended = outcome(bare, "while True: pass", Limits(cpu_seconds=0.5))
    assert ended.limit == "cpu"
    assert 0.5 <= ended.cpu_seconds < 2


def test_cpu_seconds_of_child_processes_count(bare: WarmServer) -> None:
    code = "import os\nfor _ in range(3): os.fork() or exec('while True: pass')\nos.wait()"
    ended = outcome(bare, code, Limits(cpu_seconds=1.5))
    assert ended.limit == "cpu"
    assert ended.cpu_seconds >= 1.5


def test_a_sleeper_ends_at_the_wall_clock(bare: WarmServer) -> None:
    ended = outcome(bare, "import time; time.sleep(60)", Limits(cpu_seconds=0.2, wall_factor=3))
    assert ended.limit == "wall"
    assert ended.wall_seconds < 3


def test_the_wall_clock_stands_still_while_nobody_waits_for_the_job(bare: WarmServer) -> None:
    with bare.start(Limits(cpu_seconds=0.2, wall_factor=2)) as job:
        ask(job, "answer = 1")
        time.sleep(0.8)
        assert ask(job, "answer = 2") == {"answer": 2}


def test_memory_of_all_processes_of_a_job_counts(bare: WarmServer) -> None:
    code = (
        "import os, time\nfor _ in range(3):\n    if os.fork() == 0: break\n"
        "x = bytearray(os.urandom(1 << 20) * 120); time.sleep(30)"
    )
    ended = outcome(bare, code, Limits(memory_mb=300))
    assert ended.limit == "memory"
    assert ended.memory_mb > 300


def test_one_process_that_wants_too_much_memory_gets_a_memory_error(bare: WarmServer) -> None:
    with bare.start(Limits(memory_mb=200)) as job:
        assert ask(job, "x = bytearray(1 << 30)")["error"] == "MemoryError"
        assert ask(job, "answer = 'still there'") == {"answer": "still there"}


def test_the_exit_code_and_the_signal_are_told() -> None:
    with WarmServer(f"{ENTRIES}:exit_with", preload=()) as server, server.start(LIMITS) as job:
        job.send(pack({"code": 7}))
        assert job.receive() is None
        assert job.finish().exit_code == 7


def test_a_crash_is_told_by_its_signal(bare: WarmServer) -> None:
    ended = outcome(bare, "import ctypes; ctypes.string_at(0)")
    assert ended.exit_code == -signal.SIGSEGV
    assert (ended.limit, ended.fault) == ("", "")


def test_bytes_that_are_no_frame_end_the_job(bare: WarmServer) -> None:
    code = "import os, time; os.write(write_fd, b'\\x02' + bytes(11) + b'[]'); time.sleep(30)"
    assert outcome(bare, code).limit == "frames"


def test_a_frame_past_the_capture_limit_ends_the_job_before_it_is_read(bare: WarmServer) -> None:
    code = (
        "import os, struct, time\n"
        "os.write(write_fd, struct.pack('<IQ', 2, 2 << 20) + b'{}'); time.sleep(30)"
    )
    assert outcome(bare, code, Limits(capture_mb=1)).limit == "capture"


def test_what_a_job_leaves_running_ends_with_it(bare: WarmServer) -> None:
    with bare.start(LIMITS) as job:
        got = ask(
            job,
            "import os\nr, w = os.pipe()\n"
            "if os.fork() == 0:\n    os.setsid()\n    pid = os.fork()\n"
            "    if pid: os.write(w, str(pid).encode()); os._exit(0)\n"
            "    import time; time.sleep(600)\n"
            "os.wait(); answer = int(os.read(r, 20))",
        )
        job.finish()
    assert not Path(f"/proc/{got['answer']}").exists()


def test_jobs_of_several_threads_do_not_mix(bare: WarmServer) -> None:
    def one(number: int) -> list[int]:
        with bare.start(LIMITS) as job:
            return [ask(job, f"answer = {number} * {n}")["answer"] for n in range(5)]

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(one, range(12))) == [[k * n for n in range(5)] for k in range(12)]


def test_killing_one_job_leaves_the_others_alone(bare: WarmServer) -> None:
    with bare.start(LIMITS) as first, bare.start(LIMITS) as second:
        ask(first, "answer = 1")
        ask(second, "answer = 1")
        first.kill("asked")
        assert first.finish().limit == "asked"
        assert ask(second, "answer = 2") == {"answer": 2}


def test_a_dead_server_is_a_fault_for_its_jobs_and_is_started_again() -> None:
    with WarmServer(f"{ENTRIES}:run", preload=()) as server:
        with server.start(LIMITS) as job:
            got = ask(job, "import os; answer = os.getppid()")
            warm = int(Path(f"/proc/{got['answer']}/stat").read_text().split()[3])
            os.kill(warm, signal.SIGKILL)
            assert "died" in job.finish().fault
        with server.start(LIMITS) as job:
            assert ask(job, "answer = 1") == {"answer": 1}
        assert any("started again" in note for note in server.notes)


def test_a_server_is_replaced_after_so_many_jobs() -> None:
    with WarmServer(f"{ENTRIES}:run", preload=(), jobs_each=2) as server:
        keepers = []
        for _ in range(4):
            with server.start(LIMITS) as job:
                pid = ask(job, "import os; answer = os.getppid()")["answer"]
                keepers.append(Path(f"/proc/{pid}/stat").read_text().split()[3])
        assert len(set(keepers)) == 2
        assert keepers[0] == keepers[1] != keepers[2] == keepers[3]


def test_what_cannot_be_warm_runs_in_fresh_processes_and_says_so(tmp_path: Path) -> None:
    with WarmServer(f"{ENTRIES}:run", preload=("tests.sandbox.starts_a_thread",)) as server:
        with server.start(LIMITS) as job:
            assert ask(job, "answer = 1") == {"answer": 1}
            assert job.finish().exit_code == 0
        assert len(server.notes) == 1
        assert "2 threads" in server.notes[0]


def test_a_job_whose_lock_down_fails_is_a_fault_and_runs_nothing() -> None:
    entry = "tests.sandbox.nowhere:main"
    with WarmServer(entry, preload=()) as server, server.start(LIMITS) as job:
        assert job.receive() is None
        assert "nowhere" in job.finish().fault


def test_a_closed_server_takes_no_job() -> None:
    server = WarmServer(f"{ENTRIES}:run", preload=())
    server.close()
    with pytest.raises(SandboxFault):
        server.start(LIMITS)


def test_forks_draw_different_random_numbers() -> None:
    with WarmServer(f"{ENTRIES}:run", preload=("numpy",)) as server:
        drawn = set()
        for _ in range(3):
            with server.start(LIMITS) as job:
                code = "import numpy, random; answer = [numpy.random.rand(), random.random()]"
                drawn.update(ask(job, code)["answer"])
    assert len(drawn) == 6


def test_nothing_is_left_when_a_server_is_closed() -> None:
    def state() -> tuple[int, int]:
        return len(list(Path("/proc/self/fd").iterdir())), threading.active_count()

    before = state()
    with WarmServer(f"{ENTRIES}:run", preload=()) as server:
        server.start(LIMITS)
        with server.start(LIMITS) as job:
            ask(job, "answer = 1")
    assert state() == before
