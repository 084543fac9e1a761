"""Bits with given means and correlations: signs of a Gaussian (Emrich & Piedmonte, Am. Stat. 45, 1991).

All that such a distribution knows are the correlators of one and of two bits; of those of more bits it has its own.
"""

from __future__ import annotations

import math

import numpy as np
import torch

NODES = 16
HALVINGS = 30
STRONGEST = 0.995
FARTHEST = 0.999


@torch.no_grad()
def gaussian_of_signs(singles: torch.Tensor, pairs: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Return thresholds [u, n] and a factor [u, n, n] so that the signs of threshold + factor @ normal have these correlators.

    ``singles`` [u, n] and ``pairs`` [u, n (n - 1) / 2], in the order 01, 02, ..., 12, are means of products of one and two signs.
    A sign is 1 where the Gaussian is positive. Where none has all of these correlations, negative eigenvalues are left out.
    """
    n = singles.shape[1]
    upper, lower = torch.triu_indices(n, n, 1, device=singles.device)
    threshold = torch.special.ndtri((1 + singles.double().clamp(-FARTHEST, FARTHEST)) / 2)
    both = (1 + singles[:, upper] + singles[:, lower] + pairs).double() / 4
    correlation = _correlation(threshold[:, upper], threshold[:, lower], both)
    matrix = torch.eye(n, dtype=torch.float64, device=singles.device).repeat(len(singles), 1, 1)
    matrix[:, upper, lower] = matrix[:, lower, upper] = correlation
    values, vectors = torch.linalg.eigh(matrix)
    factor = vectors * values.clamp(min=1e-6).sqrt()[:, None, :]
    factor = factor / factor.norm(dim=2, keepdim=True)
    return threshold, factor


def _correlation(first: torch.Tensor, second: torch.Tensor, both: torch.Tensor) -> torch.Tensor:
    """Return the correlation of two normal variables that are above -``first`` and -``second`` together with chance ``both``."""
    low, high = torch.full_like(both, -STRONGEST), torch.full_like(both, STRONGEST)
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        above = _both_positive(first, second, middle) > both
        low, high = torch.where(above, low, middle), torch.where(above, middle, high)
    return (low + high) / 2


def _both_positive(first: torch.Tensor, second: torch.Tensor, correlation: torch.Tensor) -> torch.Tensor:
    """Return the chance that both variables are positive, integrated over the correlation (Plackett, Biometrika 41, 1954)."""
    nodes, weights = (torch.from_numpy(each).to(first) for each in np.polynomial.legendre.leggauss(NODES))
    angle = torch.asin(correlation)[..., None] * (nodes + 1) / 2
    sine, square = angle.sin(), angle.cos().square()
    a, b = first[..., None], second[..., None]
    density = torch.exp(-(a.square() + b.square() - 2 * sine * a * b) / (2 * square)) / (2 * math.pi)
    change = (density * weights).sum(-1) * torch.asin(correlation) / 2
    return torch.special.ndtr(first) * torch.special.ndtr(second) + change
