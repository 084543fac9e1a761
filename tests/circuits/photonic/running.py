"""Runs of our executor and of the plain reference on the same random numbers."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch

from qaugbench.circuits.execution import Execution
from qaugbench.circuits.executors import build_executor
from qaugbench.circuits.noise.photons import PhotonicNoise
from qaugbench.circuits.photonic.circuit import PhotonicCircuit
from qaugbench.circuits.photonic.meshes import count_weights, phase_encoding, rectangular
from qaugbench.circuits.photonic.readout import PhotonicReadout
from tests.circuits.photonic import exact


def ask(
    circuit: PhotonicCircuit, seed: int, batch: int = 2, copies: int = 2
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return random inputs [copies, batch, n_inputs], weights [copies, n_weights], and the weights of a loss."""
    rng = np.random.default_rng(seed)
    shapes = [(copies, batch, circuit.n_inputs), (copies, circuit.n_weights), (copies, batch, circuit.n_outputs)]
    inputs, weights, cotangent = (2 * rng.normal(size=shape) for shape in shapes)
    return inputs, weights, cotangent


def run(
    circuit: PhotonicCircuit, inputs: np.ndarray, weights: np.ndarray, noise: PhotonicNoise | None = None
) -> np.ndarray:
    """Return our outputs [copies, batch, n_outputs] in double precision."""
    executor = build_executor(circuit, Execution(noise=noise)).double()
    with torch.no_grad():
        return executor(torch.tensor(inputs), torch.tensor(weights)).numpy()


def plainly(
    circuit: PhotonicCircuit, inputs: np.ndarray, weights: np.ndarray, noise: PhotonicNoise | None = None
) -> np.ndarray:
    """Return the outputs that the plain reference finds."""
    return np.array(
        [[exact.outputs(circuit, x, w, noise) for x in rows] for rows, w in zip(inputs, weights, strict=True)]
    )


def two_meshes(n_modes: int, state: Sequence[int], readout: PhotonicReadout) -> PhotonicCircuit:
    """Return a circuit of a phase an input between two rectangular interferometers."""
    components = rectangular(n_modes) + phase_encoding(range(n_modes))
    components += rectangular(n_modes, first_weight=count_weights(components))
    return PhotonicCircuit(n_modes, components, state, readout)
