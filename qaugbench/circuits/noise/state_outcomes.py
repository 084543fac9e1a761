"""The probabilities of what is read from pure states if bits may be misread."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import nn

from qaugbench.circuits.noise.channels import HADAMARD
from qaugbench.circuits.noise.jumps import real_pairs
from qaugbench.circuits.noise.layout import Layout, relayout
from qaugbench.circuits.noise.outcomes import Letters
from qaugbench.circuits.noise.pauli_readout import confusion
from qaugbench.circuits.noise.pauli_vector import multiply_first
from qaugbench.circuits.noise.program import Misread

_TO_Z = {"X": HADAMARD, "Y": HADAMARD @ np.diag([1, -1j]), "Z": np.eye(2)}
_PER_PRODUCT = 4  # wires whose change of basis is one matrix product


class StateOutcomes(nn.Module):
    """Maps states [rows, 2^n] to the probabilities [rows, 2^k] of reading k wires, each in a Pauli letter."""

    def __init__(self, letters: Letters, layout: Layout, misread: Sequence[Misread]) -> None:
        super().__init__()
        self.wires = tuple(wire for wire, _ in letters)
        self.others = tuple(wire for wire in layout if wire not in self.wires)
        self.before = layout
        self.is_turned = any(letter != "Z" for _, letter in letters)
        self.groups = [letters[k : k + _PER_PRODUCT] for k in range(0, len(letters), _PER_PRODUCT)]
        for k, group in enumerate(self.groups):
            turn = _product([_TO_Z[letter] for _, letter in group])
            errors = _product([confusion(misread[wire]) for wire, _ in group])
            self.register_buffer(f"turn_{k}", real_pairs(turn.T), persistent=False)
            self.register_buffer(f"errors_{k}", torch.from_numpy(errors.T.copy()), persistent=False)

    def forward(self, state: torch.Tensor) -> torch.Tensor:
        if self.is_turned:
            state = relayout(state, self.before, self.wires + self.others)
            for k in range(len(self.groups)):
                turn = torch.view_as_complex(getattr(self, f"turn_{k}"))
                state = multiply_first(state, turn.expand(len(state), -1, -1))
        else:
            state = relayout(state, self.before, self.others + self.wires)
        chances = (state.real.square() + state.imag.square()).unflatten(1, (-1, 2 ** len(self.wires))).sum(1)
        for k in range(len(self.groups)):
            chances = multiply_first(chances, getattr(self, f"errors_{k}").expand(len(chances), -1, -1))
        return chances


def _product(factors: Sequence[np.ndarray]) -> np.ndarray:
    product = np.eye(1)
    for factor in factors:
        product = np.kron(product, factor)
    return product
