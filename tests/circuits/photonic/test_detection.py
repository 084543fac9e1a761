from __future__ import annotations

import numpy as np
import pytest
import torch

from qaugbench.circuits.block import QuantumBlock
from qaugbench.circuits.execution import Execution
from qaugbench.circuits.executors import build_executor
from qaugbench.circuits.noise.photons import PhotonicNoise
from qaugbench.circuits.photonic.circuit import PhotonicCircuit
from qaugbench.circuits.photonic.readout import Detected, PhotonicReadout, no_bunching
from qaugbench.errors import CircuitError
from qaugbench.seeds import torch_generator
from tests.circuits.photonic.running import ask, run, two_meshes

LOSSY = PhotonicNoise(0.7, indistinguishability=0.8)
SHOTS = 20_000
READOUTS = {
    "probabilities": PhotonicReadout("probabilities"),
    "everything": PhotonicReadout("probabilities", at_least=0),
    "clicks": PhotonicReadout("counts", "threshold"),
    "post-selected": PhotonicReadout("probabilities", modes=[0, 2], at_least=1, accept=no_bunching(4)),
    "heralded": PhotonicReadout("counts", accept=[Detected([3], 1, 1)]),
}


def drawn(circuit: PhotonicCircuit, seed: int, execution: Execution, batch: int = 1) -> np.ndarray:
    """Return the outputs [batch, n_outputs] at one input and one set of weights, drawn once a row."""
    inputs, weights, _ = (torch.tensor(values) for values in ask(circuit, seed, batch=1, copies=1))
    executor = build_executor(circuit, execution).double()
    return executor(inputs.expand(1, batch, -1), weights, torch_generator(seed))[0].numpy()


@pytest.mark.parametrize("name", READOUTS)
@pytest.mark.parametrize("noise", [None, LOSSY], ids=["ideal", "noisy"])
def test_finite_shots_scatter_around_the_exact_values_as_accepted_shots_do(
    name: str, noise: PhotonicNoise | None
) -> None:
    circuit = two_meshes(4, [1, 0, 1, 0], READOUTS[name])
    inputs, weights, _ = ask(circuit, 1, batch=1, copies=1)
    truth = run(circuit, inputs, weights, noise)[0, 0]
    kept = float(
        build_executor(circuit, Execution(noise=noise)).double().yields(torch.tensor(inputs), torch.tensor(weights))
    )
    found = drawn(circuit, 1, Execution(shots=500, noise=noise), batch=2000)
    scale = np.sqrt(circuit.output_high**2 / (4 * 500 * kept))  # the largest that a deviation can be
    assert (found.std(axis=0) < 1.1 * scale).all()
    assert (np.abs(found.mean(axis=0) - truth) < 5 * scale / np.sqrt(2000)).all()
    if circuit.output_kind == "probabilities":
        deviations = np.sqrt(truth * (1 - truth) / (500 * kept))
        np.testing.assert_allclose(found.std(axis=0), deviations, rtol=0.1, atol=2e-4)
        np.testing.assert_allclose(found.sum(axis=1), 1, atol=1e-12)


@pytest.mark.parametrize("detection", ["number", "threshold"])
@pytest.mark.parametrize("noise", [None, LOSSY], ids=["ideal", "noisy"])
def test_samples_come_as_often_as_their_probabilities_say(detection: str, noise: PhotonicNoise | None) -> None:
    by_kind = {kind: PhotonicReadout(kind, detection, modes=[2, 0]) for kind in ("samples", "probabilities")}
    sampling, exactly = (two_meshes(4, [1, 0, 1, 0], by_kind[kind]) for kind in ("samples", "probabilities"))
    inputs, weights, _ = ask(sampling, 2, batch=1, copies=1)
    truth = run(exactly, inputs, weights, noise)[0, 0]
    found = drawn(sampling, 2, Execution(noise=noise), batch=SHOTS)
    shares = [(found == outcome).all(axis=1).mean() for outcome in exactly.outcomes]
    np.testing.assert_allclose(shares, truth, atol=5 * np.sqrt(0.25 / SHOTS))
    assert sum(shares) == pytest.approx(1)


def test_sample_of_few_shots_is_none_where_none_is_accepted() -> None:
    circuit = two_meshes(4, [1, 0, 1, 0], PhotonicReadout("samples"))
    found = drawn(circuit, 3, Execution(shots=3, noise=PhotonicNoise(0.5)), batch=SHOTS)
    none = np.isnan(found).all(axis=1)
    assert none.mean() == pytest.approx((1 - 0.25) ** 3, abs=5 * np.sqrt(0.25 / SHOTS))
    assert (found[~none].sum(axis=1) == 2).all()


def test_frequencies_are_nan_where_no_shot_is_accepted() -> None:
    circuit = two_meshes(4, [1, 0, 1, 0], PhotonicReadout("probabilities"))
    found = drawn(circuit, 3, Execution(shots=2, noise=PhotonicNoise(0.5)), batch=SHOTS)
    none = np.isnan(found).any(axis=1)
    assert none.mean() == pytest.approx((1 - 0.25) ** 2, abs=5 * np.sqrt(0.25 / SHOTS))
    np.testing.assert_allclose(found[~none].sum(axis=1), 1)


def test_draws_repeat_with_their_generator_and_differ_from_row_to_row() -> None:
    block = QuantumBlock(two_meshes(4, [1, 0, 1, 0], READOUTS["probabilities"]), copies=2).requires_grad_(False)
    inputs, found = torch.randn(1, 8, generator=torch_generator(0)).expand(6, -1), []
    for seed in (0, 0, 1):
        block.run_under(Execution(shots=50, noise=LOSSY), torch_generator(seed))
        found.append(block(inputs))
    assert torch.equal(found[0], found[1])
    assert not torch.equal(found[0], found[2])
    assert not torch.equal(found[0][0], found[0][1])


def test_draws_need_a_generator_and_have_no_gradient() -> None:
    circuit = two_meshes(4, [1, 0, 1, 0], READOUTS["probabilities"])
    block = QuantumBlock(circuit)
    block.run_under(Execution(shots=50))
    with torch.no_grad(), pytest.raises(CircuitError, match=r"give a torch.Generator"):
        block(torch.zeros(1, 4))
    block.run_under(Execution(shots=50), torch_generator(0))
    with pytest.raises(CircuitError, match="Counted shots have no gradient"):
        block(torch.zeros(1, 4))
    sampling = QuantumBlock(two_meshes(4, [1, 0, 1, 0], PhotonicReadout("samples")))
    sampling.run_under(sampling.execution, torch_generator(0))
    assert not sampling(torch.zeros(1, 4)).requires_grad
