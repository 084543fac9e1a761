"""From a circuit and an execution to what runs it."""

from __future__ import annotations

from typing import Any

from torch import nn

from qaugbench.circuits.circuit import Circuit
from qaugbench.circuits.execution import Execution
from qaugbench.errors import CircuitError


def build_executor(circuit: Any, execution: Execution) -> nn.Module:
    """Return a module ``(inputs, weights, generator=None) -> outputs`` without parameters of its own.

    ``inputs`` [copies or 1, batch, n_inputs], ``weights`` [copies, n_weights], outputs [copies, batch, n_outputs];
    ``generator`` (torch.Generator) is where shots and trajectories draw from.

    Raises:
        CircuitError: a kind of circuit that cannot be run in this way.
    """
    if isinstance(circuit, Circuit):
        return _of_qubits(circuit, execution)
    raise CircuitError(f"A {type(circuit).__name__} is not a circuit that can be run.")


def _of_qubits(circuit: Circuit, execution: Execution) -> nn.Module:
    from qaugbench.circuits.statevector import StateVector

    if execution.is_ideal:
        return StateVector(circuit)
    raise CircuitError(f"{execution} is not available yet; use Execution() (ideal).")
