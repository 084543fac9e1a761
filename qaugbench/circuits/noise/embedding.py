"""An amplitude embedding, as a state and as a Pauli vector."""

from __future__ import annotations

import torch
from torch import nn

from qaugbench.circuits.circuit import AmplitudeEmbedding
from qaugbench.circuits.noise.pauli_vector import of_state, product


def amplitudes(inputs: torch.Tensor, start: AmplitudeEmbedding) -> torch.Tensor:
    """Return the amplitudes [..., 2^k] of the embedding's wires, of norm 1; nan where all inputs are zero."""
    features = inputs[..., start.inputs.start : start.inputs.stop]
    normed = features / torch.linalg.vector_norm(features, dim=-1, keepdim=True)
    return nn.functional.pad(normed, (0, 2 ** len(start.wires) - start.n_features))


def embedded_vector(inputs: torch.Tensor, start: AmplitudeEmbedding, n_wires: int) -> torch.Tensor:
    """Return Pauli vectors [copies, batch, 4^n], the embedding's wires first and all others in |0>."""
    found = amplitudes(inputs, start)
    vector = of_state(found.flatten(0, 1)).unflatten(0, found.shape[:2])
    zero = inputs.new_tensor([1.0, 0.0, 0.0, 1.0]).expand(*found.shape[:2], 4)
    return product([vector, *[zero] * (n_wires - len(start.wires))])


def embedded_amplitudes(inputs: torch.Tensor, start: AmplitudeEmbedding, n_wires: int) -> torch.Tensor:
    """Return amplitudes [copies, batch, 2^n], the wires in their natural order."""
    found = amplitudes(inputs, start)
    others = [wire for wire in range(n_wires) if wire not in start.wires]
    zero = inputs.new_tensor([1.0, 0.0]).expand(*found.shape[:2], 2)
    state = product([found, *[zero] * len(others)]).unflatten(-1, [2] * n_wires)
    order = [*start.wires, *others]
    return state.permute(0, 1, *(2 + order.index(wire) for wire in range(n_wires))).flatten(2)
