"""System calls that a job may not make, as a classic BPF program for x86-64 and arm64.

Every call that notebooks need is allowed. Calls that reach other processes, the machine, or memory
that no limit counts fail with an error that libraries can handle. Calls newer than `NEWEST` appear
not to exist.
"""

from __future__ import annotations

import errno
import platform
import struct
from collections.abc import Iterator
from dataclasses import dataclass

from autograder.sandbox.lockdown.linux_calls import NAMESPACES

X86_64, ARM64 = 0xC000003E, 0xC00000B7  # AUDIT_ARCH_*
MACHINES = {"x86_64": X86_64, "amd64": X86_64, "aarch64": ARM64, "arm64": ARM64}
NEWEST = 462  # mseal; the same number on both architectures
_X32 = 0x40000000  # flag of x86-64 calls of the x32 ABI
_AF_UNIX = 1
_TIOCSTI, _TIOCLINUX = 0x5412, 0x541C


@dataclass(frozen=True)
class Refused:
    """System calls refused with one error: name → number on x86-64, number on arm64."""

    why: str
    error: int
    calls: dict[str, tuple[int | None, int | None]]


REFUSED = (
    Refused(
        "other processes' memory and descriptors",
        errno.EPERM,
        {
            "ptrace": (101, 117),
            "process_vm_readv": (310, 270),
            "process_vm_writev": (311, 271),
            "process_madvise": (440, 440),
            "process_mrelease": (448, 448),
            "pidfd_getfd": (438, 438),
            "kcmp": (312, 272),
            "migrate_pages": (256, 238),
            "move_pages": (279, 239),
            "sched_setaffinity": (203, 122),  # keeps the job on its share of the cores
        },
    ),
    Refused(
        "mounts and namespaces",
        errno.EPERM,
        {
            "mount": (165, 40),
            "umount2": (166, 39),
            "move_mount": (429, 429),
            "open_tree": (428, 428),
            "fsopen": (430, 430),
            "fsconfig": (431, 431),
            "fsmount": (432, 432),
            "fspick": (433, 433),
            "mount_setattr": (442, 442),
            "statmount": (457, 457),
            "listmount": (458, 458),
            "pivot_root": (155, 41),
            "chroot": (161, 51),
            "unshare": (272, 97),
            "setns": (308, 268),
            "name_to_handle_at": (303, 264),
            "open_by_handle_at": (304, 265),
            "fanotify_init": (300, 262),
            "fanotify_mark": (301, 263),
        },
    ),
    Refused(
        "the kernel and the machine",
        errno.EPERM,
        {
            "bpf": (321, 280),
            "perf_event_open": (298, 241),
            "userfaultfd": (323, 282),
            "add_key": (248, 217),
            "request_key": (249, 218),
            "keyctl": (250, 219),
            "init_module": (175, 105),
            "finit_module": (313, 273),
            "delete_module": (176, 106),
            "kexec_load": (246, 104),
            "kexec_file_load": (320, 294),
            "reboot": (169, 142),
            "swapon": (167, 224),
            "swapoff": (168, 225),
            "acct": (163, 89),
            "quotactl": (179, 60),
            "quotactl_fd": (443, 443),
            "syslog": (103, 116),
            "vhangup": (153, 58),
            "settimeofday": (164, 170),
            "clock_settime": (227, 112),
            "adjtimex": (159, 171),
            "clock_adjtime": (305, 266),
            "sethostname": (170, 161),
            "setdomainname": (171, 162),
            "personality": (135, 92),
            "ioperm": (173, None),
            "iopl": (172, None),
            "modify_ldt": (154, None),
            "lookup_dcookie": (212, 18),
            "nfsservctl": (180, 42),
            "uselib": (134, None),
            "_sysctl": (156, None),
            "sysfs": (139, None),
            "ustat": (136, None),
            "create_module": (174, None),
            "get_kernel_syms": (177, None),
            "query_module": (178, None),
            "lsm_get_self_attr": (459, 459),
            "lsm_set_self_attr": (460, 460),
            "lsm_list_modules": (461, 461),
        },
    ),
    Refused(
        "memory that no limit counts",
        errno.EPERM,
        {
            "shmget": (29, 194),
            "shmat": (30, 196),
            "shmctl": (31, 195),
            "shmdt": (67, 197),
            "msgget": (68, 186),
            "msgsnd": (69, 189),
            "msgrcv": (70, 188),
            "msgctl": (71, 187),
            "semget": (64, 190),
            "semop": (65, 193),
            "semctl": (66, 191),
            "semtimedop": (220, 192),
            "mq_open": (240, 180),
            "mq_unlink": (241, 181),
            "mq_timedsend": (242, 182),
            "mq_timedreceive": (243, 183),
            "mq_notify": (244, 184),
            "mq_getsetattr": (245, 185),
        },
    ),
    Refused(
        "what has an older way that libraries fall back to",
        errno.ENOSYS,
        {
            "clone3": (435, 435),  # its flags are in memory, where a filter cannot read them
            "memfd_create": (319, 279),
            "memfd_secret": (447, 447),
            "io_uring_setup": (425, 425),
            "io_uring_enter": (426, 426),
            "io_uring_register": (427, 427),
            "io_setup": (206, 0),
            "io_destroy": (207, 1),
            "io_getevents": (208, 4),
            "io_submit": (209, 2),
            "io_cancel": (210, 3),
            "io_pgetevents": (333, 292),
            "remap_file_pages": (216, 234),
        },
    ),
)
CLONE, SOCKET, SOCKETPAIR, IOCTL = (56, 220), (41, 198), (53, 199), (16, 29)

