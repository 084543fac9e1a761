"""Readout inversion of circuits: exact where the confusion is known, unbiased by counts, charged, and refused elsewhere."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from qaugbench.circuits.block import QuantumBlock
from qaugbench.circuits.circuit import Angle, Circuit, Gate
from qaugbench.circuits.execution import Execution
from qaugbench.circuits.mitigation.mitigated import (
    MITIGATIONS,
    MitigatedNoise,
    mitigated,
    mitigation_named,
    why_not_applicable,
)
from qaugbench.circuits.mitigation.readout_inversion import ReadoutInversion
from qaugbench.circuits.mitigation.tally import tally_of
from qaugbench.circuits.mitigation.zero_noise import ZeroNoise
from qaugbench.circuits.noise.model import NoiseModel
from qaugbench.circuits.noise.photons import PhotonicNoise
from qaugbench.circuits.readout import Readout
from qaugbench.errors import CircuitError
from qaugbench.seeds import torch_generator, torch_seeded

NOISE = NoiseModel(one_qubit_error=0.02, two_qubit_error=0.05, readout_0_to_1=0.03, readout_1_to_0=0.1)
READ_WELL = replace(NOISE, readout_0_to_1=0.0, readout_1_to_0=0.0)
GATES = [
    Gate("RX", [0], [Angle.input(0)]),
    Gate("H", [1]),
    Gate("CRZ", [0, 1], [Angle.weight(0)]),
    Gate("RXX", [1, 2], [Angle.weight(1)]),
]
READOUTS = {
    "words": Readout("expectation", ["X0", "Y1 Z2", "Z0 Z1", "X1"]),
    "marginal": Readout.probabilities((2, 0)),
    "post-selected": Readout.probabilities((1,), {0: 1}),
}
KNOWN = ReadoutInversion(None)


def _block(readout: Readout, gates: list[Gate] = GATES) -> QuantumBlock:
    with torch_seeded(0):
        return QuantumBlock(Circuit(3, gates, readout), copies=2, share_inputs=True, dtype=torch.float64)


def _outputs(block: QuantumBlock, execution: Execution, rows: int = 2, seed: int | None = None) -> torch.Tensor:
    block.run_under(execution, None if seed is None else torch_generator(seed))
    inputs = torch.linspace(0.4, 1.9, rows, dtype=torch.float64)[:, None]
    with torch.no_grad():
        return block(inputs[:, : block.in_features])


@pytest.mark.parametrize("readout", READOUTS.values(), ids=READOUTS)
def test_known_confusion_is_undone_exactly(readout: Readout) -> None:
    block = _block(readout)
    well, misread = _outputs(block, Execution(noise=READ_WELL)), _outputs(block, Execution(noise=NOISE))
    found = _outputs(block, mitigated(Execution(noise=NOISE), KNOWN))
    assert (misread - well).abs().max() > 0.01
    torch.testing.assert_close(found, well, atol=1e-10, rtol=0)


def test_trajectories_are_inverted_too() -> None:
    block = _block(READOUTS["words"])
    few = {"trajectories": 40}
    well = _outputs(block, Execution(noise=replace(READ_WELL, **few)), seed=1)
    found = _outputs(block, mitigated(Execution(noise=replace(NOISE, **few)), KNOWN), seed=1)
    torch.testing.assert_close(found, well, atol=1e-10, rtol=0)


@pytest.mark.parametrize("readout", READOUTS.values(), ids=READOUTS)
def test_counts_and_calibration_scatter_around_the_truth_and_repeat(readout: Readout) -> None:
    block = _block(readout)
    well = _outputs(block, Execution(noise=READ_WELL))
    execution = mitigated(Execution(shots=200_000, noise=NOISE), ReadoutInversion(200_000))
    found = _outputs(block, execution, seed=1)
    torch.testing.assert_close(found, well, atol=0.02, rtol=0)
    assert not torch.equal(found, well)
    assert torch.equal(_outputs(block, execution, seed=1), found)  # the executor is kept, and calibrates again


def test_shots_and_calibration_are_charged_once_a_run() -> None:
    block = _block(READOUTS["words"])
    _outputs(block, mitigated(Execution(shots=50, noise=NOISE), ReadoutInversion(300)), seed=1)
    first = tally_of(block)
    with torch.no_grad():
        block(torch.zeros(3, 1))
    second = tally_of(block)
    assert first is not None
    assert second is not None
    assert (first.shots, first.calibration_shots) == (50 * 3 * 2 * 2, 600)  # settings, copies, samples
    assert second.charged == 50 * 3 * 2 * (2 + 3) + 600


def test_exact_values_cost_nothing_and_nothing_is_tallied_elsewhere() -> None:
    block = _block(READOUTS["marginal"])
    _outputs(block, mitigated(Execution(noise=NOISE), KNOWN))
    found = tally_of(block)
    assert found is not None
    assert found.charged == 0
    _outputs(block, Execution(noise=NOISE))
    assert tally_of(block) is None


def test_few_counts_give_quasi_distributions_whose_negative_mass_is_reported() -> None:
    block = _block(READOUTS["marginal"])
    outputs = _outputs(block, mitigated(Execution(shots=20, noise=NOISE), KNOWN), rows=50, seed=1)
    found = tally_of(block)
    assert found is not None
    assert found.distributions == 100
    assert found.negative_mass is not None
    assert 0 < found.negative_mass < 0.2
    assert "mean negative mass" in found.words
    shares = outputs.unflatten(1, (2, 4))
    assert shares.min() >= 0
    torch.testing.assert_close(shares.sum(-1), torch.ones(50, 2, dtype=torch.float64))


def test_bits_are_drawn_from_the_nearest_distribution_at_the_price_of_all_its_shots() -> None:
    gates = [Gate("X", [0]), Gate("H", [1])]
    block = _block(Readout.samples(), gates)
    noise = NoiseModel(readout_0_to_1=0.1, readout_1_to_0=0.2)
    block.run_under(mitigated(Execution(shots=20_000, noise=noise), ReadoutInversion(20_000)), torch_generator(0))
    with torch.no_grad():
        bits = block(torch.zeros(4000, 0)).unflatten(1, (2, 3))
    means = bits.mean((0, 1))
    assert means[0] > 0.97  # 0.8 of the shots as read
    assert abs(float(means[1]) - 0.5) < 0.04
    assert means[2] < 0.03
    found = tally_of(block)
    assert found is not None
    assert found.shots == 2 * 20_000  # without inputs all samples of a copy have one distribution


def test_samples_with_inputs_take_all_shots_for_every_sample() -> None:
    block = _block(Readout.samples())
    bits = _outputs(block, mitigated(Execution(shots=30, noise=NOISE), KNOWN), rows=5, seed=1)
    found = tally_of(block)
    assert found is not None
    assert found.shots == 2 * 5 * 30
    assert set(bits.unique().tolist()) <= {0.0, 1.0}


def test_backend_is_inverted_on_the_qubits_where_it_is_read() -> None:
    pytest.importorskip("qiskit_ibm_runtime")
    from qaugbench.circuits.noise.backend import BackendNoise

    circuit = Circuit(2, [Gate("X", [0]), Gate("CNOT", [0, 1])], Readout.each_wire(2))
    block = QuantumBlock(circuit, dtype=torch.float64)
    backend = BackendNoise("fake:torino", idles=False)
    found = {}
    for name, execution in {
        "read": Execution(noise=backend),
        "inverted": mitigated(Execution(noise=backend), KNOWN),
    }.items():
        block.run_under(execution)
        found[name] = (block(torch.zeros(1, 0)) + 1).abs().max()  # both wires are 1
    assert found["inverted"] < 0.5 * found["read"]


def test_executions_that_cannot_be_mitigated_are_refused() -> None:
    with pytest.raises(CircuitError, match="nothing to mitigate"):
        mitigated(Execution(shots=10), KNOWN)
    with pytest.raises(CircuitError, match="on a device are not mitigated"):
        mitigated(Execution(shots=10, device=object()), KNOWN)  # type: ignore[arg-type]
    with pytest.raises(CircuitError, match="for the noise of qubits"):
        mitigated(Execution(noise=PhotonicNoise(transmission=0.9)), KNOWN)
    once = mitigated(Execution(noise=NOISE), KNOWN)
    with pytest.raises(CircuitError, match="mitigated already"):
        mitigated(once, ZeroNoise())
    with pytest.raises(CircuitError, match="at least one shot"):
        ReadoutInversion(0)


def test_folded_gates_of_a_backend_are_refused() -> None:
    class Compiled:
        trajectories = None

    with pytest.raises(CircuitError, match="compiler of a backend would cancel"):
        MitigatedNoise(Compiled(), ZeroNoise())


def test_names_and_reasons() -> None:
    assert mitigation_named("readout") == MITIGATIONS["readout"]
    with pytest.raises(CircuitError, match=r"Unknown mitigation 'reedout'.*'readout'"):
        mitigation_named("reedout")
    born = Circuit(2, [Gate("H", [0])], Readout.samples())
    assert (
        why_not_applicable(born, ZeroNoise())
        == "only expectation values can be extrapolated, and this circuit reads samples"
    )
    assert why_not_applicable(born, KNOWN) is None
    assert why_not_applicable("photons", KNOWN) == "readout inversion is for circuits of qubits"
