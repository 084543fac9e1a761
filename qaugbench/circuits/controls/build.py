"""What can replace a circuit, with the same widths, so that only the quantum part of a generator changes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import torch

from qaugbench.circuits.block import Block, QuantumBlock
from qaugbench.circuits.controls.fourier import FourierSurrogate
from qaugbench.circuits.controls.gaussian import TrainedGaussian
from qaugbench.circuits.controls.no_entanglement import without_entanglement
from qaugbench.circuits.controls.permuted import PermutedBlock
from qaugbench.circuits.controls.twin import ClassicalTwin
from qaugbench.errors import CircuitError, near_names


class BuildBlock(Protocol):
    """Makes the layer that replaces a circuit."""

    def __call__(self, circuit: Any, *, copies: int, share_inputs: bool, dtype: torch.dtype) -> Block: ...


@dataclass(frozen=True)
class Control:
    """A replacement of a circuit: what it tests, how it is built, whether it runs a circuit and keeps the parameter count."""

    question: str
    build: BuildBlock
    runs_circuit: bool = False
    keeps_parameters: bool = True


def build_block(
    circuit: Any,
    control: str = "none",
    *,
    copies: int = 1,
    share_inputs: bool = False,
    dtype: torch.dtype = torch.float32,
) -> Block:
    """Return the layer that runs the circuit or its ``control``, with the widths of ``Block``.

    Weights are drawn from torch's global state (wrap in ``seeds.torch_seeded``).

    Raises:
        CircuitError: an unknown control.
        NoControlError: one that does not exist for this circuit.
    """
    if control not in CONTROLS:
        raise CircuitError(f"Unknown control {control!r}.{near_names(control, CONTROLS)}")
    return CONTROLS[control].build(circuit, copies=copies, share_inputs=share_inputs, dtype=dtype)


def _product_state(circuit: Any, *, copies: int, share_inputs: bool, dtype: torch.dtype) -> Block:
    return QuantumBlock(without_entanglement(circuit), copies=copies, share_inputs=share_inputs, dtype=dtype)


def _frozen(circuit: Any, *, copies: int, share_inputs: bool, dtype: torch.dtype) -> Block:
    return QuantumBlock(circuit, copies=copies, share_inputs=share_inputs, dtype=dtype, trainable=False)


CONTROLS: dict[str, Control] = {
    "none": Control("the circuit itself", QuantumBlock, runs_circuit=True),
    "twin": Control("does a classical layer of the same size do as well?", ClassicalTwin),
    "no-entanglement": Control("does entanglement matter?", _product_state, runs_circuit=True),
    "permuted": Control("does it matter which wires are entangled?", PermutedBlock, runs_circuit=True),
    "frozen": Control("does training the circuit matter?", _frozen, runs_circuit=True),
    "random": Control("does the circuit do more than supply noise?", TrainedGaussian, keeps_parameters=False),
    "fourier": Control("does a Fourier series of the inputs do as well?", FourierSurrogate),
}
