"""What can be measured about a circuit before it is trained: whether gradients survive, and what its weights can reach."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

from qaugbench.circuits.audit.entanglement import entanglement, haar_entanglement
from qaugbench.circuits.audit.expressibility import Expressibility, expressibility
from qaugbench.circuits.audit.jacobian import JacobianRank, jacobian_rank
from qaugbench.circuits.audit.monte_carlo import Estimate, affordable
from qaugbench.circuits.audit.scaled_circuits import moments
from qaugbench.circuits.audit.trainability import Trainability, trainability
from qaugbench.circuits.circuit import Circuit

WIDEST = 16  # wires: beyond, the states of enough draws do not fit


@dataclass(frozen=True)
class Meters:
    """The meters of one circuit; None where one does not apply (states of a photonic or very wide circuit; no weights)."""

    gradients: Trainability | None
    jacobian: JacobianRank | None
    expressibility: Expressibility | None
    entanglement: Estimate | None
    entanglement_of_haar: float | None

    def __str__(self) -> str:
        return "\n".join(f"{name:<24}{reading}" for name, reading in self._lines())

    def _lines(self) -> Iterator[tuple[str, object]]:
        if self.gradients:
            yield from self.gradients.lines()
        if self.jacobian:
            yield "Jacobian", self.jacobian
        if self.expressibility:
            yield "expressibility", self.expressibility
        if self.entanglement and self.entanglement_of_haar is not None:
            draws = f"{self.entanglement.n} draws"
            yield (
                "Meyer-Wallach",
                f"{self.entanglement} ({draws}; product states 0, Haar {self.entanglement_of_haar:.3g})",
            )

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON form."""
        return asdict(self)


def measure(circuit: Any, *, seed: int = 0) -> Meters:
    """Return the meters of ``circuit``, drawn under ``seed``; wide circuits get fewer draws, which their errors show."""
    n_wires = circuit.n_wires if isinstance(circuit, Circuit) else None
    states = n_wires is not None and n_wires <= WIDEST
    trains = circuit.n_weights > 0
    often = affordable(n_wires or 0, most=1000, amplitudes=2**20)
    return Meters(
        trainability(circuit, seed=seed) if trains else None,
        jacobian_rank(circuit, seed=seed) if trains else None,
        expressibility(circuit, pairs=often, seed=seed) if states and trains else None,
        entanglement(circuit, draws=often, seed=seed) if states else None,
        haar_entanglement(n_wires) if states and n_wires else None,
    )


def size(circuit: Any) -> str:
    """Return the size of a circuit in words."""
    if not isinstance(circuit, Circuit):
        return f"{circuit.n_inputs} inputs, {circuit.n_weights} weights, {circuit.n_outputs} outputs"
    return f"{circuit.n_wires} wires, depth {len(moments(circuit))}, {circuit.n_weights} weights"
