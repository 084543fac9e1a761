"""What every generator is: fitted on real labelled images, it draws a synthetic image for each requested label vector."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Literal

import numpy as np
import torch

from qaugbench.circuits.execution import IDEAL, Execution
from qaugbench.datasets.prepared import LabelledImages
from qaugbench.errors import DefinitionError, QaugbenchError

if TYPE_CHECKING:
    from qaugbench.circuits.block import QuantumBlock
    from qaugbench.generators.shared.autoencoder import LatentAutoencoder

Kind = Literal["quantum", "hybrid", "quantum-inspired", "classical", "external"]
Progress = Callable[[int, int, float], None]
"""Called as ``progress(step, total, loss)`` while a model is fitted."""


class DivergedError(QaugbenchError):
    """A fit or a sample that is no longer finite; a run records the outcome "diverged"."""


class NotFittedError(QaugbenchError):
    """Samples or a state were asked of a generator that has been neither fitted nor loaded."""


@dataclass(frozen=True)
class Budget:
    """How long a model may learn: ``steps`` updates of ``batch_size`` images each."""

    steps: int
    batch_size: int


class Generator(ABC):
    """The base of every generator.

    ``image_shape`` is (height, width, channels), ``n_labels`` the width of a label vector, and ``control`` names what
    stands where the generator's circuits would: "none" keeps them.

    ``circuits`` lists the blocks that run circuits: none in a classical system, and none where a control replaced them all.
    """

    kind: ClassVar[Kind]
    uses_autoencoder: ClassVar[bool] = False

    def __init__(
        self, image_shape: tuple[int, int, int], n_labels: int, *, control: str = "none", device: str = "cpu"
    ) -> None:
        if self.kind in ("classical", "external") and control != "none":
            raise DefinitionError(
                f"{type(self).__name__} is {self.kind} and has no circuit to replace, but control {control!r} was asked "
                "for; use it without a control."
            )
        self.image_shape = image_shape
        self.n_labels = n_labels
        self.control = control
        self.device = device
        self.autoencoder: LatentAutoencoder | None = None
        self.circuits: list[QuantumBlock] = []

    def attach_autoencoder(self, autoencoder: LatentAutoencoder) -> None:
        """Use a fitted ``autoencoder`` that other generators share; without one, a latent generator fits its own."""
        self.autoencoder = autoencoder

    @abstractmethod
    def fit(self, data: LabelledImages, *, budget: Budget, seed: int, progress: Progress | None = None) -> None:
        """Learn from real training images; the same data, budget and seed give the same bits on one CPU thread."""

    @abstractmethod
    def sample(self, labels: np.ndarray, *, seed: int, execution: Execution = IDEAL) -> np.ndarray:
        """Return one uint8 image [n, height, width, channels] for each float32 label vector [n, n_labels].

        Raises ``DivergedError`` when an image is not finite.
        """

    @abstractmethod
    def state(self) -> dict[str, torch.Tensor]:
        """Return all that was learned as tensors, fit for safetensors."""

    @abstractmethod
    def load(self, state: dict[str, torch.Tensor]) -> None:
        """Take over a state; samples are then the same bits as those of the generator it came from."""

    @abstractmethod
    def parameter_counts(self) -> dict[str, int]:
        """Return numbers of trainable parameters.

        ``total`` counts the generator without its autoencoder; ``block`` what stands in the circuits' places.
        """


def require_labels(labels: np.ndarray, n_labels: int) -> np.ndarray:
    """Return ``labels`` as float32 [n, n_labels], or raise saying which shape was given."""
    if labels.ndim != 2 or labels.shape[1] != n_labels:
        raise QaugbenchError(f"Labels must have the shape [n, {n_labels}], but {list(labels.shape)} was given.")
    return labels.astype(np.float32)


def with_prefix(prefix: str, state: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """Return ``state`` with ``prefix`` before every name."""
    return {prefix + name: tensor for name, tensor in state.items()}


def under_prefix(prefix: str, state: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """Return the part of ``state`` whose names begin with ``prefix``, without it."""
    return {name.removeprefix(prefix): tensor for name, tensor in state.items() if name.startswith(prefix)}


def module_state(module: torch.nn.Module) -> dict[str, torch.Tensor]:
    """Return a module's parameters and buffers as contiguous tensors on the CPU."""
    return {name: tensor.detach().cpu().contiguous() for name, tensor in module.state_dict().items()}


def trainable_parameters(module: torch.nn.Module) -> int:
    """Return the number of parameters of ``module`` that training changes."""
    return sum(parameter.numel() for parameter in module.parameters() if parameter.requires_grad)
