"""The exact outputs of a circuit for very many samples, by the way that noise takes: after one evolution, where it can be."""

from __future__ import annotations

from typing import Any

from torch import nn

from qaugbench.circuits.circuit import Circuit
from qaugbench.circuits.noise.executor import DensityMatrix, noisy_executor
from qaugbench.circuits.noise.model import NoiseModel

WIDEST = 8
"""Wires: on more of them the one evolution takes as long as many samples of the state vector."""


def exact_for_many(circuit: Any) -> nn.Module | None:
    """Return what runs a circuit without noise, a multiple faster than the state vector and to rounding the same.

    None for a circuit whose inputs enter after the first gates, that is not read as expectations, or that is too wide.
    """
    if not isinstance(circuit, Circuit) or circuit.n_wires > WIDEST or not circuit.n_inputs:
        return None
    made = noisy_executor(circuit, NoiseModel())
    return made if isinstance(made, DensityMatrix) and made.words is not None and made.evolution.is_alike else None
