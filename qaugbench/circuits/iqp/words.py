"""Bit strings as numbers, and the words of Z whose correlators a kernel compares."""

from __future__ import annotations

from itertools import combinations

import torch

from qaugbench.circuits.iqp.walsh import word_shares


def states_of(bits: torch.Tensor) -> torch.Tensor:
    """Return the number of each bit string [n, qubits], its first bit the most significant."""
    places = torch.arange(bits.shape[1] - 1, -1, -1, device=bits.device)
    return (bits << places).sum(dim=1)


def bits_of(states: torch.Tensor, n_bits: int) -> torch.Tensor:
    """Return the bit string [n, n_bits] of each number."""
    places = torch.arange(n_bits - 1, -1, -1, device=states.device)
    return (states[:, None] >> places) & 1


def low_order_words(n_bits: int) -> torch.Tensor:
    """Return the numbers of the words with one Z, then of those with two, first bit first."""
    one = [1 << (n_bits - 1 - place) for place in range(n_bits)]
    return torch.tensor(one + [a + b for a, b in combinations(one, 2)], dtype=torch.int64)


def word_shares_of(n_bits: int, bodies: float, *, exact: bool) -> torch.Tensor:
    """Return the probability of each word in the kernel: of all 2^n but the empty one, or of those with one or two Z alone."""
    if exact:
        shares = word_shares(n_bits, bodies)
        shares[0] = 0
        return shares
    chance = min(bodies / n_bits, 0.5)
    ratio = chance / (1 - chance)  # of a word with two Z to one with one
    n_pairs = n_bits * (n_bits - 1) // 2
    return torch.cat([torch.ones(n_bits), torch.full((n_pairs,), ratio)]) / (n_bits + ratio * n_pairs)
