"""A run appraises what it drew: cells of their own, in record, terminal and page; and it is the same run with and without."""

from __future__ import annotations

import dataclasses
import hashlib
import re
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
import timm
from safetensors.torch import save_file

from qaugbench import definitions
from qaugbench.board.sample_images import read_sample_images
from qaugbench.errors import QaugbenchError
from qaugbench.experiment import appraisal_cells
from qaugbench.experiment.appraisal_cells import class_groups
from qaugbench.experiment.prepare import Definitions, prepare
from qaugbench.experiment.request import RunRequest
from qaugbench.experiment.run import RunResult, perform
from qaugbench.experiment.store import Store
from qaugbench.image_facts import SECTIONS
from qaugbench.report.appraisal_summary import SUMMARY_TITLE
from qaugbench.report.geometry_rows import GEOMETRY_TITLE
from qaugbench.report.tables import markdown_summary, summary_table
from tests.experiment.small import small_plan, small_setting, small_source
from tests.experiment.tiny import tiny_definitions, tiny_request

FRACTION = "50%"
EXTRACTOR, WEIGHTS = "timm:test_resnet.r160_in1k", "w.safetensors"


@pytest.fixture(scope="module")
def appraised(tmp_path_factory: pytest.TempPathFactory) -> RunResult:
    """Return a tiny run of smote and ldm, with copies beside them, metrics, a further extractor, and patients enough for them."""
    out = tmp_path_factory.mktemp("appraised")
    weights = timm.create_model("test_resnet").state_dict()
    save_file({name: tensor.contiguous() for name, tensor in weights.items()}, out / WEIGHTS)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(appraisal_cells, "TRUTH_PATIENTS", 4)
        patch.setattr(appraisal_cells, "TRUTH_STEPS", 2)
        return perform(*asked(out, extractors=(f"{EXTRACTOR}={out / WEIGHTS}",)))


def asked(
    out: Path, *generators: str, metrics: bool = True, extractors: tuple[str, ...] = ()
) -> tuple[RunRequest, Definitions]:
    request = tiny_request(
        out,
        generators=generators or ("smote", "ldm"),
        arms=("copycat",),
        metrics=metrics,
        extractors=extractors,
    )
    tiny = tiny_definitions(request)
    track = dataclasses.replace(tiny.task.tracks["smoke"], phantom_patients=240)
    return request, dataclasses.replace(tiny, task=dataclasses.replace(tiny.task, tracks={"smoke": track}))


def test_generators_oracle_and_copies_are_appraised(appraised: RunResult) -> None:
    assert appraised.record.failures == []
    found = appraised.record.appraisals[FRACTION]
    assert list(found) == ["O-real", "smote", "ldm", "R+rec:latent-4x8x8", "copycat"]
    for one in found.values():
        assert set(one.states) == set(SECTIONS) - {"fidelity"}
        assert "judge" in one.extractors
        assert one.measures["fidelity/kid"].value is not None


def test_copies_are_found_and_real_images_are_not(appraised: RunResult) -> None:
    found = appraised.record.appraisals[FRACTION]
    assert found["copycat"].states["copies"] == "memorising"
    assert found["copycat"].measures["copies/excess_pixels"].value > 0.9
    assert found["O-real"].states["copies"] != "memorising"


def test_distances_are_measured_on_a_further_extractor_too(appraised: RunResult) -> None:
    sha256 = hashlib.sha256((appraised.folder.parent / WEIGHTS).read_bytes()).hexdigest()
    for one in appraised.record.appraisals[FRACTION].values():
        assert one.extractors[EXTRACTOR].weights_sha256 == sha256
        assert one.measures[f"fidelity/kid@{EXTRACTOR}"].value is not None
        assert one.measures["fidelity/kid"].extractor == "judge"
        assert "squeezenet1_1" in str(one.measures["collapse/lpips"].reason)
    assert f"KID on {EXTRACTOR}" in appraised.report.read_text(encoding="utf-8")
    assert f"--extractor {EXTRACTOR}={WEIGHTS}" in str(appraised.record.command)


