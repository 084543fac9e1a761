"""What a circuit takes on an error-corrected computer, by the resource estimator ``qdk.qre`` of Microsoft's development kit.

The same qubits, code and factories as in ``surface_code``, but counted, laid out and searched by the package: a check of our
formulas, and they of it. It runs here and needs no network; that the package reports its use is switched off.
"""

from __future__ import annotations

import os
from importlib.metadata import version
from typing import Any

from qaugbench.circuits.circuit import Circuit
from qaugbench.circuits.resources.pauli_rotations import logical_counts, operations
from qaugbench.circuits.resources.surface_code import TARGET_ERROR, AssumedQubits, Corrected, check_target
from qaugbench.errors import CircuitError, require

NO_REPORTS = {"QDK_PYTHON_TELEMETRY": "none", "QSHARP_PYTHON_TELEMETRY": "none"}


def estimated(circuit: Circuit, qubits: AssumedQubits, target_error: float = TARGET_ERROR) -> Corrected:
    """Return what one run of ``circuit`` takes on ``qubits``: the fastest estimate, of several that with fewest qubits.

    Raises:
        MissingPackageError: qdk is not installed.
        CircuitError: a target that is no probability or that the package cannot reach.
    """
    check_target(target_error)
    require("This estimate", "qdk", extra="resources")
    os.environ.update(NO_REPORTS)
    from qdk import qre
    from qdk.qre.instruction_ids import LATTICE_SURGERY, T
    from qdk.qre.models import GateBased, Litinski19Factory, SurfaceCode
    from qdk.qre.property_keys import DISTANCE, LOGICAL_COMPUTE_QUBITS, NUM_TS_PER_ROTATION

    table = qre.estimate(
        _application(circuit),
        GateBased(
            error_rate=qubits.error,
            gate_time=qubits.gate_ns,
            measurement_time=qubits.readout_ns,
            two_qubit_gate_time=qubits.two_qubit_gate_ns,
        ),
        SurfaceCode.q() * Litinski19Factory.q(),
        qre.PSSPC.q() * qre.LatticeSurgery.q(),
        max_error=target_error,
        use_graph=False,
    )
    best = min(table, key=lambda entry: (entry.runtime, entry.qubits), default=None)
    if best is None:
        raise CircuitError(
            f"qdk finds no way to an error of {target_error:g} in one run on qubits that are {qubits.title}; allow a larger target."
        )
    surgery = best.source[LATTICE_SURGERY].instruction
    made = best.factories.get(T)
    return Corrected(
        route=f"qdk {version('qdk')}",
        qubits=qubits.name,
        target_error=target_error,
        error=float(best.error),
        distance=surgery.get_property(DISTANCE),
        logical_qubits=best.properties[LOGICAL_COMPUTE_QUBITS],
        steps=round(best.runtime / surgery.expect_time(1)),
        t_per_rotation=best.properties[NUM_TS_PER_ROTATION] if logical_counts(circuit).rotations else None,
        t_states=made.states if made else 0,
        factories=made.copies if made else 0,
        factory="" if made is None else f"{best.source[T].instruction.expect_space(1):,} qubits a state",
        physical_qubits=best.qubits,
        shot_s=best.runtime * 1e-9,
    )


def _application(circuit: Circuit) -> Any:
    """Return the circuit as the package takes it: a trace of its operations."""
    from qdk import qre
    from qdk.qre.instruction_ids import CNOT, MEAS_Z, RZ, H, T

    named = {"t": T, "rotation": RZ, "measure": MEAS_Z}

    class Traced(qre.Application[None]):  # type: ignore[misc]
        def get_trace(self, parameters: None = None) -> Any:
            trace = qre.Trace(circuit.n_wires)
            block = trace.add_block()
            for kind, wires in operations(circuit):
                block.add_operation(named.get(kind, H if len(wires) == 1 else CNOT), list(wires))
            return trace

    return Traced()
