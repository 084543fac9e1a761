"""From the figures that vendors report to the parameters of the channels that a simulation needs.

d is the dimension, 2 for one qubit and 4 for two. Vendors report the average gate infidelity r: one minus the fidelity
of the output with the ideal one, averaged over pure input states.
"""

from __future__ import annotations

import math
from collections.abc import Sequence


def dimension(n_qubits: int) -> int:
    """Return the number of basis states."""
    return int(2**n_qubits)


def pauli_error_probability(infidelity: float, n_qubits: int) -> float:
    """Return the probability p = r (d + 1) / d that depolarising applies a Pauli word other than the identity.

    >>> pauli_error_probability(1e-3, 1), pauli_error_probability(1e-3, 2)
    (0.0015, 0.00125)
    """
    d = dimension(n_qubits)
    return infidelity * (d + 1) / d


def average_infidelity(pauli_error_probability: float, n_qubits: int) -> float:
    """Return r = p d / (d + 1), the inverse of ``pauli_error_probability``."""
    d = dimension(n_qubits)
    return pauli_error_probability * d / (d + 1)


def depolarising_parameter(infidelity: float, n_qubits: int) -> float:
    """Return lambda = r d / (d - 1), the share of the fully mixed state: what qiskit-aer's depolarizing_error takes."""
    d = dimension(n_qubits)
    return infidelity * d / (d - 1)


def each_wire_pauli_error_probability(infidelity: float) -> float:
    """Return the Pauli error probability of two equal one-qubit depolarisings that together have infidelity r.

    The pair has an error unless neither qubit has one: 1 - (1 - p)^2 is the Pauli error probability of the pair.
    """
    return 1.0 - math.sqrt(1.0 - pauli_error_probability(infidelity, 2))


def decay(duration_s: float, t1_s: float | None) -> float:
    """Return 1 - exp(-t / T1), the probability that an excited qubit falls to 0; T1 None never decays."""
    return 0.0 if t1_s is None else -math.expm1(-duration_s / t1_s)


def coherence(duration_s: float, t1_s: float | None, t2_s: float | None) -> float:
    """Return exp(-t / T2), what is left of an off-diagonal entry; T2 None is 2 T1, no dephasing other than the decay."""
    if t2_s is not None:
        return math.exp(-duration_s / t2_s)
    return 1.0 if t1_s is None else math.exp(-duration_s / (2 * t1_s))


def relaxation_infidelity(qubits: Sequence[tuple[float, float]]) -> float:
    """Return the average infidelity of thermal relaxation acting on each of some qubits, exactly.

    ``qubits`` holds (decay, coherence) of each. The process fidelity of one is (1 + 2 coherence + 1 - decay) / 4, that
    of several is the product F, and the average fidelity is (d F + 1) / (d + 1).
    """
    process = math.prod((2.0 + 2.0 * left - lost) / 4.0 for lost, left in qubits)
    d = dimension(len(qubits))
    return (1.0 - process) * d / (d + 1)


def remaining_infidelity(infidelity: float, relaxed: float) -> float:
    """Return max(0, r - r_relax), what is left for depolarising where relaxation acts too: nothing is counted twice."""
    return max(0.0, infidelity - relaxed)
