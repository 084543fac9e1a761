"""How much the outputs of a circuit vary, so that what replaces it can start with the same spread."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from typing import Any

import torch

from qaugbench.circuits.circuit import Circuit
from qaugbench.circuits.execution import IDEAL
from qaugbench.circuits.executors import build_executor
from qaugbench.circuits.readout import Readout
from qaugbench.errors import CircuitError
from qaugbench.seeds import name_key, torch_generator

CALIBRATION_INPUTS = 64
CALIBRATION_WEIGHTS = 32
_FULL_SIZE = 2**10  # amplitudes up to which all inputs and weights are used; a larger circuit gets fewer of both
_SHOTS = 256


def calibration_inputs(n_inputs: int, n_rows: int = CALIBRATION_INPUTS) -> torch.Tensor:
    """Return the same inputs every time, uniform in [-pi, pi], float64 [n_rows, n_inputs]; at most 64 rows."""
    generator = torch_generator(name_key("twin calibration inputs"))
    uniform = torch.rand(CALIBRATION_INPUTS, n_inputs, generator=generator, dtype=torch.float64)
    return ((2 * uniform - 1) * math.pi)[:n_rows]


def spread(outputs: torch.Tensor) -> float:
    """Return the root mean square over copies and outputs of the standard deviation over inputs.

    ``outputs`` is [copies, inputs, n_outputs].
    """
    return float(outputs.var(dim=1).mean().sqrt())


@cache
@torch.no_grad()
def output_spread(circuit: Any) -> float:
    """Return the spread of the circuit's outputs over 64 inputs at 32 fixed draws of its weights; 0 without inputs.

    For samples, it is that of their means. Above 10 wires, fewer inputs and then fewer draws bound time and memory.
    """
    if not circuit.n_inputs:
        return 0.0
    n_rows, n_draws = _affordable(circuit)
    generator = torch_generator(name_key("twin calibration weights"))
    draws = torch.rand(CALIBRATION_WEIGHTS, 1, circuit.n_weights, generator=generator, dtype=torch.float64)[:n_draws]
    inputs = calibration_inputs(circuit.n_inputs, n_rows).unsqueeze(0)
    run = mean_outputs(circuit)
    return spread(_finite(torch.cat([run(inputs, 2 * math.pi * weights) for weights in draws]), circuit))


@torch.no_grad()
def output_marginals(circuit: Any, weights: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Return mean and standard deviation over inputs of each output, float64 [copies, n_outputs], at ``weights``."""
    n_rows, _ = _affordable(circuit)
    inputs = calibration_inputs(circuit.n_inputs, n_rows).unsqueeze(0)
    run = mean_outputs(circuit)
    outputs = _finite(torch.cat([run(inputs, row[None].double()) for row in weights]), circuit)
    deviations, means = torch.std_mean(outputs, dim=1)
    return means, deviations


def matching_scale(outputs_at: Callable[[float], torch.Tensor], target: float) -> float:
    """Return the scale at which ``outputs_at(scale)`` [copies, inputs, n_outputs] has the spread ``target``.

    By bisection on its logarithm, from e^-12 to e^12; the spread must grow with the scale.
    """
    low, high = -12.0, 12.0
    for _ in range(40):
        middle = (low + high) / 2
        low, high = (low, middle) if spread(outputs_at(math.exp(middle))) >= target else (middle, high)
    return math.exp((low + high) / 2)


def mean_outputs(circuit: Any) -> Callable[[torch.Tensor, torch.Tensor], torch.Tensor]:
    """Return the exact execution in double precision; where a circuit's outputs are samples, that of their means."""
    if circuit.output_kind != "samples":
        return build_executor(circuit, IDEAL).double()
    if isinstance(circuit, Circuit):
        return _bit_chances(circuit)
    return _average_samples(circuit)


def _bit_chances(circuit: Circuit) -> Callable[[torch.Tensor, torch.Tensor], torch.Tensor]:
    wires = circuit.read_wires
    readout = Readout.probabilities(wires, dict(circuit.readout.postselect))
    run = build_executor(replace(circuit, readout=readout), IDEAL).double()
    places = torch.arange(len(wires) - 1, -1, -1)
    bits = ((torch.arange(2 ** len(wires))[:, None] >> places) & 1).double()
    return lambda inputs, weights: run(inputs, weights) @ bits


def _average_samples(circuit: Any) -> Callable[[torch.Tensor, torch.Tensor], torch.Tensor]:
    run = build_executor(circuit, IDEAL).double()

    def average(inputs: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
        repeated = inputs.repeat_interleave(_SHOTS, dim=1)
        drawn = run(repeated, weights, torch_generator(name_key("calibration shots")))
        return drawn.unflatten(1, (-1, _SHOTS)).mean(2)

    return average


def _affordable(circuit: Any) -> tuple[int, int]:
    """Return how many inputs and how many draws of weights are run."""
    too_large = max(2 ** getattr(circuit, "n_wires", 0) // _FULL_SIZE, 1)
    n_rows = max(CALIBRATION_INPUTS // too_large, 8)
    return n_rows, max(CALIBRATION_INPUTS * CALIBRATION_WEIGHTS // (too_large * n_rows), 2)


def _finite(outputs: torch.Tensor, circuit: Any) -> torch.Tensor:
    if not outputs.isfinite().all():
        raise CircuitError(
            "The circuit's outputs are not finite at random inputs and weights, so no control can be matched to them: "
            f"does the readout post-select an outcome that never happens? ({getattr(circuit, 'readout', '')})"
        )
    return outputs