# ── Classic BPF ──────────────────────────────────────────────────────────────────────

_LOAD, _EQUAL, _AT_LEAST, _ANY_BIT, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_NUMBER, _ARCHITECTURE, _ARGUMENT_0, _ARGUMENT_1 = 0, 4, 16, 24  # low words of seccomp_data
ALLOW, KILL, ERROR = 0x7FFF0000, 0x80000000, 0x00050000

Instruction = tuple[int, int, int, int]  # code, jump if true, jump if false, operand


def program(machine: str = "") -> bytes:
    """Return the filter for a machine (default: this one), ready for the kernel.

    Each test skips the next instruction if it does not apply. Raise ValueError for a machine
    without a filter.
    """
    name = (machine or platform.machine()).lower()
    if name not in MACHINES:
        raise ValueError(f"no system call filter for {name}: x86_64 and aarch64 have one")
    return b"".join(struct.pack("=HBBI", *i) for i in _instructions(MACHINES[name]))


def _instructions(architecture: int) -> Iterator[Instruction]:
    column = 0 if architecture == X86_64 else 1
    yield (_LOAD, 0, 0, _ARCHITECTURE)
    yield (_EQUAL, 1, 0, architecture)
    yield (_RETURN, 0, 0, KILL)
    yield (_LOAD, 0, 0, _NUMBER)
    if architecture == X86_64:
        yield (_AT_LEAST, 0, 1, _X32)
        yield (_RETURN, 0, 0, KILL)
    yield (_AT_LEAST, 0, 1, NEWEST + 1)
    yield (_RETURN, 0, 0, ERROR | errno.ENOSYS)
    for group in REFUSED:
        for numbers in group.calls.values():
            number = numbers[column]
            if number is not None:
                yield (_EQUAL, 0, 1, number)
                yield (_RETURN, 0, 0, ERROR | group.error)
    yield from _unless(
        CLONE[column], _ARGUMENT_0, (_ANY_BIT, 0, 1, NAMESPACES), ERROR | errno.EPERM
    )
    for call in (SOCKET, SOCKETPAIR):
        yield from _unless(
            call[column], _ARGUMENT_0, (_EQUAL, 1, 0, _AF_UNIX), ERROR | errno.EACCES
        )
    for request in (_TIOCSTI, _TIOCLINUX):
        yield from _unless(IOCTL[column], _ARGUMENT_1, (_EQUAL, 0, 1, request), ERROR | errno.EPERM)
    yield (_RETURN, 0, 0, ALLOW)


def _unless(number: int, argument: int, test: Instruction, otherwise: int) -> Iterator[Instruction]:
    """Yield the test of one call's argument: return `otherwise` if it falls through."""
    yield (_EQUAL, 0, 4, number)
    yield (_LOAD, 0, 0, argument)
    yield test
    yield (_RETURN, 0, 0, otherwise)
    yield (_LOAD, 0, 0, _NUMBER)
