"""Denoising diffusion whose U-Net has a gate on the channels of its bottleneck, computed by a circuit.

After the public code of "Quantum Diffusion Retina" (Mahlow 2026), which has no paper: squeeze and excitation (Hu et al., arXiv
1709.01507) with a circuit in the place of the hidden layer. Everything else is ``ddpm``, from the same first weights, so that the
two differ by the gate alone.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, ClassVar

import torch
from torch import nn

from qaugbench.circuits.ansatz import angle_embedding, strongly_entangling_layers
from qaugbench.circuits.block import Block
from qaugbench.circuits.circuit import Circuit
from qaugbench.circuits.readout import Readout
from qaugbench.errors import DefinitionError
from qaugbench.generators.contract import Circuits
from qaugbench.generators.ddpm import Ddpm
from qaugbench.generators.shared.diffusion import LabelledUNet
from qaugbench.kinds import Kind


class QseDdpm(Ddpm):
    """``ddpm`` with a gate in the middle of its U-Net."""

    @dataclass(frozen=True)
    class Hyper(Ddpm.Hyper):
        """That of ``ddpm``, and the gate's circuit: ``layers`` strongly entangling layers on ``n_qubits`` qubits."""

        n_qubits: int = 8
        layers: int = 3

    kind: ClassVar[Kind] = "hybrid"
    hyper: Hyper

    def __init__(self, shape: tuple[int, ...], n_labels: int, hyper: Hyper, circuits: Circuits) -> None:
        if hyper.backbone != "diffusers":
            raise DefinitionError(f"The gate sits in the U-Net of diffusers; backbone is {hyper.backbone!r}.")
        super().__init__(shape, n_labels, hyper, circuits)
        (network,) = (module for module in self.denoiser.modules() if isinstance(module, LabelledUNet))
        gate = ChannelGate(network.bottleneck_width, circuits.block(gate_circuit(hyper.n_qubits, hyper.layers)))
        network.unet.mid_block = GatedMiddle(network.unet.mid_block, gate)


def gate_circuit(n_qubits: int, layers: int) -> Circuit:
    """Return RY by each input, strongly entangling layers, and <Z> of each qubit, without the last RZs, which change nothing."""
    gates = angle_embedding(n_qubits, "RY") + strongly_entangling_layers(n_qubits, layers, drop_dead=True)
    return Circuit(n_qubits, tuple(gates), Readout.each_wire(n_qubits))


class ChannelGate(nn.Module):
    """[n, width, s, s] with each channel multiplied by a number in (0, 1), which ``block`` computes from the means of all."""

    def __init__(self, width: int, block: Block) -> None:
        super().__init__()
        self.squeeze = nn.Linear(width, block.in_features)
        self.block = block
        self.excite = nn.Linear(block.out_features, width)

    def forward(self, grid: torch.Tensor) -> torch.Tensor:
        angles = math.pi * torch.tanh(self.squeeze(grid.mean(dim=(2, 3))))
        gated: torch.Tensor = grid * torch.sigmoid(self.excite(self.block(angles)))[:, :, None, None]
        return gated


class GatedMiddle(nn.Module):
    """The middle of diffusers' U-Net, with ``gate`` before its last residual block, where the code has it."""

    middle: Any

    def __init__(self, middle: Any, gate: nn.Module) -> None:
        super().__init__()
        self.middle = middle
        self.gate = gate

    def forward(self, grid: torch.Tensor, time_embedding: torch.Tensor) -> torch.Tensor:
        grid = self.middle.resnets[0](grid, time_embedding)
        grid = self.gate(self.middle.attentions[0](grid, temb=time_embedding))
        denoised: torch.Tensor = self.middle.resnets[1](grid, time_embedding)
        return denoised
