"""The states in which circuits start, [copies or 1, 2^n_wires, batch or 1] with the samples last."""

from __future__ import annotations

import torch
from torch import nn

from qaugbench.circuits.circuit import AmplitudeEmbedding
from qaugbench.circuits.engine.basis_states import spread
from qaugbench.circuits.engine.operands import Needs, Operands
from qaugbench.circuits.engine.plan import Local
from qaugbench.circuits.engine.unitaries import kind_of


class ProductState(nn.Module):
    """What one-wire gates make of |0...0>."""

    def __init__(self, step: Local, n_wires: int, needs: Needs) -> None:
        super().__init__()
        self.kind = kind_of(step.operations)
        self.is_sampled, self.is_complex = self.kind
        self.is_weighted = any(operation.is_weighted for operation in step.operations)
        self.place = needs.ask_runs(self.kind, [tuple(step.runs.get(wire, ())) for wire in range(n_wires)])

    def forward(self, operands: Operands, inputs: torch.Tensor) -> torch.Tensor:
        """Return the state [2^n_wires, copies or 1, batch or 1]."""
        factors = list(operands.unitaries[self.kind][:, 0, self.place].unbind(1))  # one per wire, [2, copies, batch]
        while len(factors) > 1:  # in pairs: only the last product is as large as the state
            odd = factors[-1:] if len(factors) % 2 else []
            pairs = zip(factors[0::2], factors[1::2], strict=False)
            factors = [(left[:, None] * right).flatten(0, 1) for left, right in pairs] + odd
        return factors[0]


class AmplitudeState(nn.Module):
    """The state whose amplitudes are inputs divided by their norm."""

    states: torch.Tensor

    def __init__(self, embedding: AmplitudeEmbedding, n_wires: int) -> None:
        super().__init__()
        self.is_sampled, self.is_complex, self.is_weighted = True, False, False
        self.inputs = slice(embedding.inputs[0], embedding.inputs[-1] + 1)
        self.n_states = 2**n_wires
        states = spread(embedding.wires, n_wires)[: embedding.n_features]
        self.register_buffer("states", torch.from_numpy(states), persistent=False)

    def forward(self, operands: Operands, inputs: torch.Tensor) -> torch.Tensor:
        """Return the state [2^n_wires, copies or 1, batch]."""
        features = inputs[..., self.inputs].permute(2, 0, 1)
        state = features.new_zeros(self.n_states, *features.shape[1:]).index_copy(0, self.states, features)
        return state / torch.linalg.vector_norm(
            features, dim=0
        )  # all of it, so that a norm of zero gives nan everywhere
