"""The control that keeps a circuit's inputs, weights and readout, and takes its entanglement away."""

from __future__ import annotations

from dataclasses import replace
from functools import singledispatch
from typing import Any

from qaugbench.circuits.circuit import Circuit, Gate
from qaugbench.errors import CircuitError


@singledispatch
def without_entanglement(circuit: Any) -> Any:
    """Return ``circuit`` without what entangles its parts; each kind of circuit registers its own way.

    Two-qubit gates go; one with angles becomes RY by the same angle on its last wire, so that inputs, weights and
    readout stay as they are and with them the number of parameters. What remains is a product state, unless an
    amplitude embedding starts in an entangled one.
    """
    raise CircuitError(f"How to take entanglement out of a {type(circuit).__name__} is not known.")


@without_entanglement.register
def _of_gates(circuit: Circuit) -> Circuit:
    """Return the circuit without its two-qubit gates."""
    return replace(circuit, gates=tuple(kept for gate in circuit.gates for kept in _disentangled(gate)))


def _disentangled(gate: Gate) -> list[Gate]:
    if len(gate.wires) == 1:
        return [gate]
    return [Gate("RY", gate.wires[-1:], gate.angles)] if gate.angles else []
