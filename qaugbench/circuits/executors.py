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
    from qaugbench.circuits.photonic.circuit import PhotonicCircuit

    if isinstance(circuit, PhotonicCircuit):
        from qaugbench.circuits.photonic.executor import PhotonicExecutor

        return PhotonicExecutor(circuit, execution)
    raise CircuitError(f"A {type(circuit).__name__} is not a circuit that can be run.")


def _of_qubits(circuit: Circuit, execution: Execution) -> nn.Module:
    if execution.device is not None:
        from qaugbench.circuits.devices.executor import DeviceExecutor

        return DeviceExecutor(circuit, execution)
    if execution.noise is not None:
        from qaugbench.circuits.noise.executor import noisy_executor
        from qaugbench.circuits.photonic.noise import PhotonicNoise

        if isinstance(execution.noise, PhotonicNoise):
            raise CircuitError(
                f"Photonic noise acts on photons, not on qubits; give a NoiseModel, not {execution.noise}."
            )
        return noisy_executor(circuit, execution.noise, execution.shots)
    if execution.shots is not None:
        from qaugbench.circuits.shots import FiniteShots

        return FiniteShots(circuit, execution.shots)
    from qaugbench.circuits.statevector import StateVector

    return StateVector(circuit)
