"""When the gates of a circuit run, each as late as possible, and when wires idle in between."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from qaugbench.circuits.circuit import Circuit


@dataclass(frozen=True)
class Interval:
    """An interval of time in seconds."""

    start_s: float
    end_s: float

    @property
    def duration_s(self) -> float:
        """How long the interval is."""
        return self.end_s - self.start_s

    def overlap_s(self, other: Interval) -> float:
        """Return how long the two overlap."""
        return max(0.0, min(self.end_s, other.end_s) - max(self.start_s, other.start_s))


@dataclass(frozen=True)
class Idle:
    """A wire that waits, after gate number ``gate`` of the circuit, or from the start if it is None."""

    wire: int
    gate: int | None
    time: Interval


@dataclass(frozen=True)
class Schedule:
    """``gates``: the interval of each gate of the circuit; ``idles``: that of each wait. Readout starts at ``end_s``.

    A wire in |0> before its first gate does not idle: it has nothing to lose. A wire of an amplitude embedding does,
    since that is prepared at time 0.
    """

    gates: tuple[Interval, ...]
    idles: tuple[Idle, ...]
    end_s: float


def schedule(circuit: Circuit, duration_s: Callable[[str], float]) -> Schedule:
    """Return the schedule in which every gate starts as late as possible.

    >>> from qaugbench.circuits.circuit import Gate
    >>> from qaugbench.circuits.readout import Readout
    >>> gates = [Gate("H", [0]), Gate("H", [1]), Gate("CZ", [0, 1]), Gate("X", [0])]
    >>> found = schedule(Circuit(2, gates, Readout.probabilities()), lambda name: 3.0 if name == "CZ" else 1.0)
    >>> found.gates[3], found.idles[0]
    (Interval(start_s=4.0, end_s=5.0), Idle(wire=1, gate=2, time=Interval(start_s=4.0, end_s=5.0)))
    """
    free = [0.0] * circuit.n_wires  # counted back from the end: the time before which a wire is free
    spans: list[tuple[float, float]] = []
    waits: list[tuple[int, int | None, float, float]] = []
    for number, gate in reversed(list(enumerate(circuit.gates))):
        end = max(free[wire] for wire in gate.wires)
        start = end + duration_s(gate.name)
        spans.append((start, end))
        for wire in gate.wires:
            if end > free[wire]:
                waits.append((wire, number, end, free[wire]))
            free[wire] = start
    total = max(free)
    prepared = circuit.start.wires if circuit.start else ()
    waits += [(wire, None, total, free[wire]) for wire in prepared if total > free[wire]]
    return Schedule(
        tuple(Interval(total - start, total - end) for start, end in reversed(spans)),
        tuple(Idle(wire, gate, Interval(total - start, total - end)) for wire, gate, start, end in reversed(waits)),
        total,
    )
