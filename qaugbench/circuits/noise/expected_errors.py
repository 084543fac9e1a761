"""The expected number of errors in one run of a circuit: one axis on which to compare all devices and noise models."""

from __future__ import annotations

from qaugbench.circuits.circuit import Circuit
from qaugbench.circuits.noise.model import NoiseModel
from qaugbench.circuits.noise.noisy_circuit import error_of
from qaugbench.circuits.noise.schedule import schedule


def expected_errors(circuit: Circuit, noise: NoiseModel) -> float:
    """Return Lambda = sum of gate infidelities + read wires x readout error + idle time x (1 / T1 + 1 / T2) / 2.

    The readout error is the mean over both bits. Over-rotation and crosstalk, which are not random, are not counted.

    >>> from qaugbench.circuits.ansatz import chain
    >>> from qaugbench.circuits.readout import Readout
    >>> expected_errors(Circuit(3, chain(3), Readout.each_wire(3)), NoiseModel(two_qubit_error=0.01))
    0.02
    """
    return sum(errors_by_cause(circuit, noise).values())


def errors_by_cause(circuit: Circuit, noise: NoiseModel) -> dict[str, float]:
    """Return the terms of Lambda: "two-qubit gates", "one-qubit gates", "readout" and "waiting"; their sum is Lambda.

    A longer T1 and T2 lower "waiting" in proportion. Of gates whose relaxation is part of their infidelity nothing is counted
    twice: that is in the gates.
    """
    plan = schedule(circuit, noise.duration_s)
    of_gates = {2: 0.0, 1: 0.0}
    for number, gate in enumerate(circuit.gates):
        of_gates[len(gate.wires)] += error_of(circuit, noise, plan, number)
    read = set(circuit.readout.used_wires()) | set(_read(circuit))
    return {
        "two-qubit gates": of_gates[2],
        "one-qubit gates": of_gates[1],
        "readout": len(read) * (noise.readout_0_to_1 + noise.readout_1_to_0) / 2,
        "waiting": sum(idle.time.duration_s for idle in plan.idles) * _rate(noise) / 2,
    }


def _read(circuit: Circuit) -> tuple[int, ...]:
    return () if circuit.readout.kind == "expectation" else circuit.read_wires


def _rate(noise: NoiseModel) -> float:
    """Return 1 / T1 + 1 / T2 in Hz."""
    by_decay = 0.0 if noise.t1_s is None else 1.0 / noise.t1_s
    by_dephasing = by_decay / 2 if noise.t2_s is None else 1.0 / noise.t2_s
    return by_decay + by_dephasing
