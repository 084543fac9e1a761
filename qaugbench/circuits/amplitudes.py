"""The final amplitudes of a circuit in place of its readout, for what is trained on states: simulated only."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import torch
from torch import nn

from qaugbench.circuits.block import QuantumBlock
from qaugbench.circuits.circuit import Circuit
from qaugbench.circuits.readout import Readout
from qaugbench.circuits.statevector import StateVector


class Amplitudes(StateVector):
    """Maps inputs and weights, as ``StateVector`` does, to the real parts of all amplitudes, then the imaginary ones.

    [copies, batch, 2 * 2^n_wires], up to a phase that no measurement shows.
    """

    def __init__(self, circuit: Circuit) -> None:
        super().__init__(replace(circuit, readout=Readout.each_wire(circuit.n_wires, "X")))  # which needs every gate
        self.readout = _Parts()


@contextmanager
def read_as(block: QuantumBlock, amplitudes: Amplitudes) -> Iterator[None]:
    """Let ``block``, under an ideal execution, return ``amplitudes`` for as long as this lasts."""
    own = block.exact
    block.exact = amplitudes.to(block.weights)
    try:
        yield
    finally:
        block.exact = own


class _Parts(nn.Module):
    def forward(self, state: torch.Tensor, generator: torch.Generator | None = None) -> torch.Tensor:
        amplitudes = state.transpose(2, 3).flatten(1, 2)
        real, imaginary = (amplitudes.real, amplitudes.imag) if state.is_complex() else (amplitudes, 0 * amplitudes)
        return torch.cat([real, imaginary], dim=2)
