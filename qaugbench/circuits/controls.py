"""What may stand where a circuit stands, with the same widths, so that only the quantum part of a generator changes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import nn

from qaugbench.circuits.block import Block, QuantumBlock
from qaugbench.circuits.circuit import Circuit, Gate
from qaugbench.circuits.twin import ClassicalTwin
from qaugbench.errors import CircuitError, near_names


@dataclass(frozen=True)
class Control:
    """A replacement of a circuit: what it tests, and how it is built from (circuit, copies, dtype)."""

    question: str
    build: Callable[[Circuit, int, torch.dtype], Block]


@dataclass(frozen=True)
class ParameterCount:
    """Numbers of scalar parameters of a module."""

    trainable: int
    total: int


def build_block(
    circuit: Circuit, control: str = "none", *, copies: int = 1, dtype: torch.dtype = torch.float32
) -> Block:
    """Return a layer [batch, copies * n_inputs] -> [batch, copies * n_outputs]: the circuit, or its ``control``.

    Weights are drawn from torch's global state (wrap in ``seeds.torch_seeded``).

    Raises:
        CircuitError: an unknown control, or a twin that cannot match the circuit's parameters within 5 %.
    """
    if control not in CONTROLS:
        raise CircuitError(f"Unknown control {control!r}.{near_names(control, CONTROLS)}")
    return CONTROLS[control].build(circuit, copies, dtype)


def without_entanglement(circuit: Circuit) -> Circuit:
    """Return ``circuit`` without its two-qubit gates; one with angles becomes RY by the same angles on its last wire.

    Inputs, weights and readout stay the same, so the number of parameters does. What remains is a product state.
    """
    gates = tuple(kept for gate in circuit.gates for kept in _disentangled(gate))
    return Circuit(circuit.n_wires, gates, circuit.readout)


def parameter_count(module: nn.Module) -> ParameterCount:
    """Return how many scalar parameters ``module`` has, and how many of them train."""
    counts = [(parameter.numel(), parameter.requires_grad) for parameter in module.parameters()]
    return ParameterCount(sum(count for count, trains in counts if trains), sum(count for count, _ in counts))


def _disentangled(gate: Gate) -> list[Gate]:
    if len(gate.wires) == 1:
        return [gate]
    return [Gate("RY", gate.wires[-1:], gate.angles)] if gate.angles else []


def _circuit_itself(circuit: Circuit, copies: int, dtype: torch.dtype) -> Block:
    return QuantumBlock(circuit, copies=copies, dtype=dtype)


def _twin(circuit: Circuit, copies: int, dtype: torch.dtype) -> Block:
    return ClassicalTwin(circuit, copies=copies, dtype=dtype)


def _product_state(circuit: Circuit, copies: int, dtype: torch.dtype) -> Block:
    return QuantumBlock(without_entanglement(circuit), copies=copies, dtype=dtype)


def _frozen(circuit: Circuit, copies: int, dtype: torch.dtype) -> Block:
    return QuantumBlock(circuit, copies=copies, dtype=dtype, trainable=False)


CONTROLS: dict[str, Control] = {
    "none": Control("the circuit itself", _circuit_itself),
    "twin": Control("does a classical layer of the same size do as well?", _twin),
    "no-entanglement": Control("does entanglement matter?", _product_state),
    "frozen": Control("does training the circuit matter?", _frozen),
}
