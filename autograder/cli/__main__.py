"""Entry point of `python -m autograder.cli`, for use without the installed script."""

from autograder.cli.app import main

main()
