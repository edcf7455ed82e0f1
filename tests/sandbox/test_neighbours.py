"""Jobs that run at the same time: none sees, slows or kills another beyond its share."""

from __future__ import annotations

import os
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from autograder.nouns import Limits
from autograder.sandbox.lockdown.isolation import Tier
from autograder.sandbox.supervisor.cores import Cores
from autograder.sandbox.supervisor.warm_server import WarmServer
from autograder.sandbox.wire import pack
from tests.sandbox.conftest import LIMITS, ask, held_here, serve

BURN = "import time\nt = time.process_time()\nwhile time.process_time() - t < {}: pass\nanswer = 1"


def test_jobs_see_neither_processes_nor_files_of_each_other(full: WarmServer) -> None:
    leave = "import os, time\nopen('mine', 'w').close(); os.fork() or time.sleep(60)"
    look = "answer = [os.listdir(), len([p for p in os.listdir('/proc') if p.isdigit()])]"
    with full.start(LIMITS) as first, full.start(LIMITS) as second:
        ask(first, leave)
        assert ask(second, f"import os; {look}")["answer"] == [[], 2]


def test_a_job_cannot_end_another(full: WarmServer) -> None:
    with full.start(LIMITS) as honest, full.start(LIMITS) as hostile:
        ask(honest, "answer = 1")
        ask(
            hostile,
            "import os, signal\nsignal.signal(15, signal.SIG_IGN)\n"
            "try: os.kill(-1, 15)\nexcept OSError: pass\n"
            "for pid in range(2, 400):\n"
            "    if pid != os.getpid():\n"
            "        try: os.kill(pid, 9)\n        except OSError: pass",
        )
        assert ask(honest, "answer = 2") == {"answer": 2}


def test_the_memory_of_one_job_is_not_counted_for_another(full: WarmServer) -> None:
    limits = Limits(memory_mb=1000, cpu_seconds=20)
    with full.start(limits) as large, full.start(limits) as small:
        ask(large, "x = bytearray(b'x' * (150 << 20))")
        ask(small, "x = bytearray(b'x' * (10 << 20))")
        time.sleep(0.6)
        used = large.finish().memory_mb, small.finish().memory_mb
    assert used[0] > 150
    assert used[1] < 80


def test_processes_of_one_job_are_not_counted_for_another(full: WarmServer) -> None:
    limits = Limits(processes=40, cpu_seconds=20)
    sleepers = "import os, time\nfor _ in range(30):\n    if os.fork() == 0: time.sleep(60)"
    with full.start(limits) as first, full.start(limits) as second:
        assert "error" not in ask(first, sleepers)
        assert "error" not in ask(second, sleepers)


@pytest.mark.parametrize(
    ("parallel", "slots", "shares"),
    [
        (1, [0], [()]),
        (2, [0, 1], [(0, 2), (1, 3)]),
        (4, [0, 3], [(0,), (3,)]),
        (8, [0, 5], [(0,), (1,)]),
        (3, [0, 1, 2], [(0, 3), (1,), (2,)]),
    ],
)
def test_jobs_at_the_same_time_share_the_cores(
    parallel: int, slots: list[int], shares: list[tuple[int, ...]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 1, 2, 3})
    cores = Cores(parallel)
    assert [cores.at(slot) for slot in slots] == shares


def test_a_job_that_could_not_be_planned_gives_its_cores_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def no(*_: object) -> None:
        raise ValueError("no such plan")

    cores = Cores(2)
    with serve(Tier.NONE, cores=cores) as server, ThreadPoolExecutor(1) as elsewhere:
        monkeypatch.setattr(server, "_plan", no)
        with pytest.raises(ValueError, match="no such plan"):
            server.start(LIMITS)
        assert elsewhere.submit(cores.take).result() == 0


def test_jobs_of_one_thread_share_their_cores_and_threads_spread_over_the_machine() -> None:
    cores = Cores(2)
    with ThreadPoolExecutor(1) as first, ThreadPoolExecutor(1) as second:
        run, other = first.submit(cores.take).result(), second.submit(cores.take).result()
        check = first.submit(cores.take).result()
        assert (run, check) == (0, 0)
        assert other == 1
        thread = first.submit(threading.get_ident).result()
        cores.give(run, thread)
        cores.give(check, thread)
        assert first.submit(cores.take).result() == 0


@pytest.mark.skipif(len(os.sched_getaffinity(0)) < 2, reason="one core")
def test_a_job_with_many_busy_threads_keeps_to_its_share_of_the_cores() -> None:
    server = serve(held_here(Tier.FULL), cores=Cores(2))
    with server, ThreadPoolExecutor(1) as thread, server.start(LIMITS) as first:
        second = thread.submit(server.start, LIMITS).result()
        where = "import os; answer = sorted(os.sched_getaffinity(0))"
        cores = [set(ask(job, where)["answer"]) for job in (first, second)]
        widen = "import os; os.sched_setaffinity(0, range(os.cpu_count()))"
        assert ask(first, widen)["error"] == "PermissionError"
    assert not cores[0] & cores[1]


def test_a_busy_machine_is_no_reason_to_end_a_job_at_the_wall_clock(full: WarmServer) -> None:
    """Six jobs at once have a third of a core each where there are two: none has slept."""
    limits = Limits(cpu_seconds=0.6, wall_factor=1.5)
    jobs = [full.start(limits) for _ in range(6)]
    try:
        for job in jobs:
            job.send(pack({"code": BURN.format(0.4)}))
        frames = [job.receive() for job in jobs]
        assert all(frame is not None for frame in frames), [job.finish() for job in jobs]
    finally:
        for job in jobs:
            job.kill("done")
            job.finish()


FORGE = (
    'import os, struct\ntext = b\'{"answer": "forged"}\'\n'
    "os.write(write_fd, struct.pack('<IQ', len(text), 0) + text)"
)


def test_a_forged_frame_shifts_every_later_answer_where_any_frame_is_taken(
    full: WarmServer,
) -> None:
    with full.start(LIMITS) as job:
        assert ask(job, FORGE) == {"answer": "forged"}
        assert ask(job, "answer = 'true'") == {"answer": None}


def test_a_frame_that_answers_nothing_ends_a_job_that_may_only_answer(full: WarmServer) -> None:
    with full.start(LIMITS) as job:
        ask(job, "answer = 1")
        job.one_for_one()
        assert ask(job, FORGE) == {"answer": "forged"}  # an answer like any other, to be judged
        assert job.receive(timeout=10) is None
        assert job.finish().limit == "frames"


def test_frames_that_nobody_reads_do_not_pile_up_in_the_supervisor(full: WarmServer) -> None:
    flood = (
        "import os, struct\ntext = b'{\"a\":[' + b'[],' * 300_000 + b'0]}'\n"
        "frame = struct.pack('<IQ', len(text), 0) + text\n"
        "for _ in range(200):\n"
        "    view = memoryview(frame)\n"
        "    while view: view = view[os.write(write_fd, view):]"
    )
    with full.start(LIMITS) as job:
        job.send(pack({"code": flood}))
        time.sleep(2)
        assert job._unread < 100 << 20
        assert len(job._frames) < 16
        assert job.receive() is not None
