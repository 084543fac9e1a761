from __future__ import annotations

import copy

import pytest
import torch

from qaugbench.circuits.ansatz import angle_embedding, qldm_circuit, strongly_entangling_layers
from qaugbench.circuits.block import QuantumBlock
from qaugbench.circuits.circuit import AmplitudeEmbedding, Angle, Circuit, Gate
from qaugbench.circuits.controls.build import CONTROLS, build_block, without_entanglement
from qaugbench.circuits.controls.parameter_counts import control_counts, control_table, parameter_count
from qaugbench.circuits.photonic.circuit import PhotonicCircuit
from qaugbench.circuits.photonic.components import Component
from qaugbench.circuits.photonic.readout import PhotonicReadout
from qaugbench.circuits.readout import Readout
from qaugbench.errors import CircuitError, NoControlError
from qaugbench.seeds import torch_generator, torch_seeded


def layered(n_wires: int, layers: int, readout: Readout | None = None) -> Circuit:
    gates = angle_embedding(n_wires) + strongly_entangling_layers(n_wires, layers, drop_dead=readout is None)
    return Circuit(n_wires, gates, readout or Readout.each_wire(n_wires))


def interferometer(readout: PhotonicReadout) -> PhotonicCircuit:
    splitters = [Component("BS.Rx", [mode, mode + 1], Angle.weight(mode)) for mode in (0, 1)]
    shifters = [Component("PS", [mode], Angle.input(mode)) for mode in (0, 1)]
    after = [Component("BS.Rx", [mode, mode + 1], Angle.weight(2 + mode)) for mode in (0, 1)]
    return PhotonicCircuit(3, [*splitters, *shifters, *after], [1, 0, 1], readout)


CIRCUITS = {
    "expectations": qldm_circuit(4, 2),
    "probabilities": layered(3, 2, Readout.probabilities()),
    "given an ancilla": layered(4, 2, Readout.probabilities((0, 2), {3: 0})),
    "samples": layered(3, 2, Readout.samples()),
    "amplitudes": Circuit(3, strongly_entangling_layers(3, 2), Readout.each_wire(3), AmplitudeEmbedding([0, 1, 2], 8)),
    "photon counts": interferometer(PhotonicReadout("counts")),
    "photon samples": interferometer(PhotonicReadout("samples")),
    "no inputs": Circuit(2, strongly_entangling_layers(2, 2), Readout.probabilities()),
}
WITHOUT_A_CIRCUIT = [name for name, control in CONTROLS.items() if not control.runs_circuit]


def build(kind: str, control: str, **options: object) -> torch.nn.Module:
    try:
        with torch_seeded(2):
            block = build_block(CIRCUITS[kind], control, dtype=torch.float64, **options)
    except NoControlError as error:
        pytest.skip(str(error))
    block.run_under(block.execution, torch_generator(5))
    return block


def inputs_of(block: torch.nn.Module, rows: int = 7) -> torch.Tensor:
    return torch.randn(rows, block.in_features, generator=torch_generator(0), dtype=torch.float64)


@pytest.mark.parametrize("control", CONTROLS)
@pytest.mark.parametrize("kind", CIRCUITS)
def test_a_control_says_whether_it_runs_a_circuit(kind: str, control: str) -> None:
    assert isinstance(build(kind, control), QuantumBlock) == CONTROLS[control].runs_circuit


@pytest.mark.parametrize("share_inputs", [False, True], ids=["own inputs", "shared inputs"])
@pytest.mark.parametrize("control", CONTROLS)
@pytest.mark.parametrize("kind", CIRCUITS)
def test_every_control_keeps_widths_and_range(kind: str, control: str, share_inputs: bool) -> None:
    circuit = CIRCUITS[kind]
    block = build(kind, control, copies=3, share_inputs=share_inputs)
    outputs = block(inputs_of(block)).detach()
    assert block.in_features == circuit.n_inputs * (1 if share_inputs else 3)
    assert outputs.shape == (7, 3 * circuit.n_outputs)
    assert outputs.abs().max() <= (2 if kind.startswith("photon") else 1)
    assert circuit.output_kind == "expectation" or outputs.min() >= 0
    if circuit.output_kind == "probabilities":
        assert torch.allclose(outputs.unflatten(1, (3, -1)).sum(-1), torch.ones(7, 3, dtype=torch.float64))
    if circuit.output_kind == "samples":
        assert {0.0, 1.0} <= set(outputs.flatten().tolist()) <= {0.0, 1.0, 2.0 if kind.startswith("photon") else 0.0}


