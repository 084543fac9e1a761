"""Reusable memory for states: fresh memory of that size costs as much as a step."""

from __future__ import annotations

import torch


def keep_freed_memory() -> None:
    """Make the C library keep freed memory of this size rather than page it in again and again.

    glibc hands freed memory above a threshold back to the system, and getting it anew doubled the time of some
    circuits. Freeing one large block raises the threshold (mallopt(3), on M_MMAP_THRESHOLD) up to 32 MiB; its pages are
    never touched.
    """
    torch.empty(31 * 2**20, dtype=torch.uint8)


class Buffers:
    """Spare tensors like ``like``; without it, ``take`` returns None, which lets torch allocate and differentiate."""

    def __init__(self, like: torch.Tensor | None = None) -> None:
        self.like = like
        self.spare: list[torch.Tensor] = []
        self.own: set[int] = set()

    def take(self) -> torch.Tensor | None:
        """Return a tensor to write into."""
        if self.like is None:
            return None
        if not self.spare:
            self.spare.append(torch.empty(self.like.shape, dtype=self.like.dtype, device=self.like.device))
            self.own.add(self.spare[-1].data_ptr())
        return self.spare.pop()

    def give(self, tensor: torch.Tensor) -> None:
        """Take back a tensor that is no longer read, if it came from here."""
        if self.own and tensor.data_ptr() in self.own:
            self.spare.append(tensor)
