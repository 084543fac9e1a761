"""How an angle can enter a circuit's outputs: eigenvalues of what each gate exponentiates, and what follows from them.

A gate exp(-i angle G) turns amplitudes by the eigenvalues of G, so outputs are Fourier series of the angle whose
frequencies are differences of eigenvalues (Schuld, Sweke, Meyer, arXiv 2008.08605). A derivative by shifting the angle
needs two evaluations for each positive difference (Wierichs et al., arXiv 2107.12390).
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from functools import singledispatch
from typing import Any

from qaugbench.circuits.circuit import Circuit, Terms
from qaugbench.errors import CircuitError

EIGENVALUES: dict[str, tuple[float, ...]] = {
    **dict.fromkeys(("RX", "RY", "RZ", "Rot", "RXX", "RYY", "RZZ"), (-0.5, 0.5)),
    "PhaseShift": (0.0, 1.0),
    **dict.fromkeys(("CRX", "CRY", "CRZ"), (0.0, 0.0, -0.5, 0.5)),
}


@dataclass(frozen=True)
class UsedAngle:
    """One angle of one gate: the eigenvalues behind it, and the weights and inputs in it."""

    eigenvalues: tuple[float, ...]
    weights: Terms
    inputs: Terms

    @property
    def differences(self) -> dict[float, float]:
        """Differences of two eigenvalues with the share of pairs that have them, in ascending order.

        >>> UsedAngle((-0.5, 0.5), (), ()).differences
        {-1.0: 0.25, 0.0: 0.5, 1.0: 0.25}
        """
        pairs = Counter(first - second for first in self.eigenvalues for second in self.eigenvalues)
        return {difference: pairs[difference] / len(self.eigenvalues) ** 2 for difference in sorted(pairs)}

    @property
    def shift_evaluations(self) -> int:
        """Circuit evaluations that give the exact derivative by this angle: 2 for a rotation, 4 for a controlled one."""
        return 2 * sum(difference > 0 for difference in self.differences)


@singledispatch
def used_angles(circuit: Any) -> tuple[UsedAngle, ...]:
    """Return every angle of ``circuit`` that holds a weight or an input; each kind of circuit registers its own way."""
    raise CircuitError(f"What angles do in a {type(circuit).__name__} is not known: register it with used_angles.")


@used_angles.register
def _of_gates(circuit: Circuit) -> tuple[UsedAngle, ...]:
    return tuple(
        UsedAngle(EIGENVALUES[gate.name], angle.weights, angle.inputs)
        for gate in circuit.gates
        for angle in gate.angles
        if angle.weights or angle.inputs
    )
