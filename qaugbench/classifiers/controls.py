"""The controls that classifiers have beside those of every circuit: inputs passed on, and the recipe's plain last layer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import torch
from torch import nn

from qaugbench.circuits.block import Block
from qaugbench.classifier_cards import BOTTLENECK
from qaugbench.classifiers.contract import Trained
from qaugbench.errors import NoControlError
from qaugbench.generators.circuit_layers import CircuitLayers
from qaugbench.generators.contract import Circuits
from qaugbench.kinds import Kind


class Passed(Block):
    """The control that asks what a bottleneck costs or gives by itself: inputs are passed on, where a circuit would run.

    Raises:
        NoControlError: the circuit has not as many outputs as inputs.
    """

    def __init__(
        self, circuit: Any, *, copies: int = 1, share_inputs: bool = False, dtype: torch.dtype = torch.float32
    ) -> None:
        super().__init__(circuit, copies=copies, share_inputs=share_inputs, dtype=dtype)
        if self.in_features != self.out_features:
            raise NoControlError(
                f"The control {BOTTLENECK!r} passes inputs on, but a circuit here has {self.in_features} inputs and "
                f"{self.out_features} outputs. Leave it out of the file's controls."
            )

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        self.by_copy(inputs, inputs.dtype)  # raises for inputs of another width
        return inputs


class ClassifierCircuits:
    """Makes the circuit layers of one classifier under one control; weights are drawn as those of generators are."""

    def __init__(self, control: str, seed: int) -> None:
        self.passes = control == BOTTLENECK
        self._layers = CircuitLayers("none" if self.passes else control, seed)

    def block(self, circuit: Any, *, copies: int = 1, share_inputs: bool = False) -> Block:
        """Return the layer [batch, in_features] -> [batch, out_features] that runs ``copies`` of ``circuit`` side by side."""
        if self.passes:
            return Passed(circuit, copies=copies, share_inputs=share_inputs)
        return self._layers.block(circuit, copies=copies, share_inputs=share_inputs)


class PlainHead(Trained):
    """One dense layer from the features of the recipe's network to the logits: the recipe's own last layer."""

    kind: ClassVar[Kind] = "classical"

    @dataclass(frozen=True)
    class Hyper:
        """Nothing to set."""

    def __init__(self, shape: tuple[int, ...], n_labels: int, hyper: Any, circuits: Circuits) -> None:
        super().__init__(shape, n_labels, hyper, circuits)
        self.dense = nn.Linear(shape[0], n_labels)

    def forward(self, inputs: torch.Tensor, random: torch.Generator) -> torch.Tensor:
        logits: torch.Tensor = self.dense(inputs)
        return logits
