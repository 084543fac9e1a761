"""One-qubit gates as elements of SU(2), each given by its first column (a, b): the matrix is [[a, -b*], [b, a*]].

A gate of another determinant is multiplied by a phase, which no expectation or probability can see: PhaseShift becomes
RZ.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import torch

Column = tuple[torch.Tensor, torch.Tensor]


def exp_i(angle: torch.Tensor) -> torch.Tensor:
    """Return exp(i angle). Not torch.polar, whose gradient is wrong for negative magnitudes."""
    return torch.complex(torch.cos(angle), torch.sin(angle))


def rotation_x(angle: torch.Tensor) -> Column:
    """Return exp(-i angle X / 2)."""
    half = angle / 2
    cosine = torch.cos(half)
    zero = torch.zeros_like(cosine)
    return torch.complex(cosine, zero), torch.complex(zero, -torch.sin(half))


def rotation_y(angle: torch.Tensor) -> Column:
    """Return exp(-i angle Y / 2)."""
    half = angle / 2
    cosine = torch.cos(half)
    zero = torch.zeros_like(cosine)
    return torch.complex(cosine, zero), torch.complex(torch.sin(half), zero)


def rotation_z(angle: torch.Tensor) -> Column:
    """Return exp(-i angle Z / 2)."""
    raised = exp_i(angle / -2)
    return raised, torch.zeros_like(raised)


def rotation(first: torch.Tensor, second: torch.Tensor, third: torch.Tensor) -> Column:
    """Return RZ(third) RY(second) RZ(first)."""
    half = second / 2
    return torch.cos(half) * exp_i((first + third) / -2), torch.sin(half) * exp_i((third - first) / 2)


ROTATIONS: dict[str, Callable[..., Column]] = {
    "RX": rotation_x,
    "RY": rotation_y,
    "RZ": rotation_z,
    "PhaseShift": rotation_z,
    "Rot": rotation,
}
_R = math.sqrt(0.5)
FIXED: dict[str, tuple[complex, complex]] = {
    "H": (-1j * _R, -1j * _R),
    "X": (0, -1j),
    "Y": (0, 1),
    "Z": (-1j, 0),
    "S": (complex(_R, -_R), 0),
    "T": (complex(math.cos(math.pi / 8), -math.sin(math.pi / 8)), 0),
    "RX+90": (_R, -1j * _R),
    "RX-90": (_R, 1j * _R),
}


def product(after: Column, before: Column) -> Column:
    """Return the first column of ``after @ before``."""
    (a, b), (c, d) = after, before
    return a * c - b.conj() * d, b * c + a.conj() * d


def as_matrix(column: Column) -> torch.Tensor:
    """Return the matrices [..., 2, 2]."""
    a, b = column
    return torch.stack([a, -b.conj(), b, a.conj()], dim=-1).unflatten(-1, (2, 2))


def kron(factors: torch.Tensor) -> torch.Tensor:
    """Return Kronecker products over the third-last axis: [..., k, 2, 2] -> [..., 2^k, 2^k]."""
    result, *others = factors.unbind(-3)
    for other in others:
        side = 2 * result.shape[-1]
        outer = result[..., :, None, :, None] * other[..., None, :, None, :]
        result = outer.reshape(*outer.shape[:-4], side, side)
    return result
