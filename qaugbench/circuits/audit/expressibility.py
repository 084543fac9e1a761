"""How much of the state space a circuit's weights reach (Sim, Johnson and Aspuru-Guzik, arXiv 1905.10876).

Expressibility is the Kullback-Leibler divergence, in nats, from the distribution of fidelities between two Haar-random
states, P(F) = (N - 1) (1 - F)^(N - 2), to that between two states of the circuit at independent random weights. It is 0 for
a circuit as uniform as Haar. Collected in 75 bins of equal width, as published, it is (N - 1) ln 75 for a circuit whose
state never changes, and uninformative from about eight wires on, where nearly all fidelities fall into the first bin.
In 75 bins that are equally probable under Haar, it is at most ln 75 and informative at any width.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from qaugbench.circuits.audit.monte_carlo import Estimate, draw_inputs, draw_weights
from qaugbench.circuits.audit.reference_state import final_states
from qaugbench.circuits.circuit import Circuit
from qaugbench.errors import CircuitError
from qaugbench.seeds import child_seed, numpy_generator

BINS = 75
FLOOR_REPEATS = 100


@dataclass(frozen=True)
class Divergence:
    """A divergence from Haar in nats, smaller meaning more expressive.

    A histogram of few pairs is never exactly Haar's: ``floor`` is the mean divergence of as many pairs of Haar-random
    states, below which circuits cannot be told apart.
    """

    nats: Estimate
    floor: float

    def __str__(self) -> str:
        return f"{self.nats} nats (Haar itself {self.floor:.2g})"


@dataclass(frozen=True)
class Expressibility:
    """The divergence of a circuit's fidelities from Haar's in bins of equal width, and of equal probability under Haar."""

    equal_width: Divergence
    equal_probability: Divergence

    def __str__(self) -> str:
        return f"{self.equal_width}; in equally probable bins {self.equal_probability}; {self.equal_width.nats.n} pairs"


def expressibility(circuit: Circuit, *, pairs: int = 1000, seed: int = 0) -> Expressibility:
    """Return the expressibility of ``circuit`` over its weights; both states of a pair have the same random input.

    Raises:
        CircuitError: a circuit without weights.
    """
    if not circuit.n_weights:
        raise CircuitError("The circuit has no weights, so there is no ensemble of states to compare with Haar's.")
    random = numpy_generator(child_seed(seed, "expressibility"))
    inputs = draw_inputs(circuit, pairs, random)
    first, second = (final_states(circuit, inputs, draw_weights(circuit, pairs, random)) for _ in range(2))
    fidelities = (np.abs(np.einsum("ds,ds->d", first.conj(), second)) ** 2).clip(0, 1)
    n_states = 2**circuit.n_wires
    return Expressibility(
        _divergence(fidelities, log_haar_masses(n_states), random, seed),
        _divergence(haar_quantiles(fidelities, n_states), np.full(BINS, -np.log(BINS)), random, seed),
    )


def divergence(counts: np.ndarray, log_masses: np.ndarray) -> tuple[float, float]:
    """Return the divergence in nats of a histogram from these bin probabilities, and its standard error (delta method)."""
    n, filled = counts.sum(), counts > 0
    shares = counts[filled] / n
    log_ratios = np.log(shares) - log_masses[filled]
    mean = float(shares @ log_ratios)
    return mean, float(np.sqrt(shares @ (log_ratios - mean) ** 2 / n))


def haar_quantiles(fidelities: np.ndarray, n_states: int) -> np.ndarray:
    """Return 1 - (1 - F)^(N - 1), which is uniform in [0, 1] where ``fidelities`` are Haar's."""
    with np.errstate(divide="ignore"):
        quantiles: np.ndarray = -np.expm1((n_states - 1) * np.log1p(-fidelities))
    return quantiles


def log_haar_masses(n_states: int) -> np.ndarray:
    """Return the logarithm of Haar's probability of each of 75 bins [a, b] of fidelity, (1-a)^(N-1) - (1-b)^(N-1)."""
    above = 1 - np.arange(BINS) / BINS  # 1 - a; the next one is 1 - b
    ratios = np.append(above[1:], 0.0) / above
    masses: np.ndarray = (n_states - 1) * np.log(above) + np.log1p(-(ratios ** (n_states - 1)))
    return masses


def _divergence(values: np.ndarray, log_masses: np.ndarray, random: np.random.Generator, seed: int) -> Divergence:
    counts, masses = np.histogram(values, BINS, (0, 1))[0], np.exp(log_masses)
    of_haar = random.multinomial(len(values), masses / masses.sum(), FLOOR_REPEATS)
    floor = float(np.mean([divergence(each, log_masses)[0] for each in of_haar]))
    return Divergence(Estimate(*divergence(counts, log_masses), len(values), seed), floor)
