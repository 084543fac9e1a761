"""The command line: each command calls one function of the API and prints what it returns."""

from qaugbench.cli import boards, circuits, data, listing, metrics, runs, scoring, show, tuning  # noqa: F401  (each adds its commands)
from qaugbench.cli.root import cli, main

__all__ = ["cli", "main"]
