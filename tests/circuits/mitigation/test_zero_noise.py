"""Zero-noise extrapolation: folded circuits are the same circuit, fits are exact where they should be, shots are charged."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch

from qaugbench.circuits.ansatz import qldm_circuit
from qaugbench.circuits.block import QuantumBlock
from qaugbench.circuits.circuit import Angle, Circuit, Gate
from qaugbench.circuits.execution import Execution
from qaugbench.circuits.iqp.circuit import iqp_circuit
from qaugbench.circuits.mitigation.extrapolation import exponential, richardson, richardson_weights
from qaugbench.circuits.mitigation.folding import Folding, folded
from qaugbench.circuits.mitigation.mitigated import mitigated
from qaugbench.circuits.mitigation.readout_inversion import ReadoutInversion
from qaugbench.circuits.mitigation.tally import tally_of
from qaugbench.circuits.mitigation.zero_noise import ZeroNoise
from qaugbench.circuits.noise.expected_errors import errors_by_cause
from qaugbench.circuits.noise.model import NoiseModel
from qaugbench.circuits.readout import Readout
from qaugbench.circuits.statevector import StateVector
from qaugbench.errors import CircuitError
from qaugbench.seeds import torch_generator, torch_seeded

WEAK = NoiseModel(one_qubit_error=5e-4, two_qubit_error=3e-3)
INPUTS = torch.tensor([[0.3, -1.0], [1.2, 0.4]], dtype=torch.float64)


def _block(circuit: Circuit | None = None) -> QuantumBlock:
    with torch_seeded(0):
        return QuantumBlock(circuit or qldm_circuit(2, 2), dtype=torch.float64)


@pytest.mark.parametrize("folding", ["global", "local"])
@pytest.mark.parametrize("seed", range(3))
def test_folded_circuits_do_the_same_with_three_times_the_gates(
    seed: int, folding: Folding, random_circuit: Callable[..., Circuit]
) -> None:
    circuit = random_circuit(700 + seed, max_gates=12)
    longer = folded(circuit, 3, folding)
    inputs = torch.randn(1, 2, circuit.n_inputs, generator=torch_generator(1), dtype=torch.float64)
    weights = torch.randn(1, circuit.n_weights, generator=torch_generator(2), dtype=torch.float64)
    expected = StateVector(circuit).double()(inputs, weights)
    torch.testing.assert_close(StateVector(longer).double()(inputs, weights), expected, atol=1e-10, rtol=0)
    assert len(longer.gates) == 3 * len(circuit.gates)


def test_every_gate_is_undone_by_its_inverse() -> None:
    plain = [Gate(name, [0]) for name in ("H", "S", "T", "X", "Y", "Z")] + [Gate("CNOT", [0, 1]), Gate("SWAP", [0, 1])]
    turned = [
        Gate("Rot", [0], [Angle.constant(value) for value in (0.3, 0.7, -1.1)]),
        Gate("CRY", [1, 0], [Angle.constant(0.9)]),
    ]
    circuit = Circuit(2, [*plain, *turned], Readout.probabilities())
    there_and_back = Circuit(2, folded(circuit, 3).gates[: -len(circuit.gates)], circuit.readout)
    nothing = torch.zeros(1, 1, 0, dtype=torch.float64)
    found = StateVector(there_and_back).double()(nothing, nothing[0])
    torch.testing.assert_close(found, torch.tensor([[[1.0, 0, 0, 0]]], dtype=torch.float64), atol=1e-12, rtol=0)


def test_folding_multiplies_the_expected_errors_of_gates_alone() -> None:
    circuit, noise = qldm_circuit(3, 1), NoiseModel(one_qubit_error=1e-3, two_qubit_error=1e-2, readout_0_to_1=0.02)
    once, thrice = errors_by_cause(circuit, noise), errors_by_cause(folded(circuit, 3), noise)
    assert thrice["two-qubit gates"] == pytest.approx(3 * once["two-qubit gates"])
    assert thrice["one-qubit gates"] == pytest.approx(3 * once["one-qubit gates"])
    assert thrice["readout"] == once["readout"]


def test_richardson_is_exact_on_polynomials_of_its_order_and_not_beyond() -> None:
    scales = torch.tensor([1.0, 3.0, 5.0], dtype=torch.float64)
    values = torch.stack([0.9 - 0.1 * scales + 0.01 * scales**2, 0.5 + 0.2 * scales], dim=1)
    torch.testing.assert_close(richardson(values, [1, 3, 5]), torch.tensor([0.9, 0.5], dtype=torch.float64))
    assert abs(float(richardson(0.9 + 0.01 * scales**3, [1, 3, 5])) - 0.9) > 0.1
    assert sum(richardson_weights([1, 3, 5, 7])) == pytest.approx(1)


def test_richardson_is_unbiased_under_shot_noise_on_a_polynomial_decay() -> None:
    scales = torch.tensor([1.0, 3.0, 5.0], dtype=torch.float64)
    true = (0.8 - 0.05 * scales).expand(20_000, 3).T
    measured = true + 0.02 * torch.randn(true.shape, generator=torch_generator(0), dtype=torch.float64)
    found = richardson(measured, [1, 3, 5])
    expected_sd = 0.02 * float((torch.from_numpy(richardson_weights([1, 3, 5])) ** 2).sum().sqrt())
    assert abs(float(found.mean()) - 0.8) < 4 * expected_sd / 20_000**0.5
    assert float(found.std()) == pytest.approx(expected_sd, rel=0.03)


def test_exponential_is_exact_on_an_exponential_decay_of_either_sign_and_leaves_the_rest_as_measured() -> None:
    scales = torch.tensor([1.0, 3.0, 5.0], dtype=torch.float64)
    decay = torch.exp(-0.2 * scales)
    values = torch.stack([0.9 * decay, -0.4 * decay, torch.tensor([0.2, -0.1, 0.05], dtype=torch.float64)], dim=1)
    found, fitted = exponential(values, [1, 3, 5])
    torch.testing.assert_close(found, torch.tensor([0.9, -0.4, 0.2], dtype=torch.float64))
    assert fitted.tolist() == [True, True, False]


@pytest.mark.parametrize("plan", [ZeroNoise(), ZeroNoise(fit="exponential"), ZeroNoise((1, 3), folding="local")])
def test_extrapolated_expectations_are_much_nearer_to_the_ideal_ones(plan: ZeroNoise) -> None:
    block = _block()
    ideal = block(INPUTS)
    block.run_under(Execution(noise=WEAK))
    noisy = block(INPUTS)
    block.run_under(mitigated(Execution(noise=WEAK), plan))
    assert (block(INPUTS) - ideal).abs().max() < 0.25 * (noisy - ideal).abs().max()


def test_shots_of_all_scales_settings_and_samples_are_charged() -> None:
    circuit = Circuit(2, qldm_circuit(2, 2).gates, Readout.each_wire(2, "ZX"))  # two settings
    block = _block(circuit)
    block.run_under(mitigated(Execution(shots=100, noise=WEAK), ZeroNoise()), torch_generator(0))
    with torch.no_grad():
        block(INPUTS)
        once = tally_of(block)
        block(INPUTS)
    assert once is not None
    assert (once.shots, once.charged, once.outputs) == (3 * 2 * 2 * 100, 1200, 8)
    again = tally_of(block)
    assert again is not None
    assert again.charged == 2400
    assert again.words.startswith("2,400 shots, 0 of them to calibrate; ")


def test_outputs_beyond_the_possible_are_clipped_and_counted() -> None:
    circuit = Circuit(1, [Gate("RX", [0], [Angle.input(0)])], Readout.each_wire(1))
    block = _block(circuit)
    execution = mitigated(Execution(shots=20, noise=NoiseModel(one_qubit_error=0.05)), ZeroNoise())
    block.run_under(execution, torch_generator(0))
    with torch.no_grad():
        outputs = block(torch.zeros(50, 1))
    found = tally_of(block)
    assert found is not None
    assert 0 < found.clipped < 50
    assert int((outputs.abs() == 1).sum()) >= found.clipped


def test_misread_bits_are_inverted_before_the_extrapolation() -> None:
    block = _block()
    ideal = block(INPUTS)
    noise = NoiseModel(two_qubit_error=3e-3, readout_0_to_1=0.03, readout_1_to_0=0.08)
    found = {}
    for name, plan in {"alone": ZeroNoise(), "both": ZeroNoise(readout=ReadoutInversion(None))}.items():
        block.run_under(mitigated(Execution(noise=noise), plan))
        found[name] = float((block(INPUTS) - ideal).detach().abs().max())
    assert found["both"] < 1e-3 < 0.02 < found["alone"]


def test_a_mitigated_block_trains_without_shots() -> None:
    block = _block()
    block.run_under(mitigated(Execution(noise=WEAK), ZeroNoise()))
    block(INPUTS).sum().backward()
    assert block.weights.grad is not None
    assert block.weights.grad.abs().max() > 1e-3


@pytest.mark.parametrize(
    ("circuit", "reads"),
    [
        (Circuit(2, qldm_circuit(2, 1).gates, Readout.probabilities()), "probabilities"),
        (Circuit(2, qldm_circuit(2, 1).gates, Readout.samples()), "samples"),
        (iqp_circuit(2), "probabilities"),
    ],
)
def test_what_is_no_expectation_cannot_be_extrapolated(circuit: Circuit, reads: str) -> None:
    block = _block(circuit)
    block.run_under(mitigated(Execution(shots=10, noise=WEAK), ZeroNoise()), torch_generator(0))
    with (
        pytest.raises(CircuitError, match=f"not applicable: only expectation values .* reads {reads}"),
        torch.no_grad(),
    ):
        block(torch.zeros(1, circuit.n_inputs))


@pytest.mark.parametrize("scales", [(1,), (1, 2), (3, 5), (1, 5, 3), (1, 1, 3)])
def test_scales_that_cannot_be_folded_are_refused(scales: tuple[int, ...]) -> None:
    with pytest.raises(CircuitError, match="odd numbers ascending from 1"):
        ZeroNoise(scales)
    with pytest.raises(CircuitError, match="Did you mean 'richardson'"):
        ZeroNoise(fit="richardsen")  # type: ignore[arg-type]
