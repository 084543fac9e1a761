"""A state vector that is as plain as it can be: one dense matrix a gate, in double precision, sample by sample."""

from __future__ import annotations

from functools import reduce

import torch

from qaugbench.circuits.circuit import Angle, Circuit, Gate
from qaugbench.circuits.readout import parse_word

_C = torch.complex128
ONE, X, Y, Z = (
    torch.tensor(matrix, dtype=_C)
    for matrix in ([[1, 0], [0, 1]], [[0, 1], [1, 0]], [[0, -1j], [1j, 0]], [[1, 0], [0, -1]])
)
P0, P1 = (ONE + Z) / 2, (ONE - Z) / 2
H = (X + Z) / 2**0.5
PAULIS = {"X": X, "Y": Y, "Z": Z}
FIXED = {"H": H, "X": X, "Y": Y, "Z": Z, "S": P0 + 1j * P1, "T": P0 + (1 + 1j) / 2**0.5 * P1}


def outputs(circuit: Circuit, inputs: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
    """Return the outputs [copies, batch, n_outputs] for inputs [copies or 1, batch, n_inputs] and weights."""
    inputs = inputs.expand(len(weights), -1, -1)
    rows = [[_outputs(circuit, x, w) for x in samples] for samples, w in zip(inputs, weights, strict=True)]
    return torch.stack([torch.stack(row) for row in rows])


def _outputs(circuit: Circuit, inputs: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
    n = circuit.n_wires
    state = _start(circuit, inputs)
    for gate in circuit.gates:
        state = _matrix(gate, n, inputs, weights) @ state
    if circuit.readout.words:
        matrices = (_on(n, {w: PAULIS[letter] for w, letter in parse_word(word)}) for word in circuit.readout.words)
        return torch.stack([(state.conj() @ matrix @ state).real for matrix in matrices])
    found = (state.abs() ** 2).reshape([2] * n)
    given = dict(circuit.readout.postselect)
    for wire in sorted(given, reverse=True):
        found = found.select(wire, given[wire])
    left = [wire for wire in range(n) if wire not in given]
    rest = [wire for wire in left if wire not in circuit.read_wires]
    found = found.permute([left.index(wire) for wire in (*circuit.read_wires, *rest)])
    found = found.reshape(2 ** len(circuit.read_wires), -1).sum(1)
    return found / found.sum() if given else found


def _start(circuit: Circuit, inputs: torch.Tensor) -> torch.Tensor:
    n, start = circuit.n_wires, circuit.start
    if start is None:
        return torch.eye(2**n, dtype=_C)[0]
    amplitudes = inputs[start.first_input : start.first_input + start.n_features]
    padded = torch.cat([amplitudes, amplitudes.new_zeros(2 ** len(start.wires) - len(amplitudes))])
    others = [wire for wire in range(n) if wire not in start.wires]
    state = torch.outer(padded / padded.norm(), torch.eye(2 ** len(others), dtype=torch.float64)[0]).reshape([2] * n)
    order = [*start.wires, *others]
    return state.permute([order.index(wire) for wire in range(n)]).flatten().to(_C)


def _matrix(gate: Gate, n: int, inputs: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
    angles = [_value(angle, inputs, weights) for angle in gate.angles]
    name, wires = gate.name, gate.wires
    if name in FIXED:
        return _on(n, {wires[0]: FIXED[name]})
    if name == "SWAP":
        return sum((_on(n, dict.fromkeys(wires, P)) for P in (ONE, X, Y, Z)), torch.zeros(2**n, 2**n, dtype=_C)) / 2
    if name in ("CNOT", "CZ"):
        return _on(n, {wires[0]: P0}) + _on(n, {wires[0]: P1, wires[1]: X if name == "CNOT" else Z})
    if name == "Rot":
        first, second, third = (_turn(n, angle, {wires[0]: P}) for angle, P in zip(angles, (Z, Y, Z), strict=True))
        return third @ second @ first
    if name == "PhaseShift":
        return torch.exp(0.5j * angles[0]) * _turn(n, angles[0], {wires[0]: Z})
    if name[0] == "C":
        return _on(n, {wires[0]: P0}) + _on(n, {wires[0]: P1}) @ _turn(n, angles[0], {wires[1]: PAULIS[name[2]]})
    return _turn(n, angles[0], dict.fromkeys(wires, PAULIS[name[1]]))


def _turn(n: int, angle: torch.Tensor, factors: dict[int, torch.Tensor]) -> torch.Tensor:
    """Return exp(-i angle P / 2) for a product P of Pauli matrices, whose square is one."""
    return torch.cos(angle / 2) * _on(n, {}) - 1j * torch.sin(angle / 2) * _on(n, factors)


def _value(angle: Angle, inputs: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
    terms = [scale * weights[i] for i, scale in angle.weights] + [scale * inputs[j] for j, scale in angle.inputs]
    return sum(terms, torch.tensor(angle.offset, dtype=torch.float64))


def _on(n: int, factors: dict[int, torch.Tensor]) -> torch.Tensor:
    return reduce(torch.kron, [factors.get(wire, ONE) for wire in range(n)])
