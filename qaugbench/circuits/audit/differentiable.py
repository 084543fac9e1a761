"""The form of a circuit that has differentiable outputs, run at many weight sets at once."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import torch

from qaugbench.circuits.execution import IDEAL
from qaugbench.circuits.executors import build_executor


def differentiable(circuit: Any) -> Any:
    """Return ``circuit``, or, where it draws samples, the same circuit reading the probabilities behind them."""
    if circuit.output_kind != "samples":
        return circuit
    return replace(circuit, readout=replace(circuit.readout, kind="probabilities"))


def outputs_at(circuit: Any, inputs: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
    """Return outputs [draws, n_outputs] in double precision, row k at ``inputs[k]`` [n_inputs] and ``weights[k]`` [n_weights]."""
    executor = build_executor(circuit, IDEAL).double()
    outputs: torch.Tensor = executor(inputs.unsqueeze(1), weights)
    return outputs.squeeze(1)
