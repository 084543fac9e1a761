"""Circuits compiled for a device: its gates, its coupling map, its best qubits."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from qaugbench.circuits.circuit import Circuit
from qaugbench.circuits.export.qiskit import to_qiskit
from qaugbench.errors import CircuitError

OPTIMISATION_LEVEL = 3  # of Qiskit's preset pass managers, 0 to 3
SEED = 20_260_918  # of the compiler's layout and routing searches


@dataclass(frozen=True)
class Cost:
    """What a compiled circuit takes: ``qubits`` of the device, ``depth`` in gates and measurements, and gates."""

    qubits: tuple[int, ...]
    depth: int
    one_qubit_gates: int
    two_qubit_gates: int

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON form."""
        return {**asdict(self), "qubits": list(self.qubits)}


@dataclass(frozen=True)
class Routed:
    """A circuit in the device's own gates, its angles still unbound, and its cost."""

    circuit: Any
    cost: Cost


def route(circuit: Circuit, backend: Any) -> Routed:
    """Return ``circuit``, which reads probabilities, compiled for ``backend`` with all read wires measured.

    Always the same result for the same versions of Qiskit and of the backend's figures.

    Raises:
        CircuitError: more wires than the backend has qubits.
    """
    from qiskit.transpiler.preset_passmanagers import generate_preset_pass_manager

    if circuit.n_wires > backend.num_qubits:
        raise CircuitError(
            f"The circuit has {circuit.n_wires} wires, the device {backend.name} only {backend.num_qubits} qubits; "
            "use a larger device or a smaller circuit."
        )
    passes = generate_preset_pass_manager(OPTIMISATION_LEVEL, backend=backend, seed_transpiler=SEED)
    compiled = passes.run(to_qiskit(circuit, measure=True))
    return Routed(compiled, _cost(compiled))


def _cost(compiled: Any) -> Cost:
    gates = [step for step in compiled.data if step.operation.name not in {"measure", "barrier", "delay"}]
    qubits = {compiled.find_bit(qubit).index for step in compiled.data for qubit in step.qubits}
    of_width = [sum(len(step.qubits) == width for step in gates) for width in (1, 2)]
    return Cost(tuple(sorted(qubits)), compiled.depth(), *of_width)
