from __future__ import annotations

import pytest
import torch

from qaugbench.circuits.audit.block import audit_block
from qaugbench.circuits.block import QuantumBlock
from qaugbench.circuits.controls.build import CONTROLS, build_block
from qaugbench.circuits.controls.no_entanglement import without_entanglement
from qaugbench.circuits.execution import IDEAL
from qaugbench.circuits.executors import build_executor
from qaugbench.circuits.photonic.circuit import PhotonicCircuit
from qaugbench.circuits.photonic.meshes import drop_dead
from qaugbench.circuits.photonic.readout import PhotonicReadout
from qaugbench.circuits.spectrum import used_angles
from qaugbench.seeds import torch_generator, torch_seeded
from tests.circuits.photonic.running import two_meshes

STATE = (1, 0, 1, 0)


def circuit(kind: str = "probabilities", detection: str = "number") -> PhotonicCircuit:
    whole = two_meshes(4, STATE, PhotonicReadout(kind, detection))
    return PhotonicCircuit(4, drop_dead(whole.components, STATE), STATE, whole.readout)


@pytest.mark.parametrize("control", CONTROLS)
@pytest.mark.parametrize("detection", ["number", "threshold"])
@pytest.mark.parametrize("kind", ["probabilities", "counts", "samples"])
def test_every_control_keeps_widths_and_range(kind: str, detection: str, control: str) -> None:
    original = circuit(kind, detection)
    with torch_seeded(0):
        block = build_block(original, control, copies=2)
    block.run_under(block.execution, torch_generator(0))
    outputs = block(torch.randn(5, 8, generator=torch_generator(1))).detach()
    assert outputs.shape == (5, 2 * original.n_outputs)
    assert 0 <= float(outputs.min()) <= float(outputs.max()) <= original.output_high + 1e-6
    if kind == "probabilities":
        torch.testing.assert_close(outputs.unflatten(1, (2, -1)).sum(-1), torch.ones(5, 2))


def test_without_entanglement_photons_are_distinguishable() -> None:
    assert without_entanglement(circuit()).distinguishable
    assert without_entanglement(circuit()).components == circuit().components


@pytest.mark.parametrize("detection", ["number", "threshold"])
def test_circuit_without_dead_parts_is_live(detection: str) -> None:
    with torch_seeded(0):
        found = audit_block(QuantumBlock(circuit(detection=detection), copies=2))
    assert found.is_live, str(found)


def test_dead_phases_and_counts_that_ignore_interference_are_found_out() -> None:
    with torch_seeded(0):
        dead = audit_block(QuantumBlock(two_meshes(4, STATE, PhotonicReadout("probabilities"))))
        counting = audit_block(QuantumBlock(circuit("counts")))
    (found,) = dead.failures
    said, remedy = found.detail.split(". ")
    assert said == "2 of 24 receive none, and they change nothing: w[0] (PS on mode 0), w[2] (PS on mode 2)"
    assert "meshes.drop_dead for photons" in remedy
    assert [check.question for check in counting.failures] == ["entanglers matter"]


def test_frequencies_grow_with_the_number_of_photons() -> None:
    phase, splitter = (next(used for used in used_angles(circuit()) if len(used.eigenvalues) == n) for n in (3, 5))
    assert list(phase.differences) == [-2, -1, 0, 1, 2]
    assert list(splitter.differences) == [-2, -1.5, -1, -0.5, 0, 0.5, 1, 1.5, 2]


@pytest.mark.parametrize("name", ["PS", "BS.Ry"])
def test_outputs_are_fourier_series_of_an_angle_up_to_the_number_of_photons(name: str) -> None:
    original, n_points = circuit(), 32
    component = next(each for each in original.components[10:] if each.name == name and each.angle.weights)
    weights = torch.randn(original.n_weights, generator=torch_generator(0), dtype=torch.float64).repeat(n_points, 1)
    weights[:, component.angle.weights[0][0]] = torch.linspace(0, 4 * torch.pi, n_points + 1, dtype=torch.float64)[:-1]
    outputs = build_executor(original, IDEAL).double()(torch.ones(1, 1, 4, dtype=torch.float64), weights).squeeze(1)
    strength = torch.fft.rfft(outputs, dim=0).abs().amax(1)  # of frequencies 0, 1/2, 1, ...
    assert strength[2 * original.n_photons] > 1e-3
    assert strength[2 * original.n_photons + 1 :].max() < 1e-12
