"""Whether gradients survive: their variance over random weights, and how it decays with width and depth.

In a barren plateau (McClean et al., arXiv 1803.11173) the variance falls exponentially with the number of qubits, however
the weights are drawn, and training from random weights stalls.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from qaugbench.circuits.audit.differentiable import differentiable, outputs_at
from qaugbench.circuits.audit.monte_carlo import Estimate, affordable, draw_inputs, draw_weights
from qaugbench.circuits.audit.scaled_circuits import moments, narrowed, repeated, shallowed
from qaugbench.circuits.circuit import Circuit
from qaugbench.seeds import child_seed, numpy_generator

AMPLITUDES = 2**20  # amplitudes per evaluation: wide circuits are evaluated in parts


@dataclass(frozen=True)
class Width:
    """The gradient variance of one relative of a circuit."""

    n_wires: int
    depth: int
    n_weights: int
    variance: Estimate


@dataclass(frozen=True)
class Trainability:
    """Gradient variances of a circuit and of its narrower, shallower and deeper relatives.

    ``halvings_per_wire`` is how many times the variance halves with each wire (None with fewer than three widths): about 0
    without a plateau, about 1 for a global observable of a product state and for deep random circuits.
    """

    own: Estimate
    by_width: tuple[Width, ...]
    by_depth: tuple[Width, ...]
    halvings_per_wire: Estimate | None

    def lines(self) -> Iterator[tuple[str, str]]:
        """Yield name and text of each reading."""
        rate = f", times 2^-({self.halvings_per_wire}) per wire" if self.halvings_per_wire else ""
        yield "gradient variance", f"{self.own} ({self.own.n} draws){rate}"
        if self.by_width:
            yield "  by wires", ", ".join(f"{each.n_wires}: {each.variance}" for each in self.by_width)
        if self.by_depth:
            own = self.by_width[-1]
            found = sorted([*self.by_depth, own], key=lambda each: each.depth)
            yield (
                "  by depth",
                ", ".join(f"{each.depth}{_relative(each.depth, own.depth)}: {each.variance}" for each in found),
            )


def _relative(depth: int, own: int) -> str:
    """Return which relative of a circuit of depth ``own`` has this depth, in words."""
    return " (its own)" if depth == own else " (its first gates)" if depth < own else " (gates without inputs twice)"


def gradient_variance(circuit: Any, *, draws: int | None = None, seed: int = 0) -> Estimate:
    """Return the variance, over random weights and inputs, of the gradient of the outputs' sum, averaged over all weights.

    The outputs are summed with random signs, so that the variance is the sum of those of the single outputs and its mean
    is zero. Weights are uniform in [0, 2 pi), inputs in [-pi, pi). Without ``draws``, 128 are made, fewer of wide circuits.
    """
    return Estimate.mean(gradient_squares(circuit, draws=draws, seed=seed).mean(axis=1), seed)


def gradient_squares(circuit: Any, *, draws: int | None = None, seed: int = 0) -> np.ndarray:
    """Return the squared derivatives [draws, n_weights] whose mean ``gradient_variance`` is, weight by weight."""
    circuit = differentiable(circuit)
    n_wires = getattr(circuit, "n_wires", 0)
    draws = draws or affordable(n_wires, most=128, amplitudes=2**18)
    random = numpy_generator(child_seed(seed, "gradients"))
    weights, inputs = draw_weights(circuit, draws, random), draw_inputs(circuit, draws, random)
    signs = random.choice([-1.0, 1.0], (draws, circuit.n_outputs))
    part = max(1, AMPLITUDES >> n_wires)
    squares = [
        _gradients(circuit, *(a[start : start + part] for a in (inputs, weights, signs))) ** 2
        for start in range(0, draws, part)
    ]
    return np.concatenate(squares)


def trainability(circuit: Any, *, draws: int | None = None, seed: int = 0) -> Trainability:
    """Return the gradient variance of ``circuit`` and, for a circuit of qubits, of its relatives.

    Widths: its first 2, 4, ... wires and all of them. Depths: a quarter, a half and twice its own.
    """
    own = gradient_variance(circuit, draws=draws, seed=seed)
    if not isinstance(circuit, Circuit):
        return Trainability(own, (), (), None)
    depth = len(moments(circuit))
    narrow = [narrowed(circuit, n) for n in range(2, circuit.n_wires, 2)]
    by_width = [_width(c, draws, seed) for c in narrow if c and c.n_weights]
    by_width.append(Width(circuit.n_wires, depth, circuit.n_weights, own))
    relatives = [*(shallowed(circuit, d) for d in sorted({depth // 4, depth // 2} - {0, depth})), repeated(circuit, 2)]
    by_depth = [_width(c, draws, seed) for c in relatives if c.n_weights]
    return Trainability(own, tuple(by_width), tuple(by_depth), halvings(by_width, seed))


def halvings(widths: list[Width], seed: int) -> Estimate | None:
    """Return minus the slope of log2(variance) over wires, a weighted least-squares line; None with fewer than three points."""
    points = [(w.n_wires, w.variance.value, w.variance.se) for w in widths if w.variance.value > 0]
    if len(points) < 3:
        return None
    wires, variances, errors = np.array(points).T
    sigma = np.maximum(errors / variances, 1e-9) / math.log(2)
    line, covariance = np.polyfit(wires, np.log2(variances), 1, w=1 / sigma, cov="unscaled")
    return Estimate(float(-line[0]), float(np.sqrt(covariance[0, 0])), sum(w.variance.n for w in widths), seed)


def _width(circuit: Circuit, draws: int | None, seed: int) -> Width:
    variance = gradient_variance(circuit, draws=draws, seed=seed)
    return Width(circuit.n_wires, len(moments(circuit)), circuit.n_weights, variance)


def _gradients(circuit: Any, inputs: np.ndarray, weights: np.ndarray, signs: np.ndarray) -> np.ndarray:
    leaves = torch.from_numpy(weights).requires_grad_()
    outputs = outputs_at(circuit, torch.from_numpy(inputs), leaves)
    (gradient,) = torch.autograd.grad((outputs * torch.from_numpy(signs)).sum(), leaves)
    return gradient.numpy()
