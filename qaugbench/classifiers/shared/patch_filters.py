"""Circuits as the filters of a convolution: one qubit for each pixel of a patch of 2x2, one channel for each value read."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import nn
from torch.nn import functional

from qaugbench.circuits.circuit import Circuit
from qaugbench.errors import DefinitionError
from qaugbench.generators.contract import Circuits

PATCH = 2
QUBITS = PATCH**2


class PatchFilters(nn.Module):
    """Images [n, colours, side, side] -> [n, channels, side / 2, side / 2]; patches of 2x2 pixels lie side by side.

    The pixels of a patch, row by row, are the inputs of each of ``circuits``. Each colour passes through the same ones; the
    ``channels`` are ordered by colour, then circuit, then output. Circuits are layers of their own rather than copies side by side,
    so that the control that passes inputs on has as many outputs as inputs.

    Raises:
        DefinitionError: a side that 2 does not divide.
    """

    def __init__(self, shape: tuple[int, ...], layers: Circuits, circuits: Sequence[Circuit]) -> None:
        super().__init__()
        colours, side, _ = shape
        if side % PATCH:
            raise DefinitionError(
                f"Patches of {PATCH}x{PATCH} pixels do not fill images of {side}; choose an even side."
            )
        self.blocks = nn.ModuleList(layers.block(circuit) for circuit in circuits)
        for weights in self.parameters():  # of a circuit without any: asking for their gradient would run it backward
            weights.requires_grad_(weights.requires_grad and weights.numel() > 0)
        self.channels = colours * sum(circuit.n_outputs for circuit in circuits)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        n, colours, side, _ = images.shape
        sites = side // PATCH
        pixels = functional.pixel_unshuffle(images, PATCH).view(n, colours, QUBITS, sites**2)
        patches = pixels.transpose(2, 3).reshape(-1, QUBITS)
        read = torch.cat([block(patches) for block in self.blocks], dim=1)
        return read.view(n, colours, sites**2, -1).transpose(2, 3).reshape(n, self.channels, sites, sites)
