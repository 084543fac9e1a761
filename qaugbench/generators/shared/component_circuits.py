"""Circuits that write the principal components of an image, each a few of them, as MosaiQ and its descendants do."""

from __future__ import annotations

import torch
from torch import nn

from qaugbench.circuits.ansatz import angle_embedding, chain, hardware_efficient_layers, stacked
from qaugbench.circuits.circuit import Circuit
from qaugbench.circuits.readout import Readout
from qaugbench.errors import DefinitionError
from qaugbench.generators.contract import Circuits


class ComponentCircuits(nn.Module):
    """Noise [n, wires] to components [n, components] in [-1, 1], each the <X> of one wire of one of the circuits.

    All circuits see the same noise. ``redistributed``, each writes one of the leading components and an equal share of the others,
    the weakest to the first circuit; otherwise the first writes the leading ones, and so on. ``detached`` lets no gradient through.
    """

    order: torch.Tensor

    def __init__(
        self,
        components: int,
        n_circuits: int,
        layers: int,
        circuits: Circuits,
        *,
        redistributed: bool = True,
        detached: bool = False,
    ) -> None:
        super().__init__()
        if n_circuits < 1 or components % n_circuits:
            raise DefinitionError(
                f"{n_circuits} circuits cannot write {components} components, equally many each; choose a divisor of {components}."
            )
        self.wires = components // n_circuits
        self.detached = detached
        self.block = circuits.block(component_circuit(self.wires, layers), copies=n_circuits, share_inputs=True)
        placed = redistribution(components, n_circuits) if redistributed else list(range(components))
        self.register_buffer("order", torch.tensor(placed).argsort(), persistent=False)

    def forward(self, noise: torch.Tensor) -> torch.Tensor:
        written: torch.Tensor = self.block(noise)[:, self.order]
        return written.detach() if self.detached else written


def component_circuit(wires: int, layers: int) -> Circuit:
    """Return the circuit: RY and RX by the noise, ``layers`` layers of RY and a chain of CZ, <X> of each wire."""
    noise = stacked(angle_embedding(wires, "RY"), angle_embedding(wires, "RX"))
    gates = noise + hardware_efficient_layers(wires, layers, ["RY"], chain(wires, "CZ"))
    return Circuit(wires, tuple(gates), Readout.each_wire(wires, "X"))


def redistribution(components: int, n_circuits: int) -> list[int]:
    """Return the component that each wire of each circuit writes, circuit by circuit.

    >>> redistribution(40, 8)[:10]
    [0, 39, 38, 37, 36, 1, 35, 34, 33, 32]
    """
    others = components // n_circuits - 1
    placed: list[int] = []
    for circuit in range(n_circuits):
        last = components - 1 - others * circuit
        placed += [circuit, *range(last, last - others, -1)]
    return placed


class SeenRange(nn.Module):
    """The smallest and the largest value among all points seen so far, which are made -1 and 1 for the circuits."""

    low: torch.Tensor
    high: torch.Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("low", torch.tensor(-1.0))
        self.register_buffer("high", torch.tensor(1.0))

    @torch.no_grad()
    def follow(self, points: torch.Tensor, *, anew: bool) -> None:
        """Widen the range to these points, or begin ``anew`` with theirs."""
        low, high = points.aminmax()
        self.low.copy_(low if anew else torch.minimum(self.low, low))
        self.high.copy_(torch.maximum(high if anew else torch.maximum(self.high, high), self.low + 1e-6))

    def scaled(self, points: torch.Tensor) -> torch.Tensor:
        """Return points with the range made -1 to 1."""
        return 2 * (points - self.low) / (self.high - self.low) - 1

    def unscaled(self, values: torch.Tensor) -> torch.Tensor:
        """Return the points of which ``scaled`` makes these values."""
        return self.low + (values + 1) / 2 * (self.high - self.low)
