"""Circuits that write an image in patches, as patch quantum GANs do: each pixel is the probability of one basis state."""

from __future__ import annotations

import math

import torch
from torch import nn

from qaugbench.circuits.ansatz import angle_embedding, chain, hardware_efficient_layers
from qaugbench.circuits.circuit import Circuit
from qaugbench.circuits.readout import Readout
from qaugbench.errors import DefinitionError
from qaugbench.generators.contract import Circuits


class PatchCircuits(nn.Module):
    """Noise [n, wires] to images [n, channels, side, side] from 0, black, upwards; all circuits see the same noise.

    Each circuit writes one of ``patches`` runs of pixels of a channel, row by row from the top left. Its ancilla is wire 0: the
    probabilities of the first states in which that is 0 are its pixels, times a number that is learned for each patch, so that a
    patch may be as dark as its image is there. ``stretched``, a patch is divided instead by the largest probability of all its
    states in which the ancilla is 0, as in released codes: wherever that state is a pixel, one pixel of the patch is white.
    """

    def __init__(
        self, shape: tuple[int, ...], patches: int, circuit: Circuit, circuits: Circuits, *, stretched: bool = False
    ) -> None:
        super().__init__()
        self.shape, self.stretched = shape, stretched
        self.pixels = pixels_of_patch(shape, patches)
        states = 2 ** (circuit.n_wires - 1)
        if states < self.pixels:
            raise DefinitionError(
                f"{circuit.n_wires} qubits with one ancilla write {states} pixels, but a patch has {self.pixels}; "
                "choose more qubits or patches."
            )
        self.states, self.wires = states, circuit.n_inputs
        self.block = circuits.block(circuit, copies=shape[0] * patches, share_inputs=True)
        even = torch.full((shape[0] * patches, 1), math.log(states))  # half grey, where all states are equally likely
        self.log_brightness = None if stretched else nn.Parameter(even)

    def forward(self, noise: torch.Tensor) -> torch.Tensor:
        accepted = self.block(noise).unflatten(1, (self.block.copies, -1))[..., : self.states]
        if self.log_brightness is None:
            patches = accepted / accepted.amax(dim=2, keepdim=True)
        else:
            patches = accepted * self.log_brightness.exp()
        return patches[..., : self.pixels].reshape(-1, *self.shape)


def patch_circuit(wires: int, layers: int) -> Circuit:
    """Return the circuit of Huang et al.: RY by the noise, ``layers`` layers of RY and a chain of CZ, all probabilities."""
    gates = angle_embedding(wires, "RY") + hardware_efficient_layers(wires, layers, ["RY"], chain(wires, "CZ"))
    return Circuit(wires, tuple(gates), Readout.probabilities())


def pixels_of_patch(shape: tuple[int, ...], patches: int) -> int:
    """Return the pixels of each of ``patches`` equal patches of a channel of an image [channels, side, side].

    >>> pixels_of_patch((1, 28, 28), 28)
    28
    """
    sites = shape[1] * shape[2]
    if patches < 1 or sites % patches:
        raise DefinitionError(
            f"{sites} pixels cannot be cut into {patches} patches of equal size; choose a divisor of {sites}."
        )
    return sites // patches


def qubits_for(pixels: int) -> int:
    """Return the fewest qubits whose states number ``pixels``, and one for the ancilla.

    >>> qubits_for(16), qubits_for(28)
    (5, 6)
    """
    return (pixels - 1).bit_length() + 1
