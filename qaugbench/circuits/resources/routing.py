"""How many gates a circuit has on a device: routed along its couplings, in its native gates, as a device would run it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

from qaugbench.circuits.circuit import Circuit
from qaugbench.circuits.devices.binding import bind
from qaugbench.circuits.devices.routing import OPTIMISATION_LEVEL, SEED, route
from qaugbench.circuits.measurement import settings
from qaugbench.circuits.noise.backend import snapshot
from qaugbench.circuits.resources.counts import GateCounts

_NO_GATES = ("measure", "barrier", "delay")


@dataclass(frozen=True)
class RoutedCounts:
    """Counts after routing, and how long one shot takes from the first gate to the end of the readout."""

    backend: str
    gates: GateCounts
    two_qubit_depth: int
    duration_s: float
    transpiler: str


def routed_counts(circuit: Circuit, backend: str) -> RoutedCounts:
    """Return counts on a snapshot such as "fake:fez" of the circuit's first setting, compiled as for execution there.

    Further measurement settings differ in one-qubit gates at the end. An amplitude embedding is counted.

    Raises:
        CircuitError: Qiskit is not installed, an unknown snapshot, or more wires than it has qubits.
    """
    device = snapshot(backend)
    import qiskit

    compiled = route(settings(bind(circuit).circuit)[0].circuit, device).circuit
    return RoutedCounts(
        backend=backend,
        gates=_counted(compiled),
        two_qubit_depth=int(compiled.depth(lambda each: _is_gate(each) and len(each.qubits) == 2)),
        duration_s=float(compiled.estimate_duration(device.target)),
        transpiler=f"Qiskit {qiskit.__version__}, level {OPTIMISATION_LEVEL}, seed {SEED}",
    )


def _counted(compiled: Any) -> GateCounts:
    gates = [each for each in compiled.data if _is_gate(each)]
    names = Counter(each.operation.name for each in gates)
    sizes = Counter(len(each.qubits) for each in gates)
    return GateCounts(int(compiled.depth(_is_gate)), sizes[1], sizes[2], dict(sorted(names.items())))


def _is_gate(instruction: Any) -> bool:
    return instruction.operation.name not in _NO_GATES
