"""Memory for states, used again and again: fresh memory of that size costs as much as a step."""

from __future__ import annotations

import torch


class Buffers:
    """Spare tensors like ``like``; without it, ``take`` returns None, which lets torch allocate and differentiate."""

    def __init__(self, like: torch.Tensor | None = None) -> None:
        self.like = like
        self.spare: list[torch.Tensor] = []

    def take(self) -> torch.Tensor | None:
        """Return a tensor to write into."""
        if self.like is None:
            return None
        return (
            self.spare.pop()
            if self.spare
            else torch.empty(self.like.shape, dtype=self.like.dtype, device=self.like.device)
        )

    def give(self, tensor: torch.Tensor) -> None:
        """Take back a tensor that is no longer read."""
        if self.like is not None:
            self.spare.append(tensor)
