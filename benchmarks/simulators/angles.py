"""The angles of a circuit, for simulators that take gates one by one."""

from __future__ import annotations

from typing import Any

from qaugbench.circuits.circuit import Angle, Circuit


def gate_angles(circuit: Circuit, inputs: Any, weights: Any) -> list[tuple[Any, ...]]:
    """Return the angles of each gate, picked from ``inputs`` and ``weights`` by index.

    The circuits timed here have one input or one weight, as it is, for each angle.
    """
    return [tuple(_pick(angle, inputs, weights) for angle in gate.angles) for gate in circuit.gates]


def _pick(angle: Angle, inputs: Any, weights: Any) -> Any:
    if angle == Angle.weight(angle.weights[0][0] if angle.weights else 0):
        return weights[angle.weights[0][0]]
    if angle == Angle.input(angle.inputs[0][0] if angle.inputs else 0):
        return inputs[angle.inputs[0][0]]
    if not angle.inputs and not angle.weights:
        return angle.offset
    raise NotImplementedError(f"the angle {angle} is neither an input nor a weight")
