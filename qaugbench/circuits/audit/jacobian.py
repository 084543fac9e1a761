"""How many directions the weights can move the outputs in: the rank of their Jacobian, against the number of weights."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from qaugbench.circuits.audit.differentiable import differentiable, outputs_at
from qaugbench.circuits.audit.monte_carlo import Estimate, draw_inputs, draw_weights
from qaugbench.seeds import child_seed, numpy_generator

TOLERANCE = 1e-8  # of the largest singular value; rounding leaves 1e-15
MOST_INPUTS = 64


@dataclass(frozen=True)
class JacobianRank:
    """Ranks of d outputs / d weights, all outputs at ``n_inputs`` random inputs stacked.

    ``rank`` counts singular values above 1e-8 of the largest, at the draw of weights where there are most; fewer than
    ``n_weights`` means that some weights, or combinations of them, do nothing. ``most`` is the highest rank that the
    outputs allow. ``participation`` is (sum s^2)^2 / sum s^4 over singular values s, the effective number of
    directions, over random weights.
    """

    rank: int
    most: int
    n_weights: int
    n_inputs: int
    participation: Estimate

    def __str__(self) -> str:
        return f"rank {self.rank} of {self.n_weights} weights, {self.participation} effective directions"


def jacobian_rank(circuit: Any, *, draws: int = 4, seed: int = 0) -> JacobianRank:
    """Return the ranks of the Jacobian of ``circuit``'s outputs with respect to its weights, at ``draws`` random weight sets.

    Draws enough inputs for twice as many rows as weights, at most 64; a single one where the circuit takes none.
    """
    circuit = differentiable(circuit)
    random = numpy_generator(child_seed(seed, "jacobian"))
    wanted = -(-2 * circuit.n_weights // circuit.n_outputs)
    n_inputs = max(1, min(wanted, MOST_INPUTS)) if circuit.n_inputs else 1
    inputs = draw_inputs(circuit, n_inputs, random)
    singular = [singular_values(circuit, inputs, weights) for weights in draw_weights(circuit, draws, random)]
    ranks = [int((values > TOLERANCE * max(values.max(), 1e-12)).sum()) for values in singular]
    participation = np.array([participation_ratio(values) for values in singular])
    most = min(circuit.n_weights, n_inputs * circuit.n_outputs)
    return JacobianRank(max(ranks), most, circuit.n_weights, n_inputs, Estimate.mean(participation, seed))


def singular_values(circuit: Any, inputs: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Return the singular values of the Jacobian at ``weights`` [n_weights], a row for each output at each of ``inputs``."""
    leaves = torch.from_numpy(np.repeat(weights[None], len(inputs), axis=0)).requires_grad_()
    outputs = outputs_at(circuit, torch.from_numpy(inputs), leaves)
    rows = [torch.autograd.grad(column.sum(), leaves, retain_graph=True)[0] for column in outputs.unbind(1)]
    return np.linalg.svd(torch.cat(rows).numpy(), compute_uv=False)


def participation_ratio(values: np.ndarray) -> float:
    """Return (sum s^2)^2 / sum s^4 of singular ``values``: n for n equal ones, 0 if all are zero."""
    squares = values**2
    return float(squares.sum() ** 2 / max((squares**2).sum(), np.finfo(float).tiny))