def test_a_further_extractor_renames_the_appraisals_alone(appraised: RunResult, tmp_path: Path) -> None:
    out = appraised.folder.parent
    weights = timm.create_model("test_resnet").state_dict()
    save_file({name: tensor.contiguous() for name, tensor in weights.items()}, tmp_path / "other.safetensors")
    files = (None, out / WEIGHTS, tmp_path / "other.safetensors")
    plans = [prepare(*asked(out, extractors=(f"{EXTRACTOR}={file}",) if file else ())).plan for file in files]
    cells = [{cell.name: cell.stage for cell in plan.cells} for plan in plans]
    for one, other in combinations(cells, 2):
        assert {one[name] for name in set(one) - set(other)} == {"appraise"}
    assert len({plan.config_sha256 for plan in plans}) == 1


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ("squeezent", "There is no extractor 'squeezent'"),
        ("dinov2", "not on this machine.*qaugbench data get weights:vit_base"),
        ("squeezenet=nowhere.pth", "no file of weights at nowhere.pth"),
    ],
)
def test_an_extractor_that_cannot_be_used_stops_a_run_at_the_start(tmp_path: Path, given: str, says: str) -> None:
    with pytest.raises(QaugbenchError, match=says):
        prepare(*asked(tmp_path, extractors=(given,)))
    assert not (tmp_path / "store").exists()


def test_a_further_extractor_needs_the_metrics(tmp_path: Path) -> None:
    with pytest.raises(QaugbenchError, match="--no-metrics leaves out"):
        prepare(*asked(tmp_path, metrics=False, extractors=("dinov2",)))


def test_a_fit_is_looked_at_on_its_way(appraised: RunResult) -> None:
    measures = appraised.record.appraisals[FRACTION]["ldm"].measures
    assert {"training/kid/75 %", "training/kid/100 %", "training/gain"} <= set(measures)
    assert "training/gain" not in appraised.record.appraisals[FRACTION]["smote"].measures


def test_terminal_markdown_and_page_show_it(appraised: RunResult) -> None:
    for text in (summary_table(appraised.record), markdown_summary(appraised.record)):
        assert SUMMARY_TITLE in text
        assert "memorising" in text
    page = appraised.report.read_text(encoding="utf-8")
    assert 'href="#images"' in page
    for question in SECTIONS.values():
        assert question in page
    assert "images of copycat, each above its nearest training image" in page


def test_the_judge_says_of_every_replicate_how_many_images_are_of_a_group_of_classes(appraised: RunResult) -> None:
    counted = appraised.record.judged[FRACTION]["oa"]
    assert set(counted) == {"smote", "ldm"}
    for arm, counts in counted.items():
        assert [one.replicate for one in counts] == [0, 1]
        measure = appraised.record.appraisals[FRACTION][arm].measures["labels/judged/oa"]
        assert (measure.value, measure.n, measure.real) == (counts[0].count / counts[0].n, counts[0].n, counts[0].real)
    assert "Seen by the judge as KL 2 or more" in summary_table(appraised.record)
    assert "Seen by the judge as KL 2 or more" in appraised.report.read_text(encoding="utf-8")


def test_groups_of_classes_are_those_of_the_tasks_file() -> None:
    groups = {name: class_groups(definitions.task(name)) for name in definitions.names("tasks")}
    assert groups == {
        "brainmri": {},
        "chestxray": {},
        "fundus": {"gradable": ["Good", "Usable"]},
        "kneeoa": {"oa": ["2", "3", "4"]},
    }


def test_pairs_of_copies_are_equal_pictures(appraised: RunResult) -> None:
    pairs = read_sample_images(appraised.folder / "pairs.npz")
    assert (pairs["copycat/synthetic"] == pairs["copycat/training"]).all()
    assert len(pairs["smote/synthetic"]) == 20


def test_without_metrics_it_is_the_same_run(appraised: RunResult) -> None:
    plans = [prepare(*asked(appraised.folder.parent, metrics=metrics)).plan for metrics in (True, False)]
    assert plans[0].config_sha256 == plans[1].config_sha256
    assert {cell.stage for cell in plans[0].cells} - {cell.stage for cell in plans[1].cells} == {
        "judge",
        "grade",
        "appraise",
        "geometry",
        "truth",
    }
    names = {cell.name for cell in plans[0].cells}
    assert {cell.name for cell in plans[1].cells} <= names


def test_the_judge_is_trained_once_for_all_and_on_images_of_its_own(appraised: RunResult) -> None:
    plan = prepare(*asked(appraised.folder.parent)).plan
    (judge,) = [cell for cell in plan.cells if cell.stage == "judge"]
    store = Store(appraised.folder.parent / "store")
    reference = store.array("judge", judge.name, "reference-0")
    assert np.isin(reference, plan.source.split.val).all()
    assert not np.isin(reference, plan.source.split.train).any()


