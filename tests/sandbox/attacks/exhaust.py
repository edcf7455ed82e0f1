"""Using up what everybody shares. Without the measure: the same code under generous limits."""

from __future__ import annotations

from autograder.sandbox.lockdown import limits
from tests.sandbox.attacks import Attack

EXHAUST = "exhaust"

ATTACKS = (
    Attack(
        EXHAUST,
        "fork bomb",
        "pids = []\n"
        "try:\n"
        "    for _ in range(200):\n"
        "        pid = os.fork()\n"
        "        if pid == 0: time.sleep(60)\n"
        "        pids.append(pid)\n"
        "finally:\n"
        "    for pid in pids: os.kill(pid, 9); os.waitpid(pid, 0)\n"
        "answer = len(pids) == 200",
        "RLIMIT_NPROC in a user namespace",
        error="BlockingIOError",
        loose=True,
    ),
    Attack(
        EXHAUST,
        "threads",
        "stop = threading.Event(); threads = []\n"
        "try:\n"
        "    for _ in range(200):\n"
        "        t = threading.Thread(target=stop.wait); t.start(); threads.append(t)\n"
        "finally: stop.set()\n"
        "answer = len(threads) == 200",
        "RLIMIT_NPROC in a user namespace",
        error="RuntimeError",
        loose=True,
    ),
    Attack(
        EXHAUST,
        "memory of one process",
        "x = bytearray(600 << 20); answer = len(x)",
        "RLIMIT_DATA",
        error="MemoryError",
        loose=True,
        partial=True,
    ),
    Attack(
        EXHAUST,
        "shared memory",
        "m = mmap.mmap(-1, 600 << 20)\n"
        "for at in range(0, 600 << 20, 4096): m[at] = 1\n"
        "time.sleep(1); answer = True",
        "memory of the tree polled",
        limit=limits.MEMORY,
        loose=True,
        partial=True,
    ),
    Attack(
        EXHAUST,
        "memory of many processes",
        "r, w = os.pipe(); pids = []\n"
        "for _ in range(4):\n"
        "    pid = os.fork()\n"
        "    if pid == 0:\n"
        "        x = bytearray(os.urandom(1 << 20) * 120); os.write(w, b'x'); time.sleep(60)\n"
        "    pids.append(pid)\n"
        "for _ in pids: os.read(r, 1)\n"
        "time.sleep(1)\n"
        "for pid in pids: os.kill(pid, 9); os.waitpid(pid, 0)\n"
        "answer = True",
        "memory of the tree polled",
        limit=limits.MEMORY,
        loose=True,
        partial=True,
    ),
    Attack(
        EXHAUST,
        "memory that no process maps",
        "fd = call(319, b'x', 0)\nfor _ in range(64): os.write(fd, bytes(1 << 20))\nanswer = True",
        "seccomp",
        partial=True,
    ),
    Attack(
        EXHAUST,
        "locked memory",
        "m = mmap.mmap(-1, 8 << 20)\n"
        "answer = libc.mlock(ctypes.byref(ctypes.c_char.from_buffer(m)), 8 << 20) == 0",
        "RLIMIT_MEMLOCK",
        root=True,
        partial=True,
    ),
    Attack(
        EXHAUST,
        "disk",
        "for n in range(40): open(f'f{n}', 'wb').write(bytes(1 << 20))\nanswer = True",
        "sized tmpfs",
        error="OSError",
        loose=True,
    ),
    Attack(
        EXHAUST,
        "disk by /dev/shm",
        "names = [f\"/dev/shm/{bait['mark']}-{n}\" for n in range(40)]\n"
        "try:\n"
        "    for name in names: open(name, 'wb').write(bytes(1 << 20))\n"
        "finally:\n"
        "    for name in names: os.path.exists(name) and os.unlink(name)\n"
        "answer = True",
        "sized tmpfs",
        error="OSError",
        loose=True,
    ),
    Attack(
        EXHAUST,
        "a large file",
        "f = open('large', 'wb')\n"
        "for _ in range(12): f.write(bytes(1 << 20))\n"
        "f.close(); answer = True",
        "RLIMIT_FSIZE",
        error="OSError",
        loose=True,
        partial=True,
    ),
    Attack(
        EXHAUST,
        "inodes",
        "for n in range(5000): os.mkdir(f'd{n}')\nanswer = True",
        "tmpfs with nr_inodes",
        error="OSError",
        loose=True,
    ),
    Attack(
        EXHAUST,
        "descriptors",
        "fds = [os.open('/dev/null', os.O_RDONLY) for _ in range(300)]\nanswer = len(fds)",
        "RLIMIT_NOFILE",
        error="OSError",
        loose=True,
        partial=True,
    ),
    Attack(
        EXHAUST,
        "a flood of output",
        "for _ in range(80): print('x' * 100_000)\nanswer = True",
        "output counted",
        limit=limits.OUTPUT,
        loose=True,
        partial=True,
    ),
    Attack(
        EXHAUST,
        "an endless loop",
        "t = time.process_time()\nwhile time.process_time() - t < 6: pass\nanswer = True",
        "CPU seconds of the tree",
        limit=limits.CPU,
        loose=True,
        partial=True,
    ),
    Attack(
        EXHAUST,
        "an endless loop in children that nobody waits for",
        "signal.signal(signal.SIGCHLD, signal.SIG_IGN)\n"
        "for _ in range(3):\n"
        "    if os.fork() == 0:\n"
        "        t = time.process_time()\n"
        "        while time.process_time() - t < 2.5: pass\n"
        "        os._exit(0)\n"
        "t = time.process_time()\n"
        "while time.process_time() - t < 1: pass\n"
        "with contextlib.suppress(OSError): os.wait()\n"
        "answer = True",
        "CPU seconds of the tree",
        limit=limits.CPU,
        loose=True,
        partial=True,
    ),
    Attack(
        EXHAUST,
        "a deaf sleep",
        "signal.pthread_sigmask(signal.SIG_BLOCK, range(1, 65))\ntime.sleep(8); answer = True",
        "wall clock",
        limit=limits.WALL,
        loose=True,
        partial=True,
    ),
    Attack(
        EXHAUST,
        "a value too large to send",
        "text = b'{\"answer\":1}'\n"
        "os.write(write_fd, struct.pack('<IQ', len(text), 64 << 20) + text)\n"
        "sent = 0\n"
        "while sent < 64 << 20: sent += os.write(write_fd, bytes(1 << 20))\n"
        "answer = True",
        "caps before allocation",
        limit=limits.CAPTURE,
        partial=True,
        loose=True,
    ),
    Attack(
        EXHAUST,
        "a JSON bomb",
        "text = b'[' * 100_000\n"
        "os.write(write_fd, struct.pack('<IQ', len(text), 0) + text); time.sleep(30)",
        "strict frames",
        limit=limits.FRAMES,
        partial=True,
    ),
    Attack(
        EXHAUST,
        "lengths past every cap",
        "os.write(write_fd, b'\\xff' * 64); time.sleep(30)",
        "caps before allocation",
        limit=limits.CAPTURE,
        partial=True,
    ),
)
