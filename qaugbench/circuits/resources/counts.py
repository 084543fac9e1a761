"""How many gates a circuit has, in the gates of its description."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class GateCounts:
    """Total gates by how many qubits (or modes) they act on, by name, and depth: gates on the longest path."""

    depth: int
    one_qubit: int
    two_qubit: int
    by_name: dict[str, int]

    def __str__(self) -> str:
        names = ", ".join(f"{count} {name}" for name, count in self.by_name.items())
        sizes = f"{self.one_qubit} on one, {self.two_qubit} on two"
        return f"depth {self.depth}; {sizes}" + (f" ({names})" if names else "")


def count_gates(circuit: Any) -> GateCounts:
    """Return the counts of a circuit of gates on wires, or of components on modes; amplitude embeddings are not counted.

    >>> from qaugbench.circuits.ansatz import qldm_circuit
    >>> print(count_gates(qldm_circuit(2, 1)))
    depth 5; 6 on one, 2 on two (2 RX, 2 RZ, 2 RY, 2 CNOT)
    """
    parts = [(gate.name, gate.wires) for gate in getattr(circuit, "gates", ())]
    parts += [(component.name, component.modes) for component in getattr(circuit, "components", ())]
    names = Counter(name for name, _ in parts)
    sizes = Counter(len(places) for _, places in parts)
    return GateCounts(_depth(places for _, places in parts), sizes[1], sizes[2], dict(names))


def _depth(gates: Iterable[tuple[int, ...]]) -> int:
    reached: Counter[int] = Counter()
    for places in gates:
        level = 1 + max(reached[place] for place in places)
        reached.update({place: level - reached[place] for place in places})
    return max(reached.values(), default=0)
