"""The shots that a device would be charged for evaluations of a circuit, with whatever mitigation the execution has."""

from __future__ import annotations

from dataclasses import dataclass

from qaugbench.circuits.circuit import Circuit
from qaugbench.circuits.execution import Execution
from qaugbench.circuits.measurement import settings
from qaugbench.circuits.mitigation.submitted import submitted

ASSUMED_SHOTS = 1024
"""Of each measurement setting, where an execution has exact values."""


@dataclass(frozen=True)
class Charge:
    """``shots`` read circuits, ``calibration`` confusion matrices; ``each`` is how many a measurement setting has."""

    shots: int
    calibration: int
    each: int


def charge(circuit: Circuit, execution: Execution, *, calls: int, rows: int) -> Charge:
    """Return what drawing took: ``calls`` of the circuit with ``rows`` evaluations in all, its copies counted each.

    A circuit without inputs is evaluated once a call, whatever the rows. A single bitstring takes one shot, unless readout
    inversion or a post-selection needs many.

    >>> from qaugbench.circuits.ansatz import qldm_circuit
    >>> from qaugbench.circuits.mitigation.mitigated import mitigated, mitigation_named
    >>> from qaugbench.circuits.noise.model import NoiseModel
    >>> noisy, circuit = Execution(noise=NoiseModel(two_qubit_error=0.01, readout_0_to_1=0.01)), qldm_circuit(4, 2)
    >>> charge(circuit, noisy, calls=1, rows=10).shots
    10240
    >>> charge(circuit, mitigated(noisy, mitigation_named("zero-noise")), calls=1, rows=10).shots
    30720
    >>> charge(circuit, mitigated(noisy, mitigation_named("readout")), calls=1, rows=10).calibration
    16384
    """
    each = execution.shots or ASSUMED_SHOTS
    mitigation = getattr(execution.noise, "mitigation", None)
    single = circuit.readout.kind == "samples" and mitigation is None
    runs = rows if circuit.n_inputs or single else calls
    if mitigation is None:
        needed = 1 if single and not circuit.readout.postselect else each
        return Charge(runs * needed * len(settings(circuit)), 0, each)
    planned = submitted(circuit, mitigation, each, runs)
    calibration = sum(one.programs * one.shots for one in planned if one.what.startswith("calibration"))
    return Charge(sum(one.programs * one.shots for one in planned) - calibration, calibration, each)
