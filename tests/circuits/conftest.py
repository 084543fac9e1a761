"""Random circuits over all gates, readouts and kinds of angle."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from qaugbench.circuits.circuit import Angle, Circuit, Gate
from qaugbench.circuits.gates import GATES
from qaugbench.circuits.readout import Readout


def _angle(rng: np.random.Generator, n_weights: int, n_inputs: int) -> Angle:
    scale, offset = (float(value) for value in rng.normal(size=2))
    choices = [
        Angle.constant(offset),
        Angle.weight(n_weights, scale),
        Angle.input(n_inputs, scale, offset),
        Angle(offset, ((n_weights, 1.0),), ((n_inputs, scale),)),
    ]
    return choices[rng.integers(4)]


def _readout(rng: np.random.Generator, n_wires: int) -> Readout:
    if rng.random() < 0.3:
        return Readout.probabilities()
    letters = "Z" if rng.random() < 0.3 else "XYZ"
    wires = [rng.permutation(n_wires)[: rng.integers(1, n_wires + 1)] for _ in range(4)]
    return Readout("expectation", [" ".join(f"{rng.choice(list(letters))}{w}" for w in word) for word in wires])


def _random_circuit(seed: int) -> Circuit:
    rng = np.random.default_rng(seed)
    n_wires = int(rng.integers(1, 7))
    gates: list[Gate] = []
    n_weights = n_inputs = 0
    for _ in range(rng.integers(1, 40)):
        name = str(rng.choice([name for name, kind in GATES.items() if kind.n_wires <= n_wires]))
        angles = []
        for _ in range(GATES[name].n_angles):
            angles.append(_angle(rng, n_weights, n_inputs))
            n_weights += len(angles[-1].weights)
            n_inputs += len(angles[-1].inputs)
        gates.append(Gate(name, [int(wire) for wire in rng.permutation(n_wires)[: GATES[name].n_wires]], angles))
    return Circuit(n_wires, gates, _readout(rng, n_wires))


@pytest.fixture
def random_circuit() -> Callable[[int], Circuit]:
    """Return a function from a seed to a circuit of 1 to 6 wires and up to 39 gates."""
    return _random_circuit
