"""Reading many product states after one evolution: what is read is pulled back through it once, not every state pushed forward.

Where only the first gates of each wire depend on the inputs, all samples go through the same channel, and an expectation is a
linear function of the product state they start in (the Heisenberg picture). That function is found once for given weights.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch

from qaugbench.circuits.noise.pauli_vector import product

Evolve = Callable[[torch.Tensor], torch.Tensor]
MOST_BYTES = 2**29
"""The most that may be stored to pull one word back, and that the function of all words may take."""


class PulledBack:
    """What is read of product states as a function of their factors; kept until the weights change.

    ``table`` [copies, 4^h, k * 4^(n - h)] holds the k functions of each copy, the digits of the first h = n // 2 wires in rows.
    """

    def __init__(self) -> None:
        self._weights: torch.Tensor | None = None
        self._table: torch.Tensor | None = None

    def read(
        self, sources: Sequence[torch.Tensor], weights: torch.Tensor, n_read: int, evolve: Evolve, *, keep: bool
    ) -> torch.Tensor:
        """Return [copies, batch, n_read] of the states whose factors are ``sources``, each [copies or 1, batch, 4].

        ``evolve`` maps vectors [copies, rows, 4^n] to what is read [copies, rows, n_read]; with ``keep`` it depends on the weights
        alone.
        """
        if self._table is None or not keep or not _equal(weights, self._weights):
            self._table = pulled_back(len(weights), len(sources), n_read, evolve, like=weights)
            self._weights = weights.detach().clone()
        table, half = self._table, len(sources) // 2
        right = product(sources[half:])
        if not half:
            return torch.einsum(
                "cbr,ckr->cbk", right.expand(len(weights), -1, -1), table.view(len(weights), n_read, -1)
            )
        left = product(sources[:half]).expand(len(weights), -1, -1)
        joined = torch.bmm(left, table).unflatten(2, (n_read, -1))
        return (joined * right.unsqueeze(2)).sum(dim=3)


def pulled_back(copies: int, n_wires: int, n_read: int, evolve: Evolve, *, like: torch.Tensor) -> torch.Tensor:
    """Return the table of ``PulledBack``: the gradient of each thing read with regard to the vector, which it is linear in."""
    words = []
    for k in range(n_read):
        with torch.enable_grad():
            vector = torch.zeros(copies, 1, 4**n_wires, dtype=like.dtype, device=like.device, requires_grad=True)
            (gradient,) = torch.autograd.grad(evolve(vector)[..., k].sum(), vector)
        words.append(gradient[:, 0])
    rows = 4 ** (n_wires // 2)
    return torch.stack([word.view(copies, rows, -1) for word in words], dim=2).flatten(2).contiguous()


def pays(copies: int, n_wires: int, n_read: int, steps: int, item_bytes: int) -> bool:
    """Return whether pulling back fits into memory; it then takes about as long as pushing ``3 * n_read`` samples forward."""
    vector = copies * 4**n_wires * item_bytes
    return vector * max(n_read, steps + 2) <= MOST_BYTES


def _equal(weights: torch.Tensor, known: torch.Tensor | None) -> bool:
    return (
        known is not None
        and known.dtype == weights.dtype
        and known.device == weights.device
        and torch.equal(weights, known)
    )