@pytest.mark.parametrize("control", [name for name in CONTROLS if name != "random"])
@pytest.mark.parametrize("kind", ["expectations", "probabilities", "given an ancilla", "photon counts", "amplitudes"])
def test_gradients_reach_every_input(kind: str, control: str) -> None:
    if (kind, control) == ("given an ancilla", "no-entanglement"):
        pytest.skip("an input on a wire that is not read cannot reach an output")
    block = build(kind, control, copies=2)
    inputs = inputs_of(block).requires_grad_()
    outputs = block(inputs)
    (outputs * torch.randn(outputs.shape, generator=torch_generator(1))).sum().backward()
    assert (inputs.grad.abs().sum(dim=0) > 1e-12).all()


@pytest.mark.parametrize("control", WITHOUT_A_CIRCUIT)
@pytest.mark.parametrize("kind", [kind for kind in CIRCUITS if "samples" not in kind])
def test_every_parameter_of_a_classical_control_trains(kind: str, control: str) -> None:
    block = build(kind, control, copies=2)
    outputs = block(inputs_of(block))
    (outputs * torch.randn(outputs.shape, generator=torch_generator(1))).sum().backward()
    trained = {name: weight for name, weight in block.named_parameters() if weight.requires_grad and weight.numel()}
    if (kind, control) == ("no inputs", "twin"):
        trained.pop("last")  # its hidden units start at tanh(0): the biases move first
    assert all(weight.grad.abs().min() > 1e-12 for weight in trained.values())


@pytest.mark.parametrize("control", CONTROLS)
def test_columns_go_copy_by_copy(control: str) -> None:
    block = build("expectations", control, copies=2)
    inputs = inputs_of(block)
    changed = torch.cat([inputs[:, :4], inputs[:, 4:] + 0.5], dim=1)
    block.run_under(block.execution, torch_generator(5))
    first = block(inputs)
    block.run_under(block.execution, torch_generator(5))
    second = block(changed)
    assert torch.equal(first[:, :4], second[:, :4])
    assert torch.equal(first[:, 4:], second[:, 4:]) == (control == "random")


@pytest.mark.parametrize("control", WITHOUT_A_CIRCUIT)
def test_samples_need_a_generator_and_pass_no_gradient(control: str) -> None:
    block = build("samples", control)
    assert not block(inputs_of(block)).requires_grad
    block.run_under(block.execution, None)
    with pytest.raises(CircuitError, match="drawn at random; give a torch"):
        block(inputs_of(block))


@pytest.mark.parametrize("control", WITHOUT_A_CIRCUIT)
@pytest.mark.parametrize("kind", ["samples", "photon samples"])
def test_samples_have_the_means_that_the_control_computes(kind: str, control: str) -> None:
    block = build(kind, control)
    inputs = inputs_of(block, 1).repeat(20_000, 1)
    drawn = block(inputs).mean(0)
    block.run_under(block.execution, torch_generator(5))
    means = block.means(block.by_copy(inputs, torch.float64)).mean((0, 1))
    assert torch.allclose(drawn, means, atol=4 * 0.71 / 20_000**0.5)


def test_photons_without_entanglement_do_not_interfere() -> None:
    """Two photons on a balanced splitter leave together; as if each had a colour of its own, half of the time apart."""
    gates = [Component("BS.Rx", [0, 1], Angle.constant(torch.pi / 2))]
    together = PhotonicCircuit(2, gates, [1, 1], PhotonicReadout("probabilities"))
    for control, apart in (("none", 0.0), ("no-entanglement", 0.5)):
        outputs = build_block(together, control, dtype=torch.float64)(torch.zeros(1, 0))
        assert outputs[0].tolist() == pytest.approx([(1 - apart) / 2, apart, (1 - apart) / 2], abs=1e-12)


@pytest.mark.parametrize("control", ["twin", "random"])
def test_a_sample_does_not_depend_on_its_neighbours(control: str) -> None:
    together, alone = build("samples", control), build("samples", control)
    inputs = inputs_of(together, 150)
    assert torch.equal(together(inputs)[:70], alone(inputs[:70]))
    assert torch.equal(together(inputs)[:5], alone(inputs[:5]))


