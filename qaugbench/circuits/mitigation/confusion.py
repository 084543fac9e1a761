"""Readout errors undone: the inverse of each wire's confusion matrix, and the distribution nearest to what comes out.

With each wire misread independently, the bits read are distributed as the true ones multiplied by the Kronecker product of
2 x 2 matrices, and so is the inverse. The inverse of relative counts is a quasi-distribution: its sum is 1, but entries may
be negative. Its means of Pauli words are unbiased; bits can only be drawn from the nearest distribution (Smolin, Gambetta &
Smith 2012, arXiv 1106.5458).
"""

from __future__ import annotations

from collections.abc import Sequence

import torch

from qaugbench.circuits.noise.pauli_vector import multiply_first
from qaugbench.circuits.noise.program import Misread
from qaugbench.errors import CircuitError


def inverse_confusion(misread: Sequence[Misread]) -> torch.Tensor:
    """Return the inverses [wires, 2, 2], float64, of the confusion matrices of wires misread (1 for 0, 0 for 1).

    Raises:
        CircuitError: a wire on which 0 and 1 are read alike, so that nothing can be told from it.

    >>> inverse_confusion([(0.1, 0.3)])[0].round(decimals=3).tolist()
    [[1.167, -0.5], [-0.167, 1.5]]
    """
    matrices = []
    for wire, (one_for_zero, zero_for_one) in enumerate(misread):
        kept = 1.0 - one_for_zero - zero_for_one
        if kept <= 0.0:
            raise CircuitError(
                f"Read wire number {wire} reads 1 for 0 in {one_for_zero:.3g} and 0 for 1 in {zero_for_one:.3g} of all shots: "
                "what it reads says nothing about its bit, and no inversion can mend that."
            )
        unscaled = [[1.0 - zero_for_one, -zero_for_one], [-one_for_zero, 1.0 - one_for_zero]]
        matrices.append(torch.tensor(unscaled, dtype=torch.float64) / kept)
    return torch.stack(matrices)


def on_each_wire(matrices: torch.Tensor, values: torch.Tensor) -> torch.Tensor:
    """Return ``values`` [..., 2^k] times the Kronecker product of ``matrices`` [k, 2, 2], the first the most significant."""
    rows = values.reshape(-1, values.shape[-1])
    for matrix in matrices.to(values):
        rows = multiply_first(rows.contiguous(), matrix.T.expand(len(rows), -1, -1))
    return rows.reshape(values.shape)


def calibrated(misread: Sequence[Misread], shots: int, generator: torch.Generator | None) -> list[Misread]:
    """Return the ``misread`` that two calibration circuits find, all wires in 0 and all in 1, with ``shots`` shots each.

    Preparing 0 and 1 is free of errors here.

    Raises:
        CircuitError: no generator.
    """
    if generator is None:
        raise CircuitError(
            "Calibration shots are drawn at random; give a torch.Generator (run_under(execution, generator))."
        )
    true = torch.tensor(list(misread), dtype=torch.float64, device=generator.device)
    found = torch.binomial(torch.full_like(true, shots), true, generator=generator) / shots
    return [(one_for_zero, zero_for_one) for one_for_zero, zero_for_one in found.tolist()]


def nearest_distribution(quasi: torch.Tensor) -> torch.Tensor:
    """Return the distribution [..., d] nearest to each ``quasi`` [..., d], whose sum is 1, in the Euclidean distance.

    >>> nearest_distribution(torch.tensor([0.7, 0.5, -0.2])).tolist()
    [0.6000000238418579, 0.4000000059604645, 0.0]
    """
    falling = quasi.double().sort(dim=-1, descending=True).values
    excess = falling.cumsum(-1) - 1.0
    numbers = torch.arange(1, quasi.shape[-1] + 1, device=quasi.device, dtype=torch.float64)
    kept = (falling - excess / numbers > 0).sum(-1, keepdim=True).clamp(min=1)
    shift = excess.gather(-1, kept - 1) / kept
    return (quasi.double() - shift).clamp(min=0.0).to(quasi)


def negative_mass(quasi: torch.Tensor) -> torch.Tensor:
    """Return the sum [...] of what is below 0 in ``quasi`` [..., d], as a positive number; 0 for a distribution."""
    return -quasi.clamp(max=0.0).sum(-1)
