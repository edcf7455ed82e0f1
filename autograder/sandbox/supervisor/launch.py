"""Start of a warm server's process, with the command line of each tier."""

from __future__ import annotations

import contextlib
import json
import os
import select
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from autograder.errors import SandboxFault
from autograder.sandbox.lockdown.isolation import HOME, SCRATCH, STUDENT, Tier, environment
from autograder.sandbox.supervisor import folders, process_tree

ROOT_BECOMES = 62017  # the sandbox's uid if the supervisor is root
_ROOT = Path(__file__).resolve().parents[3]  # folder that contains the package
_PACKAGE = str(_ROOT / "autograder")
_BOOT = (
    "import sys; sys.path[:] = filter(None, sys.path); import runpy; "
    "sys.path += sys.argv.pop(1).split(':'); "
    "runpy.run_module('autograder.sandbox.warm_process.server', "
    "run_name='__main__', alter_sys=True)"
)
_PASSWD = f"student:x:{STUDENT}:{STUDENT}:student:{HOME}:/bin/sh\n".encode()
_GROUP = f"student:x:{STUDENT}:\n".encode()
_HOSTS = b"127.0.0.1 localhost sandbox\n"

# Only as root: bind-mount the paths where the unprivileged uid can reach them, then switch to that
# uid. The place is /mnt, in this mount namespace alone, since the temporary folder may be closed to
# that uid.
_STAGE = """set -e
stage=$1 uid=$2 count=$3; shift 3
mount -t tmpfs -o size=1m,mode=755 none "$stage"
i=0
while [ $i -lt "$count" ]; do
  if [ -d "$1" ]; then mkdir "$stage/$i"; else : > "$stage/$i"; fi
  mount --bind "$1" "$stage/$i"
  shift; i=$((i + 1))
done
mount --rbind "$stage" /mnt
exec setpriv --reuid "$uid" --regid "$uid" --clear-groups --inh-caps=-all --bounding-set=-all \
  --no-new-privs -- "$@"
"""


@dataclass(frozen=True)
class Launched:
    """A warm server that has reported that it is ready."""

    process: subprocess.Popen[bytes]
    control: socket.socket
    pid: int  # of the warm server itself, as seen from here
    data_mb: int  # data segment that every fork starts with
    seconds: float  # import time
    home: folders.Folder  # created for the server; removed with it

    def stop(self) -> None:
        """Close the connection, and kill the server unless it ends."""
        self.control.close()
        end(self.process, 5)
        self.home.remove()


def end(process: subprocess.Popen[bytes], seconds: float) -> None:
    """Wait up to `seconds` for a process to end, then kill it."""
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


Spawn = Callable[[Callable[[], "subprocess.Popen[bytes]"]], "subprocess.Popen[bytes]"]


def launch(
    tier: Tier, *, preload: Sequence[str], readable: Sequence[str], seconds: float, spawn: Spawn
) -> Launched:
    """Start a warm server and wait until it is ready.

    `spawn` calls its argument in a thread that outlives the server. Raise SandboxFault with the
    server's own message if it does not start.
    """
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    folders.sweep()
    home = folders.make("warm")
    with contextlib.ExitStack() as undo:
        undo.callback(home.remove)
        undo.callback(ours.close)
        with theirs, tempfile.TemporaryFile() as errors, _files() as files:
            command = _command(tier, home.path, readable, files)
            command += ["-s", "-c", _BOOT, _module_path(), str(theirs.fileno()), ",".join(preload)]
            process = spawn(
                lambda: subprocess.Popen(
                    command,
                    pass_fds=[theirs.fileno(), *files],
                    env=environment(home.path),
                    cwd="/",
                    stdin=subprocess.DEVNULL,
                    stdout=errors,
                    stderr=errors,
                )
            )
            undo.callback(end, process, 0)
            theirs.close()
            packet = _first_packet(ours, seconds)
            errors.seek(0)
            said = errors.read()[-2000:].decode(errors="replace").strip()
        ready: dict[str, Any] = (
            json.loads(packet) if packet else {"fault": said or "it said nothing"}
        )
        if "fault" in ready:
            raise SandboxFault(
                f"the warm server did not start: {ready['fault']}",
                way_out="run `autograder doctor`",
            )
        undo.pop_all()
    pid = process_tree.find(process.pid, ready["pid"])
    return Launched(process, ours, pid, ready["data_mb"], ready["ready"], home)


def _first_packet(control: socket.socket, limit: float) -> bytes:
    poller = select.poll()
    poller.register(control, select.POLLIN)
    if not poller.poll(limit * 1000):
        raise SandboxFault(
            f"the warm server was not ready after {limit:g} s",
            way_out="run `autograder doctor`; is the machine very busy?",
        )
    return control.recv(1 << 16)


