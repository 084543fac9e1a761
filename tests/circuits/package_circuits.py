"""Every gate, and every circuit that the package or a published system builds, at sizes that run in a moment elsewhere."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from qaugbench import definitions
from qaugbench.circuits import ansatz
from qaugbench.circuits.circuit import AmplitudeEmbedding, Angle, Circuit, Gate
from qaugbench.circuits.gates import GATES
from qaugbench.circuits.iqp.circuit import MOST_EXACT
from qaugbench.circuits.readout import Readout
from qaugbench.inspection.build import distinct_blocks, new_model
from tests.circuits import papers

BUILDERS: dict[str, list[Gate]] = {
    "angle_embedding": ansatz.angle_embedding(3, "RY", scale=0.5),
    "each_wire": ansatz.each_wire(3, "Rot"),
    "each_pair": ansatz.each_pair([(2, 0), (1, 2)], "RXX"),
    "ring": ansatz.ring(3, "CRX", reach=2),
    "chain": ansatz.chain(3, "RZZ"),
    "brick_wall": ansatz.brick_wall(4, "RYY"),
    "all_to_all": ansatz.all_to_all(4, "CRY"),
    "stacked": ansatz.stacked(*[ansatz.angle_embedding(3), ansatz.each_wire(3, "RY"), ansatz.ring(3)] * 2),
    "driven_by_inputs": ansatz.driven_by_inputs(ansatz.hardware_efficient_layers(3, 2)),
    "hardware_efficient_layers": ansatz.hardware_efficient_layers(3, 2, ["RY", "PhaseShift"], ansatz.brick_wall(3)),
    "strongly_entangling_layers": ansatz.strongly_entangling_layers(3, 2, drop_dead=True),
    "nearest_neighbour_layers": ansatz.nearest_neighbour_layers(3, 2),
    "hqconv_layers": ansatz.hqconv_layers(8, 1),
    "fqconv_layers": ansatz.fqconv_layers(8, 1),
}
WHOLE = {
    "amplitude_embedding": Circuit(3, ansatz.each_wire(3, "RY"), Readout.each_wire(3), ansatz.amplitude_embedding(6)),
    "qldm_circuit": ansatz.qldm_circuit(4, 2),
}
PAPERS = {
    "patch_gan": papers.patch_gan(4, 3),
    "pqwgan": papers.pqwgan(7, 3),
    "mosaiq": papers.mosaiq(5, 3),
    "style_qgan": papers.style_qgan(4),
    "last_qgan": papers.last_qgan(3, 2),
    "q_dense": papers.q_dense(7, 3),
    "q_dense_guided": papers.q_dense_guided(6, 2, blocks=2),
    "hqconv": papers.hqconv(1),
}


def _observed(gates: list[Gate]) -> Circuit:
    """Return the circuit that makes all phases of ``gates`` visible: in a product of amplitudes, X, Y and Z read."""
    n_wires = max(wire for gate in gates for wire in gate.wires) + 1
    first = max((index for gate in gates for angle in gate.angles for index, _ in angle.inputs), default=-1) + 1
    start = AmplitudeEmbedding(tuple(range(n_wires)), 2**n_wires, first_input=first)
    return Circuit(n_wires, tuple(gates), Readout.each_wire(n_wires, "XYZ"), start)


def _within_an_entangled_state(name: str) -> Circuit:
    kind = GATES[name]
    around = [*ansatz.angle_embedding(3, "RY"), Gate("CNOT", (0, 1)), Gate("CNOT", (1, 2))]
    gate = Gate(name, (2, 0)[: kind.n_wires], tuple(Angle.weight(k) for k in range(kind.n_angles)))
    after = [Gate("Rot", (wire,), (Angle.constant(0.3 + wire),) * 3) for wire in range(3)]
    return Circuit(3, (*around, gate, *after), Readout.each_wire(3, "XYZ"))


def _with_ancillas(bits: dict[int, int]) -> Circuit:
    gates = ansatz.hardware_efficient_layers(5, 2, ["RY"], ansatz.ring(5))
    return Circuit(5, tuple(gates), Readout.probabilities((4, 2), bits))


CIRCUITS: dict[str, Circuit] = {
    **{name: _observed(gates) for name, gates in BUILDERS.items()},
    **WHOLE,
    **PAPERS,
    **{f"gate {name}": _within_an_entangled_state(name) for name in GATES},
    "two ancillas": _with_ancillas({3: 0, 1: 1}),
    "three ancillas": _with_ancillas({3: 1, 0: 1, 1: 0}),
}
QUANTUM_GENERATORS = [
    pytest.param(
        name, marks=[pytest.mark.slow] if name.endswith(":as-released") else []
    )  # circuits like the generator's
    for name in definitions.generator_names()
    if definitions.generator_card(name).kind in ("quantum", "hybrid")
]


MOST_GATES = 2000
"""Of a circuit that other simulators run too: one that repeats a circuit ten times takes them minutes."""


def generator_circuits(name: str) -> Iterator[Circuit]:
    """Yield the distinct circuits of qubits that the generator called ``name`` runs: of those that can be simulated, and soon."""
    for _, block in distinct_blocks(new_model(name)):
        if not isinstance(block.circuit, Circuit) or len(block.circuit.gates) > MOST_GATES:
            continue
        if block.circuit.n_wires <= MOST_EXACT:
            yield block.circuit
