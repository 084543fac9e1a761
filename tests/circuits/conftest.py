"""Random circuits over all gates, starts, readouts and kinds of angle."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from qaugbench.circuits.circuit import AmplitudeEmbedding, Angle, Circuit, Gate
from qaugbench.circuits.gates import GATES
from qaugbench.circuits.readout import Readout


class _Numbers:
    """Indices of weights or inputs: mostly the next new one, sometimes one that is in use."""

    def __init__(self, rng: np.random.Generator, used: int = 0) -> None:
        self.rng, self.used, self.shared_from = rng, used, used

    def draw(self) -> int:
        if self.used > self.shared_from and self.rng.random() < 0.2:
            return int(self.rng.integers(self.shared_from, self.used))
        self.used += 1
        return self.used - 1


def _angle(rng: np.random.Generator, weights: _Numbers, inputs: _Numbers) -> Angle:
    scales = [float(value) for value in rng.normal(size=3)]
    kind = rng.integers(5)
    if kind == 0:
        return Angle.constant(scales[0])
    if kind == 1:
        return Angle.weight(weights.draw(), scales[0])
    if kind == 2:
        return Angle.input(inputs.draw(), scales[0], scales[1])
    if kind == 3:
        return Angle(scales[0], ((weights.draw(), 1.0),), ((inputs.draw(), scales[1]),))
    terms = {weights.draw(): scales[1], weights.draw(): scales[2]}  # one term where both draws agree
    return Angle(scales[0], tuple(terms.items()), ((inputs.draw(), -0.7),))


def _start(rng: np.random.Generator, n_wires: int) -> AmplitudeEmbedding | None:
    if rng.random() < 0.75:
        return None
    wires = [int(wire) for wire in rng.permutation(n_wires)[: rng.integers(1, n_wires + 1)]]
    return AmplitudeEmbedding(wires, int(rng.integers(1, 2 ** len(wires) + 1)))


def _readout(rng: np.random.Generator, n_wires: int) -> Readout:
    kind = rng.random()
    wires = [int(wire) for wire in rng.permutation(n_wires)]
    n_read = int(rng.integers(1, n_wires + 1))
    if kind < 0.1:
        return Readout.probabilities()
    if kind < 0.2:
        return Readout.probabilities(wires[:n_read])
    if kind < 0.35 and n_wires > 1:
        n_read = min(n_read, n_wires - 1)
        n_ancillas = int(rng.integers(1, n_wires - n_read + 1))
        bits = {wire: int(rng.integers(2)) for wire in wires[n_read : n_read + n_ancillas]}
        return Readout.probabilities(wires[:n_read] if rng.random() < 0.5 else (), bits)
    letters = "Z" if rng.random() < 0.3 else "XYZ"
    words = [rng.permutation(n_wires)[: rng.integers(1, n_wires + 1)] for _ in range(4)]
    return Readout("expectation", [" ".join(f"{rng.choice(list(letters))}{w}" for w in word) for word in words])


def _random_circuit(seed: int, max_gates: int = 39) -> Circuit:
    rng = np.random.default_rng(seed)
    n_wires = int(rng.integers(1, 7))
    start, readout = _start(rng, n_wires), _readout(rng, n_wires)
    weights, inputs = _Numbers(rng), _Numbers(rng, used=start.n_features if start else 0)
    gates: list[Gate] = []
    for _ in range(rng.integers(1, max_gates + 1)):
        name = str(rng.choice([name for name, kind in GATES.items() if kind.n_wires <= n_wires]))
        angles = [_angle(rng, weights, inputs) for _ in range(GATES[name].n_angles)]
        gates.append(Gate(name, [int(wire) for wire in rng.permutation(n_wires)[: GATES[name].n_wires]], angles))
    # an ancilla's bit must be possible whatever came before
    gates += [Gate("RY", [wire], [Angle.constant(1.1)]) for wire, _ in readout.postselect]
    return Circuit(n_wires, gates, readout, start)


@pytest.fixture
def random_circuit() -> Callable[..., Circuit]:
    """Return a function from a seed to a circuit of 1 to 6 wires and up to 39 gates, or ``max_gates``.

    Some start in amplitudes, some post-select; none reads samples.
    """
    return _random_circuit
