"""Building blocks of circuits: each function returns gates; weights are numbered from ``first_weight``."""

from __future__ import annotations

from collections.abc import Iterable

from qaugbench.circuits.circuit import Angle, Circuit, Gate
from qaugbench.circuits.readout import Readout
from qaugbench.errors import CircuitError


def angle_embedding(n_wires: int, gate: str = "RX", *, scale: float = 1.0, first_input: int = 0) -> list[Gate]:
    """Return one rotation a wire by ``scale * input``; ``gate`` is RX, RY or RZ."""
    return [Gate(gate, (wire,), (Angle.input(first_input + wire, scale),)) for wire in range(n_wires)]


def strongly_entangling_layers(
    n_wires: int, layers: int, *, first_weight: int = 0, drop_dead: bool = False
) -> list[Gate]:
    """Return Rot on each wire and a ring of CNOTs, ``layers`` times; layer l reaches over l mod (n - 1) + 1 wires.

    Weight order and ranges are those of PennyLane's StronglyEntanglingLayers (arXiv 1804.00633). Under a readout of Z
    the last RZ of each wire has no effect; ``drop_dead`` leaves those out (n_wires fewer weights).
    """
    reaches = [layer % max(n_wires - 1, 1) + 1 for layer in range(layers)]
    return _rotation_layers(n_wires, reaches, first_weight, drop_dead=drop_dead)


def nearest_neighbour_layers(
    n_wires: int, layers: int, *, first_weight: int = 0, drop_dead: bool = False
) -> list[Gate]:
    """Return strongly entangling layers whose CNOT ring joins neighbours only (reach 1 in every layer)."""
    return _rotation_layers(n_wires, [1] * layers, first_weight, drop_dead=drop_dead)


def ring(n_wires: int, gate: str = "CNOT", *, reach: int = 1) -> list[Gate]:
    """Return ``gate`` from each wire to the one ``reach`` further on, around the ring; nothing on one wire."""
    return [Gate(gate, (wire, (wire + reach) % n_wires)) for wire in range(n_wires)] if n_wires > 1 else []


def chain(n_wires: int, gate: str = "CZ") -> list[Gate]:
    """Return ``gate`` from each wire to the next, without closing the ring."""
    return [Gate(gate, (wire, wire + 1)) for wire in range(n_wires - 1)]


def count_weights(gates: Iterable[Gate]) -> int:
    """Return the first weight index that ``gates`` leave free."""
    return max((index for gate in gates for angle in gate.angles for index, _ in angle.weights), default=-1) + 1


def qldm_circuit(n_wires: int, layers: int) -> Circuit:
    """Return the circuit of the hybrid latent diffusion generator: ``n_wires`` inputs and outputs, no dead weight.

    RX embedding of the inputs, then ``layers`` of Rot on each wire and a ring of nearest-neighbour CNOTs, then <Z> of
    each wire. The CNOT ring maps products of Z to products of Z, so the last RZ of the last layer's Rot could never
    change an output: that layer has RZ and RY only, and the circuit ``n_wires * (3 * layers - 1)`` weights, all of
    which train.
    """
    if n_wires < 1 or layers < 1:
        raise CircuitError(f"qldm_circuit needs at least one wire and one layer, given {n_wires} and {layers}.")
    gates = angle_embedding(n_wires) + nearest_neighbour_layers(n_wires, layers, drop_dead=True)
    return Circuit(n_wires, tuple(gates), Readout.each_wire(n_wires))


def _rotation_layers(n_wires: int, reaches: list[int], first_weight: int, *, drop_dead: bool) -> list[Gate]:
    gates: list[Gate] = []
    weight = first_weight
    for layer, reach in enumerate(reaches):
        last = drop_dead and layer == len(reaches) - 1
        for wire in range(n_wires):
            angles = tuple(Angle.weight(weight + k) for k in range(2 if last else 3))
            weight += len(angles)
            if last:
                gates += [Gate("RZ", (wire,), angles[:1]), Gate("RY", (wire,), angles[1:])]
            else:
                gates.append(Gate("Rot", (wire,), angles))
        gates += ring(n_wires, reach=reach)
    return gates
