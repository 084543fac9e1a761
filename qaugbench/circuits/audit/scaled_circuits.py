"""Relatives of a circuit: narrower, shallower and deeper ones made from its own gates, to see how a quantity scales."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from qaugbench.circuits.circuit import AmplitudeEmbedding, Angle, Circuit, Gate, Terms
from qaugbench.circuits.readout import Readout, parse_word


def moments(circuit: Circuit) -> list[list[Gate]]:
    """Return the gates in as few layers as possible, no two of a layer sharing a wire; the number of layers is the depth."""
    rows: list[list[Gate]] = []
    free_from = [0] * circuit.n_wires
    for gate in circuit.gates:
        row = max(free_from[wire] for wire in gate.wires)
        rows += [[]] * (row == len(rows))
        rows[row] = [*rows[row], gate]
        for wire in gate.wires:
            free_from[wire] = row + 1
    return rows


def narrowed(circuit: Circuit, n_wires: int) -> Circuit | None:
    """Return the part of ``circuit`` on its first ``n_wires`` wires; None where nothing is left to read.

    Gates and Pauli words that touch another wire are left out, as are weights and inputs that nothing uses any more.
    In a circuit whose two-wire gates go around a ring, those of the first wires keep their reach around the smaller ring.
    """
    readout = _narrowed_readout(circuit.readout, n_wires)
    if readout is None or (circuit.start and max(circuit.start.wires) >= n_wires):
        return None
    placed = (replace(gate, wires=wires) for gate in circuit.gates if (wires := _kept_wires(gate, circuit, n_wires)))
    return _renumbered(n_wires, list(placed), readout, circuit.start)


def shallowed(circuit: Circuit, depth: int) -> Circuit:
    """Return ``circuit`` without the layers of gates after the first ``depth``."""
    gates = [gate for row in moments(circuit)[:depth] for gate in row]
    return _renumbered(circuit.n_wires, gates, circuit.readout, circuit.start)


def repeated(circuit: Circuit, times: int) -> Circuit:
    """Return ``circuit`` with the gates that read no input repeated ``times`` times, each time with new weights."""
    body = [gate for gate in circuit.gates if not any(angle.inputs for angle in gate.angles)]
    gates = list(circuit.gates)
    for time in range(1, times):
        gates += [_shifted(gate, time * circuit.n_weights) for gate in body]
    return _renumbered(circuit.n_wires, gates, circuit.readout, circuit.start)


def _kept_wires(gate: Gate, circuit: Circuit, n_wires: int) -> tuple[int, ...]:
    """Return the wires of ``gate`` in a circuit of ``n_wires``, none if it has no place there."""
    wires, around = list(gate.wires), circuit.n_wires
    if len(wires) == 2 and _is_ring(circuit):
        reach = (wires[1] - wires[0] + around // 2) % around - around // 2
        wires[1] = (wires[0] + reach) % n_wires
    return tuple(wires) if max(wires) < n_wires and len(set(wires)) == len(wires) else ()


def _is_ring(circuit: Circuit) -> bool:
    return any(abs(gate.wires[0] - gate.wires[-1]) > circuit.n_wires / 2 for gate in circuit.gates)


def _narrowed_readout(readout: Readout, n_wires: int) -> Readout | None:
    if readout.words:
        words = tuple(word for word in readout.words if max(wire for wire, _ in parse_word(word)) < n_wires)
        return replace(readout, words=words) if words else None
    wires = tuple(wire for wire in readout.wires if wire < n_wires)
    postselect = tuple(pair for pair in readout.postselect if pair[0] < n_wires)
    if len(postselect) == n_wires or (readout.wires and not wires):
        return None
    return replace(readout, wires=wires, postselect=postselect)


def _renumbered(n_wires: int, gates: Sequence[Gate], readout: Readout, start: AmplitudeEmbedding | None) -> Circuit:
    """Return the circuit with its weights and inputs renumbered from 0 without a gap, in their former order."""
    angles = [angle for gate in gates for angle in gate.angles]
    weights = _numbers(index for angle in angles for index, _ in angle.weights)
    inputs = _numbers([*(start.inputs if start else ()), *(index for angle in angles for index, _ in angle.inputs)])

    def renamed(angle: Angle) -> Angle:
        return replace(angle, weights=_under(angle.weights, weights), inputs=_under(angle.inputs, inputs))

    kept = tuple(replace(gate, angles=tuple(map(renamed, gate.angles))) for gate in gates)
    return Circuit(n_wires, kept, readout, start and replace(start, first_input=inputs[start.first_input]))


def _shifted(gate: Gate, by: int) -> Gate:
    angles = (replace(a, weights=tuple((index + by, scale) for index, scale in a.weights)) for a in gate.angles)
    return replace(gate, angles=tuple(angles))


def _numbers(indices: Iterable[int]) -> dict[int, int]:
    return {index: number for number, index in enumerate(sorted(set(indices)))}


def _under(terms: Terms, numbers: dict[int, int]) -> Terms:
    return tuple((numbers[index], scale) for index, scale in terms)
