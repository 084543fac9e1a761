"""The states that circuits prepare, before anything is read from them: what overlaps of states are made of."""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import nn

from qaugbench.circuits.circuit import Circuit
from qaugbench.circuits.readout import Readout
from qaugbench.circuits.statevector import StateVector

BATCH = 256
"""Rows whose states are evolved together: more of them leave the processor's cache."""


@torch.no_grad()
def pure_states(circuit: Circuit, inputs: torch.Tensor, weights: torch.Tensor | None = None) -> torch.Tensor:
    """Return the states of ``circuit``, complex [n, 2^n_wires] with wire 0 the most significant bit, each up to a phase of its own.

    ``inputs`` are [n, n_inputs] in the precision that is computed in, ``weights`` [n_weights], none for a circuit without weights.
    What the circuit reads has no effect. No gradient passes.

    >>> from qaugbench.circuits.circuit import Gate
    >>> bell = Circuit(2, [Gate("H", [0]), Gate("CNOT", [0, 1])], Readout.each_wire(2))
    >>> pure_states(bell, torch.zeros(1, 0)).abs().square()
    tensor([[0.5000, 0.0000, 0.0000, 0.5000]])
    """
    engine = StateVector(replace(circuit, readout=_NOTHING_LEFT_OUT))
    engine.readout = _Amplitudes()
    engine = engine.to(inputs)
    given = inputs.new_zeros(0) if weights is None else weights.to(inputs)
    parts = [engine(rows[None], given[None])[0] for rows in inputs.split(BATCH) if len(rows)]
    found = torch.cat(parts) if parts else inputs.new_zeros(0, 2**circuit.n_wires)
    return found if found.is_complex() else torch.complex(found, torch.zeros_like(found))


_NOTHING_LEFT_OUT = Readout("expectation", ("X0",))
"""A readout of Z alone would let the engine leave out final phases and permutations, which states have."""


class _Amplitudes(nn.Module):
    """Takes the place of a readout: the states [copies, batch, 2^n_wires] themselves."""

    def forward(self, state: torch.Tensor, generator: torch.Generator | None = None) -> torch.Tensor:
        return state.transpose(2, 3).flatten(1, 2)
