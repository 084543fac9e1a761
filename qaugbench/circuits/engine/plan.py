"""The plan of a circuit: few steps of three kinds, independent of the library that runs them.

Local: a product of one-wire unitaries, all that are pending on the wires at that point. Phase: any number of diagonal gates,
one multiplication. Permutation: any number of CNOTs and SWAPs, one gather. Other gates are written in these terms, up
to a global phase.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from qaugbench.circuits.circuit import Angle, Circuit

DIAGONAL = frozenset({"RZ", "Z", "S", "T", "CZ", "CRZ", "RZZ"})
# Gates that keep real amplitudes real (Y does up to a phase).
REAL = frozenset({"RY", "H", "X", "Y", "Z", "CZ", "CNOT", "SWAP"})


@dataclass(frozen=True)
class Operation:
    """A gate on one or two wires with at most one angle."""

    name: str
    wires: tuple[int, ...]
    angle: Angle | None = None

    @property
    def is_sampled(self) -> bool:
        """Whether it differs from sample to sample."""
        return self.angle is not None and bool(self.angle.inputs)

    @property
    def is_weighted(self) -> bool:
        """Whether it differs from copy to copy for equal inputs."""
        return self.angle is not None and bool(self.angle.weights)


@dataclass
class Local:
    """The one-wire gates of each wire, in order; wires without any are left out."""

    runs: dict[int, list[Operation]]

    @property
    def operations(self) -> list[Operation]:
        """All gates, wire by wire."""
        return [operation for run in self.runs.values() for operation in run]


@dataclass
class Phase:
    """Diagonal gates, in any order."""

    operations: list[Operation]


@dataclass
class Permutation:
    """CNOTs and SWAPs, in order."""

    operations: list[Operation]


PlanStep = Local | Phase | Permutation


@dataclass
class Plan:
    """The steps of a circuit, and the CNOTs and SWAPs after them that are left to the readout."""

    circuit: Circuit
    steps: list[PlanStep] = field(default_factory=list)
    relabelling: list[Operation] = field(default_factory=list)
