"""The system call filter, interpreted: every refused call on both machines, and nothing else."""

from __future__ import annotations

import errno
import re
import struct
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograder.sandbox.lockdown import seccomp
from autograder.sandbox.lockdown.linux_calls import NAMESPACES

MACHINES = {"x86_64": (seccomp.X86_64, 0), "aarch64": (seccomp.ARM64, 1)}
HEADERS = {
    "x86_64": Path("/usr/include/x86_64-linux-gnu/asm/unistd_64.h"),
    "aarch64": Path("/usr/include/asm-generic/unistd.h"),
}
NEWER_THAN_HEADERS = {
    "statmount",
    "listmount",
    "lsm_get_self_attr",
    "lsm_set_self_attr",
    "lsm_list_modules",
}


def decide(program: bytes, number: int, architecture: int, *arguments: int) -> int:
    """What the kernel would return for a system call: a small interpreter of classic BPF."""
    words = [a & 0xFFFFFFFFFFFFFFFF for a in (*arguments, 0, 0, 0, 0, 0, 0)[:6]]
    data = struct.pack("=iIQ6Q", number, architecture, 0, *words)
    code = list(struct.iter_unpack("=HBBI", program))
    at = accumulator = 0
    while True:
        operation, true, false, operand = code[at]
        at += 1
        if operation == 0x06:
            return operand
        if operation == 0x20:
            (accumulator,) = struct.unpack_from("=I", data, operand)
            continue
        holds = {
            0x15: accumulator == operand,
            0x35: accumulator >= operand,
            0x45: bool(accumulator & operand),
        }[operation]
        at += true if holds else false


@pytest.mark.parametrize("machine", MACHINES)
def test_every_refused_call_gets_its_error(machine: str) -> None:
    program = seccomp.program(machine)
    architecture, column = MACHINES[machine]
    for group in seccomp.REFUSED:
        for name, numbers in group.calls.items():
            if numbers[column] is not None:
                verdict = decide(program, numbers[column], architecture)
                assert verdict == seccomp.ERROR | group.error, name


@pytest.mark.parametrize("machine", MACHINES)
def test_the_numbers_are_those_of_the_kernel_headers(machine: str) -> None:
    if not HEADERS[machine].exists():
        pytest.skip("no kernel headers here")
    found = re.findall(r"#define __NR(?:3264)?_(\w+) (\d+)", HEADERS[machine].read_text())
    numbers = {name: int(number) for name, number in found}
    column = MACHINES[machine][1]
    for group in seccomp.REFUSED:
        for name, ours in group.calls.items():
            if name not in NEWER_THAN_HEADERS and not name.endswith("_handle_at"):
                assert ours[column] == numbers.get(name), name


@given(st.integers(0, seccomp.NEWEST), st.sampled_from(sorted(MACHINES)))
def test_every_other_call_is_allowed(number: int, machine: str) -> None:
    architecture, column = MACHINES[machine]
    refused = {n[column] for group in seccomp.REFUSED for n in group.calls.values()}
    refused |= {seccomp.SOCKET[column], seccomp.SOCKETPAIR[column]}
    if number not in refused:
        assert decide(seccomp.program(machine), number, architecture) == seccomp.ALLOW


@given(st.integers(seccomp.NEWEST + 1, 0x3FFFFFFF), st.sampled_from(sorted(MACHINES)))
def test_calls_newer_than_we_know_do_not_exist(number: int, machine: str) -> None:
    verdict = decide(seccomp.program(machine), number, MACHINES[machine][0])
    assert verdict == seccomp.ERROR | errno.ENOSYS


@pytest.mark.parametrize("machine", MACHINES)
def test_calls_of_another_architecture_kill(machine: str) -> None:
    i386, program = 0x40000003, seccomp.program(machine)
    assert decide(program, 1, i386) == seccomp.KILL
    if machine == "x86_64":
        assert decide(program, 0x40000000 | 41, seccomp.X86_64) == seccomp.KILL


@given(st.integers(0, (1 << 64) - 1), st.sampled_from(sorted(MACHINES)))
def test_a_clone_is_allowed_unless_it_makes_a_namespace(flags: int, machine: str) -> None:
    architecture, column = MACHINES[machine]
    verdict = decide(seccomp.program(machine), seccomp.CLONE[column], architecture, flags)
    refused = seccomp.ERROR | errno.EPERM
    assert verdict == (refused if flags & NAMESPACES else seccomp.ALLOW)


@given(st.integers(0, (1 << 32) - 1), st.sampled_from(sorted(MACHINES)))
def test_only_unix_sockets_are_allowed(family: int, machine: str) -> None:
    architecture, column = MACHINES[machine]
    program = seccomp.program(machine)
    expected = seccomp.ALLOW if family == 1 else seccomp.ERROR | errno.EACCES
    for call in (seccomp.SOCKET, seccomp.SOCKETPAIR):
        assert decide(program, call[column], architecture, family) == expected


@pytest.mark.parametrize("machine", MACHINES)
def test_typing_into_a_terminal_is_refused(machine: str) -> None:
    architecture, column = MACHINES[machine]
    program, ioctl = seccomp.program(machine), seccomp.IOCTL[column]
    for request in (0x5412, 0x541C, (7 << 32) | 0x5412):
        verdict = decide(program, ioctl, architecture, 0, request)
        assert verdict == seccomp.ERROR | errno.EPERM
    assert decide(program, ioctl, architecture, 0, 0x5401) == seccomp.ALLOW


def test_a_machine_without_a_filter_is_refused() -> None:
    with pytest.raises(ValueError, match="riscv64"):
        seccomp.program("riscv64")
