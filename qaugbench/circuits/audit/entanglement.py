"""How entangled the states of a circuit are: the measure of Meyer and Wallach (arXiv quant-ph/0108104).

Q = 2 (1 - mean over wires of the purity of that wire's reduced state), in Brennen's form (arXiv quant-ph/0305094). It is 0
for product states and 1 where every wire is maximally mixed, as in a GHZ state; the mean over Haar-random states of N
dimensions is (N - 2) / (N + 1).
"""

from __future__ import annotations

import numpy as np

from qaugbench.circuits.audit.monte_carlo import Estimate, draw_inputs, draw_weights
from qaugbench.circuits.audit.reference_state import final_states
from qaugbench.circuits.circuit import Circuit
from qaugbench.seeds import child_seed, numpy_generator


def meyer_wallach(states: np.ndarray) -> np.ndarray:
    """Return Q in [0, 1] of each of ``states``, complex [draws, 2^n_wires].

    >>> ghz = np.array([[1, 0, 0, 0, 0, 0, 0, 1]]) / np.sqrt(2)
    >>> meyer_wallach(ghz).round(6)
    array([1.])
    """
    n_wires = states.shape[1].bit_length() - 1
    purities = []
    for wire in range(n_wires):
        halves = states.reshape(len(states), 2**wire, 2, -1)
        reduced = np.einsum("dlar,dlbr->dab", halves, halves.conj(), optimize=True)
        purities.append((np.abs(reduced) ** 2).sum(axis=(1, 2)))
    measure: np.ndarray = 2 * (1 - np.mean(purities, axis=0))
    return measure


def haar_entanglement(n_wires: int) -> float:
    """Return the mean Q of Haar-random states."""
    n_states = 2**n_wires
    return (n_states - 2) / (n_states + 1)


def entanglement(circuit: Circuit, *, draws: int = 1000, seed: int = 0) -> Estimate:
    """Return the mean Q of the circuit's final states over random weights and inputs."""
    random = numpy_generator(child_seed(seed, "entanglement"))
    states = final_states(circuit, draw_inputs(circuit, draws, random), draw_weights(circuit, draws, random))
    return Estimate.mean(meyer_wallach(states), seed)
