"""The only door to a circuit: a torch layer that runs it."""

from __future__ import annotations

import math

import torch
from torch import nn

from qaugbench.circuits.circuit import Circuit
from qaugbench.circuits.execution import IDEAL, Execution
from qaugbench.circuits.statevector import StateVector
from qaugbench.errors import CircuitError


class QuantumBlock(nn.Module):
    """Copies of one circuit side by side: [batch, copies * n_inputs] -> [batch, copies * n_outputs].

    Columns are ordered copy by copy. ``weights`` [copies, n_weights] start uniform in [0, 2 pi), drawn from torch's
    global state (wrap in ``seeds.torch_seeded``). ``trainable=False`` fixes them there.

    Raises:
        CircuitError: in ``forward``, an input of another width, or an execution that is not available.
    """

    def __init__(
        self, circuit: Circuit, *, copies: int = 1, trainable: bool = True, dtype: torch.dtype = torch.float32
    ) -> None:
        super().__init__()
        if copies < 1:
            raise CircuitError(f"A QuantumBlock needs at least one copy of its circuit, given copies={copies}.")
        if dtype not in (torch.float32, torch.float64):
            raise CircuitError(f"A QuantumBlock computes in float32 or float64, given {dtype}.")
        self.circuit = circuit
        self.copies = copies
        self.execution: Execution = IDEAL
        weights = 2 * math.pi * torch.rand(copies, circuit.n_weights, dtype=dtype)
        self.weights = nn.Parameter(weights, requires_grad=trainable)
        self.state_vector = StateVector(circuit).to(dtype)

    @property
    def in_features(self) -> int:
        """Width of the input."""
        return self.copies * self.circuit.n_inputs

    @property
    def out_features(self) -> int:
        """Width of the output."""
        return self.copies * self.circuit.n_outputs

    def forward(self, inputs: torch.Tensor, execution: Execution | None = None) -> torch.Tensor:
        (execution or self.execution).require_available()
        if inputs.ndim != 2 or inputs.shape[1] != self.in_features:
            raise CircuitError(
                f"The circuit block takes inputs of shape [batch, {self.in_features}], given {list(inputs.shape)}."
            )
        by_copy = inputs.to(self.weights.dtype).unflatten(1, (self.copies, -1)).transpose(0, 1)
        outputs = self.state_vector(by_copy, self.weights)
        return outputs.transpose(0, 1).flatten(1)

    def extra_repr(self) -> str:
        counts = f"n_wires={self.circuit.n_wires}, n_weights={self.circuit.n_weights}, copies={self.copies}"
        return f"{self.in_features} -> {self.out_features}, {counts}"
