"""The interface of every generator: fitted to labelled real images, it draws a synthetic image for each label vector."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Protocol

import numpy as np
import torch

from qaugbench.circuits.execution import IDEAL, Execution
from qaugbench.datasets.labelled_images import LabelledImages
from qaugbench.errors import DefinitionError, QaugbenchError
from qaugbench.kinds import Kind, may_run_circuits

if TYPE_CHECKING:
    from qaugbench.circuits.block import QuantumBlock

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


class Codec(Protocol):
    """A fitted map from images to latents and back, shared by the latent generators of a replicate."""

    latent_shape: tuple[int, int, int]

    def encode(self, images: np.ndarray) -> np.ndarray:
        """Return float32 latents [n, *latent_shape] of about unit variance for uint8 ``images`` [n, H, W, C]."""

    def decode(self, latents: np.ndarray) -> np.ndarray:
        """Return uint8 images [n, H, W, C] of ``latents``."""

    def state(self) -> dict[str, torch.Tensor]:
        """Return all that was learned as tensors."""


class Generator(ABC):
    """The base of every generator.

    ``image_shape`` is (height, width, channels), ``n_labels`` the width of a label vector, and ``control`` names the
    replacement of the generator's circuits; "none" keeps them. Every other argument of a constructor is a
    hyper-parameter, taken by keyword, annotated with its type, and set in the generator's TOML file.

    A label vector is multi-hot: in a multi-label task several labels may be 1, or none (an image without a finding). A
    generator has to accept all of these, in ``fit`` and in ``sample``.

    ``circuits`` lists the blocks that run circuits: empty for a classical system, and if a control replaced them all.

    ``qaugbench.testing.check_generator`` checks what this class and its methods promise.
    """

    kind: ClassVar[Kind]
    uses_autoencoder: ClassVar[bool] = False

    def __init__(
        self, image_shape: tuple[int, int, int], n_labels: int, *, control: str = "none", device: str = "cpu"
    ) -> None:
        if not may_run_circuits(self.kind) and control != "none":
            raise DefinitionError(
                f"{type(self).__name__} is {self.kind} and has no circuit to replace, but control {control!r} was asked "
                "for; use it without a control."
            )
        self.image_shape = image_shape
        self.n_labels = n_labels
        self.control = control
        self.device = device
        self.autoencoder: Codec | None = None
        self.circuits: list[QuantumBlock] = []

    def attach_autoencoder(self, autoencoder: Codec) -> None:
        """Use a fitted ``autoencoder`` shared with other generators; without one, a latent generator fits its own."""
        self.autoencoder = autoencoder

    @abstractmethod
    def fit(self, data: LabelledImages, *, budget: Budget, seed: int, progress: Progress | None = None) -> None:
        """Fit to real training images; the same data, budget and seed give the same bits on one CPU thread.

        ``progress`` is called at every step of ``budget``. A fit that takes no steps gets a budget of zeros and need not call it.
        """

    @abstractmethod
    def sample(self, labels: np.ndarray, *, seed: int, execution: Execution = IDEAL) -> np.ndarray:
        """Return one uint8 image [n, height, width, channels] for each float32 label vector [n, n_labels]; n may be 0.

        Image i depends on ``seed``, i and its own label vector alone, not on the other images.

        Raises ``NotFittedError`` before a fit, ``DivergedError`` when an image is not finite.
        """

    @abstractmethod
    def state(self) -> dict[str, torch.Tensor]:
        """Return all that was learned as tensors that safetensors can store; raises ``NotFittedError`` before a fit.

        The names of a block's tensors (of the circuit, or its replacement) contain ``.block.``.
        """

    @abstractmethod
    def load(self, state: dict[str, torch.Tensor]) -> None:
        """Restore a state; samples are then bit for bit those of the generator it came from."""

    @abstractmethod
    def parameter_counts(self) -> dict[str, int]:
        """Return numbers of trainable parameters.

        ``total`` counts the generator without its autoencoder; ``block`` the circuits, or their replacement.
        """


def require_labels(labels: np.ndarray, n_labels: int) -> np.ndarray:
    """Return ``labels`` as float32 [n, n_labels], or raise naming the shape that was given."""
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
