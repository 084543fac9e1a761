"""A generator whose images are partly the output of its circuit, to the degree that a test asks for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import torch

from qaugbench.cards import Training
from qaugbench.circuits.ansatz import qldm_circuit
from qaugbench.datasets.labelled_images import LabelledImages
from qaugbench.generators.contract import Batch, Circuits, Generator, Solved
from qaugbench.generators.row_random import RowRandom
from qaugbench.generators.shared.model import Model, Recipe
from qaugbench.generators.spaces.pixels import Pixels
from qaugbench.kinds import Kind
from qaugbench.seeds import torch_generator

WIRES, N_LABELS = 4, 2
SHAPE = (2, 2, 1)
LABELS = np.eye(N_LABELS, dtype=np.float32)[np.arange(40) % N_LABELS]


class ToyHybrid(Solved):
    """Images of 2x2 pixels: ``reach`` of what the circuit makes of each row's noise, the rest of the noise itself."""

    @dataclass(frozen=True)
    class Hyper:
        """``asks_circuit``: whether drawing runs the circuit; ``follows_seed``: whether it uses the seed."""

        reach: float
        asks_circuit: bool = True
        follows_seed: bool = True

    kind: ClassVar[Kind] = "hybrid"
    hyper: Hyper

    def __init__(self, shape: tuple[int, ...], n_labels: int, hyper: Hyper, circuits: Circuits) -> None:
        super().__init__(shape, n_labels, hyper, circuits)
        self.layer = circuits.block(qldm_circuit(WIRES, 1))

    def solve(self, batch: Batch, random: torch.Generator) -> None:
        """Learn nothing."""

    def draw(self, labels: torch.Tensor, random: RowRandom) -> torch.Tensor:
        noise = random.normal(WIRES)
        if not self.hyper.follows_seed:
            noise = torch.randn(len(labels), WIRES, generator=torch_generator(0))
        through = self.layer(noise) if self.hyper.asks_circuit else torch.tanh(noise)
        values = self.hyper.reach * through + (1 - self.hyper.reach) * torch.tanh(noise)
        return values.clamp(-1, 1).unflatten(1, self.shape) * 120 / 127.5


def fitted(kind: type[Generator], hyper: object, *, control: str = "none", seed: int = 1) -> Model:
    """Return a model of ``kind`` on 2x2 pixels, fitted to black images."""
    space = Pixels(SHAPE, Pixels.Hyper())
    model = Model(Recipe(kind, hyper, Training(), control), space, N_LABELS)
    black = LabelledImages(np.zeros((len(LABELS), *SHAPE), np.uint8), LABELS, np.arange(len(LABELS)))
    model.fit(black, seed=seed)
    return model


def toy(reach: float, **settings: bool) -> Model:
    """Return the fitted toy."""
    return fitted(ToyHybrid, ToyHybrid.Hyper(reach, **settings))
