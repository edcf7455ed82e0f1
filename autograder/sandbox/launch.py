"""Starting a warm server's process: the command line of each tier."""

from __future__ import annotations

import json
import os
import select
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from autograder.errors import SandboxFault
from autograder.sandbox import watch
from autograder.sandbox.isolation import Tier, environment

_ROOT = Path(__file__).resolve().parents[2]  # the folder that holds the package
_BOOT = (
    "import sys, runpy; sys.path.append(sys.argv.pop(1)); "
    "runpy.run_module('autograder.sandbox.warm', run_name='__main__', alter_sys=True)"
)


@dataclass(frozen=True)
class Launched:
    """A warm server that has said it is ready."""

    process: subprocess.Popen[bytes]
    control: socket.socket
    pid: int  # of the warm server itself, as seen from here
    data_mb: int  # data every fork of it begins with
    seconds: float  # from start to ready
    home: str = ""  # a folder made for it; removed when it ends

    def stop(self) -> None:
        """Hangs up, and kills it if it does not go."""
        self.control.close()
        try:
            self.process.wait(5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        if self.home:
            remove_tree(self.home)


def launch(
    tier: Tier, *, preload: Sequence[str], readable: Sequence[str], seconds: float
) -> Launched:
    """Starts a warm server and waits until it is ready; SandboxFault with its own words if not."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    home = tempfile.mkdtemp(prefix="autograder-warm-")
    command = [sys.executable, "-I", "-c", _BOOT, str(_ROOT), str(theirs.fileno())]
    command.append(",".join(preload))
    try:
        with theirs, tempfile.TemporaryFile() as errors:
            process = subprocess.Popen(
                command,
                pass_fds=[theirs.fileno()],
                env=environment(home),
                cwd=home,
                stdin=subprocess.DEVNULL,
                stdout=errors,
                stderr=errors,
            )
            theirs.close()
            packet = _first_packet(ours, process, seconds)
            errors.seek(0)
            said = errors.read()[-2000:].decode(errors="replace").strip()
    except BaseException:
        ours.close()
        remove_tree(home)
        raise
    ready = json.loads(packet) if packet else {"fault": said or "it said nothing"}
    if "fault" in ready:
        process.kill()
        process.wait()
        ours.close()
        remove_tree(home)
        raise SandboxFault(
            f"the warm server did not start: {ready['fault']}",
            way_out="run `autograder doctor`",
        )
    pid = watch.find(process.pid, ready["pid"])
    return Launched(process, ours, pid, ready["data_mb"], ready["ready"], home)


def _first_packet(control: socket.socket, process: subprocess.Popen[bytes], limit: float) -> bytes:
    poller = select.poll()
    poller.register(control, select.POLLIN)
    if not poller.poll(limit * 1000):
        process.kill()
        process.wait()
        raise SandboxFault(
            f"the warm server was not ready after {limit:g} s",
            way_out="run `autograder doctor`; is the machine very busy?",
        )
    return control.recv(1 << 16)


def remove_tree(folder: str) -> None:
    """Removes a folder, whatever modes were left in it; follows no link."""
    for _, _, _, descriptor in os.fwalk(folder, follow_symlinks=False):
        os.chmod(descriptor, 0o700)
    shutil.rmtree(folder, ignore_errors=True)
