"""One-qubit gates as their four matrix entries, complex tensors of the shape of the angles."""

from __future__ import annotations

import math
from collections.abc import Callable

import torch

Entries = tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]  # row by row: m00, m01, m10, m11


def exp_i(angle: torch.Tensor) -> torch.Tensor:
    """Return exp(i angle). Not torch.polar, whose gradient is wrong for negative magnitudes."""
    return torch.complex(torch.cos(angle), torch.sin(angle))


def rotation_x(angle: torch.Tensor) -> Entries:
    """Return exp(-i angle X / 2)."""
    cosine, sine = torch.cos(angle / 2), torch.sin(angle / 2)
    zero = torch.zeros_like(cosine)
    diagonal, other = torch.complex(cosine, zero), torch.complex(zero, -sine)
    return diagonal, other, other, diagonal


def rotation_y(angle: torch.Tensor) -> Entries:
    """Return exp(-i angle Y / 2)."""
    cosine, sine = torch.cos(angle / 2), torch.sin(angle / 2)
    zero = torch.zeros_like(cosine)
    diagonal, other = torch.complex(cosine, zero), torch.complex(sine, zero)
    return diagonal, -other, other, diagonal


def rotation_z(angle: torch.Tensor) -> Entries:
    """Return exp(-i angle Z / 2)."""
    raised = exp_i(angle / 2)
    zero = torch.zeros_like(raised)
    return raised.conj(), zero, zero, raised


def phase_shift(angle: torch.Tensor) -> Entries:
    """Return diag(1, exp(i angle))."""
    raised = exp_i(angle)
    zero = torch.zeros_like(raised)
    return torch.ones_like(raised), zero, zero, raised


def rotation(first: torch.Tensor, second: torch.Tensor, third: torch.Tensor) -> Entries:
    """Return RZ(third) RY(second) RZ(first)."""
    cosine, sine = torch.cos(second / 2), torch.sin(second / 2)
    half_sum, half_difference = (first + third) / 2, (first - third) / 2
    same = torch.complex(cosine * torch.cos(half_sum), cosine * torch.sin(half_sum))
    other = torch.complex(sine * torch.cos(half_difference), sine * torch.sin(half_difference))
    return same.conj(), -other, other.conj(), same


ROTATIONS: dict[str, Callable[..., Entries]] = {
    "RX": rotation_x,
    "RY": rotation_y,
    "RZ": rotation_z,
    "PhaseShift": phase_shift,
    "Rot": rotation,
}
_R = math.sqrt(0.5)
FIXED: dict[str, tuple[complex, complex, complex, complex]] = {
    "H": (_R, _R, _R, -_R),
    "X": (0, 1, 1, 0),
    "Y": (0, -1j, 1j, 0),
    "Z": (1, 0, 0, -1),
    "S": (1, 0, 0, 1j),
    "T": (1, 0, 0, complex(_R, _R)),
    "RX+90": (_R, -1j * _R, -1j * _R, _R),
    "RX-90": (_R, 1j * _R, 1j * _R, _R),
}


def product(after: Entries, before: Entries) -> Entries:
    """Return the entries of ``after @ before``."""
    a, b, c, d = after
    e, f, g, h = before
    return a * e + b * g, a * f + b * h, c * e + d * g, c * f + d * h


def kron(factors: torch.Tensor) -> torch.Tensor:
    """Return Kronecker products over the third-last axis: [..., k, 2, 2] -> [..., 2^k, 2^k]."""
    result = factors[..., 0, :, :]
    for position in range(1, factors.shape[-3]):
        next_factor = factors[..., position, :, :]
        side = 2 * result.shape[-1]
        outer = result[..., :, None, :, None] * next_factor[..., None, :, None, :]
        result = outer.reshape(*outer.shape[:-4], side, side)
    return result
