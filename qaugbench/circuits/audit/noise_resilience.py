"""What noise leaves of a circuit at random weights: the fidelity of its state, and by how much its outputs move."""

from __future__ import annotations

import numpy as np
import torch
from torch import nn

from qaugbench.circuits.audit.monte_carlo import Estimate, draw_inputs, draw_weights
from qaugbench.circuits.circuit import Circuit
from qaugbench.circuits.noise.density import PauliEvolution
from qaugbench.circuits.noise.executor import WIDEST_DENSITY_MATRIX, noisy_executor
from qaugbench.circuits.noise.model import NoiseModel
from qaugbench.circuits.noise.noisy_circuit import noisy_program
from qaugbench.circuits.noise.transfer_plan import TransferPlan
from qaugbench.errors import CircuitError
from qaugbench.seeds import child_seed, numpy_generator

NOISELESS = NoiseModel()


def state_fidelity(circuit: Circuit, noise: NoiseModel, *, draws: int = 32, seed: int = 0) -> Estimate:
    """Return the mean of <psi| rho |psi>, rho being the state under ``noise`` where psi is the ideal one; 1 without noise.

    Weights are uniform in [0, 2 pi), inputs in [-pi, pi). With Pauli words P on n wires it is the sum of
    tr(P rho) <psi| P |psi> over all of them, divided by 2^n.

    Raises:
        CircuitError: the circuit has more wires than density matrices are computed for.
    """
    _require_narrow(circuit)
    inputs, weights = _drawn(circuit, draws, seed)
    ideal, noisy = (_expectations(circuit, model, inputs, weights) for model in (NOISELESS, noise))
    return Estimate.mean((ideal * noisy).sum(axis=1) / 2**circuit.n_wires, seed)


def output_shift(circuit: Circuit, noise: NoiseModel, *, draws: int = 32, seed: int = 0) -> Estimate:
    """Return the mean absolute change of an output under ``noise``, at the weights and inputs of ``state_fidelity``."""
    _require_narrow(circuit)
    inputs, weights = _drawn(circuit, draws, seed)
    with torch.no_grad():
        ideal, noisy = (
            noisy_executor(circuit, model).to(torch.float64)(inputs, weights)[:, 0] for model in (NOISELESS, noise)
        )
    return Estimate.mean((ideal - noisy).abs().mean(dim=1).numpy(), seed)


class _EveryWord(nn.Module):
    """Maps Pauli vectors [rows, 4^n] to the expectations of all Pauli words, in the order of their numbers."""

    def __init__(self, plan: TransferPlan) -> None:
        super().__init__()
        places, scale = plan.locate(np.arange(4**plan.n_wires))
        self.places, self.scale = torch.from_numpy(places), torch.from_numpy(np.asarray(scale))

    def forward(self, vector: torch.Tensor) -> torch.Tensor:
        return vector.index_select(1, self.places) * self.scale


def _expectations(circuit: Circuit, noise: NoiseModel, inputs: torch.Tensor, weights: torch.Tensor) -> np.ndarray:
    evolution = PauliEvolution(noisy_program(circuit, noise), circuit.n_inputs, circuit.n_weights).to(torch.float64)
    with torch.no_grad():
        (found,) = evolution(inputs, weights, None, [_EveryWord(evolution.plan)])
    return found[:, 0].numpy()


def _drawn(circuit: Circuit, draws: int, seed: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Return inputs [draws, 1, n_inputs] and weights [draws, n_weights]: each draw is a copy of the circuit."""
    random = numpy_generator(child_seed(seed, "noise resilience"))
    weights, inputs = draw_weights(circuit, draws, random), draw_inputs(circuit, draws, random)
    return torch.from_numpy(inputs)[:, None], torch.from_numpy(weights)


def _require_narrow(circuit: Circuit) -> None:
    if circuit.n_wires > WIDEST_DENSITY_MATRIX:
        raise CircuitError(
            f"The circuit has {circuit.n_wires} wires; density matrices are computed for at most "
            f"{WIDEST_DENSITY_MATRIX}. Measure a narrower relative."
        )
