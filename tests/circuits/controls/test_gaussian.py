from __future__ import annotations

import pytest
import torch

from qaugbench.circuits.ansatz import angle_embedding, qldm_circuit, strongly_entangling_layers
from qaugbench.circuits.block import QuantumBlock
from qaugbench.circuits.circuit import Circuit
from qaugbench.circuits.controls.gaussian import TrainedGaussian
from qaugbench.circuits.controls.output_scale import calibration_inputs
from qaugbench.circuits.readout import Readout
from qaugbench.circuits.row_draws import draw_rows
from qaugbench.seeds import torch_generator, torch_seeded

GATES = angle_embedding(3) + strongly_entangling_layers(3, 3)


@pytest.mark.parametrize(
    ("circuit", "tolerance"),
    [
        (qldm_circuit(6, 3), 0.02),
        (Circuit(3, GATES, Readout.probabilities()), 0.05),
        (Circuit(1, angle_embedding(1), Readout.each_wire(1)), 0.05),
    ],
    ids=["expectations", "probabilities", "one cosine"],
)
def test_starts_at_the_marginals_of_the_circuits_it_replaces(circuit: Circuit, tolerance: float) -> None:
    with torch_seeded(4):
        quantum = QuantumBlock(circuit, copies=2, dtype=torch.float64)
    with torch_seeded(4):
        noise = TrainedGaussian(circuit, copies=2, dtype=torch.float64)
    with torch.no_grad():
        expected = quantum(calibration_inputs(circuit.n_inputs).repeat(1, 2))
        drawn = noise(torch.zeros(20_000, noise.in_features))
    wanted = expected.std(0)
    assert (drawn.mean(0) - expected.mean(0)).abs().max() < 0.05 * wanted.max()
    assert drawn.var(0).mean().sqrt() == pytest.approx(float(wanted.square().mean().sqrt()), rel=tolerance)
    if tolerance < 0.05:
        assert torch.allclose(drawn.std(0), wanted, rtol=0.05)


def test_outputs_are_normal_independent_and_blind_to_inputs() -> None:
    block = TrainedGaussian(qldm_circuit(4, 3), copies=2, dtype=torch.float64)
    with torch.no_grad():
        block.centres.fill_(0.1)
        block.deviations.fill_(0.2)
        inputs = torch.randn(50_000, 8, generator=torch_generator(0))
        drawn = (block(inputs) - torch.tensor(0.1).tanh()) / 0.2
    assert (drawn < 1.0).double().mean(0).sub(0.8413).abs().max() < 0.01
    together = torch.corrcoef(torch.cat([drawn, inputs], dim=1).T).fill_diagonal_(0)
    assert together.abs().max() < 0.02


def test_mean_and_deviation_train_by_reparametrisation() -> None:
    """Fitting noise to a target mean finds that mean, and a deviation of nothing, as squared error wants."""
    block = TrainedGaussian(qldm_circuit(2, 1), dtype=torch.float64)
    target = torch.tensor([0.5, -0.3], dtype=torch.float64)
    for _ in range(300):
        loss = (block(torch.zeros(64, 2)) - target).square().sum(1).mean()
        parameters = (block.centres, block.deviations)
        for parameter, gradient in zip(parameters, torch.autograd.grad(loss, parameters), strict=True):
            parameter.data -= 0.1 * gradient
    drawn = block(torch.zeros(500, 2)).detach()
    assert torch.allclose(drawn.mean(0), target, atol=0.02)
    assert drawn.std(0).max() < 0.05


def test_each_call_draws_anew_and_each_block_differently() -> None:
    with torch_seeded(1):
        first, second = TrainedGaussian(qldm_circuit(2, 1)), TrainedGaussian(qldm_circuit(2, 1))
    second.centres.data, second.deviations.data = first.centres.data, first.deviations.data
    inputs = torch.zeros(3, 2)
    calls = [first(inputs), first(inputs), second(inputs)]
    assert not any(torch.equal(calls[a], calls[b]) for a, b in ((0, 1), (0, 2), (1, 2)))


def test_noise_comes_from_the_generator_that_a_run_gives() -> None:
    with torch_seeded(1):
        block = TrainedGaussian(qldm_circuit(2, 1))
    drawn = []
    for seed in (7, 7, 8):
        block.run_under(block.execution, torch_generator(seed))
        drawn.append(block(torch.zeros(3, 2)))
    assert torch.equal(drawn[0], drawn[1])
    assert not torch.equal(drawn[0], drawn[2])
    assert int(block.calls) == 0


def test_the_same_seed_builds_the_same_noise() -> None:
    blocks = []
    for _ in range(2):
        with torch_seeded(1):
            blocks.append(TrainedGaussian(qldm_circuit(2, 1)))
    assert torch.equal(*(block(torch.zeros(3, 2)) for block in blocks))


@pytest.mark.parametrize("draw", [torch.rand, torch.randn], ids=["uniform", "normal"])
def test_rows_do_not_depend_on_how_many_there_are(draw: object) -> None:
    many, few = (draw_rows(draw, rows, (2, 3), torch_generator(0)) for rows in (200, 65))
    assert torch.equal(many[:65], few)
    assert len(many.unique()) == many.numel()
    assert draw_rows(draw, 0, (2, 3), torch_generator(0)).shape == (0, 2, 3)
