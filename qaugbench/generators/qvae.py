"""QVAE, a reconstruction: the variational autoencoder with a quantum residual block in its encoder and one in its decoder.

After "Hybrid Quantum-Classical Latent Diffusion Models for Medical Image Generation" (Yeter-Aydeniz et al., arXiv 2508.09903),
which trains a quantum variational autoencoder beside its diffusion model, has no public code and does not publish where its blocks
stand: this is a reconstruction, not a reproduction. Network, loss and training are those of ``vae``, whose weights it begins with
under one seed; the blocks (De Falco et al., arXiv 2402.16147) stand at the coarsest grid, beside the code.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from qaugbench.errors import DefinitionError
from qaugbench.generators.contract import Circuits
from qaugbench.generators.quantum_residual import SQUARE, AlternatingResidualBlock, QuantumPart
from qaugbench.generators.vae import Vae, coarsest_grid
from qaugbench.kinds import Kind


class Qvae(Vae):
    """Learns and draws as ``Vae`` does: codes from the prior of the label vector, decoded with it."""

    @dataclass(frozen=True)
    class Hyper(Vae.Hyper):
        """The network of ``Vae``, and which part of a block's channels passes through which circuits, as in ``QuantumPart``."""

        q: float = 0.5
        channels_per_circuit: int = 2
        layers: int = 3
        ansatz: str = "nearest-neighbour"
        residual: bool = True

    kind: ClassVar[Kind] = "hybrid"
    only_learning: ClassVar[tuple[str, ...]] = ("encoder",)
    hyper: Hyper

    def __init__(self, shape: tuple[int, ...], n_labels: int, hyper: Hyper, circuits: Circuits) -> None:
        super().__init__(shape, n_labels, hyper, circuits)
        width, side, _ = coarsest_grid(shape, hyper.channels)
        if side % SQUARE:
            raise DefinitionError(
                f"Circuits act on squares of 2x2 sites, but the coarsest grid is {side}x{side}; change 'channels', or 'side' of "
                "the space."
            )
        part = QuantumPart(hyper.q, hyper.channels_per_circuit, hyper.layers, hyper.ansatz, hyper.residual)
        before_the_code, after_the_code = (AlternatingResidualBlock(width, circuits, part) for _ in range(2))
        self.encoder.insert(len(self.encoder) - 1, before_the_code)
        self.decoder.insert(1, after_the_code)
