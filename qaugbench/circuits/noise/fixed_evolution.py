"""Reading many product states after one evolution: what is read is pulled back through it once, not every state pushed forward.

Where only the first gates of each wire depend on the inputs, all samples go through the same channel, and an expectation is a
linear function of the product state they start in (the Heisenberg picture). That function is found once for given weights. The
state of a wire that one angle of the inputs turns is linear in 1, cosine and sine of it, so these three are all that is
computed for each sample.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import nn

Evolve = Callable[[torch.Tensor], torch.Tensor]
Pull = Callable[[], torch.Tensor]
MOST_BYTES = 2**29
"""The most that may be stored to pull one word back, and that the function of all words may take."""
PART_BYTES = 2**20
"""On a CPU, what is computed for the samples of one part: little enough to stay in its cache."""
COLUMNS = 64
"""Samples are multiplied by so many at once: the last bits of a product may depend on how many columns are left over."""


class PulledBack:
    """What is read of product states as a function of the features of their wires; kept until the weights change.

    ``table`` [copies, k * right, left] holds the k functions of each copy, the features of the first n // 2 wires in columns.
    """

    def __init__(self) -> None:
        self._weights: torch.Tensor | None = None
        self._table: torch.Tensor | None = None

    def read(
        self, features: Sequence[torch.Tensor], weights: torch.Tensor, n_read: int, pull: Pull, *, keep: bool
    ) -> torch.Tensor:
        """Return [copies, batch, n_read] of samples whose ``features`` are [copies or 1, d, batch or 1] for each wire.

        ``pull`` gives the function of all features, [copies, n_read, d, d, ...]; with ``keep`` it depends on the weights alone.
        """
        half = len(features) // 2
        if self._table is None or not keep or not _equal(weights, self._weights):
            pulled = pull().flatten(half + 2)
            pulled = pulled.flatten(2, half + 1) if half else pulled.unsqueeze(2)
            self._table = pulled.permute(0, 1, 3, 2).flatten(1, 2).contiguous()
            self._weights = weights.detach().clone()
        table, batch = self._table, max(feature.shape[2] for feature in features)
        per_sample = len(weights) * (table.shape[1] + table.shape[2]) * table.element_size()
        size = max(PART_BYTES // per_sample // COLUMNS, 1) * COLUMNS if table.device.type == "cpu" else batch
        read = [
            _read([_part(feature, first, size, batch) for feature in features], half, table, n_read)
            for first in range(0, batch, size)
        ]
        return torch.cat(read, dim=2)[:, :, :batch].transpose(1, 2)


def turned(angles: torch.Tensor) -> torch.Tensor:
    """Return the features 1, cosine and sine [copies or 1, 3, batch] of wires turned by ``angles`` [copies or 1, batch]."""
    contiguous = angles.contiguous()
    return torch.stack([torch.ones_like(contiguous), torch.cos(contiguous), torch.sin(contiguous)], dim=1)


def basis_of_turn(states: torch.Tensor) -> torch.Tensor:
    """Return [copies or 1, 4, 3], by which features become states, from ``states`` [copies or 1, 3, 4] at 0, pi / 2 and pi."""
    at_zero, at_quarter, at_half = states.unbind(1)
    mean = (at_zero + at_half) / 2
    return torch.stack([mean, (at_zero - at_half) / 2, at_quarter - mean], dim=2)


def in_features(words: torch.Tensor, bases: Sequence[torch.Tensor]) -> torch.Tensor:
    """Return functions of features [copies, k, d, d, ...] from functions ``words`` [copies, k, 4^n] of the state.

    Each of the ``bases`` [copies or 1, 4, d] takes the features of a wire to its state.
    """
    sizes = [basis.shape[2] for basis in bases]
    for basis in bases:  # of the first digit, which comes last, until all are through
        by_digit = words.unflatten(2, (4, -1)).transpose(2, 3)
        words = (by_digit @ basis.unsqueeze(1)).flatten(2)
    return words.unflatten(2, sizes)


def pulled_back(copies: int, n_wires: int, n_read: int, evolve: Evolve, *, like: torch.Tensor) -> torch.Tensor:
    """Return [copies, n_read, 4^n]: the gradient of each thing read with regard to the vector, which it is linear in.

    ``evolve`` maps vectors [copies, rows, 4^n] to what is read [copies, rows, n_read].
    """
    words = []
    for k in range(n_read):
        with torch.enable_grad():
            vector = torch.zeros(copies, 1, 4**n_wires, dtype=like.dtype, device=like.device, requires_grad=True)
            (gradient,) = torch.autograd.grad(evolve(vector)[..., k].sum(), vector)
        words.append(gradient[:, 0])
    return torch.stack(words, dim=1)


def pays(copies: int, n_wires: int, n_read: int, steps: int, item_bytes: int) -> bool:
    """Return whether pulling back fits into memory; it then takes about as long as pushing ``3 * n_read`` samples forward."""
    vector = copies * 4**n_wires * item_bytes
    return vector * max(n_read, steps + 2) <= MOST_BYTES


def _read(features: Sequence[torch.Tensor], half: int, table: torch.Tensor, n_read: int) -> torch.Tensor:
    """Return [copies, n_read, batch] of some samples."""
    right = _products(features[half:])
    if not half:
        found: torch.Tensor = table.unflatten(1, (n_read, -1))[..., 0] @ right
        return found
    left = _products(features[:half])
    joined = torch.matmul(table, left).unflatten(1, (n_read, -1))
    return (joined * right.unsqueeze(1)).sum(dim=2)


def _products(features: Sequence[torch.Tensor]) -> torch.Tensor:
    """Return the products of one feature of each wire, [copies or 1, d * d * ..., batch or 1], the first wire's slowest."""
    product = features[0]
    for feature in features[1:]:
        product = (product.unsqueeze(2) * feature.unsqueeze(1)).flatten(1, 2)
    return product


def _part(feature: torch.Tensor, first: int, size: int, batch: int) -> torch.Tensor:
    """Return the samples from ``first`` on, ``size`` at most, and zeros up to a multiple of ``COLUMNS``."""
    if feature.shape[2] < batch:
        return feature
    part = feature[:, :, first : first + size]
    return nn.functional.pad(part, (0, -part.shape[2] % COLUMNS))


def _equal(weights: torch.Tensor, known: torch.Tensor | None) -> bool:
    return (
        known is not None
        and known.dtype == weights.dtype
        and known.device == weights.device
        and torch.equal(weights, known)
    )
