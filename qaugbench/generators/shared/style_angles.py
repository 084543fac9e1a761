"""Circuits driven by noise in every angle, as style-based quantum generators have them (arXiv 2110.06933, 2406.02668)."""

from __future__ import annotations

import math
from collections.abc import Iterable

import torch
from torch import nn

from qaugbench.circuits.block import QuantumBlock
from qaugbench.circuits.circuit import Angle, Gate


def styled(gates: Iterable[Gate]) -> tuple[Gate, ...]:
    """Return ``gates`` in which the angle of weight m has input m added to it.

    >>> print(styled([Gate("RY", (0,), (Angle.weight(3),))])[0])
    RY         0      w[3] + x[3]
    """
    return tuple(Gate(gate.name, gate.wires, tuple(map(_styled, gate.angles))) for gate in gates)


def _styled(angle: Angle) -> Angle:
    return Angle(angle.offset, angle.weights, angle.inputs + angle.weights)


@torch.no_grad()
def start_small(block: nn.Module, spread: float) -> None:
    """Shrink the weights of a circuit, uniform from 0 to 2 pi as it is made, to -``spread`` to ``spread``.

    What a control puts in a circuit's place stays as it is.
    """
    if isinstance(block, QuantumBlock):
        block.weights.mul_(spread / math.pi).sub_(spread)
