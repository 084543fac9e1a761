"""How far noise moves the outputs of circuits is recorded, and noise as strong is added where no circuit runs."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from qaugbench.circuits.ansatz import qldm_circuit
from qaugbench.circuits.block import QuantumBlock
from qaugbench.circuits.circuit import Circuit
from qaugbench.circuits.controls.build import build_block
from qaugbench.circuits.execution import Execution
from qaugbench.circuits.noise.exact_outputs import exact_for_many
from qaugbench.circuits.noise.model import NoiseModel
from qaugbench.circuits.readout import Readout
from qaugbench.errors import QaugbenchError
from qaugbench.experiment import noise_stages
from qaugbench.generators.shared.added_noise import mean_squares, noise_added, recorded_deviations
from qaugbench.seeds import torch_generator, torch_seeded

CIRCUIT = qldm_circuit(3, 1)
INPUTS = torch.linspace(-1, 1, 24).view(4, 6)


def block(control: str = "none") -> torch.nn.Module:
    with torch_seeded(0):
        return build_block(CIRCUIT, control, copies=2).eval()


@torch.no_grad()
def test_deviations_are_mean_squares_about_the_exact_outputs() -> None:
    one = block()
    ideal = one(INPUTS)
    one.run_under(Execution(noise=NoiseModel(two_qubit_error=0.1)), torch_generator(0))
    with recorded_deviations([one]) as found:
        noisy = torch.cat([one(INPUTS[:1]), one(INPUTS[1:])])
    expected = (noisy - ideal).double().square().mean(dim=0).numpy()
    np.testing.assert_allclose(mean_squares(found[one]), expected, rtol=1e-4)
    assert torch.equal(one(INPUTS), noisy)  # the hook is gone and has changed nothing


@torch.no_grad()
def test_a_circuit_that_nothing_is_drawn_with_adds_nothing_and_hides_nothing() -> None:
    blocks = [block(), block()]
    noise = NoiseModel(two_qubit_error=0.1)
    with recorded_deviations(blocks) as found:
        for one in blocks:
            one.run_under(Execution(noise=noise), torch_generator(0))
        blocks[0](INPUTS)
    files, strength = noise_stages._deviations(blocks, found)
    assert len(strength) == 1
    assert strength[0] == pytest.approx(float(np.sqrt(files["deviation-0"].mean())))
    assert not files["deviation-1"].any()
    twins = [block("twin"), block("twin")]
    with noise_added(twins, [files[f"deviation-{k}"] for k in range(2)], seed=1):
        moved = twins[0](INPUTS)
    assert not torch.equal(moved, block("twin")(INPUTS))


def test_exact_outputs_for_many_samples_are_those_of_the_circuit() -> None:
    one = block().double()
    exact = exact_for_many(CIRCUIT)
    assert exact is not None
    with torch.no_grad():
        found = exact.double()(one.by_copy(INPUTS, torch.float64), one.weights, None).transpose(0, 1).flatten(1)
        torch.testing.assert_close(found, one(INPUTS.double()), atol=1e-12, rtol=0)
    again = Circuit(3, (*CIRCUIT.gates, *CIRCUIT.gates[:3]), Readout.each_wire(3))  # inputs enter once more
    assert exact_for_many(again) is None
    assert exact_for_many(Circuit(3, CIRCUIT.gates, Readout.samples((0, 1, 2)))) is None


@torch.no_grad()
def test_readout_errors_shrink_every_output_by_a_known_amount() -> None:
    one = block()
    ideal = one(INPUTS)
    one.run_under(Execution(noise=NoiseModel(readout_0_to_1=0.1, readout_1_to_0=0.1)))
    with recorded_deviations([one]) as found:
        one(INPUTS)
    np.testing.assert_allclose(mean_squares(found[one]), (0.2 * ideal).double().square().mean(dim=0).numpy(), rtol=1e-4)


@torch.no_grad()
def test_added_noise_has_the_variance_and_rows_do_not_feel_each_other() -> None:
    twin = block("twin")
    variance = np.array([0.0, 0.01, 0.04, 0.25, 1.0, 4.0])
    many = INPUTS[:1].expand(20_000, -1)
    with noise_added([twin], [variance], seed=1):
        moved = twin(many) - twin.__class__.forward(twin, many)
    np.testing.assert_allclose(moved.double().square().mean(dim=0).numpy(), variance, rtol=0.05, atol=1e-12)
    with noise_added([twin], [variance], seed=1):
        few = twin(many[:3]) - twin.__class__.forward(twin, many[:3])
    torch.testing.assert_close(few, moved[:3])


@torch.no_grad()
def test_single_bitstrings_have_no_ideal_values() -> None:
    drawn = QuantumBlock(Circuit(3, CIRCUIT.gates, Readout.samples((0, 1, 2))))
    drawn.run_under(Execution(noise=NoiseModel(two_qubit_error=0.1)), torch_generator(0))
    with recorded_deviations([drawn, block("twin")]) as found:
        drawn(INPUTS[:, :3])
    assert not found


def test_noise_of_other_circuits_is_refused() -> None:
    with (
        pytest.raises(QaugbenchError, match="do not stand for the same circuits"),
        noise_added([block()], [np.ones(2)], 0),
    ):
        pass
