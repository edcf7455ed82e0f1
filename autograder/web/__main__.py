"""Entry point of `python -m autograder.web COURSE`, which `autograder serve` runs."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from autograder import config
from autograder.errors import AutograderError
from autograder.web.serving import serve


def main() -> int:
    """Serve until stopped; return exit code 1 if the server cannot start."""
    parser = argparse.ArgumentParser(prog="autograder serve")
    parser.add_argument("course", type=Path)
    parser.add_argument("--host", default="")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--no-grade", action="store_true")
    parser.add_argument("--no-sandbox", action="store_true")
    said = parser.parse_args()
    try:
        course = config.load(said.course)
        serve(
            course,
            host=said.host,
            port=said.port,
            grade=not said.no_grade,
            sandbox=not said.no_sandbox,
        )
    except AutograderError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
