"""From a circuit and an execution to the module that runs it."""

from __future__ import annotations

from functools import singledispatch
from importlib import import_module
from typing import Any

from torch import nn

from qaugbench.circuits.circuit import Circuit
from qaugbench.circuits.execution import Execution, ExecutionKind
from qaugbench.circuits.statevector import StateVector
from qaugbench.errors import CircuitError

# What runs circuits of qubits, by kind of execution. Named rather than imported: an ideal run neither loads the code of
# noise and devices nor depends on it.
EXECUTOR_MODULES: dict[ExecutionKind, str] = {
    "ideal": "qaugbench.circuits.statevector",
    "shots": "qaugbench.circuits.shots",
    "noise": "qaugbench.circuits.noise.executor",
    "device": "qaugbench.circuits.devices.executor",
}


@singledispatch
def build_executor(circuit: Any, execution: Execution) -> nn.Module:
    """Return a module ``(inputs, weights, generator=None) -> outputs`` without parameters of its own.

    ``inputs`` [copies or 1, batch, n_inputs], ``weights`` [copies, n_weights], outputs [copies, batch, n_outputs];
    ``generator`` (torch.Generator) is where shots and trajectories draw from. Each kind of circuit registers its own way.

    Raises:
        CircuitError: a kind of circuit that cannot be run in this way.
    """
    raise CircuitError(f"A {type(circuit).__name__} is not a circuit that can be run.")


@build_executor.register
def _of_qubits(circuit: Circuit, execution: Execution) -> nn.Module:
    if execution.is_ideal:
        return StateVector(circuit)
    built: nn.Module = import_module(EXECUTOR_MODULES[execution.kind]).make_executor(circuit, execution)
    return built
