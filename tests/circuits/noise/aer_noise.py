"""The noise of any qiskit-aer model on our own simulation: odd channels and tables to hold it against Aer with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import qiskit
import qiskit_aer

from qaugbench.circuits.circuit import Circuit
from qaugbench.circuits.noise.backend import check_options, compiled_for
from qaugbench.circuits.noise.channels import swapped
from qaugbench.circuits.noise.native import native_program
from qaugbench.circuits.noise.program import Misread, Program
from qaugbench.errors import CircuitError


@dataclass(frozen=True, eq=False)
class AerNoise:
    """The noise of a qiskit-aer ``NoiseModel``: circuits are compiled to its basis gates, and to ``coupling`` if given.

    Gate and readout errors are taken over; its passes, such as relaxation during delays, are not, since a circuit that is not
    scheduled has no delays.
    """

    model: qiskit_aer.noise.NoiseModel
    coupling: tuple[tuple[int, int], ...] | None = None
    optimization_level: int = 2
    seed: int = 0
    trajectories: int | None = None

    def __post_init__(self) -> None:
        check_options(self.optimization_level, self.trajectories)

    def program(self, circuit: Circuit) -> Program:
        """Return the native gates of ``circuit`` and their errors, on the qubits that are used."""
        return native_program(self.compiled(circuit), AerErrors(self.model), None)

    def compiled(self, circuit: Circuit) -> qiskit.QuantumCircuit:
        """Return ``circuit`` in the basis gates of the model."""
        return compiled_for(
            circuit,
            basis_gates=self.model.basis_gates,
            coupling_map=[list(pair) for pair in self.coupling] if self.coupling else None,
            optimization_level=self.optimization_level,
            seed_transpiler=self.seed,
        )


class AerErrors:
    """Gate and readout errors of an Aer model: local ones where there are any, else those of all qubits.

    Read from the model's tables, for which there is no public interface that keeps the channels.
    """

    def __init__(self, model: qiskit_aer.noise.NoiseModel) -> None:
        self.local: dict[str, dict[tuple[int, ...], Any]] = model._local_quantum_errors
        self.everywhere: dict[str, Any] = model._default_quantum_errors
        self.local_readout: dict[tuple[int, ...], Any] = model._local_readout_errors
        self.readout_everywhere = model._default_readout_error
        self.known: dict[tuple[str, tuple[int, ...]], list[tuple[tuple[int, ...], np.ndarray]]] = {}

    def after(self, name: str, qubits: tuple[int, ...]) -> list[tuple[tuple[int, ...], np.ndarray]]:
        """Return the error of a gate as one channel."""
        if (name, qubits) not in self.known:
            error = self.local.get(name, {}).get(qubits, self.everywhere.get(name))
            self.known[name, qubits] = [(qubits, _kraus(error, name, qubits))] if error is not None else []
        return self.known[name, qubits]

    def idle(self, qubit: int, duration_s: float) -> np.ndarray | None:
        """Return nothing: delays are left to the model's passes."""
        return None

    def misread(self, qubit: int) -> Misread:
        """Return the readout errors."""
        error = self.local_readout.get((qubit,), self.readout_everywhere)
        return (0.0, 0.0) if error is None else (float(error.probabilities[0][1]), float(error.probabilities[1][0]))


def _kraus(error: Any, name: str, qubits: tuple[int, ...]) -> np.ndarray:
    """Return the Kraus operators of an Aer error, the first qubit being the most significant."""
    from qiskit.quantum_info import Kraus, SuperOp

    if error.num_qubits != len(qubits):
        raise CircuitError(
            f"The noise model's error of {name!r} acts on {error.num_qubits} qubits, the gate on {qubits}."
        )
    operators = np.array(Kraus(SuperOp(error)).data)
    return operators if len(qubits) == 1 else swapped(operators)
