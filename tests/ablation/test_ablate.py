"""A whole study on a tiny phantom: fits of a run are found, no noise is the run's own sample, noisy cells are kept and resumed."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

from qaugbench.ablation import ablate as ablating
from qaugbench.ablation.ablate import ablate
from qaugbench.ablation.findings import study_data
from qaugbench.ablation.planned import PreparedNoise, prepare_noise
from qaugbench.ablation.request import IMAGES, NoiseRequest
from qaugbench.ablation.study import StudyResult
from qaugbench.ablation.text import table
from qaugbench.board.verify import verify
from qaugbench.cli import cli
from qaugbench.errors import CircuitError, QaugbenchError
from qaugbench.experiment.execute import found
from qaugbench.experiment.noisy_drawings import noisy_drawings
from qaugbench.experiment.plan import make_plan
from qaugbench.experiment.prepare import Definitions, prepare
from qaugbench.experiment.request import RunRequest
from qaugbench.experiment.run import perform
from qaugbench.experiment.store import META
from tests.experiment.tiny import TASK, tiny_definitions

AXES = ("two_qubit=0.1",)
MITIGATIONS = ("zne", "readout", "none")


@dataclass(frozen=True)
class Made:
    """A finished study, its folder, and how many levels each written noise.json had."""

    result: StudyResult
    folder: Path
    written: list[int]

    @property
    def found(self) -> PreparedNoise:
        """The study as planned on the same store."""
        asked = request(self.folder.parent)
        return prepare_noise(asked, tiny(asked))


def request(out: Path, **options: Any) -> NoiseRequest:
    given = {"generator": "qldm", "axes": AXES, "mitigations": MITIGATIONS, "replicates": 1, "jobs": 1, **options}
    return NoiseRequest(task=TASK, source="phantom", track="smoke", accelerator="cpu", out=out, quiet=True, **given)


def tiny(asked: NoiseRequest) -> Definitions:
    """Return the tiny task and a generator with one narrow circuit."""
    found = tiny_definitions(asked.run)
    choices = []
    for one in found.generators:
        settings = {**one.card.settings("smoke"), **({"q": 0.1, "layers": 1} if one.card.id == "qldm" else {})}
        choices.append(replace(one, card=replace(one.card, tracks={"smoke": settings})))
    return replace(found, generators=tuple(choices))


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    out, written = tmp_path_factory.mktemp("noise"), []
    write = ablating._write

    def watched(folder: Path, result: StudyResult) -> None:
        write(folder, result)
        written.append(json.loads((folder / "noise.json").read_text(encoding="utf-8"))["levels_done"])

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ablating, "_write", watched)
        result, folder = ablate(request(out), tiny(request(out)))
    return Made(result, folder, written)


def test_the_file_is_written_whole_after_each_level(made: Made) -> None:
    assert made.written == [0, 1, 2]
    stored = json.loads((made.folder / "noise.json").read_text(encoding="utf-8"))
    assert stored == json.loads(json.dumps(study_data(made.result)))
    assert (made.folder / "noise.png").read_bytes().startswith(b"\x89PNG")
    (sweep,) = stored["sweeps"]
    assert [level["value"] for level in sweep["levels"]] == [0.0, 0.1]
    assert sweep["levels"][1]["execution"] == {"noise": "qubits", "two_qubit_error": 0.1}
    assert sweep["levels"][1]["expected_errors"] == [pytest.approx(0.4)]  # a ring of four CNOTs


def test_without_noise_it_is_the_sample_of_a_run_and_so_are_all_fits(made: Made) -> None:
    found = made.found
    plan = found.prepared.plan
    run = make_plan(plan.setting, plan.generators, fractions=plan.requested, replicates=1, runnable=tiny_runnable)
    own = {cell.name for cell in run.cells}
    clean, noisy = found.levels
    (ideal,), (measured,) = ([cell.needs["sample"] for cell in level.measured] for level in (clean, noisy))
    assert ideal.name in own
    assert measured.name not in own
    assert {measured.needs["fit"].name, found.twin[0].needs["sample"].name} <= own
    store = found.prepared.store
    images = [store.array("sample", cell.name, "images") for cell in (ideal, measured)]
    assert images[0].shape == images[1].shape
    assert not np.array_equal(*images)
    assert np.array_equal(*(store.array("sample", cell.name, "labels") for cell in (ideal, measured)))


def tiny_runnable(labels: np.ndarray, fraction: float, ladder: Any) -> tuple[float, None]:
    return fraction, None


def test_the_twin_gets_noise_as_strong_as_that_of_the_circuits(made: Made) -> None:
    found = made.found
    store, (clean, noisy) = found.prepared.store, found.levels
    assert clean.twin[0].name == found.twin[0].name  # no noise: the clean twin itself
    sample, twin = noisy.measured[0].needs["sample"], noisy.twin[0].needs["sample"]
    facts = store.meta("sample", sample.name)["facts"]
    squares = [store.array("sample", sample.name, f"deviation-{k}") for k in range(2)]
    assert facts["deviation"] == [pytest.approx(float(np.sqrt(one.mean()))) for one in squares]
    assert made.result.levels[1].deviation == pytest.approx(float(np.sqrt(np.mean(np.square(facts["deviation"])))))
    ideal = store.array("sample", found.twin[0].needs["sample"].name, "images")
    assert not np.array_equal(store.array("sample", twin.name, "images"), ideal)


def test_each_level_is_drawn_with_mitigation_too_at_its_price(made: Made) -> None:
    level = json.loads((made.folder / "noise.json").read_text(encoding="utf-8"))["sweeps"][0]["levels"][1]
    extrapolated, inverted = level["mitigated"]
    assert (extrapolated["name"], inverted["name"]) == ("zero-noise", "readout")
    assert extrapolated["deviation"] < level["deviation"] / 2  # gate errors, mostly undone
    assert extrapolated["charge"]["per_image"] == pytest.approx(3 * level["charge"]["per_image"])  # three scales
    assert extrapolated["charge"]["assumed"]
    assert (inverted["applies"], inverted["reason"]) == (False, "no bit is misread at this level")
    store, noisy = made.found.prepared.store, made.found.levels[1]
    (measured,) = noisy.mitigated["zero-noise"].measured
    sample = measured.needs["sample"]
    assert sample.key["execution"] == {"noise": "qubits", "two_qubit_error": 0.1, "mitigation": "zero-noise"}
    assert sample.key["seeds"] == noisy.measured[0].needs["sample"].key["seeds"]
    assert store.has("sample", sample.name)
    text = " ".join(table(made.result).split())
    assert "with zero-noise" in text
    assert "not applicable: no bit is misread at this level" in text


def test_a_second_call_computes_nothing_and_an_interrupted_study_ends_the_same(made: Made, tmp_path: Path) -> None:
    out = tmp_path / "runs"
    shutil.copytree(made.folder.parent, out)
    noisy = made.found.levels[1].measured[0].needs["sample"]
    shutil.rmtree(out / made.folder.name)
    shutil.rmtree(out / "store" / "cells" / "sample" / noisy.name[:2] / noisy.name)
    kept = {path: path.stat().st_mtime_ns for path in (out / "store").glob(f"cells/*/*/*/{META}")}
    again, folder = ablate(request(out), tiny(request(out)))
    assert folder == out / made.folder.name
    assert {path: path.stat().st_mtime_ns for path in kept} == kept
    assert [one.generator.measures for one in again.levels] == [one.generator.measures for one in made.result.levels]
    assert again.twin == made.result.twin


def test_fewer_images_are_the_first_ones_of_the_same_fits_in_a_folder_of_their_own(made: Made, tmp_path: Path) -> None:
    out = tmp_path / "runs"
    shutil.copytree(made.folder.parent, out)
    asked = request(out, mitigations=(), images=20)
    few, folder = ablate(asked, tiny(asked))
    assert (few.study.n_drawn, made.result.study.n_drawn) == (20, 42)
    assert folder.name != made.folder.name
    assert json.loads((folder / "noise.json").read_text(encoding="utf-8"))["images"] == 20
    for side in (few.twin, *(one.generator for one in few.levels), few.levels[1].twin_with_noise):
        assert [row["consistency"]["n"] for row in side.measures] == [20]  # type: ignore[union-attr]
    found = prepare_noise(asked, tiny(asked))
    store, (clean, noisy) = found.prepared.store, found.levels
    (own,), (all_images,) = ([cell.needs["sample"] for cell in one.measured] for one in (noisy, made.found.levels[1]))
    assert own.needs["fit"].name == all_images.needs["fit"].name
    assert clean.measured[0].needs["sample"].name == made.found.levels[0].measured[0].needs["sample"].name
    first = store.array("sample", all_images.name, "images")[:20].astype(int)
    assert (
        np.abs(store.array("sample", own.name, "images") - first).max() <= 1
    )  # batches of other sizes round otherwise


def test_images_are_all_where_asked_where_the_run_draws_fewer_and_where_the_classifier_learns_from_them() -> None:
    asked = NoiseRequest(task=TASK, generator="qldm")
    assert [asked.first_images(drawn) for drawn in (IMAGES - 1, IMAGES, IMAGES + 1)] == [None, None, IMAGES]
    assert replace(asked, images=40).first_images(100) == 40
    assert replace(asked, images=40).first_images(40) is None
    assert replace(asked, images="all").first_images(1000) is None
    assert replace(asked, recipe_levels=True).first_images(1000) is None


def test_a_level_that_fails_is_told_with_its_reason_and_the_others_stand(
    made: Made, tmp_path: Path, monkeypatch: Any
) -> None:
    from qaugbench.experiment import noise_stages

    def broken(*_: Any) -> Any:
        raise CircuitError("no such noise")

    out = tmp_path / "runs"
    shutil.copytree(made.folder.parent, out)
    monkeypatch.setattr(noise_stages, "as_executed", broken)
    found, _ = ablate(request(out, axes=("two_qubit=0.1,0.2",)), tiny(request(out, axes=("two_qubit=0.1,0.2",))))
    assert [one.generator.outcome for one in found.levels] == ["ok", "ok", "error"]
    assert "no such noise" in table(found)


def run_on_a_device(out: Path, folder: Path) -> tuple[RunRequest, Definitions]:
    """Return a run on the store of the study, with the noise of its second level as a device of one's own."""
    facts = {"title": "Mine", "date": "2026-11-01", "source": "measured", "coupling": "any", "two_qubit_error": 0.1}
    mine = folder / "mine.toml"
    mine.write_text("\n".join(f"{name} = {json.dumps(value)}" for name, value in facts.items()), encoding="utf-8")
    asked = replace(request(out).run, executions=(str(mine),))
    return asked, tiny(SimpleNamespace(run=asked))  # type: ignore[arg-type]


