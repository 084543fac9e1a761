"""Random photonic circuits over all components, kinds of angle, input states and readouts."""

from __future__ import annotations

import numpy as np

from qaugbench.circuits.circuit import Angle
from qaugbench.circuits.noise.photons import PhotonicNoise
from qaugbench.circuits.photonic.circuit import PhotonicCircuit
from qaugbench.circuits.photonic.components import COMPONENTS, Component
from qaugbench.circuits.photonic.readout import Detected, PhotonicReadout, no_bunching


def random_circuit(
    seed: int, *, max_modes: int = 8, max_photons: int = 3, readout: PhotonicReadout | None = None
) -> PhotonicCircuit:
    """Return a circuit of 2 to ``max_modes`` modes whose weights and inputs number at most a dozen."""
    rng = np.random.default_rng(seed)
    n_modes = int(rng.integers(2, max_modes + 1))
    components, used = [], [0, 0]
    for _ in range(int(rng.integers(2, 4 * n_modes))):
        name = str(rng.choice(list(COMPONENTS)))
        modes = [int(mode) for mode in rng.permutation(n_modes)[: COMPONENTS[name].n_modes]]
        components.append(Component(name, modes, _angle(rng, used)))
    state = np.bincount(rng.integers(n_modes, size=rng.integers(1, max_photons + 1)), minlength=n_modes)
    found = readout or random_readout(rng, n_modes)
    return PhotonicCircuit(n_modes, components, state.tolist(), found, distinguishable=bool(rng.random() < 0.1))


def random_readout(rng: np.random.Generator, n_modes: int) -> PhotonicReadout:
    """Return a readout of probabilities or mean counts."""
    kind, detection = str(rng.choice(["probabilities", "counts"])), str(rng.choice(["number", "threshold"]))
    modes = [int(mode) for mode in rng.permutation(n_modes)[: rng.integers(0, n_modes + 1)]]
    accept = [
        (),
        (Detected((int(rng.integers(n_modes)),), at_most=1),),
        no_bunching(n_modes),
        (Detected((0, 1), at_least=1),),
    ]
    at_least = [None, None, 0, 1][rng.integers(4)]
    return PhotonicReadout(kind, detection, modes, at_least, accept[rng.integers(4)])


def random_noise(rng: np.random.Generator, n_modes: int) -> PhotonicNoise:
    """Return a noise of which each part is on every other time."""
    chances = 1 - 0.6 * rng.random(4 + n_modes) * (rng.random(4 + n_modes) < 0.5)
    modes = chances[4:].tolist() if rng.random() < 0.5 else ()
    return PhotonicNoise(float(chances[0]), float(chances[1]), modes, float(chances[2]))


def _angle(rng: np.random.Generator, used: list[int]) -> Angle:
    """Return an angle with at most one weight and one input, new ones until there are six of each."""
    offset, first, second = (float(value) for value in rng.normal(size=3))
    weights = ((_index(rng, used, 0), first),) if rng.random() < 0.5 else ()
    inputs = ((_index(rng, used, 1), second),) if rng.random() < 0.3 else ()
    return Angle(offset, weights, inputs)


def _index(rng: np.random.Generator, used: list[int], which: int) -> int:
    if used[which] < 6:
        used[which] += 1
        return used[which] - 1
    return int(rng.integers(6))