# ── Command lines ────────────────────────────────────────────────────────────────────


def _command(tier: Tier, home: str, readable: Sequence[str], files: Sequence[int]) -> list[str]:
    if tier is not Tier.FULL:
        return [sys.executable]
    paths = (*interpreter_paths(), *readable)
    if os.geteuid() != 0:
        return [*_bubblewrap(paths, paths, files), sys.executable]
    staged = [f"/mnt/{place}" for place in range(len(paths))]
    outer = ["unshare", "--mount", "--propagation", "private", "sh", "-c", _STAGE, "sh"]
    return [
        *(*outer, home, str(ROOT_BECOMES), str(len(paths)), *paths),
        *(*_bubblewrap(staged, paths, files), sys.executable),
    ]


def _bubblewrap(sources: Sequence[str], paths: Sequence[str], files: Sequence[int]) -> list[str]:
    """Return the bwrap command line; only the paths named here exist inside."""
    command = ["bwrap", "--unshare-user", "--unshare-pid", "--unshare-net", "--unshare-ipc"]
    command += ["--unshare-uts", "--unshare-cgroup-try", "--die-with-parent", "--new-session"]
    command += ["--cap-drop", "ALL", "--uid", str(STUDENT), "--gid", str(STUDENT), "--clearenv"]
    for name, value in environment(HOME).items():
        command += ["--setenv", name, value]
    command += _system_folders()
    for fd, path in zip(files, ("/etc/passwd", "/etc/group", "/etc/hosts"), strict=True):
        command += ["--ro-bind-data", str(fd), path]
    for path in ("alternatives", "fonts", "ld.so.cache", "localtime", "mime.types"):
        command += ["--ro-bind-try", f"/etc/{path}", f"/etc/{path}"]
    command += ["--proc", "/proc", "--dev", "/dev", "--tmpfs", "/tmp"]
    command += ["--ro-bind-try", "/sys/devices/system/cpu", "/sys/devices/system/cpu"]
    command += ["--perms", "0700", "--size", str(64 << 20), "--tmpfs", SCRATCH, "--dir", HOME]
    for source, path in zip(sources, paths, strict=True):
        command += ["--ro-bind", source, path]
    return [*command, "--chdir", HOME, "--remount-ro", "/dev", "--remount-ro", "/", "--"]


def _system_folders() -> list[str]:
    command = ["--ro-bind", "/usr", "/usr"]
    for name in ("/bin", "/sbin", "/lib", "/lib32", "/lib64"):
        if os.path.islink(name):
            command += ["--symlink", os.readlink(name), name]
        elif os.path.isdir(name):
            command += ["--ro-bind", name, name]
    return command


def interpreter_paths() -> tuple[str, ...]:
    """Return the folders that this Python and its packages need, except those under /usr.

    Every link between a virtual environment's `python` and the real one is followed.
    """
    found = [sys.prefix, sys.base_prefix, *_site_packages()]
    if not Path(_PACKAGE).is_relative_to(sys.prefix):
        found.append(_PACKAGE)
    step = sys.executable
    while True:
        found.append(str(Path(step).parent.parent))
        if not os.path.islink(step):
            break
        step = os.path.normpath(os.path.join(os.path.dirname(step), os.readlink(step)))
    wanted = dict.fromkeys(os.path.abspath(path) for path in found)
    return tuple(path for path in wanted if _needed(path, wanted))


def unprivileged() -> int:
    """Return the uid that student code gets in tier B if we are root; 0 to keep the current uid.

    It is 0 if the other uid could not read the interpreter.
    """
    if os.geteuid() != 0:
        return 0
    folders = {Path(path) for path in interpreter_paths()}
    folders |= {parent for folder in folders for parent in folder.parents}
    return ROOT_BECOMES if all(folder.stat().st_mode & 0o001 for folder in folders) else 0


def _needed(path: str, others: Iterable[str]) -> bool:
    inside = (other for other in others if other != path and Path(path).is_relative_to(other))
    return not Path(path).is_relative_to("/usr") and path != "/" and not any(inside)


def _site_packages() -> list[str]:
    return [p for p in sys.path if p.endswith(("site-packages", "dist-packages"))]


def _module_path() -> str:
    """Return the extra module path of the isolated interpreter: installed packages, and ours."""
    return ":".join((*_site_packages(), str(_ROOT)))


@contextlib.contextmanager
def _files() -> Iterator[tuple[int, ...]]:
    """Yield descriptors of the sandbox's own /etc/passwd, /etc/group and /etc/hosts."""
    with contextlib.ExitStack() as close:
        fds = []
        for text in (_PASSWD, _GROUP, _HOSTS):
            read, write = os.pipe()
            os.write(write, text)
            os.close(write)
            close.callback(os.close, read)
            fds.append(read)
        yield tuple(fds)
