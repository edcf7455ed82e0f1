"""Running a command as an ordinary user, when the tests run as root.

python -m tests.sandbox.ordinary COMMAND...
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence

UID = 1234

# The interpreter may live where only root may go: then its folder is mounted over an empty one.
_SCRIPT = """set -e
uid=$1 home=$2 base=$3; shift 3
become="setpriv --reuid $uid --regid $uid --clear-groups --inh-caps=-all --bounding-set=-all"
if ! $become test -r "$base/bin"; then
  mkdir "$home/base"; mount --bind "$base" "$home/base"
  mount -t tmpfs -o mode=755 none "/$(echo "$base" | cut -d/ -f2)"
  mkdir -p "$base"; mount --bind "$home/base" "$base"
fi
exec $become env -i HOME="$home" TMPDIR="$home" PATH="$PATH" TF_CPP_MIN_LOG_LEVEL=3 \
  PYTHONDONTWRITEBYTECODE=1 HYPOTHESIS_STORAGE_DIRECTORY="$home/.hypothesis" "$@"
"""


def run(command: Sequence[str], **options: object) -> subprocess.CompletedProcess[str]:
    """How a command ends that runs as uid 1234 without any privilege."""
    with tempfile.TemporaryDirectory(prefix="ordinary-", ignore_cleanup_errors=True) as home:
        os.chown(home, UID, UID)
        outer = ["unshare", "--mount", "--propagation", "private", "sh", "-c", _SCRIPT, "sh"]
        whole = [*outer, str(UID), home, sys.base_prefix, *command]
        return subprocess.run(whole, text=True, check=False, **options)  # type: ignore[call-overload, no-any-return]


if __name__ == "__main__":
    raise SystemExit(run(sys.argv[1:]).returncode)
