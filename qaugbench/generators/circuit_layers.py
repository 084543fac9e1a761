"""The layers of a generator that run circuits, or what the chosen control puts in their place."""

from __future__ import annotations

from typing import Any

from qaugbench.circuits.block import Block
from qaugbench.circuits.controls.build import build_block
from qaugbench.seeds import child_seed, torch_seeded


class CircuitLayers:
    """Makes the circuit layers of one generator under one control; layer k draws its weights from (seed, "circuit", k).

    The generator asks for layers and never sees the control's name. Weights outside the layers stay the same under every
    control, because a layer's weights are drawn in a seeded scope of its own.
    """

    def __init__(self, control: str = "none", seed: int = 0) -> None:
        self.control = control
        self._seed = seed
        self._made = 0

    def block(self, circuit: Any, *, copies: int = 1, share_inputs: bool = False) -> Block:
        """Return the layer [batch, in_features] -> [batch, out_features] that runs ``copies`` of ``circuit`` side by side."""
        with torch_seeded(child_seed(self._seed, "circuit", self._made)):
            made = build_block(circuit, self.control, copies=copies, share_inputs=share_inputs)
        self._made += 1
        return made
