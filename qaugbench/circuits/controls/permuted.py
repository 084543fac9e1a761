"""The control that keeps a circuit's gates and counts but couples other wires: does the structure of entanglement matter?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch

from qaugbench.circuits.block import QuantumBlock
from qaugbench.circuits.controls.relabelling import Relabelling, draw_relabelling, relabelled
from qaugbench.circuits.execution import IDEAL
from qaugbench.circuits.executors import build_executor
from qaugbench.seeds import child_seed, numpy_generator


class PermutedBlock(QuantumBlock):
    """Copies of a circuit whose gates on several wires act on relabelled wires; see ``relabelling`` for what that keeps.

    All copies share one relabelling, drawn from torch's global state without advancing it: under the same seed, the
    weights start where those of the circuit itself do. ``relabelling`` [n_wires] is part of the block's state, so a loaded
    block runs the circuit that was trained. ``circuit`` is the relabelled circuit.

    Raises:
        NoControlError: no relabelling makes the circuit couple other wires.
    """

    relabelling: torch.Tensor

    def __init__(
        self, circuit: Any, *, copies: int = 1, share_inputs: bool = False, dtype: torch.dtype = torch.float32
    ) -> None:
        drawn = draw_relabelling(circuit, numpy_generator(child_seed(_next_seed(), "relabelling")))
        super().__init__(relabelled(circuit, drawn), copies=copies, share_inputs=share_inputs, dtype=dtype)
        self.original = circuit
        self.register_buffer("relabelling", torch.tensor(drawn))
        self.register_load_state_dict_post_hook(_follow_state)

    def use(self, wires: Sequence[int]) -> None:
        """Run the circuit with its gates on several wires moved from wire w to ``wires[w]`` from now on."""
        self.circuit = relabelled(self.original, wires)
        self.exact = build_executor(self.circuit, IDEAL).to(self.weights)
        self._others.clear()


def _next_seed() -> int:
    """Return a number that depends on torch's global state, which stays as it is."""
    with torch.random.fork_rng(devices=[]):
        return int(torch.randint(2**62, ()))


def _follow_state(block: Any, _: Any) -> None:
    """Make a block that has loaded a state run the circuit of that state."""
    wires: Relabelling = tuple(block.relabelling.tolist())
    if relabelled(block.original, wires) != block.circuit:
        block.use(wires)
