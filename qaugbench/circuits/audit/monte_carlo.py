"""A Monte-Carlo estimate with its error and how it was drawn, and the distributions of weights and inputs."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from qaugbench.circuits.circuit import Circuit


@dataclass(frozen=True)
class Estimate:
    """A value and its Monte-Carlo standard error, from ``n`` draws under ``seed``."""

    value: float
    se: float
    n: int
    seed: int

    def __str__(self) -> str:
        return f"{self.value:.3g} ± {self.se:.1g}"

    @classmethod
    def mean(cls, values: np.ndarray, seed: int) -> Estimate:
        """Return the mean of independent ``values`` [n]."""
        n = len(values)
        return cls(float(values.mean()), float(values.std(ddof=1)) / math.sqrt(n), n, seed)


def draw_weights(circuit: Circuit, n: int, random: np.random.Generator) -> np.ndarray:
    """Return ``n`` independent weight sets, uniform in [0, 2 pi), [n, n_weights]."""
    return random.uniform(0, 2 * math.pi, (n, circuit.n_weights))


def draw_inputs(circuit: Circuit, n: int, random: np.random.Generator) -> np.ndarray:
    """Return ``n`` independent inputs, uniform in [-pi, pi), [n, n_inputs]."""
    return random.uniform(-math.pi, math.pi, (n, circuit.n_inputs))


def affordable(n_wires: int, *, most: int, amplitudes: int) -> int:
    """Return how many draws of 2^n_wires amplitudes to make: ``most``, fewer to stay within ``amplitudes``, at least 16."""
    return max(16, min(most, amplitudes >> n_wires))
