"""Reading what is not the student's, and changing what others rely on."""

from __future__ import annotations

from tests.sandbox.attacks import Attack

STEAL, TAMPER = "steal", "tamper"

ATTACKS = (
    Attack(
        STEAL,
        "hidden tests by path",
        "answer = open(bait['secret']).read()",
        "mount namespace, Landlock",
        partial=True,
    ),
    Attack(
        STEAL,
        "hidden tests through a link",
        "os.symlink(bait['secret'], 'mine.txt'); answer = open('mine.txt').read()",
        "mount namespace, Landlock",
        partial=True,
    ),
    Attack(
        STEAL,
        "hidden tests by a hard link",
        "os.link(bait['secret'], bait['folder'] + '/' + bait['mark'])\n"
        "answer = os.path.exists(bait['folder'] + '/' + bait['mark'])",
        "mount namespace, Landlock",
        partial=True,
    ),
    Attack(
        STEAL,
        "names in the grader's folders",
        "answer = os.listdir(bait['folder'])",
        "mount namespace, Landlock",
        partial=True,
    ),
    Attack(
        STEAL,
        "the grader's environment",
        "answer = b'COURSE_KEY' in open(f\"/proc/{bait['victim']}/environ\", 'rb').read()",
        "pid namespace, Landlock",
        partial=True,
    ),
    Attack(
        STEAL,
        "the grader's memory through /proc",
        "pid = bait['victim']\n"
        "start = int(open(f'/proc/{pid}/maps').read().split('-')[0], 16)\n"
        "memory = open(f'/proc/{pid}/mem', 'rb', 0); memory.seek(start)\n"
        "answer = memory.read(4) == b'\\x7fELF'",
        "pid namespace, Landlock",
        partial=True,
    ),
    Attack(
        STEAL,
        "the grader's memory by process_vm_readv",
        "pid = bait['victim']\n"
        "class V(ctypes.Structure):\n"
        "    _fields_ = [('p', ctypes.c_void_p), ('n', ctypes.c_size_t)]\n"
        "room = ctypes.create_string_buffer(16)\n"
        "try: start = int(open(f'/proc/{pid}/maps').read().split('-')[0], 16)\n"
        "except OSError: start = 0x400000\n"
        "mine, theirs = V(ctypes.addressof(room), 16), V(start, 16)\n"
        "answer = libc.process_vm_readv(pid, ctypes.byref(mine), 1, ctypes.byref(theirs), 1, 0)"
        " == 16",
        "pid namespace, seccomp",
        partial=True,
    ),
    Attack(
        STEAL,
        "the grader's files by its descriptors",
        "answer = os.listdir(f\"/proc/{bait['victim']}/fd\")",
        "pid namespace",
    ),
    Attack(
        STEAL,
        "tracing another process",
        "if call(101, 16, bait['victim'], 0, 0) == 0:\n"
        "    os.waitpid(bait['victim'], 0x40000000); call(101, 17, bait['victim'], 0, 0)\n"
        "    answer = True",
        "pid namespace, seccomp",
        partial=True,
    ),
    Attack(
        STEAL,
        "what others run",
        "answer = os.path.exists(f\"/proc/{bait['victim']}/cmdline\")",
        "pid namespace",
    ),
    Attack(
        STEAL,
        "who uses this machine",
        "answer = [l for l in open('/etc/passwd') if l.startswith('root:')]",
        "mount namespace",
    ),
    Attack(
        STEAL,
        "passwords",
        "answer = open('/etc/shadow').read()[:4]",
        "mount namespace, Landlock",
        root=True,
        partial=True,
    ),
    Attack(
        STEAL,
        "the kernel's log",
        "answer = call(103, 10, 0, 0)",
        "seccomp",
        root=True,
        partial=True,
    ),
    Attack(
        TAMPER,
        "the grader's files",
        "open(bait['secret'], 'a').close(); answer = True",
        "mount namespace, Landlock",
        partial=True,
    ),
    Attack(
        TAMPER,
        "an installed package",
        "import json; open(json.__file__, 'a').close(); answer = True",
        "read-only mounts, Landlock",
        root=True,
        partial=True,
    ),
    Attack(
        TAMPER,
        "a start-up file for the next student",
        "import site; folder = os.path.dirname(os.__file__)\n"
        "name = f\"{folder}/{bait['mark']}.pth\"; open(name, 'w').close(); os.unlink(name)\n"
        "answer = True",
        "read-only mounts, Landlock",
        root=True,
        partial=True,
    ),
    Attack(
        TAMPER,
        "another process killed",
        "os.kill(bait['victim'], 0); answer = True",
        "pid namespace, Landlock",
        partial=True,
    ),
    Attack(
        TAMPER,
        "the clock",
        "class T(ctypes.Structure): _fields_ = [('s', ctypes.c_long), ('n', ctypes.c_long)]\n"
        "t = T(); libc.clock_gettime(0, ctypes.byref(t))\n"
        "answer = libc.clock_settime(0, ctypes.byref(t)) == 0",
        "no capabilities, seccomp",
        root=True,
        partial=True,
    ),
    Attack(
        TAMPER,
        "settings of the kernel",
        "open('/proc/sys/kernel/hostname', 'r+').close(); answer = True",
        "no capabilities, Landlock",
        root=True,
        partial=True,
    ),
    Attack(
        TAMPER,
        "higher limits for itself",
        "import resource; resource.setrlimit(resource.RLIMIT_CPU, (9999, 9999)); answer = True",
        "hard limits, no capabilities",
        partial=True,
        shown=False,
    ),
)
