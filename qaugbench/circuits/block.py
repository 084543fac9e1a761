"""The only interface to a circuit: a torch layer that runs it."""

from __future__ import annotations

import math
from typing import Any, ClassVar

import torch
from torch import nn

from qaugbench.circuits.execution import IDEAL, Execution
from qaugbench.circuits.executors import build_executor
from qaugbench.errors import CircuitError


class Block(nn.Module):
    """What a circuit and its controls have in common: [batch, in_features] -> [batch, out_features].

    ``copies`` of ``circuit`` run side by side, columns ordered copy by copy. With ``share_inputs`` every copy reads the
    same ``n_inputs`` columns, as the patches of a patch generator do; otherwise each has its own columns.
    ``ignores_inputs`` marks a control whose outputs never depend on its inputs, by design.
    """

    ignores_inputs: ClassVar[bool] = False

    def __init__(self, circuit: Any, *, copies: int, share_inputs: bool, dtype: torch.dtype) -> None:
        super().__init__()
        if copies < 1:
            raise CircuitError(
                f"A {type(self).__name__} needs at least one copy of its circuit, given copies={copies}."
            )
        if dtype not in (torch.float32, torch.float64):
            raise CircuitError(f"A {type(self).__name__} computes in float32 or float64, given {dtype}.")
        self.circuit = circuit
        self.copies = copies
        self.share_inputs = share_inputs
        self.execution: Execution = IDEAL
        self.generator: torch.Generator | None = None

    @property
    def in_features(self) -> int:
        """Width of the input."""
        return int(self.circuit.n_inputs) * (1 if self.share_inputs else self.copies)

    @property
    def out_features(self) -> int:
        """Width of the output."""
        return int(self.circuit.n_outputs) * self.copies

    def run_under(self, execution: Execution, generator: torch.Generator | None = None) -> None:
        """Evaluate circuits under ``execution`` from now on, drawing shots and noise from ``generator``."""
        self.execution = execution
        self.generator = generator

    def by_copy(self, inputs: torch.Tensor, dtype: torch.dtype) -> torch.Tensor:
        """Return ``inputs`` [batch, in_features] as [copies or 1, batch, n_inputs], or raise if they are of another width."""
        if inputs.ndim != 2 or inputs.shape[1] != self.in_features:
            raise CircuitError(
                f"The circuit block takes inputs of shape [batch, {self.in_features}], given {list(inputs.shape)}."
            )
        parts = 1 if self.share_inputs else self.copies
        return inputs.to(dtype).unflatten(1, (parts, self.circuit.n_inputs)).transpose(0, 1)

    def extra_repr(self) -> str:
        return f"{self.in_features} -> {self.out_features}, copies={self.copies}"


class QuantumBlock(Block):
    """Copies of one circuit side by side; see ``Block`` for the shapes.

    ``weights`` [copies, n_weights] start uniform in [0, 2 pi), drawn from torch's global state (wrap in
    ``seeds.torch_seeded``). ``trainable=False`` fixes them there.

    Raises:
        CircuitError: in ``forward``, an input of another width, or an execution that is not available.
    """

    def __init__(
        self,
        circuit: Any,
        *,
        copies: int = 1,
        share_inputs: bool = False,
        trainable: bool = True,
        dtype: torch.dtype = torch.float32,
    ) -> None:
        super().__init__(circuit, copies=copies, share_inputs=share_inputs, dtype=dtype)
        weights = 2 * math.pi * torch.rand(copies, circuit.n_weights, dtype=dtype)
        self.weights = nn.Parameter(weights, requires_grad=trainable)
        self.exact = build_executor(circuit, IDEAL).to(dtype)
        self._others: dict[Execution, nn.Module] = {}

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        by_copy = self.by_copy(inputs, self.weights.dtype)
        if not len(inputs):
            return self.weights.new_zeros(0, self.out_features)
        outputs: torch.Tensor = self._executor()(by_copy, self.weights, self.generator)
        return outputs.transpose(0, 1).flatten(1)

    @property
    def standard_error(self) -> torch.Tensor | None:
        """Standard errors of the last outputs where these are means over trajectories, [batch, out_features]; else None."""
        by_copy: torch.Tensor | None = getattr(self._executor(), "standard_error", None)
        return None if by_copy is None else by_copy.transpose(0, 1).flatten(1)

    def _executor(self) -> nn.Module:
        if self.execution.is_ideal:
            return self.exact
        if self.execution not in self._others:
            self._others[self.execution] = build_executor(self.circuit, self.execution)
        return self._others[self.execution].to(self.weights)

    def extra_repr(self) -> str:
        return f"{super().extra_repr()}, n_weights={self.circuit.n_weights}"
