"""Photons in an interferometer: ours against a plain sum over permutations."""

from __future__ import annotations

from itertools import permutations, product
from math import factorial, prod

import torch

from qaugbench.circuits.photonic.circuit import PhotonicCircuit
from qaugbench.circuits.photonic.meshes import count_weights, phase_encoding, rectangular
from qaugbench.circuits.photonic.readout import PhotonicReadout
from simulators.workloads import Workload

MODES = 6
INPUT_STATE = (1, 0, 1, 0, 1, 0)


def photonic_circuit() -> PhotonicCircuit:
    """Return an interferometer, a phase in each mode by an input, and a second interferometer; all patterns."""
    before = rectangular(MODES)
    after = rectangular(MODES, first_weight=count_weights(before))
    components = (*before, *phase_encoding(range(MODES)), *after)
    return PhotonicCircuit(MODES, components, INPUT_STATE, PhotonicReadout("probabilities"))


WORKLOAD = Workload("photonic", "6 modes, 3 photons", photonic_circuit(), 64)


class PermanentSum:
    """The squared permanents of the rows where photons leave and the columns where they enter, term by term."""

    def __init__(self, dtype: torch.dtype = torch.float32) -> None:
        n_photons = sum(INPUT_STATE)
        patterns = [p for p in product(range(n_photons + 1), repeat=MODES) if sum(p) == n_photons]
        self.rows = torch.tensor([[mode for mode in range(MODES) for _ in range(p[mode])] for p in patterns])
        self.columns = torch.tensor([mode for mode in range(MODES) if INPUT_STATE[mode]])
        self.orders = torch.tensor(list(permutations(range(n_photons))))
        self.norms = torch.tensor([prod(map(factorial, p)) for p in patterns], dtype=dtype)

    def __call__(self, inputs: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
        first, second = weights[0].unflatten(0, (2, -1, 2))
        transfer = mesh(first)[:, self.columns]
        transfer = mesh(second) @ (torch.exp(1j * inputs)[:, :, None] * transfer)
        factors = transfer[:, self.rows[:, None, :], self.orders]  # [batch, patterns, orders, photons]
        permanents = factors.prod(dim=-1).sum(dim=-1)
        return (permanents.real.square() + permanents.imag.square()) / self.norms


def mesh(cells: torch.Tensor) -> torch.Tensor:
    """Return the matrix [modes, modes] of a rectangular interferometer with (phase, splitting) angles [cells, 2]."""
    phases, half = torch.exp(1j * cells[:, 0]), cells[:, 1] / 2
    cosines, sines = torch.cos(half), torch.sin(half)
    pairs = [mode for layer in range(MODES) for mode in range(layer % 2, MODES - 1, 2)]
    rows = list(torch.eye(MODES, dtype=phases.dtype).unbind(0))
    for cell, mode in enumerate(pairs):
        upper, lower = phases[cell] * rows[mode], rows[mode + 1]
        rows[mode] = cosines[cell] * upper - sines[cell] * lower
        rows[mode + 1] = sines[cell] * upper + cosines[cell] * lower
    return torch.stack(rows)
