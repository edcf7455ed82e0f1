"""Jobs in a warm server: what is sent, what comes back, how they end."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from autograder.errors import SandboxFault
from autograder.nouns import Limits
from autograder.sandbox.lockdown.isolation import Tier
from autograder.sandbox.supervisor import warm_server
from autograder.sandbox.supervisor.warm_process import WarmProcess
from autograder.sandbox.supervisor.warm_server import Job, WarmServer
from autograder.sandbox.warm_process import canary
from autograder.sandbox.wire import pack
from tests.sandbox.conftest import ENTRIES, LIMITS, ask, held_here, outcome, serve


def test_a_frame_comes_back_as_it_was_sent(tier: Tier) -> None:
    with serve(tier, "echo") as server, server.start(LIMITS) as job:
        job.send(pack({"n": 1, "text": "π"}, [b"abc", b"", bytes(100_000)]))
        frame = job.receive()
        assert frame is not None
        assert frame.header == {"n": 1, "text": "π"}
        assert frame.body == b"abc" + bytes(100_000)


def test_large_frames_both_ways_at_once_do_not_lock_up(tier: Tier) -> None:
    with serve(tier, "flood_both_ways") as server, server.start(LIMITS) as job:
        for number in range(8):
            job.send(pack({"mine": number}, [bytes(4 << 20)]))
        received = [job.receive(timeout=30) for _ in range(16)]
        assert [f.header for f in received if f] == [
            *({"n": n} for n in range(8)),
            *({"mine": n} for n in range(8)),
        ]
        assert job.finish().exit_code == 0


def test_a_job_begins_in_an_empty_folder_of_its_own_that_is_gone_afterwards(
    server: WarmServer,
) -> None:
    with server.start(LIMITS) as job:
        got = ask(job, "import os; answer = [os.getcwd(), os.listdir(), os.environ['HOME']]")
        folder, names, home = got["answer"]
        ask(job, "import os; os.makedirs('a/b'); open('a/b/c','w').close(); os.chmod('a/b', 0)")
        job.finish()
    assert (names, home) == ([], folder)
    assert not Path(folder).exists()


def test_a_job_sees_nothing_of_the_graders_environment(
    monkeypatch: pytest.MonkeyPatch, tier: Tier
) -> None:
    monkeypatch.setenv("COURSE_KEY", "secret")
    with serve(tier) as server, server.start(LIMITS) as job:
        got = ask(job, "import os; answer = dict(os.environ)")
    assert "COURSE_KEY" not in got["answer"]


def test_a_job_has_its_own_pipes_and_no_other_descriptor(server: WarmServer) -> None:
    with server.start(LIMITS), server.start(LIMITS) as job:
        got = ask(
            job,
            "import os\nanswer = {}\nfor n in range(1000):\n"
            "    try: answer[n] = os.readlink(f'/proc/self/fd/{n}').split(':')[0]\n"
            "    except OSError: pass",
        )
    assert got["answer"] == {"0": "/dev/null", "1": "pipe", "2": "pipe", "3": "pipe", "4": "pipe"}


def test_what_is_printed_before_a_frame_is_kept_and_after_drop_output_is_not(
    server: WarmServer,
) -> None:
    with server.start(LIMITS) as job:
        ask(job, "import sys; print('one'); print('two', file=sys.stderr)")
        job.drop_output()
        ask(job, "print('hidden input: 42')")
        assert job.finish().output == b"one\ntwo\n"


def test_output_is_kept_up_to_the_limit_and_the_rest_is_counted(server: WarmServer) -> None:
    ended = outcome(server, "print('x' * 300_000)", Limits(output_kb=100))
    assert (ended.exit_code, ended.limit) == (0, "")
    assert len(ended.output) == 100 * 1024
    assert ended.dropped == 300_001 - 100 * 1024


def test_a_flood_of_output_ends_the_job(server: WarmServer) -> None:
    ended = outcome(server, "while True: print('x' * 100_000)", Limits(output_kb=64))
    assert ended.limit == "output"
    assert len(ended.output) == 64 * 1024


def test_an_endless_loop_ends_at_its_cpu_seconds(server: WarmServer) -> None:
    ended = outcome(server, "while True: pass", Limits(cpu_seconds=0.5))
    assert ended.limit == "cpu"
    assert 0.5 <= ended.cpu_seconds < 2


def test_cpu_seconds_of_child_processes_count(server: WarmServer) -> None:
    code = "import os\nfor _ in range(3): os.fork() or exec('while True: pass')\nos.wait()"
    ended = outcome(server, code, Limits(cpu_seconds=1.5))
    assert ended.limit == "cpu"
    assert ended.cpu_seconds >= 1.5


def test_a_sleeper_ends_at_the_wall_clock(server: WarmServer) -> None:
    ended = outcome(server, "import time; time.sleep(60)", Limits(cpu_seconds=0.2, wall_factor=3))
    assert ended.limit == "wall"
    assert ended.wall_seconds < 3


def test_the_wall_clock_stands_still_while_nobody_waits_for_the_job(server: WarmServer) -> None:
    with server.start(Limits(cpu_seconds=0.2, wall_factor=2)) as job:
        ask(job, "answer = 1")
        time.sleep(0.8)
        assert ask(job, "answer = 2") == {"answer": 2}


def test_memory_of_all_processes_of_a_job_counts(server: WarmServer) -> None:
    code = (
        "import os, time\nfor _ in range(3):\n    if os.fork() == 0: break\n"
        "x = bytearray(os.urandom(1 << 20) * 120); time.sleep(30)"
    )
    ended = outcome(server, code, Limits(memory_mb=300))
    assert ended.limit == "memory"
    assert ended.memory_mb > 300


def test_one_process_that_wants_too_much_memory_gets_a_memory_error(server: WarmServer) -> None:
    with server.start(Limits(memory_mb=200)) as job:
        assert ask(job, "x = bytearray(1 << 30)")["error"] == "MemoryError"
        assert ask(job, "answer = 'still there'") == {"answer": "still there"}


def test_the_exit_code_and_the_signal_are_told(tier: Tier) -> None:
    with serve(tier, "exit_with") as server, server.start(LIMITS) as job:
        job.send(pack({"code": 7}))
        assert job.receive() is None
        assert job.finish().exit_code == 7


def test_a_crash_is_told_by_its_signal(server: WarmServer) -> None:
    ended = outcome(server, "import ctypes; ctypes.string_at(0)")
    assert ended.exit_code == -signal.SIGSEGV
    assert (ended.limit, ended.fault) == ("", "")


def test_bytes_that_are_no_frame_end_the_job(server: WarmServer) -> None:
    code = "import os, time; os.write(write_fd, b'\\x02' + bytes(11) + b'[]'); time.sleep(30)"
    assert outcome(server, code).limit == "frames"


def test_a_frame_past_the_capture_limit_ends_the_job_before_it_is_read(server: WarmServer) -> None:
    code = (
        "import os, struct, time\n"
        "os.write(write_fd, struct.pack('<IQ', 2, 2 << 20) + b'{}'); time.sleep(30)"
    )
    assert outcome(server, code, Limits(capture_mb=1)).limit == "capture"


def test_what_a_job_leaves_running_ends_with_it(server: WarmServer) -> None:
    with server.start(LIMITS) as job:
        ask(
            job,
            "import os, time\nr, w = os.pipe()\n"
            "if os.fork() == 0:\n    os.setsid()\n"
            "    if os.fork(): os._exit(0)\n"
            "    os.write(w, b'x'); time.sleep(600)\n"
            "os.wait(); os.read(r, 1)",
        )
        running = job.pids()
        assert len(running) >= 2
        job.finish()
    assert not any(map(runs, running))


def test_jobs_of_several_threads_do_not_mix(server: WarmServer) -> None:
    def one(number: int) -> list[int]:
        with server.start(LIMITS) as job:
            return [ask(job, f"answer = {number} * {n}")["answer"] for n in range(5)]

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(one, range(12))) == [[k * n for n in range(5)] for k in range(12)]


def test_killing_one_job_leaves_the_others_alone(server: WarmServer) -> None:
    with server.start(LIMITS) as first, server.start(LIMITS) as second:
        ask(first, "answer = 1")
        ask(second, "answer = 1")
        first.kill("asked")
        assert first.finish().limit == "asked"
        assert ask(second, "answer = 2") == {"answer": 2}


def test_a_dead_server_is_a_fault_for_its_jobs_and_is_started_again(warm_tier: Tier) -> None:
    with serve(warm_tier) as server:
        with server.start(LIMITS) as job:
            ask(job, "answer = 1")
            os.kill(warm_pid(job), signal.SIGKILL)
            assert "died" in job.finish().fault
        with server.start(LIMITS) as job:
            assert ask(job, "answer = 1") == {"answer": 1}
        assert any("started again" in note for note in server.notes)


def test_a_server_is_replaced_after_so_many_jobs(warm_tier: Tier) -> None:
    with serve(warm_tier, jobs_each=2) as server:
        pids = []
        for _ in range(4):
            with server.start(LIMITS) as job:
                ask(job, "answer = 1")
                pids.append(warm_pid(job))
        assert pids[0] == pids[1] != pids[2] == pids[3]
        assert not runs(pids[0])


def test_what_cannot_be_warm_runs_in_fresh_processes_and_says_so(warm_tier: Tier) -> None:
    with serve(warm_tier, preload=["tests.sandbox.starts_a_thread"]) as server:
        with server.start(LIMITS) as job:
            assert ask(job, "answer = 1") == {"answer": 1}
            assert job.finish().exit_code == 0
        assert len(server.notes) == 1
        assert "2 threads" in server.notes[0]


def test_tier_b_gives_every_job_a_process_of_its_own() -> None:
    server = serve(held_here(Tier.PARTIAL))
    with server, server.start(LIMITS) as first, server.start(LIMITS) as second:
        ask(first, "answer = 1")
        ask(second, "answer = 1")
        assert warm_pid(first) != warm_pid(second)


def test_a_model_is_fitted_before_a_warm_server_gets_its_first_job(
    warm_tier: Tier, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(canary, "LIMITS", Limits(cpu_seconds=0.1, wall_factor=1))
    monkeypatch.setattr(warm_server, "CANARY", f"{ENTRIES}:sleep")
    with serve(warm_tier, preload=["json"]) as server, server.start(LIMITS) as job:
        assert ask(job, "answer = 1") == {"answer": 1}
        assert "could not fit a model: wall" in server.notes[0]


def warm_pid(job: Job) -> int:
    """The warm server that forked the keeper that forked the job."""
    keeper = parent(job.pids()[0])
    return parent(keeper)


def parent(pid: int) -> int:
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])


def runs(pid: int) -> bool:
    return Path(f"/proc/{pid}").exists()


def test_a_job_whose_lock_down_fails_is_a_fault_and_runs_nothing(tier: Tier) -> None:
    with serve(tier, "nowhere") as server, server.start(LIMITS) as job:
        assert job.receive() is None
        assert "nowhere" in job.finish().fault


def test_a_temporary_folder_closed_to_others_is_no_hindrance(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tier: Tier
) -> None:
    tmp_path.chmod(0o700)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with serve(tier) as server, server.start(LIMITS) as job:
        assert ask(job, "open('a', 'w').close(); answer = 1") == {"answer": 1}


def test_a_closed_server_takes_no_job(tier: Tier) -> None:
    server = serve(tier)
    server.close()
    with pytest.raises(SandboxFault):
        server.start(LIMITS)


def test_forks_draw_different_random_numbers(tier: Tier) -> None:
    with serve(tier, preload=["numpy"]) as server:
        drawn = set()
        for _ in range(3):
            with server.start(LIMITS) as job:
                code = "import numpy, random; answer = [numpy.random.rand(), random.random()]"
                drawn.update(ask(job, code)["answer"])
    assert len(drawn) == 6


LEFT_BEHIND = """
import json, os, sys, threading
from autograder.sandbox.lockdown.isolation import Tier
from tests.sandbox.conftest import LIMITS, ask, serve

