"""A job that fails before it computes anything, as where an installation is damaged; it imports nothing, to start fast."""

from __future__ import annotations


class BrokenWorker:
    """Stands for a ``Worker``."""

    tries = 1

    def __init__(self, *arguments: object) -> None:
        pass

    def __call__(self) -> None:
        raise RuntimeError("no such library on this node")
