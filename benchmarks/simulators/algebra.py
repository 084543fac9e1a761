"""Small tensors used by the hand-written limits: gates, Kronecker products, signs and gathers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import torch

from simulators.workloads import DEPOLARIZING

KEPT = 1 - 4 * DEPOLARIZING / 3  # of X, Y and Z of a wire, after one gate
PAULIS = {"Z": np.diag([1.0, -1.0]), "X": np.array([[0.0, 1.0], [1.0, 0.0]])}


def rotations_y(angles: torch.Tensor) -> torch.Tensor:
    """Return the real matrices [..., 2, 2] of RY."""
    cosine, sine = torch.cos(angles / 2), torch.sin(angles / 2)
    return torch.stack([cosine, -sine, sine, cosine], dim=-1).unflatten(-1, (2, 2))


def euler_rotations(angles: torch.Tensor) -> torch.Tensor:
    """Return the complex matrices [..., 2, 2] of Rot = RZ(third) RY(second) RZ(first)."""
    first, second, third = angles.unbind(-1)
    plus, minus = (first + third) / 2, (first - third) / 2
    cosine, sine = torch.cos(second / 2), torch.sin(second / 2)
    a = torch.complex(cosine * torch.cos(plus), -cosine * torch.sin(plus))
    b = torch.complex(sine * torch.cos(minus), -sine * torch.sin(minus))
    return torch.stack([a, -b.conj(), b, a.conj()], dim=-1).unflatten(-1, (2, 2))


def noisy_rotations(angles: torch.Tensor) -> torch.Tensor:
    """Return RZ RY with the noise of both, on (1, X, Y, Z): [batch, layers, (RY, RZ), n] -> [batch, layers, n, 4, 4]."""
    cosine, cosine_z = torch.cos(angles).unbind(2)
    sine, sine_z = torch.sin(angles).unbind(2)
    zero, one, kept = torch.zeros_like(cosine), torch.ones_like(cosine), KEPT**2
    rows = [one, zero, zero, zero]
    rows += [zero, kept * cosine_z * cosine, -kept * sine_z, kept * cosine_z * sine]
    rows += [zero, kept * sine_z * cosine, kept * cosine_z, kept * sine_z * sine]
    rows += [zero, -kept * sine, zero, kept * cosine]
    return torch.stack(rows, dim=-1).unflatten(-1, (4, 4))


def kron_matrices(factors: Sequence[torch.Tensor]) -> torch.Tensor:
    """Return the Kronecker product of matrices [..., d, d], the first factor being the most significant."""
    result, *others = factors
    for other in others:
        product = result[..., :, None, :, None] * other[..., None, :, None, :]
        result = product.flatten(-4, -3).flatten(-2, -1)
    return result


def kron_vectors(factors: Sequence[torch.Tensor]) -> torch.Tensor:
    """Return the Kronecker product of vectors [..., d], joined in pairs."""
    while len(factors) > 1:
        pairs = zip(factors[0::2], factors[1::2], strict=False)
        odd = factors[len(factors) // 2 * 2 :]
        factors = [*((one[..., :, None] * other[..., None, :]).flatten(-2) for one, other in pairs), *odd]
    return factors[0]


def kron_columns(factors: Sequence[torch.Tensor]) -> torch.Tensor:
    """Return the Kronecker product of vectors [copies, d, batch] over d, joined in pairs."""
    while len(factors) > 1:
        pairs = zip(factors[0::2], factors[1::2], strict=False)
        odd = factors[len(factors) // 2 * 2 :]
        factors = [*((one[:, :, None] * other[:, None]).flatten(1, 2) for one, other in pairs), *odd]
    return factors[0]


def half_words(n_wires: int, letters: str) -> torch.Tensor:
    """Return for a density matrix, flat, the sums that are each letter's expectation on each wire, [4^n, letters * n]."""
    columns = []
    for letter in letters:
        for wire in range(n_wires):
            word = np.kron(np.kron(np.eye(2**wire), PAULIS[letter]), np.eye(2 ** (n_wires - 1 - wire)))
            columns.append(word.flatten())
    return torch.from_numpy(np.stack(columns, axis=1)).float()


def bits(n_wires: int) -> np.ndarray:
    """Return the bit of each wire in each basis state, [n_wires, 2^n_wires]; wire 0 is the most significant."""
    return (np.arange(2**n_wires) >> np.arange(n_wires)[::-1, None]) & 1


def z_signs(n_wires: int) -> torch.Tensor:
    """Return the eigenvalue of each wire's Z on each basis state, float32 [n_wires, 2^n_wires]."""
    return torch.from_numpy(1.0 - 2.0 * bits(n_wires)).float()


def cz_signs(n_wires: int, pairs: Iterable[tuple[int, int]]) -> torch.Tensor:
    """Return the sign that CZ on all ``pairs`` gives each basis state, float32 [2^n_wires]."""
    on = bits(n_wires)
    return torch.from_numpy(np.prod([1.0 - 2.0 * on[a] * on[b] for a, b in pairs], axis=0)).float()


def ring_pairs(n_wires: int, reach: int = 1) -> list[tuple[int, int]]:
    """Return the (control, target) pairs of a ring."""
    return [(wire, (wire + reach) % n_wires) for wire in range(n_wires)]


def cnot_source(n_wires: int, pairs: Iterable[tuple[int, int]]) -> np.ndarray:
    """Return for each basis state the one whose amplitude it takes over when CNOTs act on ``pairs`` in order."""
    states, on = np.arange(2**n_wires), bits(n_wires)
    source = states
    for control, target in pairs:
        source = source[states ^ (on[control] << (n_wires - 1 - target))]
    return source


def noisy_ring(n_wires: int) -> tuple[np.ndarray, np.ndarray]:
    """Return source and factor of each Pauli word under a ring of CZ, each followed by noise on its two wires.

    CZ multiplies each wire's X or Y by the other's Z: the letter of a wire changes, 1 <-> Z and X <-> Y, where the
    other holds X or Y. The sign is -1 for XY and YX, which become one another.
    """
    words = np.arange(4**n_wires)
    source, factor = words, np.ones(4**n_wires)
    for pair in ring_pairs(n_wires):
        places = [2 * (n_wires - 1 - wire) for wire in pair]
        first, second = ((words >> place) & 3 for place in places)  # 0 to 3: 1, X, Y, Z
        flips = [(letter == 1) | (letter == 2) for letter in (second, first)]
        before = words ^ (3 * flips[0] << places[0]) ^ (3 * flips[1] << places[1])
        sign = np.where(flips[0] & flips[1] & (first != second), -1.0, 1.0)
        decay = KEPT ** ((first > 0).astype(int) + (second > 0))
        source, factor = source[before], factor[before] * sign * decay
    return source, factor
