"""The attainable limit: each workload written by hand in plain torch, for this one circuit and no other.

A limit to compare with, not a style to follow and not a proven bound. What makes them fast: the one-qubit gates of a
layer become Kronecker products of a few wires, applied as one matrix product; its diagonal gates become one vector of
signs or phases; a ring of CNOTs becomes one gather; the first layer acts on a product state; a last layer that only Z of
each wire sees is folded into the readout; amplitudes are real wherever the gates allow it; depolarising noise acts on
the coefficients of Pauli words; shots are drawn by halving.

Each class maps inputs [batch, n_inputs] and weights [copies, n_weights] to outputs [batch, copies * n_outputs].
"""

from __future__ import annotations

import numpy as np
import torch
from torch import nn

from simulators.algebra import (
    cnot_source,
    cz_signs,
    euler_rotations,
    half_words,
    kron_columns,
    kron_matrices,
    kron_vectors,
    noisy_ring,
    noisy_rotations,
    ring_pairs,
    rotations_y,
    z_signs,
)
from simulators.measure import Call, NotAvailable, torch_call
from simulators.workloads import READOUT_ERROR, SHOTS, Workload


class StyleGenerator(nn.Module):
    """W1: RY and RZ by inputs and a ring of CZ; Z and X of each wire; states [batch, d, d] of two halves of the wires."""

    def __init__(self, n_wires: int, layers: int) -> None:
        super().__init__()
        self.n_wires, self.layers, self.half = n_wires, layers, n_wires // 2
        self.signs = z_signs(n_wires)
        self.ring = cz_signs(n_wires, ring_pairs(n_wires))
        self.words = half_words(self.half, "ZX")

    def forward(self, inputs: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
        angles = inputs.unflatten(1, (self.layers, 2, self.n_wires))
        rotations = rotations_y(angles[:, :, 0])
        halves = rotations[:, 1:].unflatten(2, (2, self.half))
        left, right = kron_matrices(halves.unbind(3)).to(torch.complex64).unbind(2)
        phases = angles[:, :, 1] @ (self.signs / -2)
        factors = torch.complex(torch.cos(phases) * self.ring, torch.sin(phases) * self.ring)
        factors = factors.unflatten(2, (2**self.half, -1))
        state = kron_vectors(rotations[:, 0, :, :, 0].unbind(1)).view_as(factors[:, 0]) * factors[:, 0]
        for layer in range(1, self.layers):
            state = left[:, layer - 1] @ state @ right[:, layer - 1].mT * factors[:, layer]
        return self.read((state @ state.mH).real, (state.mT @ state.conj()).real)

    def read(self, left: torch.Tensor, right: torch.Tensor) -> torch.Tensor:
        """Return Z of each wire, then X, from the density matrices [batch, d, d] of both halves."""
        halves = torch.stack([left, right], dim=1).flatten(2) @ self.words  # [batch, half, (Z or X, wire)]
        return halves.unflatten(2, (2, self.half)).transpose(1, 2).flatten(1)


class WideStyleGenerator(StyleGenerator):
    """W4: the same with Z only, for many samples of larger states, kept as two real parts [batch, 2, 2^n_wires].

    Z of a wire after the last RY is cos Z - sin X before it, and no later gate of that layer changes it.
    """

    def forward(self, inputs: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
        angles = inputs.unflatten(1, (self.layers, 2, self.n_wires))
        parts = self.state(angles[:, :-1]).unflatten(2, (2**self.half, -1))
        left, right = parts.transpose(1, 2).flatten(2), parts.flatten(1, 2)
        z, x = self.read(left @ left.mT, right.mT @ right).chunk(2, dim=1)
        last = angles[:, -1, 0]
        return torch.cos(last) * z - torch.sin(last) * x

    def state(self, angles: torch.Tensor) -> torch.Tensor:
        """Return the state after the layers given."""
        rotations = rotations_y(angles[:, :, 0])
        left = kron_matrices([rotations[:, 1:, wire] for wire in range(self.half)])
        right_t = kron_matrices([rotations[:, 1:, wire].mT for wire in range(self.half, self.n_wires)])
        phases = angles[:, :, 1] @ (self.signs / -2)
        cosines, sines = torch.cos(phases) * self.ring, torch.sin(phases) * self.ring
        real = kron_vectors(rotations[:, 0, :, :, 0].unbind(1))
        state = torch.stack([real * cosines[:, 0], real * sines[:, 0]], dim=1)
        for layer in range(1, angles.shape[1]):
            state = left[:, layer - 1, None] @ state.unflatten(2, (2**self.half, -1)) @ right_t[:, layer - 1, None]
            (real, imaginary), cosine, sine = state.flatten(2).unbind(1), cosines[:, layer], sines[:, layer]
            state = torch.stack([real * cosine - imaginary * sine, real * sine + imaginary * cosine], dim=1)
        return state


class SampledStyleGenerator(WideStyleGenerator):
    """W4s: as W4, each Z estimated from the same shots."""

    def forward(self, inputs: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
        state = self.state(inputs.unflatten(1, (self.layers, 2, self.n_wires)))
        return shot_counts(state.square().sum(dim=1)) @ self.signs.T / SHOTS


def shot_counts(probabilities: torch.Tensor) -> torch.Tensor:
    """Return how often each state is drawn: a binomial number of the shots falls into each half, and so on."""
    levels = [probabilities]
    while levels[-1].shape[1] > 1:
        levels.append(levels[-1].unflatten(1, (-1, 2)).sum(dim=2))
    counts = torch.full_like(levels.pop(), SHOTS)
    for level in reversed(levels):
        pairs = level.unflatten(1, (-1, 2))
        first = torch.binomial(counts, (pairs[..., 0] / pairs.sum(dim=2)).nan_to_num(0.0).clamp(0.0, 1.0))
        counts = torch.stack([first, counts - first], dim=2).flatten(1)
    return counts


class PatchGenerator(nn.Module):
    """W2: RY by inputs, then RY by weights and a chain of CZ; real states [copies, 2^n_wires, batch]."""

    def __init__(self, n_wires: int, layers: int) -> None:
        super().__init__()
        self.n_wires, self.layers, self.half = n_wires, layers, n_wires // 2
        self.chain = cz_signs(n_wires, [(wire, wire + 1) for wire in range(n_wires - 1)])[:, None]

    def forward(self, inputs: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
        first, *others = weights.unflatten(1, (self.layers, self.n_wires)).unbind(1)
        state = self.start(inputs + first[:, None])
        halves = rotations_y(torch.stack(others, dim=1)).unflatten(2, (2, self.half))
        left, right = (kron_matrices(half.unbind(2)) for half in halves.unbind(2))
        sides, d = (len(weights), 2**self.half), 2 ** (self.n_wires - self.half)
        for layer in range(self.layers - 1):
            state = left[:, layer] @ (state * self.chain).view(*sides, -1)
            state = (right[:, layer, None] @ state.view(*sides, d, -1)).flatten(1, 2)
        return state.square().permute(2, 0, 1).flatten(1)

    def start(self, angles: torch.Tensor) -> torch.Tensor:
        """Return the product states of RY by ``angles`` [copies, batch, n_wires]."""
        factors = torch.stack([torch.cos(angles / 2), torch.sin(angles / 2)], dim=1).unbind(3)
        return kron_columns(factors)


class HybridLayer(nn.Module):
    """W3: angle embedding and strongly entangling layers; complex states [2^n_wires, batch]."""

    def __init__(self, n_wires: int, layers: int) -> None:
        super().__init__()
        self.n_wires, self.layers = n_wires, layers
        rings = [ring_pairs(n_wires, layer % (n_wires - 1) + 1) for layer in range(layers)]
        self.sources = [torch.from_numpy(cnot_source(n_wires, pairs)) for pairs in rings]
        self.signs = z_signs(n_wires)[:, self.sources.pop().argsort()]  # the last ring is part of the readout

    def forward(self, inputs: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
        gates = euler_rotations(weights.view(self.layers, self.n_wires, 3))
        embedded = rotations_y(inputs.T)[..., 0].to(gates.dtype)
        wires = (embedded @ gates[0].mT).mT.unsqueeze(1)  # [n_wires, 1, 2, batch]
        state = kron_columns(wires.unbind(0))[0]
        for source, layer in zip(self.sources, gates[1:], strict=True):
            state = self.rotate(state.index_select(0, source), layer)
        squares = torch.view_as_real(state).square().flatten(1)
        return (self.signs @ squares).unflatten(1, (-1, 2)).sum(dim=2).T

    def rotate(self, state: torch.Tensor, gates: torch.Tensor) -> torch.Tensor:
        """Return states after one gate per wire, in blocks of five wires."""
        parts = state
        for first in range(0, self.n_wires, 5):
            block = kron_matrices(gates[first : first + 5].unbind(0))
            parts = block @ parts.reshape(2**first, len(block), -1)
        return parts.view_as(state)


class NoisyStyleGenerator(nn.Module):
    """W5: the density matrix by the coefficients of its Pauli words, real [batch, 4^n_wires].

    The last layer acts on words of one wire, the only ones that are read.
    """

    def __init__(self, n_wires: int, layers: int) -> None:
        super().__init__()
        self.n_wires, self.layers = n_wires, layers
        source, factor = noisy_ring(n_wires)
        one_wire = np.arange(4) * 4 ** np.arange(n_wires)[::-1, None]  # [n_wires, 4]: 1, X, Y and Z of each wire
        self.source, self.factor = torch.from_numpy(source), torch.from_numpy(factor).float()
        self.read = torch.from_numpy(source[one_wire])
        self.read_factor = torch.from_numpy(factor[one_wire] * factor[one_wire[:, 3:]]).float()

    def forward(self, inputs: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
        gates = noisy_rotations(inputs.unflatten(1, (self.layers, 2, self.n_wires)))
        start = gates[:, 0, :, :, 0] + gates[:, 0, :, :, 3]  # |0><0| is (1 + Z) / 2 on each wire
        words = kron_vectors(start.unbind(1))
        pairs = kron_matrices(gates[:, 1:-1].unflatten(2, (-1, 2)).unbind(3))  # [batch, layers - 2, pairs, 16, 16]
        for layer in pairs.unbind(1):
            first, middle, last = layer.unbind(1)  # of six wires
            words = words[:, self.source] * self.factor
            words = first @ words.unflatten(1, (16, 256))
            words = middle[:, None] @ words.unflatten(2, (16, 16))
            words = (words.flatten(1, 2) @ last.mT).flatten(1)
        return (gates[:, -1, :, 3] * words[:, self.read] * self.read_factor).sum(dim=2) * (1 - 2 * READOUT_ERROR)


LIMITS = {
    "W1": lambda: StyleGenerator(6, 4),
    "W2": lambda: PatchGenerator(6, 6),
    "W3": lambda: HybridLayer(10, 3),
    "W3b": lambda: HybridLayer(14, 3),
    "W4": lambda: WideStyleGenerator(8, 4),
    "W4s": lambda: SampledStyleGenerator(8, 4),
    "W5": lambda: NoisyStyleGenerator(6, 4),
    "W5b": lambda: NoisyStyleGenerator(6, 4),
}


def limit(workload: Workload) -> Call:
    """Return the hand-written call of a workload."""
    if workload.name not in LIMITS:
        raise NotAvailable("")
    return torch_call(LIMITS[workload.name](), workload)