@pytest.mark.parametrize("control", WITHOUT_A_CIRCUIT)
def test_state_and_copies_go_on_alike(control: str) -> None:
    block = build("expectations", control, copies=2)
    block.run_under(block.execution, None)
    inputs = inputs_of(block)
    block(inputs)
    twin, other = copy.deepcopy(block), build_block(CIRCUITS["expectations"], control, copies=2, dtype=torch.float64)
    other.load_state_dict(block.state_dict())
    expected = [block(inputs), block(inputs)]
    assert all(torch.equal(expected[call], again(inputs)) for again in (twin, other) for call in (0, 1))


def test_amplitudes_are_normalised_as_the_circuit_does() -> None:
    for control in ("none", "twin", "fourier"):
        block = build("amplitudes", control)
        inputs = inputs_of(block)
        assert torch.allclose(block(inputs), block(100 * inputs), atol=1e-12)


def test_unknown_control_lists_near_names() -> None:
    with pytest.raises(CircuitError, match="Did you mean 'twin'"):
        build_block(qldm_circuit(2, 1), "twinn")


def test_frozen_has_the_circuits_weights_and_trains_none() -> None:
    count = parameter_count(build_block(qldm_circuit(4, 2), "frozen", copies=2))
    assert (count.trainable, count.total) == (0, 2 * 20)
    assert parameter_count(build_block(qldm_circuit(4, 2), copies=2)).trainable == 2 * 20


def test_no_entanglement_leaves_each_output_to_its_own_wire() -> None:
    block = build_block(qldm_circuit(4, 3), "no-entanglement", dtype=torch.float64)
    inputs = torch.randn(4, generator=torch_generator(0), dtype=torch.float64)
    jacobian = torch.autograd.functional.jacobian(lambda x: block(x[None])[0], inputs)
    assert (jacobian.diagonal().abs() > 1e-6).all()
    assert jacobian.fill_diagonal_(0).abs().max() < 1e-12


def test_no_entanglement_keeps_the_weights_of_removed_gates() -> None:
    gates = [*angle_embedding(3), Gate("CRZ", [0, 1], [Angle.weight(0)]), Gate("RXX", [1, 2], [Angle.weight(1, 0.5)])]
    circuit = without_entanglement(Circuit(3, [*gates, Gate("CZ", [0, 2])], Readout.each_wire(3)))
    assert [str(gate).split() for gate in circuit.gates[3:]] == [["RY", "1", "w[0]"], ["RY", "2", "0.5*w[1]"]]
    assert (circuit.n_inputs, circuit.n_weights, circuit.n_outputs) == (3, 2, 3)


def test_no_entanglement_keeps_embedding_and_readout() -> None:
    circuit = without_entanglement(CIRCUITS["amplitudes"])
    assert (circuit.start, circuit.readout) == (CIRCUITS["amplitudes"].start, CIRCUITS["amplitudes"].readout)
    with pytest.raises(CircuitError, match="entanglement from a dict is not known"):
        without_entanglement({})


def test_parameters_stand_side_by_side() -> None:
    rows = {row.control: row for row in control_counts(qldm_circuit(4, 2), copies=3)}
    assert list(rows) == list(CONTROLS)
    assert {name: row.trainable for name, row in rows.items()} == {
        "none": 60,
        "twin": 60,
        "no-entanglement": 60,
        "permuted": 60,
        "frozen": 0,
        "random": 3 * 4 * 2,
        "fourier": 60,
    }
    assert (rows["frozen"].total, rows["frozen"].share, rows["random"].share) == (60, 0.0, 0.4)
    lines = control_table(list(rows.values())).splitlines()
    assert lines[0].split()[:3] == ["control", "trainable", "total"]
    assert lines[6].split()[:5] == ["random", "24", "24", "40", "%"]


def test_a_circuit_without_weights_has_no_shares() -> None:
    rows = control_counts(Circuit(2, angle_embedding(2), Readout.each_wire(2)))
    assert {row.control for row in rows} == set(CONTROLS) - {"permuted"}  # two wires without an entangler
    assert {row.share for row in rows} == {None}
    assert {row.trainable for row in rows if row.control != "random"} == {0}


def test_the_circuit_itself_is_no_control() -> None:
    assert type(build_block(qldm_circuit(2, 1))) is QuantumBlock
