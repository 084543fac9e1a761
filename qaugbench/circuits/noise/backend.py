"""The noise of a whole device, gate by gate and qubit by qubit, as given by its calibration."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from qaugbench.circuits.circuit import Circuit
from qaugbench.circuits.devices.device import snapshots
from qaugbench.circuits.export.qiskit import to_qiskit
from qaugbench.circuits.noise.model import check_trajectories
from qaugbench.circuits.noise.native import native_program
from qaugbench.circuits.noise.program import Program
from qaugbench.circuits.noise.reported_errors import Calibration
from qaugbench.errors import CircuitError, near_names

if TYPE_CHECKING:
    import qiskit


@dataclass(frozen=True)
class BackendNoise:
    """The noise of a backend by name, such as "fake:torino": circuits are compiled for it once, then run natively.

    Each gate is followed by depolarising, then relaxation, such that its average infidelity is the reported one, as in
    qiskit-aer's ``NoiseModel.from_backend``. With ``idles``, gates start as late as possible and qubits relax while they
    wait. ``optimization_level`` and ``seed`` go to Qiskit's compiler.

    Raises:
        CircuitError: an unknown backend, or Qiskit is not installed.
    """

    backend: str
    idles: bool = True
    optimization_level: int = 2
    seed: int = 0
    trajectories: int | None = None

    def __post_init__(self) -> None:
        snapshot(self.backend)
        check_options(self.optimization_level, self.trajectories)

    def program(self, circuit: Circuit) -> Program:
        """Return the native gates of ``circuit`` and their errors, on the qubits that are used."""
        backend = snapshot(self.backend)
        return native_program(self.compiled(circuit), Calibration(backend.target), backend.dt)

    def compiled(self, circuit: Circuit) -> qiskit.QuantumCircuit:
        """Return ``circuit`` in the gates of the backend, on its qubits."""
        backend = snapshot(self.backend)
        if circuit.n_wires > backend.num_qubits:
            raise CircuitError(
                f"{self.backend!r} has {backend.num_qubits} qubits, but the circuit {circuit.n_wires} wires; "
                "choose a larger backend."
            )
        schedule = {"scheduling_method": "alap"} if self.idles else {}
        options = {"optimization_level": self.optimization_level, "seed_transpiler": self.seed, **schedule}
        return compiled_for(circuit, backend=backend, **options)


@cache
def snapshot(name: str) -> Any:
    """Return the backend that a snapshot such as "fake:torino" holds.

    Raises:
        CircuitError: an unknown name, or Qiskit is not installed.
    """
    known = {f"fake:{short}": made for short, made in snapshots().items()}
    if name not in known:
        raise CircuitError(f"Unknown backend {name!r}.{near_names(str(name), known)}")
    with (
        warnings.catch_warnings()
    ):  # of one snapshot, that its errors are not typical: the caveat of its preset says so
        warnings.filterwarnings("ignore", "Properties of .* are not intended", UserWarning)
        return known[name]()


def check_options(optimization_level: int, trajectories: int | None) -> None:
    """Raise CircuitError for an optimization level that Qiskit does not have, or too few trajectories."""
    if optimization_level not in range(4):
        raise CircuitError(f"Qiskit's compiler has the optimization levels 0 to 3, given {optimization_level!r}.")
    check_trajectories(trajectories)


def compiled_for(circuit: Circuit, **options: Any) -> qiskit.QuantumCircuit:
    """Return ``circuit`` compiled by Qiskit under ``options``; CircuitError for an amplitude embedding."""
    if circuit.start:
        raise CircuitError(
            "An amplitude embedding compiles to other gates for every sample, so a backend's noise has no single "
            "circuit to act on; use a NoiseModel, such as preset(...).noise_model(), or a device."
        )
    exported = to_qiskit(circuit)
    from qiskit import transpile

    return transpile(exported, **options)
