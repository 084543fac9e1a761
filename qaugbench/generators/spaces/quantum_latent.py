"""Quantum latents: those of an autoencoder with circuits in one residual block of its encoder and one of its decoder.

Yeter-Aydeniz et al. (arXiv 2508.09903) put quantum residual blocks into the autoencoder of a latent diffusion model as well as
into its denoiser; the paper has no public code, and where its blocks stand is not known. Here they stand at the latent grid, the
coarsest, in place of the residual block beside the code. Everything else is the autoencoder of ``latent``: the same widths, loss
and training, and under one seed the same weights to begin with. Like that one it does not use labels.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from qaugbench.circuits.controls.build import CONTROLS
from qaugbench.errors import DefinitionError, near_names
from qaugbench.generators.circuit_layers import CircuitLayers
from qaugbench.generators.quantum_residual import AlternatingResidualBlock, QuantumPart
from qaugbench.generators.spaces.autoencoder import ResidualBlock
from qaugbench.generators.spaces.latent import Latents

SPACE_CONTROLS = tuple(name for name in CONTROLS if name != "random")
"""What may stand in place of the circuits: not noise, since an image would have another point whenever it is encoded."""


class QuantumLatents(Latents):
    """Points [latent_channels, g, g] as in ``Latents``; circuits are always evaluated ideally, whatever runs a generator's.

    ``seed`` is that from which the circuits, or what a control puts in their place, draw their first weights.
    """

    @dataclass(frozen=True)
    class Hyper(Latents.Hyper):
        """The autoencoder of ``Latents``, and what of a block passes through circuits, as in ``QuantumPart``.

        ``control`` names what stands in place of the circuits: ``none`` for the circuits themselves, ``twin`` for classical
        layers of the same size, or another of ``SPACE_CONTROLS``.
        """

        q: float = 0.5
        channels_per_circuit: int = 1
        layers: int = 3
        ansatz: str = "nearest-neighbour"
        residual: bool = True
        control: str = "none"

    name: ClassVar[str] = "quantum-latent"
    chunk: ClassVar[int] = 32  # a grid has many squares, each a row for the circuits
    hyper: Hyper

    def __init__(self, image_shape: tuple[int, int, int], hyper: Hyper, seed: int = 0) -> None:
        super().__init__(image_shape, hyper)
        if hyper.control not in SPACE_CONTROLS:
            raise DefinitionError(
                f"A space has no control {hyper.control!r}: {', '.join(SPACE_CONTROLS)}.{near_names(hyper.control, SPACE_CONTROLS)}"
            )
        if hyper.residual_blocks[-1] < 1:
            raise DefinitionError(
                f"Circuits stand in a residual block at the latent grid, and residual_blocks = {list(hyper.residual_blocks)} "
                "has none there; its last number must be at least 1."
            )
        if self.shape[-1] % 2:
            raise DefinitionError(
                f"Circuits act on squares of 2x2 sites, but the latent grid is {self.shape[-1]}x{self.shape[-1]}; "
                "change channels or working_size."
            )
        circuits = CircuitLayers(hyper.control, seed)
        part = QuantumPart(hyper.q, hyper.channels_per_circuit, hyper.layers, hyper.ansatz, hyper.residual)
        for layers, nearest_to_code in ((self.network.encoder, -1), (self.network.decoder, 0)):
            places = [place for place, layer in enumerate(layers) if isinstance(layer, ResidualBlock)]
            layers[places[nearest_to_code]] = AlternatingResidualBlock(hyper.channels[-1], circuits, part)

    @property
    def title(self) -> str:
        return super().title + ("" if self.hyper.control == "none" else f"-{self.hyper.control}")

    def fresh(self, seed: int) -> QuantumLatents:
        return type(self)(self.image_shape, self.hyper, seed)