def test_a_run_with_the_same_noise_finds_the_sample_of_the_study(made: Made, tmp_path: Path) -> None:
    planned = prepare(*run_on_a_device(made.folder.parent, tmp_path))
    train = planned.plan.train_cells["qldm@mine", "50%", 0]
    own = train.needs["sample"]
    assert own.name == made.found.levels[1].measured[0].needs["sample"].name
    assert planned.store.holds("sample", own.name)
    (told,) = noisy_drawings(planned.plan, planned.store, {own.name: found(own)})["50%"].values()
    level = made.result.levels[1]
    assert (told.deviation, told.expected_errors) == (level.deviation, list(level.expected_errors or ()))


@pytest.mark.slow
def test_a_whole_run_with_noisy_drawing_holds_and_says_what_it_costs(made: Made, tmp_path: Path) -> None:
    out = tmp_path / "runs"
    shutil.copytree(made.folder.parent, out)
    before = {path.parent.name for path in (out / "store").glob(f"cells/sample/*/*/{META}")}
    done = perform(*run_on_a_device(out, tmp_path))
    drawn = {path.parent.name for path in (out / "store").glob(f"cells/sample/*/*/{META}")} - before
    assert len(drawn) == 2  # of the controls that the study did without
    record = done.record
    assert record.failures == []
    assert [arm.id for arm in record.arms if arm.execution] == ["qldm@mine"]
    assert record.executions["mine"].written == {"noise": "qubits", "two_qubit_error": 0.1}
    fitted = {arm.id for arm in record.arms if arm.generator and not arm.execution}
    assert {arm for own in record.fits.values() for arm in own} == fitted
    verify(done.folder)
    page = done.report.read_text(encoding="utf-8")
    assert "Drawn on mine instead of exactly, from the same fits, qldm changes" in page


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"axes": ("two_qbit",)}, "Did you mean 'two_qubit'"),
        ({"devices": ("heron",)}, "Unknown device 'heron'"),
        ({"generator": "qldm:twin"}, "is a control; give the generator itself"),
        ({"generator": "ldm"}, "'ldm' is classical and runs no circuit"),
        ({"axes": ("g2",)}, "acts on photons, and the circuits are made of qubits"),
        ({"replicates": 0}, "--replicates must be at least 1"),
        ({"images": 19}, "--images is 19, and measures need at least 20"),
        *[
            ({"images": given}, f"--images is {given!r}, which is neither a number of images nor 'all'")
            for given in ("some", "50", 50.0, True)
        ],
        ({"images": 0}, "--images is 0, and measures need at least 20"),
        ({"images": 43}, "--images is 43, and the run draws 42"),
        ({"images": 50, "recipe_levels": True}, "trains the classifier on all images of a level"),
        ({"mitigations": ("zno",)}, "Unknown mitigation 'zno'"),
        ({"mode": "train"}, "there is nothing to mitigate"),
        ({"mode": "both"}, "leave out --axis two_qubit"),
        ({"mode": "both", "axes": ()}, "add --device NAME"),
        ({"mode": "both", "axes": (), "devices": ("ibm_heron_r3",), "scale": True}, "leave out --scale"),
    ],
)
def test_what_cannot_be_studied_is_refused_before_anything_is_computed(
    tmp_path: Path, options: dict[str, Any], words: str
) -> None:
    asked = request(tmp_path / "runs", **options)
    with pytest.raises(QaugbenchError, match=words):
        ablate(asked, tiny(asked))
    assert not list((tmp_path / "runs").glob("store/cells/*"))


