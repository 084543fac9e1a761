"""From outputs at several strengths of noise to what they would be at none (Temme, Bravyi & Gambetta 2017, arXiv 1612.02058)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch

from qaugbench.errors import CircuitError


def richardson_weights(scales: Sequence[float]) -> np.ndarray:
    """Return the weights [S] of values at ``scales`` whose sum is the value at 0 of the polynomial of degree S - 1 through them.

    Independent errors of the values grow by the root of the sum of the squared weights: 1.6 times for scales 1 and 3, 2.3 times
    for 1, 3 and 5.

    Raises:
        CircuitError: fewer than two scales, or two alike.

    >>> richardson_weights([1, 3, 5]).tolist()
    [1.875, -1.25, 0.375]
    """
    points = np.asarray(scales, dtype=np.float64)
    if points.size < 2 or len(set(points.tolist())) < points.size:
        raise CircuitError(f"An extrapolation needs two or more different scales of noise, given {list(scales)}.")
    return np.array([np.prod(np.delete(points, i) / (np.delete(points, i) - point)) for i, point in enumerate(points)])


def richardson(values: torch.Tensor, scales: Sequence[float]) -> torch.Tensor:
    """Return the values [...] at no noise by Richardson's extrapolation of ``values`` [S, ...]: exact for polynomials below S."""
    weights = torch.from_numpy(richardson_weights(scales)).to(values)
    return torch.tensordot(weights, values, dims=1)


def exponential(values: torch.Tensor, scales: Sequence[float]) -> tuple[torch.Tensor, torch.Tensor]:
    """Return (the values [...] at no noise of a exp(-b scale) through ``values`` [S, ...], which have such a fit [...]).

    Least squares in the logarithm. Where values have different signs or one is 0 there is no such curve; what is returned there
    is the value at the smallest scale, and False. Errors as ``richardson_weights``.

    >>> found, fitted = exponential(0.9 * torch.exp(-0.2 * torch.tensor([1.0, 3.0, 5.0])), [1, 3, 5])
    >>> round(float(found), 6), bool(fitted)
    (0.9, True)
    """
    richardson_weights(scales)
    points = torch.tensor(list(scales), dtype=values.dtype, device=values.device)
    signs = values.sign()
    fitted = ((signs == signs[:1]) & (signs != 0)).all(0)
    logarithms = values.abs().where(fitted, torch.ones_like(values)).log()
    centred = points - points.mean()
    slope = torch.tensordot(centred / centred.square().sum(), logarithms, dims=1)
    at_zero = signs[0] * (logarithms.mean(0) - slope * points.mean()).exp()
    return at_zero.where(fitted, values[int(points.argmin())]), fitted
