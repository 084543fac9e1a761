"""Random numbers for the rows of a batch, independent of the number of rows."""

from __future__ import annotations

from collections.abc import Callable

import torch

CHUNK = 64  # rows drawn at once
_SEEDS = 2**62


def draw_rows(
    draw: Callable[..., torch.Tensor], rows: int, shape: tuple[int, ...], generator: torch.Generator
) -> torch.Tensor:
    """Return float64 [rows, *shape] from ``draw`` (torch.rand or torch.randn), on the generator's device.

    Takes one number from ``generator``, whatever ``rows`` is, and row i follows from that number and i alone: a sample
    depends neither on its neighbours nor on the size of the batch.
    """
    seed = int(torch.randint(_SEEDS, (), generator=generator, device=generator.device))
    source = torch.Generator(device=generator.device).manual_seed(seed)
    chunks = [
        draw(CHUNK, *shape, generator=source, dtype=torch.float64, device=generator.device)
        for _ in range(-(-rows // CHUNK))
    ]
    return torch.cat(chunks)[:rows] if chunks else torch.empty(0, *shape, dtype=torch.float64)
