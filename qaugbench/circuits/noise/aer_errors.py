"""The errors of a qiskit-aer noise model."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from qaugbench.circuits.noise.channels import swapped
from qaugbench.circuits.noise.program import Misread
from qaugbench.errors import CircuitError

if TYPE_CHECKING:
    import qiskit_aer


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
