"""The Walsh-Hadamard transform: from functions of bit strings to their correlators, and back."""

from __future__ import annotations

import math

import torch

WIDEST = 6  # bits transformed by one matrix product


def walsh_hadamard(values: torch.Tensor) -> torch.Tensor:
    """Return sum over x of (-1)^(a.x) ``values``[..., x] for each bit string a, [..., 2^n]; the first bit is the most significant.

    Of probabilities, these are the expectations of all products of Z.

    >>> walsh_hadamard(torch.tensor([0.5, 0.0, 0.0, 0.5])).tolist()
    [1.0, 0.0, 0.0, 1.0]
    """
    n_bits = values.shape[-1].bit_length() - 1
    rows = values.reshape(-1, values.shape[-1])
    for first in range(0, n_bits, WIDEST):
        width = min(WIDEST, n_bits - first)
        grouped = rows.reshape(-1, 2**width, 2 ** (n_bits - first - width))
        rows = torch.matmul(_hadamard(width).to(values), grouped)
    return rows.reshape(values.shape)


def _hadamard(n_bits: int) -> torch.Tensor:
    matrix = torch.ones(1, 1)
    for _ in range(n_bits):
        matrix = torch.kron(matrix, torch.tensor([[1.0, 1.0], [1.0, -1.0]]))
    return matrix


def bit_signs(n_bits: int) -> torch.Tensor:
    """Return (-1)^x of each bit of each bit string, [2^n, n]."""
    places = torch.arange(n_bits - 1, -1, -1)
    return 1.0 - 2.0 * ((torch.arange(2**n_bits)[:, None] >> places) & 1)


def word_shares(n_bits: int, bodies: float) -> torch.Tensor:
    """Return the probability of each of 2^n words whose letters are Z independently, ``bodies`` of them in the mean (at most half).

    The squared maximum mean discrepancy for a Gaussian kernel of the Hamming distance is the mean of squared differences of
    correlators over such words, with a probability of Z of (1 - exp(-1 / (2 bandwidth^2))) / 2 (arXiv 2503.02934).
    """
    weight = ((1 - bit_signs(n_bits)) / 2).sum(dim=1)
    chance = min(bodies / n_bits, 0.5)  # of a kernel that tells nothing but parities apart
    return (weight * math.log(chance) + (n_bits - weight) * math.log1p(-chance)).exp()
