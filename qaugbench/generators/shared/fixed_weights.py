"""A network whose weights take no gradient for a while, such as a critic while its generator learns."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from torch import nn


@contextmanager
def fixed_weights(module: nn.Module) -> Iterator[None]:
    """Give the trainable weights of ``module`` no gradient inside the block, which spares their backward pass."""
    trained = [weight for weight in module.parameters() if weight.requires_grad]
    for weight in trained:
        weight.requires_grad_(False)
    try:
        yield
    finally:
        for weight in trained:
            weight.requires_grad_(True)
