"""The states that circuits prepare, before anything is read from them: what overlaps of states are made of."""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import nn

from qaugbench.circuits.block import QuantumBlock
from qaugbench.circuits.circuit import Circuit
from qaugbench.circuits.readout import Readout
from qaugbench.circuits.statevector import StateVector
from qaugbench.errors import CircuitError

BATCH = 256
"""Rows whose states are evolved together: more of them leave the processor's cache."""

ALL_OF_THE_STATE = Readout("expectation", ("X0",))
"""A readout of Z alone lets the engine leave out final phases and permutations, which states have; one with an X does not."""


def pure_states(circuit: Circuit, inputs: torch.Tensor, weights: torch.Tensor | None = None) -> torch.Tensor:
    """Return the states of ``circuit``, complex [n, 2^n_wires] with wire 0 the most significant bit, each up to a phase of its own.

    ``inputs`` are [n, n_inputs] in the precision that is computed in, ``weights`` [n_weights], none for a circuit without weights.
    What the circuit reads has no effect.

    >>> from qaugbench.circuits.circuit import Gate
    >>> bell = Circuit(2, [Gate("H", [0]), Gate("CNOT", [0, 1])], Readout.each_wire(2))
    >>> pure_states(bell, torch.zeros(1, 0)).abs().square()
    tensor([[0.5000, 0.0000, 0.0000, 0.5000]])
    """
    engine = StateVector(replace(circuit, readout=ALL_OF_THE_STATE)).to(inputs)
    engine.readout = Amplitudes()
    given = inputs.new_zeros(0) if weights is None else weights.to(inputs)
    return _joined([engine(rows[None], given[None])[0] for rows in inputs.split(BATCH) if len(rows)], circuit, inputs)


def states_of(block: QuantumBlock, inputs: torch.Tensor) -> torch.Tensor:
    """Return the states [n, 2^n_wires] that the circuit of ``block`` prepares from ``inputs`` [n, n_inputs], by calling it.

    From then on an exact call of the block returns real parts, then imaginary ones: hooks and audits see the layer run.

    Raises:
        CircuitError: a block of several copies, or a circuit whose readout lets the engine leave out part of the state.
    """
    if block.copies != 1 or not any(letter in word for word in block.circuit.readout.words for letter in "XY"):
        raise CircuitError("States are those of one circuit that reads X or Y; give copies=1 and such a readout.")
    block.exact.readout = Amplitudes()
    return _joined([block(rows) for rows in inputs.split(BATCH) if len(rows)], block.circuit, inputs)


class Amplitudes(nn.Module):
    """Takes the place of a readout: real parts of the states, then imaginary ones, [copies, batch, 2 * 2^n_wires]."""

    def forward(self, state: torch.Tensor, generator: torch.Generator | None = None) -> torch.Tensor:
        found = state.transpose(2, 3).flatten(1, 2)
        parts = (found.real, found.imag) if found.is_complex() else (found, torch.zeros_like(found))
        return torch.cat(parts, dim=2)


def _joined(parts: list[torch.Tensor], circuit: Circuit, inputs: torch.Tensor) -> torch.Tensor:
    found = torch.cat(parts) if parts else inputs.new_zeros(0, 2 ** (circuit.n_wires + 1))
    return torch.complex(*found.chunk(2, dim=1))
