"""The command line: each command calls one function of the API and prints what it returns."""

from qaugbench.cli import (  # noqa: F401  (each adds its commands)
    boards,
    circuits,
    data,
    hardware,
    listing,
    maintain,
    metrics,
    noise,
    papers,
    reruns,
    runs,
    scoring,
    show,
    tuning,
)
from qaugbench.cli.root import cli, main

__all__ = ["cli", "main"]