def test_a_twin_is_appraised_and_the_other_controls_are_not(appraised: RunResult) -> None:
    plan = prepare(*asked(appraised.folder.parent, "qldm")).plan
    assert {arm for arm, _, _ in plan.grade_cells} == {"qldm", "qldm:twin"}
    assert [arm for arm, _ in plan.appraisal_cells] == [
        "O-real",
        "qldm",
        "qldm:twin",
        "R+rec:quantum-latent-4x8x8",
        "copycat",
    ]


def test_the_factors_of_a_phantom_are_held_against_the_truth(appraised: RunResult) -> None:
    assert appraised.record.cost["truth"].cells == 1
    names = {"severity", "narrowing", "osteophytes", "sclerosis", "height of the joint"}
    for arm, one in appraised.record.appraisals[FRACTION].items():
        skills = {name: one.measures[f"collapse/skill/{name}"].value for name in names}
        read = {name for name, skill in skills.items() if skill >= 0.5}
        assert "height of the joint" in read
        assert "factor network" in one.extractors
        for name in names:
            distance = one.measures[f"collapse/factor/{name}"]
            assert (distance.value is not None) == (name in read)
            assert distance.value is not None or "of its variance" in str(distance.reason)
        if arm == "O-real":
            honest = one.measures["collapse/factor/height of the joint"]
            assert honest.value < 4 * honest.real
    assert "modes reached" in (appraised.folder / "cards" / "ldm.md").read_text(encoding="utf-8")


def test_images_of_no_phantom_have_no_factors() -> None:
    plans = [small_plan(small_setting(source=small_source()), metrics=True), small_plan(metrics=False)]
    assert {cell.stage for cell in plans[0].cells} - {cell.stage for cell in plans[1].cells} == {
        "judge",
        "appraise",
        "geometry",
    }


def test_every_control_says_in_how_many_directions_its_images_change(appraised: RunResult) -> None:
    plan = prepare(*asked(appraised.folder.parent, "qldm")).plan
    assert [arm for arm, _ in plan.geometry_cells] == [arm.info.id for arm in plan.arms if arm.info.generator == "qldm"]
    assert len(plan.geometry_cells) > 3


def test_the_record_and_the_page_say_in_how_many_directions_images_change(appraised: RunResult) -> None:
    found = appraised.record.geometry[FRACTION]
    assert list(found) == ["smote", "ldm"]
    assert found["smote"].reason == "draws around training images, not from a noise vector"
    assert (found["ldm"].points, found["ldm"].directions, found["ldm"].dimension) == (8, 24, 256)
    assert 1 < found["ldm"].effective_rank <= 24
    assert appraised.record.cost["geometry"].cells == 2
    for text in (appraised.report.read_text(encoding="utf-8"), summary_table(appraised.record)):
        assert GEOMETRY_TITLE in text
        assert "draws around training images" in " ".join(text.split())
    assert "directions of the noise" in (appraised.folder / "cards" / "ldm.md").read_text(encoding="utf-8")


def test_real_images_through_the_space_are_held_against_their_originals(appraised: RunResult) -> None:
    measures = appraised.record.appraisals[FRACTION]["R+rec:latent-4x8x8"].measures
    assert 0 < measures["fidelity/ms_ssim"].value < 1
    assert measures["fidelity/psnr"].value > 5
    assert appraised.record.appraisals[FRACTION]["R+rec:latent-4x8x8"].states["copies"] == "not measured"


def test_every_generator_has_a_card_that_says_how_it_was_made(appraised: RunResult) -> None:
    cards = {path.name for path in (appraised.folder / "cards").iterdir()}
    assert cards == {f"{name}.{ending}" for name in ("smote", "ldm") for ending in ("html", "md")}
    text = (appraised.folder / "cards" / "ldm.md").read_text(encoding="utf-8")
    assert "generator: ldm (classical" in text
    assert "qaugbench run --task kneeoa" in text


def test_a_smoke_run_says_of_its_fits_that_they_are_too_short_to_tell_and_nothing_else(appraised: RunResult) -> None:
    """The table of fits, the appraisals, what to know, and the log: one wording."""
    found = {arm: one.states["training"] for arm, one in appraised.record.appraisals[FRACTION].items()}
    assert set(found.values()) == {"too short to tell", "not measured"}
    assert (found["ldm"], found["smote"]) == ("too short to tell", "not measured")
    page, log = appraised.report.read_text(), (appraised.folder / "log.txt").read_text()
    told = page.replace("the classifier is undertrained", "")
    for text in (told, log, markdown_summary(appraised.record).replace("the classifier is undertrained", "")):
        assert not re.search("converged|undertrained|no longer falling|too few updates", text, re.IGNORECASE)
    assert "training too short to tell" in log
    assert page.count("too short to tell") >= 4
