"""Command line: each command parses its arguments, calls one step and prints the report.

The work itself is in `autograder.steps`.
"""

from autograder.cli.app import app, main

__all__ = ["app", "main"]
