"""The interface of every classifier: a torch module that turns features or images into logits.

A classifier that reads features stands on the recipe's network, whose own last layer it replaces; the two are trained together
(``Trained``), or the network was trained before with its plain last layer and stays as it is (``Solved``). What a classifier's file
holds is its paper: the layers, the circuit, what is added to the loss. Rows, batches, the choice of a checkpoint on validation
images, saving, resuming, controls and statistics are the same for all (``classifiers.training``).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import torch
from torch import nn

from qaugbench.generators.contract import Circuits
from qaugbench.kinds import Kind
from qaugbench.recipe import LabelKind

Reads = Literal["features", "images"]


@dataclass(frozen=True)
class Known:
    """Inputs [n, *shape] with their label vectors [n, n_labels], 0 or 1.

    ``groups`` [n] are the patients; None where each image is of another.
    """

    inputs: torch.Tensor
    labels: torch.Tensor
    label_kind: LabelKind
    groups: torch.Tensor | None = None


class Classifier(nn.Module, ABC):
    """The base of every classifier; a subclass is ``Trained`` or ``Solved``.

    ``shape`` is that of one input: (D,) where it ``reads`` the pooled features of the recipe's network, (channels, side, side)
    where it reads images, which are float in [0, 1]. ``n_labels`` is the number of logits, ``hyper`` an instance of ``Hyper``, and
    ``circuits.block(circuit, copies=, share_inputs=)`` makes a layer that runs a circuit, or what a control puts in its place. A
    constructor takes these four.

    Everything that learning changes is a parameter or a buffer. Constructors run inside a seeded scope: library initialisers need
    nothing. Logits are of a softmax where classes exclude each other, of sigmoids where an image may have several findings; a
    classifier that cannot have the latter sets ``multi_label = False`` and is refused for such tasks.
    """

    kind: ClassVar[Kind]
    Hyper: ClassVar[type]
    reads: ClassVar[Reads] = "features"
    multi_label: ClassVar[bool] = True
    noise_fed: ClassVar[bool] = False
    """Whether its circuits are given random numbers in place of what it reads, as those that generate weights are."""

    def __init__(self, shape: tuple[int, ...], n_labels: int, hyper: Any, circuits: Circuits) -> None:
        super().__init__()
        self.shape = shape
        self.n_labels = n_labels
        self.hyper = hyper

    @property
    def draws(self) -> int:
        """How many passes a prediction averages; more than one where a pass draws weights."""
        return 1

    @abstractmethod
    def forward(self, inputs: torch.Tensor, random: torch.Generator) -> torch.Tensor:
        """Return the logits [n, n_labels] of ``inputs`` [n, *shape].

        ``random`` is the pass's own stream, on the device of ``inputs``: one for each training step, and for a prediction one
        for each of the ``draws``, the same for all images, so that row i depends on its input and the draw alone.
        """


class Trained(Classifier):
    """A classifier that learns step by step, together with the network below it."""

    def penalty(self, n_images: int) -> torch.Tensor | None:
        """Return what is added to a step's mean loss an image, such as a divergence over ``n_images``; None adds nothing.

        Called after ``forward``; ``n_images`` is the number of real training images.
        """
        return None


class Solved(Classifier):
    """A classifier that learns in one computation, on features of the recipe's network after this was trained on the same rows."""

    @abstractmethod
    def solve(self, train: Known, val: Known, random: torch.Generator) -> None:
        """Learn from all of ``train`` at once, choosing on ``val`` what has to be chosen.

        Set parameters and buffers in place (their shapes may change). Called without gradients.
        """
