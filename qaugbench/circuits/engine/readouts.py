"""What is read from states: probabilities of basis states, sampled bits, or expectations of Pauli words."""

from __future__ import annotations

import numpy as np
import torch
from torch import nn

from qaugbench.circuits.circuit import Circuit
from qaugbench.circuits.engine.basis_states import linear_table, sources, spread
from qaugbench.circuits.engine.expectations import Expectations
from qaugbench.circuits.engine.plan import Plan
from qaugbench.circuits.engine.square_magnitudes import square_magnitudes
from qaugbench.circuits.sampling import draw_states, state_bits


def readout_of(plan: Plan) -> nn.Module:
    """Return the module ``(state, generator) -> outputs [copies, batch, n_outputs]``."""
    kinds = {"expectation": Expectations, "probabilities": Probabilities, "samples": Samples}
    return kinds[plan.circuit.readout.kind](plan)


class Probabilities(nn.Module):
    """Reads the probabilities of the basis states of the read wires, given the ancillas' bits.

    Where the ancillas' bits have a probability of zero at this precision, all probabilities are nan.
    """

    source: torch.Tensor

    def __init__(self, plan: Plan) -> None:
        super().__init__()
        relabelled = linear_table(sources(plan.relabelling, plan.circuit.n_wires))
        order = relabelled[_states_by_output(plan.circuit)]
        self.is_conditional = bool(plan.circuit.readout.postselect)
        self.n_summed = order.shape[1]
        self.is_ordered = np.array_equal(order.flatten(), np.arange(len(relabelled)))
        self.register_buffer("source", torch.from_numpy(order.flatten()), persistent=False)

    def forward(self, state: torch.Tensor, generator: torch.Generator | None = None) -> torch.Tensor:
        squares = square_magnitudes(state)
        if not self.is_ordered:
            squares = squares.index_select(2, self.source)
        found = squares.unflatten(2, (-1, self.n_summed)).sum(3) if self.n_summed > 1 else squares
        found = found.transpose(2, 3).flatten(1, 2)
        if not self.is_conditional:
            return found
        total = found.sum(2, keepdim=True)
        is_possible = total > (16 * torch.finfo(total.dtype).eps) ** 2
        return found / torch.where(is_possible, total, torch.nan)


class Samples(nn.Module):
    """Reads the bits of one measurement of the read wires of each sample, as 0.0 and 1.0."""

    def __init__(self, plan: Plan) -> None:
        super().__init__()
        self.probabilities = Probabilities(plan)
        self.n_wires = len(plan.circuit.read_wires)

    def forward(self, state: torch.Tensor, generator: torch.Generator | None = None) -> torch.Tensor:
        probabilities = self.probabilities(state.detach())
        drawn = draw_states(probabilities, 1, generator)[..., 0]
        return state_bits(drawn, self.n_wires, probabilities.dtype)


def _states_by_output(circuit: Circuit) -> np.ndarray:
    """Return the basis states that make up each output, int64 [n_outputs, states summed]."""
    n_wires = circuit.n_wires
    given = sum(bit << (n_wires - 1 - wire) for wire, bit in circuit.readout.postselect)
    ancillas = {wire for wire, _ in circuit.readout.postselect}
    summed = [wire for wire in range(n_wires) if wire not in ancillas | set(circuit.read_wires)]
    return given + spread(circuit.read_wires, n_wires)[:, None] + spread(summed, n_wires)[None]