def one_server():
    with serve(Tier(sys.argv[1])) as server:
        server.start(LIMITS)
        with server.start(LIMITS) as job:
            ask(job, "answer = 1")
    return len(os.listdir("/proc/self/fd")), threading.active_count()

print(json.dumps([one_server() for _ in range(3)]))
"""


def test_nothing_is_left_when_a_server_is_closed(tier: Tier) -> None:
    done = subprocess.run(  # in a process of its own: here, other tests' servers come and go
        [sys.executable, "-c", LEFT_BEHIND, tier.value],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    first, *later = json.loads(done.stdout)
    assert later == [first, first]


def test_a_job_that_is_ordered_while_the_server_closes_is_ended_too(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    server = serve(Tier.NONE, "sleep")
    ordering, send = threading.Event(), WarmProcess._send

    def late(self: WarmProcess, order: dict[str, object]) -> Any:
        ordering.set()
        time.sleep(0.5)
        return send(self, order)

    monkeypatch.setattr(WarmProcess, "_send", late)
    said: list[object] = []

    def ask() -> None:
        job = server.start(LIMITS)
        said.append(job.receive(20))

    thread = threading.Thread(target=ask)
    thread.start()
    assert ordering.wait(30)
    server.close()
    thread.join(10)
    assert not thread.is_alive(), "whoever waits for the job waits for ever"
