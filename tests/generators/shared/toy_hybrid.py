"""A generator whose images are partly the output of its circuit, to the degree that a test asks for."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
import torch

from qaugbench.circuits.ansatz import qldm_circuit
from qaugbench.circuits.block import QuantumBlock
from qaugbench.circuits.execution import IDEAL, Execution
from qaugbench.datasets.labelled_images import LabelledImages
from qaugbench.generators.contract import Budget, Generator, Kind, Progress
from qaugbench.seeds import child_seed, torch_generator, torch_seeded

WIRES, N_LABELS = 4, 2
LABELS = np.eye(N_LABELS, dtype=np.float32)[np.arange(40) % N_LABELS]


class ToyHybrid(Generator):
    """Images of 2x2 pixels: ``reach`` of what the circuit makes of each row's noise, the rest of the noise itself."""

    kind: ClassVar[Kind] = "hybrid"

    def __init__(self, reach: float, *, asks_circuit: bool = True, follows_seed: bool = True) -> None:
        super().__init__((2, 2, 1), N_LABELS)
        self.reach, self.asks_circuit, self.follows_seed = reach, asks_circuit, follows_seed
        with torch_seeded(1):
            self.block = QuantumBlock(qldm_circuit(WIRES, 1))
        self.circuits = [self.block]

    def fit(self, data: LabelledImages, *, budget: Budget, seed: int, progress: Progress | None = None) -> None:
        """Learn nothing."""

    @torch.no_grad()
    def sample(self, labels: np.ndarray, *, seed: int, execution: Execution = IDEAL) -> np.ndarray:
        """Return images between 7 and 247."""
        own = seed if self.follows_seed else 0
        noise = torch.stack(
            [torch.randn(WIRES, generator=torch_generator(child_seed(own, i))) for i in range(len(labels))]
        )
        through = self.block(noise) if self.asks_circuit else torch.tanh(noise)
        values = self.reach * through + (1 - self.reach) * torch.tanh(noise)
        return (127 + 120 * values.clamp(-1, 1)).round().to(torch.uint8).unflatten(1, self.image_shape).numpy()

    def state(self) -> dict[str, torch.Tensor]:
        """Not needed here."""
        raise NotImplementedError

    def load(self, state: dict[str, torch.Tensor]) -> None:
        """Not needed here."""
        raise NotImplementedError

    def parameter_counts(self) -> dict[str, int]:
        """Return the circuit's weights beside nothing else."""
        weights = self.block.weights.numel()
        return {"total": weights, "block": weights}
