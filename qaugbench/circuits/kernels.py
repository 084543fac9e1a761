"""Quantum kernels: how alike the states are that a circuit prepares from two inputs.

States are computed once per row, n + m of them, and all n x m overlaps are one matrix product; running a circuit per pair, as a
device must, gives the same numbers. Functions of arrays: a kernel of rows with themselves is symmetric and positive semi-definite.
"""

from __future__ import annotations

import torch

from qaugbench.errors import CircuitError

PAULIS = "XYZ"


def fidelity_kernel(first: torch.Tensor, second: torch.Tensor) -> torch.Tensor:
    """Return the overlaps |<a|b>|^2 in [0, 1], real [n, m], of states ``first`` [n, d] and ``second`` [m, d].

    Havlicek et al. (arXiv 1804.11326), Schuld and Killoran (arXiv 1803.07128).

    >>> fidelity_kernel(torch.eye(2, dtype=torch.complex64), torch.tensor([[0.6, 0.8j]]))
    tensor([[0.3600],
            [0.6400]])
    """
    _same_width(first, second)
    overlaps = first.conj() @ second.transpose(0, 1)
    return overlaps.real.square() + overlaps.imag.square()


def projected_kernel(first: torch.Tensor, second: torch.Tensor, gamma: float) -> torch.Tensor:
    """Return exp(-gamma * sum over wires of the squared distance of their reduced states), in (0, 1], [n, m].

    ``first`` [n, 3 * wires] and ``second`` [m, 3 * wires] hold the expectations of X, Y and Z of each wire, in any order: half
    their squared distance is that of the density matrices in the Frobenius norm. Huang et al. (arXiv 2011.01938).

    >>> projected_kernel(torch.zeros(1, 3), torch.tensor([[0.0, 0.0, 1.0]]), gamma=2.0)
    tensor([[0.3679]])
    """
    _same_width(first, second)
    distances = first.square().sum(1)[:, None] + second.square().sum(1) - 2 * first @ second.transpose(0, 1)
    return torch.exp(-gamma / 2 * distances.clamp_min(0))


def bloch_vectors(states: torch.Tensor) -> torch.Tensor:
    """Return the expectations of X, then Y, then Z of each wire, real [n, 3 * wires], of states [n, 2^wires].

    >>> bloch_vectors(torch.tensor([[1.0 + 0j, 1j]]) / 2**0.5).abs().round(decimals=3)
    tensor([[0., 1., 0.]])
    """
    wires = states.shape[1].bit_length() - 1
    if states.ndim != 2 or states.shape[1] != 2**wires:
        raise CircuitError(f"States are [n, 2^wires], given {list(states.shape)}.")
    columns: dict[str, list[torch.Tensor]] = {pauli: [] for pauli in PAULIS}
    for wire in range(wires):
        zero, one = states.view(len(states), 2**wire, 2, -1).unbind(2)
        coherence = 2 * (zero.conj() * one).sum(dim=(1, 2))
        columns["X"].append(coherence.real)
        columns["Y"].append(coherence.imag)
        columns["Z"].append((zero.abs().square() - one.abs().square()).sum(dim=(1, 2)))
    return torch.stack([column for pauli in PAULIS for column in columns[pauli]], dim=1)


def _same_width(first: torch.Tensor, second: torch.Tensor) -> None:
    if first.ndim != 2 or second.ndim != 2 or first.shape[1] != second.shape[1]:
        raise CircuitError(
            f"A kernel compares rows of one width, given {list(first.shape)} and {list(second.shape)}; use one circuit for both."
        )
