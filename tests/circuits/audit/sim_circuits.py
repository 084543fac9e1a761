"""Circuits of Sim, Johnson and Aspuru-Guzik (arXiv 1905.10876, figure 2) on four wires, and what they published of them."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count

from qaugbench.circuits.circuit import Angle, Circuit, Gate
from qaugbench.circuits.readout import Readout

WIRES = range(4)
EXPRESSIBILITY = {1: 0.2999, 2: 0.2860, 3: 0.2396, 4: 0.1343, 5: 0.0602, 6: 0.0061, 9: 0.6773, 10: 0.2286, 19: 0.0809}
"""Nats from Haar, one layer, 5,000 pairs in 75 bins."""

CHAIN = [(3, 2), (2, 1), (1, 0)]
RING = [(3, 0), (2, 3), (1, 2), (0, 1)]
PAIRS = [(a, b) for a in reversed(WIRES) for b in reversed(WIRES) if a != b]


def sim_circuit(number: int) -> Circuit:
    """Return one layer of a circuit of that paper."""
    weights = count()

    def turned(name: str) -> list[Gate]:
        return [Gate(name, [wire], [Angle.weight(next(weights))]) for wire in WIRES]

    def joined(name: str, pairs: list[tuple[int, int]]) -> list[Gate]:
        angled = name.startswith("CR")
        return [Gate(name, pair, [Angle.weight(next(weights))] if angled else []) for pair in pairs]

    def both() -> list[Gate]:
        return turned("RX") + turned("RZ")

    recipes: dict[int, Callable[[], list[Gate]]] = {
        1: both,
        2: lambda: both() + joined("CNOT", CHAIN),
        3: lambda: both() + joined("CRZ", CHAIN),
        4: lambda: both() + joined("CRX", CHAIN),
        5: lambda: both() + joined("CRZ", PAIRS) + both(),
        6: lambda: both() + joined("CRX", PAIRS) + both(),
        9: lambda: [Gate("H", [wire]) for wire in WIRES] + joined("CZ", CHAIN) + turned("RX"),
        10: lambda: turned("RY") + joined("CZ", [*CHAIN, (3, 0)]) + turned("RY"),
        19: lambda: both() + joined("CRX", RING),
    }
    return Circuit(4, tuple(recipes[number]()), Readout.each_wire(4))
