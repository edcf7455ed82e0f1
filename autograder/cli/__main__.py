"""`python -m autograder.cli`: the command line without its script."""

from autograder.cli.app import main

main()
