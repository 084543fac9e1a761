"""Where noise acts: on drawing, on the fit too, or on the fit alone; and photons, whose yield stands beside each level."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from qaugbench.ablation import planned as planning
from qaugbench.ablation.ablate import ablate
from qaugbench.ablation.planned import PreparedNoise, _check_fits, prepare_noise
from qaugbench.ablation.request import NoiseRequest
from qaugbench.ablation.study import StudyResult
from qaugbench.ablation.text import opening, remarks, table
from qaugbench.circuits.block import QuantumBlock
from qaugbench.circuits.circuit import Angle, Circuit, Gate
from qaugbench.circuits.execution import Execution
from qaugbench.circuits.noise.photons import PhotonicNoise
from qaugbench.circuits.photonic.circuit import PhotonicCircuit
from qaugbench.circuits.photonic.components import Component
from qaugbench.circuits.photonic.readout import PhotonicReadout
from qaugbench.circuits.readout import Readout
from qaugbench.errors import DefinitionError
from qaugbench.experiment.cells import Cell
from qaugbench.experiment.prepare import Definitions
from qaugbench.experiment.store import Store
from qaugbench.generators.shared.photon_yield import recorded_yields
from tests.experiment.tiny import TASK, tiny_definitions

DEVICE = 'title = "Mine"\ndate = "2026-01-01"\nsource = "me"\ncoupling = "line"\ntwo_qubit_error = 0.05\n'


@pytest.fixture
def device(tmp_path: Path) -> str:
    path = tmp_path / "mine.toml"
    path.write_text(DEVICE)
    return str(path)


def request(out: Path, generator: str = "qlatent-wgan", **options: Any) -> NoiseRequest:
    given = {"replicates": 1, "jobs": 1, **options}
    return NoiseRequest(
        task=TASK, generator=generator, source="phantom", track="smoke", accelerator="cpu", out=out, quiet=True, **given
    )


def tiny(asked: NoiseRequest) -> Definitions:
    return tiny_definitions(asked.run)


def planned(asked: NoiseRequest) -> PreparedNoise:
    return prepare_noise(asked, tiny(asked))


def sample_of(found: PreparedNoise, level: int) -> Cell:
    return found.levels[level].measured[0].needs["sample"]


def test_fits_under_noise_are_cells_of_their_own(tmp_path: Path, device: str) -> None:
    out = tmp_path / "runs"
    sample, both, train = (planned(request(out, devices=(device,), mode=mode)) for mode in ("sample", "both", "train"))
    assert [level.level.value for level in both.levels] == [0.0, 1.0, 3.0]
    assert sample_of(both, 0).name == sample_of(train, 0).name == sample_of(sample, 0).name
    ideal = sample_of(sample, 0).needs["fit"]
    assert sample_of(sample, 1).needs["fit"].name == ideal.name
    fit = sample_of(both, 1).needs["fit"]
    assert fit.key["execution"] == {"noise": "qubits", "two_qubit_error": 0.05}
    assert fit.key["seeds"] == ideal.key["seeds"]
    assert sample_of(train, 1).needs["fit"].name == fit.name  # one fit serves both
    assert (sample_of(both, 1).is_noisy, sample_of(train, 1).is_noisy) == (True, False)
    assert len({sample.folder, both.folder, train.folder}) == 3
    assert (len(both.levels[1].twin), train.levels[1].twin) == (1, ())  # drawing has no noise that the twin could have


def test_what_cannot_be_fitted_under_noise_is_refused(tmp_path: Path) -> None:
    drawn = Circuit(2, [Gate("H", [0])], Readout.samples())
    with pytest.raises(
        DefinitionError, match=r"none passes through the single bitstrings .* Study it with --mode sample"
    ):
        _check_fits(drawn, "both")
    with pytest.raises(DefinitionError, match="devices have qubits: the circuits are photonic"):
        planned(request(tmp_path, "photonic-qgan", mode="both", devices=("ibm_heron_r3",)))


def test_no_twin_gets_the_noise_of_single_bitstrings_and_the_study_says_why(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = request(tmp_path)
    (circuit,) = planned(asked).circuits
    drawn = replace(circuit, readout=Readout.samples(tuple(range(circuit.n_wires))))
    monkeypatch.setattr(planning, "circuits_of", lambda *_: (drawn,))
    found = planned(asked)
    assert all(not level.twin for level in found.levels)
    assert found.twin  # the clean one
    assert "No twin with noise as strong: the circuits draw single bitstrings" in opening(found.study)
    assert found.study.equal_noise in "\n".join(remarks(StudyResult(found.study)))


def test_a_study_that_trains_classifiers_has_a_folder_of_its_own(tmp_path: Path, device: str) -> None:
    options = {"devices": (device,), "scale": True}
    without, trained = (planned(request(tmp_path, **options, recipe_levels=trains)) for trains in (False, True))
    assert [one.level.value for one in without.levels] == [one.level.value for one in trained.levels]
    assert without.folder != trained.folder


def test_photons_are_not_mitigated(tmp_path: Path) -> None:
    asked = request(tmp_path, "photonic-qgan", axes=("transmission",), mitigations=("readout",))
    with pytest.raises(DefinitionError, match="the circuits are photonic: leave it out"):
        planned(asked)


def test_the_yield_is_the_chance_that_both_photons_arrive_and_are_told_apart() -> None:
    splitter = PhotonicCircuit(
        2, (Component("BS.Rx", (0, 1), Angle.constant(1.0)),), (1, 1), PhotonicReadout("probabilities")
    )
    block = QuantumBlock(splitter)
    block.run_under(Execution(noise=PhotonicNoise(transmission=0.5)))
    with recorded_yields([block]) as found:
        block(block.weights.new_zeros(5, 0))
    assert found[block].rows == 5
    assert float(found[block].mean[0]) == pytest.approx(0.25)


@pytest.mark.slow
def test_a_study_of_fits_under_noise(tmp_path: Path, device: str) -> None:
    out, told, drawn = tmp_path / "runs", {}, {}
    for mode in ("sample", "both", "train"):
        asked = request(out, devices=(device,), mode=mode)
        told[mode], folder = ablate(asked, tiny(asked))
        assert all(one.generator.outcome == "ok" for one in told[mode].levels), table(told[mode])
        assert (folder / "noise.json").is_file()
        samples = [sample_of(planned(asked), level) for level in (0, 1)]
        drawn[mode] = [Store(out / "store").array("sample", cell.name, "images").tobytes() for cell in samples]
    assert len({clean for clean, _ in drawn.values()}) == 1
    assert len({noisy for _, noisy in drawn.values()}) == 3
    assert told["train"].levels[1].deviation is None


@pytest.mark.slow
def test_a_study_of_photons_has_the_yield_at_each_level(tmp_path: Path) -> None:
    asked = request(tmp_path / "runs", "photonic-qgan", axes=("transmission=0.5",))
    found, _ = ablate(asked, tiny(asked))
    assert [one.photon_yield for one in found.levels] == [
        pytest.approx(1),
        pytest.approx(0.75),
    ]  # a click of one of two photons is counted
    assert "yield" in table(found)
    noisy = found.levels[1]
    assert noisy.deviation is not None
    assert noisy.twin_with_noise is not None
    assert noisy.twin_with_noise.outcome == "ok", noisy.twin_with_noise.reason