def test_a_device_with_too_few_qubits_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "small.toml"
    file.write_text(
        'title = "S"\ndate = "2026-01-01"\nsource = "me"\ncoupling = "line"\nn_qubits = 1\ntwo_qubit_error = 0.1\n'
    )
    asked = request(tmp_path / "runs", axes=(), devices=(str(file),))
    with pytest.raises(CircuitError, match="small has 1 qubit, and the generator a circuit of"):
        prepare_noise(asked, tiny(asked))


def test_the_command_prints_the_table_and_where_the_files_are(made: Made, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[NoiseRequest] = []

    def studied(wanted: NoiseRequest) -> tuple[StudyResult, Path]:
        asked.append(wanted)
        return made.result, made.folder

    monkeypatch.setattr(ablating, "ablate", studied)
    arguments = ["noise", "--task", TASK, "--generator", "qldm", "--axis", AXES[0], "--mode", "sample"]
    found = CliRunner().invoke(cli, arguments, standalone_mode=False)
    assert asked[0].axes == AXES
    assert f"Levels: {made.folder / 'noise.json'}" in found.output
    assert "twin, equal noise" in found.output
    for given, meant in (("40", 40), ("all", "all")):
        CliRunner().invoke(cli, [*arguments, "--images", given], standalone_mode=False)
        assert asked[-1].images == meant
    refused = CliRunner().invoke(cli, [*arguments, "--images", "some"])
    assert "'some' is neither a number of images nor 'all'" in refused.output
    whole = CliRunner().invoke(cli, [*arguments, "--json"], standalone_mode=False)
    assert json.loads(whole.stdout)["results"][0]["levels_done"] == 2
