"""One verb per step: parse, call, print. The work itself is in autograder.steps."""

from autograder.cli.app import app, main

__all__ = ["app", "main"]
