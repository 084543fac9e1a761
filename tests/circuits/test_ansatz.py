from __future__ import annotations

import doctest
import inspect
from collections.abc import Callable

import pytest

from qaugbench.circuits import ansatz
from qaugbench.circuits.ansatz import (
    all_to_all,
    amplitude_embedding,
    angle_embedding,
    brick_wall,
    chain,
    count_weights,
    driven_by_inputs,
    each_pair,
    each_wire,
    fqconv_layers,
    hardware_efficient_layers,
    hqconv_layers,
    ring,
    stacked,
    strongly_entangling_layers,
)
from qaugbench.circuits.circuit import Angle, Circuit, Gate
from qaugbench.circuits.readout import Readout
from qaugbench.errors import CircuitError
from tests.circuits import papers
from tests.circuits.package_circuits import BUILDERS, WHOLE

SIZES = {  # inputs, weights and outputs, as counted in the papers or in their code
    "patch_gan": (papers.patch_gan(), (5, 120 // 4, 16)),
    "pqwgan, 28 patches": (papers.pqwgan(28, 10), (6, 5040 // 28, 32)),
    "pqwgan, 14 patches": (papers.pqwgan(56, 10), (7, 2940 // 14, 64)),
    "mosaiq": (papers.mosaiq(), (5, 240 // 8, 5)),
    "mediq_gan": (papers.mosaiq(16, 8), (16, 640 // 5, 16)),
    "style_qgan": (papers.style_qgan(2), (34 // 2, 0, 3)),
    "last_qgan": (papers.last_qgan(), (3960 // 11, 0, 20)),
    "q_dense, 8x8": (papers.q_dense(64, 55), (64, 990, 64)),
    "q_dense, 28x28": (papers.q_dense(784, 47), (784, 1410, 1024)),
    "q_dense_guided": (papers.q_dense_guided(64, 3, blocks=2), (65, 2 * 3 * 7 * 3, 64)),
    "hqconv": (papers.hqconv(3), (12, 84, 12)),
}


@pytest.mark.parametrize("name", SIZES)
def test_published_circuits_have_the_published_size(name: str) -> None:
    circuit, numbers = SIZES[name]
    assert (circuit.n_inputs, circuit.n_weights, circuit.n_outputs) == numbers


def test_a_papers_circuit_is_about_fifteen_lines_of_data() -> None:
    functions = [f for _, f in inspect.getmembers(papers, inspect.isfunction) if f.__module__ == papers.__name__]
    assert len(functions) == 8
    assert max(len(inspect.getsource(function).splitlines()) for function in functions) <= 15


def test_every_function_that_returns_gates_is_held_against_other_libraries() -> None:
    functions = [f for _, f in inspect.getmembers(ansatz, inspect.isfunction) if f.__module__ == ansatz.__name__]
    public = {function.__name__ for function in functions if not function.__name__.startswith("_")}
    assert public - {"count_weights"} == set(BUILDERS) | set(WHOLE)


def test_examples_hold() -> None:
    assert doctest.testmod(ansatz).attempted == 5
    assert doctest.testmod(ansatz).failed == 0


def pairs(gates: list[Gate]) -> list[tuple[int, ...]]:
    return [gate.wires for gate in gates]


def test_entanglers_join_these_wires() -> None:
    assert pairs(ring(4)) == [(0, 1), (1, 2), (2, 3), (3, 0)]
    assert pairs(ring(4, reach=2)) == [(0, 2), (1, 3), (2, 0), (3, 1)]
    assert pairs(chain(4)) == [(0, 1), (1, 2), (2, 3)]
    assert pairs(brick_wall(5)) == [(0, 1), (2, 3), (1, 2), (3, 4)]
    assert pairs(all_to_all(3)) == [(0, 1), (0, 2), (1, 2)]
    assert [pattern(1) for pattern in (ring, chain, brick_wall, all_to_all)] == [[]] * 4


NUMBERED: dict[str, Callable[[int], list[Gate]]] = {
    "each_wire": lambda first: each_wire(3, "Rot", first_weight=first),
    "each_pair": lambda first: each_pair([(0, 1), (2, 1)], "RXX", first_weight=first),
    "ring": lambda first: ring(3, "CRX", first_weight=first),
    "chain": lambda first: chain(3, "CRY", first_weight=first),
    "brick_wall": lambda first: brick_wall(4, "RZZ", first_weight=first),
    "all_to_all": lambda first: all_to_all(3, "CRZ", first_weight=first),
    "hardware_efficient": lambda first: hardware_efficient_layers(3, 2, ["RY"], chain(3, "CRX"), first_weight=first),
    "strongly_entangling": lambda first: strongly_entangling_layers(3, 2, first_weight=first),
    "hqconv": lambda first: hqconv_layers(8, 2, first_weight=first),
    "fqconv": lambda first: fqconv_layers(8, 2, first_weight=first),
    "stacked": lambda first: stacked(each_wire(2, "RY"), chain(2, "RZZ"), first_weight=first),
}


@pytest.mark.parametrize("name", NUMBERED)
def test_weights_are_numbered_from_the_first(name: str) -> None:
    used = [index for gate in NUMBERED[name](4) for angle in gate.angles for index, _ in angle.weights]
    assert used == list(range(4, 4 + count_weights(NUMBERED[name](0))))


def test_convolution_layers_have_the_published_size_and_order() -> None:
    """Gate by gate as in the released code, with its ring within each channel applied: 28 and 24 weights on 12 wires."""
    for layers in (1, 3):
        assert count_weights(hqconv_layers(12, layers)) == 28 * layers
        assert count_weights(fqconv_layers(12, layers)) == 24 * layers
    hq, fq = hqconv_layers(12, 1), fqconv_layers(12, 1)
    assert [gate.name for gate in hq] == ["CRZ", "CRX"] * 14
    assert pairs(hq)[:8:2] == [(8, 11), (11, 10), (10, 9), (9, 8)]
    assert pairs(hq)[::2][4::4] == [(4, 7), (0, 3), (4, 8)]
    assert pairs(hq)[24:] == [(4, 8), (4, 8), (0, 4), (0, 4)]
    assert [gate.name for gate in fq] == [*["CRZ"] * 4, *["CRX"] * 4] * 3
    assert pairs(fq)[:4] == pairs(fq)[4:8] == [(3, 11), (2, 10), (1, 9), (0, 8)]
    assert pairs(fq)[8:12] == [(11, 7), (10, 6), (9, 5), (8, 4)]
    assert pairs(fq)[16:20] == [(7, 3), (6, 2), (5, 1), (4, 0)]


def test_stacked_parts_keep_inputs_and_get_weights_of_their_own() -> None:
    part = [*angle_embedding(1, "RX"), *each_wire(1, "RY")]
    assert [str(gate.angles[0]) for gate in stacked(part, part)] == ["x[0]", "w[0]", "x[0]", "w[1]"]


def test_weights_shared_within_a_part_stay_shared() -> None:
    part = [*each_wire(2, "RY"), *each_wire(2, "RZ")]
    assert [str(gate.angles[0]) for gate in stacked(part, part)] == ["w[0]", "w[1]"] * 2 + ["w[2]", "w[3]"] * 2


def test_inputs_drive_what_weights_did() -> None:
    gates = driven_by_inputs(stacked(angle_embedding(2), each_wire(2, "RY")), first_input=2)
    assert [str(gate.angles[0]) for gate in gates] == ["x[0]", "x[1]", "x[2]", "x[3]"]
    (gate,) = driven_by_inputs([Gate("RX", [0], [Angle(0.5, ((0, -2.0),), ((1, 3.0),))])])
    assert gate.angles == (Angle(0.5, (), ((1, 3.0), (0, -2.0))),)


def test_amplitudes_take_the_fewest_wires() -> None:
    assert [len(amplitude_embedding(n).wires) for n in (1, 2, 3, 4, 5, 784)] == [1, 1, 2, 2, 3, 10]
    assert amplitude_embedding(3, first_input=2).inputs == range(2, 5)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: each_wire(2, "RYY"), r"acts on 2 wire\(s\)"),
        (lambda: each_wire(2, "YR"), "Unknown gate 'YR'"),
        (lambda: chain(3, "RZ"), r"acts on 1 wire\(s\)"),
        (lambda: hardware_efficient_layers(3, 0), "at least one wire and one layer, given 3 and 0"),
        (lambda: hardware_efficient_layers(3, 1, "RY"), r"write \['RY'\]"),
        (lambda: driven_by_inputs(stacked(angle_embedding(2), each_wire(2, "RY"))), "use input 0.*first_input=2"),
        (lambda: hqconv_layers(6, 1), "HQConv acts on channels of four wires, at least 1 of them; given 6 wires"),
        (lambda: fqconv_layers(4, 1), "at least 2 of them; given 4 wires"),
        (lambda: amplitude_embedding(0), "at least one feature, given 0"),
        (lambda: Circuit(2, each_wire(2, "RY", first_weight=1), Readout.each_wire(2)), "No gate uses weight index 0"),
    ],
)
def test_what_cannot_be_built_is_refused(make: Callable[[], object], message: str) -> None:
    with pytest.raises(CircuitError, match=message):
        make()
