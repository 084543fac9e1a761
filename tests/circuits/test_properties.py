"""What holds for every circuit, tried on random ones; states are compared by the expectations of all Pauli words."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import replace

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from qaugbench.circuits.circuit import AmplitudeEmbedding, Angle, Circuit, Gate
from qaugbench.circuits.gates import GATES
from qaugbench.circuits.readout import Readout, parse_word
from qaugbench.circuits.statevector import StateVector
from qaugbench.seeds import torch_generator

N_WIRES = 3
SAMPLES = 4
few = settings(max_examples=20, derandomize=True, deadline=None, database=None)
numbers = st.floats(-7, 7, allow_subnormal=False)
CONTROLLED = ("CRX", "CRY", "CRZ")


@st.composite
def angles(draw: st.DrawFn) -> Angle:
    """Draw a constant, a weight or a mixture; 3 weights and 2 inputs."""
    kind = draw(st.integers(0, 2))
    if kind == 0:
        return Angle.constant(draw(numbers))
    if kind == 1:
        return Angle.weight(draw(st.integers(0, 2)), draw(numbers))
    return Angle(draw(numbers), ((draw(st.integers(0, 2)), 1.0),), ((draw(st.integers(0, 1)), draw(numbers)),))


@st.composite
def gates(draw: st.DrawFn, name: str | None = None, max_size: int = 12) -> list[Gate]:
    """Draw up to ``max_size`` gates on three wires, of one kind if ``name`` is given."""
    drawn = []
    for _ in range(draw(st.integers(1, max_size))):
        kind = name or draw(st.sampled_from(sorted(GATES)))
        wires = draw(st.permutations(range(N_WIRES)))[: GATES[kind].n_wires]
        drawn.append(Gate(kind, wires, [draw(angles()) for _ in range(GATES[kind].n_angles)]))
    return drawn


@st.composite
def readouts(draw: st.DrawFn) -> Readout:
    """Draw words, probabilities of some wires, or probabilities given some."""
    wires = draw(st.permutations(range(N_WIRES)))
    kind = draw(st.integers(0, 3))
    if kind == 0:
        return Readout("expectation", draw(st.lists(st.sampled_from(all_words()), min_size=1, max_size=4)))
    if kind == 1:
        return Readout.probabilities()
    if kind == 2:
        return Readout.probabilities(tuple(wires[: draw(st.integers(1, N_WIRES))]))
    return Readout.probabilities(tuple(wires[:1]), {wires[1]: draw(st.integers(0, 1))})


def all_words() -> list[str]:
    letters = itertools.product("IXYZ", repeat=N_WIRES)
    words = [" ".join(f"{p}{wire}" for wire, p in enumerate(word) if p != "I") for word in letters]
    return [word for word in words if word]


def circuit_of(applied: Sequence[Gate], readout: Readout | None = None) -> Circuit:
    """Return ``applied`` after a start in amplitudes and gates that make these complex.

    An RZ by zero times each parameter lets ``applied`` use any of them without leaving a gap.
    """
    mixing = [Gate("Rot", [wire], [Angle.constant(0.3 + wire + k) for k in range(3)]) for wire in range(N_WIRES)]
    mixing += [Gate("CRX", [0, 1], [Angle.constant(1.3)]), Gate("RYY", [1, 2], [Angle.constant(0.8)])]
    idle = Angle(0.0, tuple((i, 0.0) for i in range(3)), tuple((j, 0.0) for j in range(2)))
    start = AmplitudeEmbedding(tuple(range(N_WIRES)), 2**N_WIRES, first_input=2)
    applied = [*mixing, Gate("RZ", [0], [idle]), *applied]
    return Circuit(N_WIRES, applied, readout or Readout("expectation", all_words()), start)


def point(seed: int = 0) -> tuple[torch.Tensor, torch.Tensor]:
    """Return inputs [1, SAMPLES, n_inputs] and weights [1, 3]."""
    generator = torch_generator(seed)
    inputs = torch.randn(1, SAMPLES, 2 + 2**N_WIRES, generator=generator, dtype=torch.float64)
    return inputs, torch.randn(1, 3, generator=generator, dtype=torch.float64)


def run(applied: Sequence[Gate], readout: Readout | None = None) -> torch.Tensor:
    """Return outputs [SAMPLES, n_outputs] of ``circuit_of(applied, readout)`` at ``point()``."""
    return StateVector(circuit_of(applied, readout)).double()(*point())[0]


def inverse(applied: Sequence[Gate]) -> list[Gate]:
    """Return the gates that undo ``applied``."""
    undone = []
    for gate in reversed(applied):
        turned = [_negative(angle) for angle in reversed(gate.angles)]
        repeats = {"S": 3, "T": 7}.get(gate.name, 1)  # of order 4 and 8; the others without angles are of order 2
        undone += [Gate(gate.name, gate.wires, turned)] * repeats
    return undone


def _negative(angle: Angle) -> Angle:
    negated = [tuple((index, -scale) for index, scale in terms) for terms in (angle.weights, angle.inputs)]
    return Angle(-angle.offset, *negated)


def overlaps(expectations: torch.Tensor) -> torch.Tensor:
    """Return |<first|second>|^2 for all pairs of states given by the expectations of all words."""
    return (1 + expectations @ expectations.T) / 2**N_WIRES


@few
@given(gates())
def test_inner_products_are_kept(applied: list[Gate]) -> None:
    inputs, weights = point()
    inputs[:, :, :2] = inputs[:, :1, :2]  # one unitary for all samples
    amplitudes = torch.nn.functional.normalize(inputs[0, :, 2:], dim=1)
    found = overlaps(StateVector(circuit_of(applied)).double()(inputs, weights)[0])
    torch.testing.assert_close(found, (amplitudes @ amplitudes.T).square(), atol=1e-12, rtol=0)


@few
@given(gates(), readouts())
def test_probabilities_are_a_distribution(applied: list[Gate], readout: Readout) -> None:
    outputs = run(applied, readout)
    if readout.kind == "expectation":
        assert outputs.abs().max() <= 1 + 1e-12
    else:
        assert outputs.min() >= 0
        torch.testing.assert_close(outputs.sum(dim=1), torch.ones(SAMPLES, dtype=torch.float64), atol=1e-12, rtol=0)


@few
@given(gates())
def test_a_circuit_and_its_inverse_return_to_the_start(applied: list[Gate]) -> None:
    torch.testing.assert_close(run([*applied, *inverse(applied)]), run([]), atol=1e-12, rtol=0)


@pytest.mark.parametrize("name", GATES)
@settings(few, max_examples=5)
@given(st.data())
def test_each_gate_is_undone_by_its_inverse(name: str, data: st.DataObject) -> None:
    applied = data.draw(gates(name, max_size=3))
    torch.testing.assert_close(run([*applied, *inverse(applied)]), run([]), atol=1e-12, rtol=0)


# "a" is the angle drawn, "-a" and "a/2" what they say, "q" a quarter turn; the others are numbers
IDENTITIES = {
    "HXH": ("H 0; X 0; H 0", "Z 0"),
    "HZH": ("H 0; Z 0; H 0", "X 0"),
    "Y is XZ": ("X 1; Z 1", "Y 1"),
    "SS": ("S 0; S 0", "Z 0"),
    "TT": ("T 2; T 2", "S 2"),
    "S is a phase": ("S 0", "PhaseShift 0 q"),
    "PhaseShift is RZ up to a phase": ("PhaseShift 0 a", "RZ 0 a"),
    "H RX H": ("H 0; RX 0 a; H 0", "RZ 0 a"),
    "S RX S*": ("RZ 0 -q; RX 0 a; RZ 0 q", "RY 0 a"),
    "Rot": ("Rot 0 a 0.4 -1.1", "RZ 0 a; RY 0 0.4; RZ 0 -1.1"),
    "CNOT": ("H 1; CZ 0 1; H 1", "CNOT 0 1"),
    "CNOT backwards": ("H 0; H 2; CNOT 0 2; H 0; H 2", "CNOT 2 0"),
    "CZ is symmetric": ("CZ 0 2", "CZ 2 0"),
    "SWAP": ("CNOT 0 2; CNOT 2 0; CNOT 0 2", "SWAP 0 2"),
    "RZZ": ("CNOT 0 1; RZ 1 a; CNOT 0 1", "RZZ 0 1 a"),
    "RXX": ("CNOT 0 1; RX 0 a; CNOT 0 1", "RXX 0 1 a"),
    "RXX from RZZ": ("H 0; H 1; RZZ 0 1 a; H 0; H 1", "RXX 1 0 a"),
    "RYY from RZZ": ("RX 0 q; RX 1 q; RZZ 0 1 a; RX 0 -q; RX 1 -q", "RYY 0 1 a"),
    "RXX at a half turn": ("RXX 0 1 3.141592653589793", "X 0; X 1"),
    "CRZ": ("RZ 1 a/2; CNOT 0 1; RZ 1 -a/2; CNOT 0 1", "CRZ 0 1 a"),
    "CRY": ("RY 2 a/2; CNOT 0 2; RY 2 -a/2; CNOT 0 2", "CRY 0 2 a"),
    "CRX": ("H 1; CRZ 2 1 a; H 1", "CRX 2 1 a"),
    "CRZ from RZZ": ("RZ 1 a/2; RZZ 0 1 -a/2", "CRZ 0 1 a"),
}


def parsed(text: str, angle: float) -> list[Gate]:
    named = {"a": angle, "-a": -angle, "a/2": angle / 2, "-a/2": -angle / 2, "q": math.pi / 2, "-q": -math.pi / 2}
    found = []
    for name, *words in (part.split() for part in text.split(";")):
        n_wires = GATES[name].n_wires
        turns = [Angle.constant(named[word] if word in named else float(word)) for word in words[n_wires:]]
        found.append(Gate(name, [int(word) for word in words[:n_wires]], turns))
    return found


@pytest.mark.parametrize("name", IDENTITIES)
@settings(few, max_examples=5)
@given(numbers)
def test_gate_identities(name: str, angle: float) -> None:
    left, right = (run(parsed(text, angle)) for text in IDENTITIES[name])
    torch.testing.assert_close(left, right, atol=1e-12, rtol=0)


@pytest.mark.parametrize("name", [name for name, kind in GATES.items() if kind.n_angles])
@settings(few, max_examples=3)
@given(st.data())
def test_angles_are_periodic(name: str, data: st.DataObject) -> None:
    """After two whole turns; after one, a controlled rotation has become another gate."""
    (gate,) = data.draw(gates(name, max_size=1))

    def turned(by: float) -> torch.Tensor:
        return run([replace(gate, angles=tuple(replace(angle, offset=angle.offset + by) for angle in gate.angles))])

    torch.testing.assert_close(turned(4 * math.pi), turned(0.0), atol=1e-12, rtol=0)
    assert ((turned(2 * math.pi) - turned(0.0)).abs().max() > 1e-3) == (name in CONTROLLED)


@few
@given(gates(), readouts(), st.permutations(range(N_WIRES)))
def test_renamed_wires_give_the_same_outputs(applied: list[Gate], readout: Readout, names: list[int]) -> None:
    if not readout.words and not readout.wires:
        readout = Readout.probabilities(tuple(range(N_WIRES)))
    renamed = Readout(
        readout.kind,
        [" ".join(f"{letter}{names[wire]}" for wire, letter in parse_word(word)) for word in readout.words],
        [names[wire] for wire in readout.wires],
        [(names[wire], bit) for wire, bit in readout.postselect],
    )
    circuit = circuit_of(applied, readout)
    moved = [Gate(gate.name, [names[wire] for wire in gate.wires], gate.angles) for gate in circuit.gates]
    start = AmplitudeEmbedding(tuple(names), 2**N_WIRES, first_input=2)
    other = StateVector(Circuit(N_WIRES, moved, renamed, start)).double()(*point())[0]
    torch.testing.assert_close(run(applied, readout), other, atol=1e-12, rtol=0)


@few
@given(gates(max_size=6), st.sampled_from(all_words()))
def test_gradients_follow_the_parameter_shift_rules(applied: list[Gate], word: str) -> None:
    """Each angle a weight of its own; two terms for one frequency, four for the two of a controlled rotation."""
    names: list[str] = []
    for place, gate in enumerate(applied):
        own = [Angle.weight(len(names) + k) for k in range(len(gate.angles))]
        applied[place] = replace(gate, angles=tuple(own))
        names += [gate.name] * len(own)
    start = AmplitudeEmbedding(tuple(range(N_WIRES)), 2**N_WIRES)
    state_vector = StateVector(Circuit(N_WIRES, applied, Readout("expectation", [word]), start)).double()
    inputs = point()[0][:, :, 2:]
    weights = torch.randn(1, len(names), generator=torch_generator(1), dtype=torch.float64, requires_grad=True)
    outputs = state_vector(inputs, weights)
    found = torch.autograd.grad(outputs.sum(), weights)[0][0] if outputs.requires_grad else torch.zeros(len(names))

    def difference(index: int, shift: float) -> torch.Tensor:
        by = torch.zeros_like(weights).index_fill_(1, torch.tensor(index), shift)
        return state_vector(inputs, weights + by).sum() - state_vector(inputs, weights - by).sum()

    for index, name in enumerate(names):
        if name in CONTROLLED:
            near, far = (math.sqrt(2) + 1) / math.sqrt(32), (math.sqrt(2) - 1) / math.sqrt(32)
            expected = near * difference(index, math.pi / 2) - far * difference(index, 3 * math.pi / 2)
        else:
            expected = difference(index, math.pi / 2) / 2
        assert found[index].item() == pytest.approx(expected.item(), abs=1e-11)


@few
@given(gates(), readouts())
def test_a_sample_does_not_depend_on_its_neighbours(applied: list[Gate], readout: Readout) -> None:
    state_vector = StateVector(circuit_of(applied, readout)).double()
    inputs, weights = point()
    both = state_vector(inputs, torch.cat([weights, weights + 1]))
    alone = [state_vector(inputs[:, [sample]], weights)[0, 0] for sample in range(SAMPLES)]
    torch.testing.assert_close(both[0], torch.stack(alone), atol=1e-12, rtol=0)
    torch.testing.assert_close(both[1], state_vector(inputs, weights + 1)[0], atol=1e-12, rtol=0)
