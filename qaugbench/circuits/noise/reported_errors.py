"""A backend's calibration as errors: what its target reports for each gate and qubit."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from qaugbench.circuits.noise import channels
from qaugbench.circuits.noise.conversions import coherence, decay, dimension, relaxation_infidelity
from qaugbench.circuits.noise.program import Misread

if TYPE_CHECKING:
    from qiskit.transpiler import Target

Channels = list[tuple[tuple[int, ...], np.ndarray]]


class Calibration:
    """Errors of a Qiskit target: T1 and T2 of qubits, duration and error of gates, readout. What it lacks is perfect."""

    def __init__(self, target: Target) -> None:
        self.target = target
        self.known: dict[tuple[str, tuple[int, ...]], Channels] = {}

    def after(self, name: str, qubits: tuple[int, ...]) -> Channels:
        """Return depolarising, then relaxation, that together have the reported error as their average infidelity."""
        if (name, qubits) not in self.known:
            self.known[name, qubits] = self._after(name, qubits)
        return self.known[name, qubits]

    def _after(self, name: str, qubits: tuple[int, ...]) -> Channels:
        reported = (self.target[name] or {}).get(qubits) if name in self.target else None
        if reported is None:
            return []
        waits = [self._times(qubit) for qubit in qubits] if reported.duration else []
        relaxed = relaxation_infidelity(
            [(decay(reported.duration, t1), coherence(reported.duration, t1, t2)) for t1, t2 in waits]
        )
        found: Channels = []
        if reported.error and reported.error > relaxed:
            mixed = fully_mixed_share(reported.error, relaxed, len(qubits))
            words = dimension(len(qubits)) ** 2
            found.append((qubits, channels.depolarising(mixed * (words - 1) / words, len(qubits))))
        for qubit, (t1, t2) in zip(qubits, waits, strict=False):
            found.append(((qubit,), channels.relaxation(reported.duration, t1, t2)))
        return found

    def idle(self, qubit: int, duration_s: float) -> np.ndarray | None:
        """Return the relaxation of a qubit that waits."""
        return channels.relaxation(duration_s, *self._times(qubit))

    def misread(self, qubit: int) -> Misread:
        """Return the readout errors, the same for both bits where only their mean is reported."""
        reported = (self.target["measure"] or {}).get((qubit,)) if "measure" in self.target else None
        if reported is None or reported.error is None:
            return 0.0, 0.0
        one_for_zero = getattr(reported, "prob_meas1_prep0", reported.error)
        return one_for_zero, getattr(reported, "prob_meas0_prep1", reported.error)

    def _times(self, qubit: int) -> tuple[float | None, float | None]:
        """Return T1 and T2, the latter at most 2 T1."""
        reported = self.target.qubit_properties[qubit] if self.target.qubit_properties else None
        t1, t2 = (reported.t1, reported.t2) if reported else (None, None)
        return t1, min(t2, 2 * t1) if t1 and t2 else t2


def fully_mixed_share(infidelity: float, relaxed: float, n_qubits: int) -> float:
    """Return lambda of the depolarising that, followed by relaxation of infidelity ``relaxed``, has ``infidelity``.

    (1 - lambda) (1 - relaxed) + lambda / d = 1 - infidelity, exactly; for relaxed = 0 this is r d / (d - 1).
    """
    d = dimension(n_qubits)
    worst = d / (d + 1)
    return min(d * (min(infidelity, worst) - relaxed) / (d * (1.0 - relaxed) - 1.0), d**2 / (d**2 - 1.0))
