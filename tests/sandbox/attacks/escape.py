"""Reaching other jobs, the machine and the network."""

from __future__ import annotations

from tests.sandbox.attacks import Attack

OTHERS, NETWORK, ESCAPE = "others", "network", "escape"


def _left_behind(folder: str) -> str:
    """A first visit leaves a file, a second one finds it: two jobs that must not meet."""
    return (
        f"path = '{folder}/' + bait['mark']\n"
        "answer = os.path.exists(path)\n"
        "if answer: os.unlink(path)\n"
        "else: open(path, 'w').close()"
    )


ATTACKS = (
    Attack(OTHERS, "a note in /tmp for the next job", _left_behind("/tmp"), "own /tmp"),
    Attack(OTHERS, "a note in /dev/shm for the next job", _left_behind("/dev/shm"), "own /dev/shm"),
    Attack(
        OTHERS,
        "a note in /var/tmp for the next job",
        _left_behind("/var/tmp"),
        "mount namespace, Landlock",
        partial=True,
    ),
    Attack(
        OTHERS,
        "System V shared memory",
        "answer = call(29, 0, 4096, 0o1600) >= 0",
        "ipc namespace, seccomp",
        partial=True,
    ),
    Attack(
        OTHERS,
        "a POSIX message queue",
        "n = call(240, bait['mark'].encode(), os.O_RDWR | os.O_CREAT, 0o600, None)\n"
        "call(241, bait['mark'].encode()); answer = n >= 0",
        "ipc namespace, seccomp, RLIMIT_MSGQUEUE",
        partial=True,
        shown=False,
    ),
    Attack(
        OTHERS,
        "a listening socket in the file system",
        "s = socket.socket(socket.AF_UNIX); s.connect(bait['folder'] + '/socket')\nanswer = True",
        "mount namespace",
    ),
    Attack(
        OTHERS,
        "an abstract socket",
        "s = socket.socket(socket.AF_UNIX); s.connect('\\0' + bait['abstract']); answer = True",
        "network namespace, Landlock",
        partial=True,
    ),
    Attack(
        NETWORK,
        "TCP to this machine",
        "socket.create_connection(('127.0.0.1', bait['tcp']), 2).close(); answer = True",
        "network namespace, seccomp",
        partial=True,
    ),
    Attack(
        NETWORK,
        "UDP, and so DNS",
        "s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)\n"
        "answer = s.sendto(b'?', ('127.0.0.1', bait['udp']))",
        "network namespace, seccomp",
        partial=True,
    ),
    Attack(
        NETWORK,
        "a server for others",
        "s = socket.create_server(('127.0.0.1', 0)); answer = s.getsockname()[1]",
        "seccomp, Landlock",
        partial=True,
    ),
    Attack(
        NETWORK,
        "the host of a virtual machine (AF_VSOCK)",
        "socket.socket(socket.AF_VSOCK, socket.SOCK_STREAM).close(); answer = True",
        "seccomp",
        partial=True,
    ),
    Attack(
        NETWORK,
        "the kernel's routing tables (AF_NETLINK)",
        "socket.socket(16, socket.SOCK_RAW, 0).close(); answer = True",
        "seccomp",
        partial=True,
    ),
    Attack(
        NETWORK,
        "raw packets",
        "socket.socket(socket.AF_PACKET, socket.SOCK_RAW).close(); answer = True",
        "seccomp, no capabilities",
        root=True,
        partial=True,
    ),
    Attack(
        NETWORK,
        "by another program",
        "answer = subprocess.run([sys.executable, '-c', 'import socket; "
        "socket.create_connection((\"127.0.0.1\", %d), 2)' % bait['tcp']],"
        " capture_output=True).returncode == 0",
        "network namespace, seccomp",
        partial=True,
    ),
    Attack(
        ESCAPE,
        "a namespace of its own",
        "pid = os.fork()\n"
        "if pid == 0: os._exit(0 if libc.unshare(0x10000000) == 0 else 1)\n"
        "answer = os.waitpid(pid, 0)[1] == 0",
        "seccomp",
        partial=True,
    ),
    Attack(
        ESCAPE,
        "a namespace by clone3",
        "arguments = (ctypes.c_uint64 * 8)(0x10000000, 0, 0, 0, 17)\n"
        "pid = call(435, arguments, 64)\n"
        "if pid == 0: os._exit(0)\n"
        "os.waitpid(pid, 0); answer = True",
        "seccomp",
        partial=True,
    ),
    Attack(
        ESCAPE,
        "a mount in a namespace of its own",
        "pid = os.fork()\n"
        "if pid == 0:\n"
        "    ok = libc.unshare(0x10020000) == 0\n"
        "    ok = ok and libc.mount(b'none', b'/tmp', b'tmpfs', 0, None) == 0\n"
        "    os._exit(0 if ok else 1)\n"
        "answer = os.waitpid(pid, 0)[1] == 0",
        "seccomp",
        partial=True,
    ),
    Attack(
        ESCAPE,
        "another root folder",
        "pid = os.fork()\n"
        "if pid == 0: os._exit(0 if libc.chroot(b'.') == 0 else 1)\n"
        "answer = os.waitpid(pid, 0)[1] == 0",
        "no capabilities, seccomp",
        root=True,
        partial=True,
    ),
    Attack(
        ESCAPE,
        "bpf",
        "answer = call(321, 0, struct.pack('=IIII', 2, 4, 4, 1) + bytes(100), 116)",
        "no capabilities, seccomp",
        root=True,
        partial=True,
    ),
    Attack(
        ESCAPE,
        "io_uring",
        "answer = call(425, 4, ctypes.create_string_buffer(120)) >= 0",
        "seccomp",
        root=True,
        partial=True,
    ),
    Attack(ESCAPE, "userfaultfd", "answer = call(323, 1) >= 0", "seccomp", partial=True),
    Attack(
        ESCAPE,
        "performance counters",
        "attribute = struct.pack('=IIQ', 1, 128, 1) + bytes(112)\n"
        "answer = call(298, attribute, 0, -1, -1, 0) >= 0",
        "seccomp",
        root=True,
        partial=True,
    ),
    Attack(
        ESCAPE,
        "the kernel's key rings",
        "answer = call(250, 0, -3, 1) > 0",
        "seccomp",
        partial=True,
    ),
    Attack(
        ESCAPE,
        "tracing its own child",
        "pid = os.fork()\n"
        "if pid == 0: os._exit(0 if libc.ptrace(0, 0, 0, 0) == 0 else 1)\n"
        "answer = os.waitpid(pid, 0)[1] == 0",
        "seccomp",
        partial=True,
    ),
    Attack(
        ESCAPE,
        "more of the machine's cores",
        "os.sched_setaffinity(0, range(os.cpu_count())); answer = True",
        "seccomp",
        partial=True,
    ),
    Attack(
        ESCAPE,
        "process 1 of its own namespace",
        "memory = open('/proc/1/mem', 'r+b', 0); answer = True",
        "Landlock",
        partial=True,
        shown=False,
    ),
    Attack(
        ESCAPE,
        "a device node",
        "os.mknod('disk', 0o60600, os.makedev(254, 0)); answer = True",
        "no capabilities, Landlock",
        root=True,
        partial=True,
    ),
    Attack(
        ESCAPE,
        "priority over others",
        "os.nice(-5); answer = True",
        "no capabilities",
        root=True,
        partial=True,
    ),
)
