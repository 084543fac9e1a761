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
    parts = [engine(rows[None], given[None])[0] for rows in inputs.split(BATCH) if len(rows)]
    return torch.cat(parts) if parts else as_complex(inputs.new_zeros(0, 2**circuit.n_wires))


def states_of(block: QuantumBlock, inputs: torch.Tensor) -> torch.Tensor:
    """Return the states [n, 2^n_wires] that the circuit of ``block`` prepares from ``inputs`` [n, n_inputs], through the block itself.

    From then on an exact call of the block returns states, whatever is read elsewhere: hooks and audits see the layer run.

    Raises:
        CircuitError: a block of several copies, or a circuit whose readout lets the engine leave out part of the state.
    """
    if block.copies != 1 or not any(letter in word for word in block.circuit.readout.words for letter in "XY"):
        raise CircuitError("States are those of one circuit that reads X or Y; give copies=1 and such a readout.")
    block.exact.readout = Amplitudes()
    parts = [block(rows) for rows in inputs.split(BATCH) if len(rows)]
    return torch.cat(parts) if parts else as_complex(inputs.new_zeros(0, 2**block.circuit.n_wires))


class Amplitudes(nn.Module):
    """Takes the place of a readout: the states [copies, batch, 2^n_wires] themselves, complex."""

    def forward(self, state: torch.Tensor, generator: torch.Generator | None = None) -> torch.Tensor:
        return as_complex(state.transpose(2, 3).flatten(1, 2))


def as_complex(state: torch.Tensor) -> torch.Tensor:
    """Return ``state``, which the engine keeps real as long as it is, as complex numbers."""
    return state if state.is_complex() else torch.complex(state, torch.zeros_like(state))
