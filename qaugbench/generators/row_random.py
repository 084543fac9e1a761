"""Random numbers for drawn points: row i of every call depends on the seed and on i alone."""

from __future__ import annotations

from collections.abc import Iterable

import torch

from qaugbench.seeds import child_seed, torch_generator


class RowRandom:
    """Random tensors whose rows are independent streams, for the images numbered ``rows``.

    A sample therefore does not feel its neighbours, whatever the size of the batch. Numbers are drawn on the CPU, so they
    are the same on every device.
    """

    def __init__(self, seed: int, rows: Iterable[int], device: str | torch.device = "cpu") -> None:
        self.device = torch.device(device)
        self._streams = [torch_generator(child_seed(seed, row)) for row in rows]

    def __len__(self) -> int:
        return len(self._streams)

    def of(self, rows: Iterable[int]) -> RowRandom:
        """Return the streams of some of these rows, by position; they go on where they are."""
        chosen = RowRandom(0, (), self.device)
        chosen._streams = [self._streams[row] for row in rows]
        return chosen

    def normal(self, *shape: int) -> torch.Tensor:
        """Return standard normal numbers [n, *shape]."""
        return self._rows([torch.randn(shape, generator=stream) for stream in self._streams], shape)

    def uniform(self, *shape: int) -> torch.Tensor:
        """Return numbers [n, *shape], uniform in [0, 1)."""
        return self._rows([torch.rand(shape, generator=stream) for stream in self._streams], shape)

    def _rows(self, drawn: list[torch.Tensor], shape: tuple[int, ...]) -> torch.Tensor:
        return (torch.stack(drawn) if drawn else torch.empty(0, *shape)).to(self.device)
