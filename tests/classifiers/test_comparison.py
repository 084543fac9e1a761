"""A whole comparison on a tiny phantom: its boards, its gains, its files, and what a second call finds."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

from qaugbench.classification import planned
from qaugbench.classification.classify import PAGE, classify
from qaugbench.classification.planned import RECIPE, prepare_comparison
from qaugbench.classification.request import ClassifierRequest
from qaugbench.classification.results import Comparison
from qaugbench.classification.scored import Scoring
from qaugbench.classification.text import opening, table
from qaugbench.cli import cli
from qaugbench.errors import DefinitionError
from qaugbench.experiment.arms import GeneratorChoice
from qaugbench.experiment.cells import Cell
from qaugbench.experiment.classifier_choice import ClassifierChoice, choose_classifiers
from qaugbench.experiment.estimate import _training_s
from qaugbench.experiment.prepare import Definitions
from qaugbench.experiment.request import RunRequest
from qaugbench.places import CLASSIFIERS_FILE
from tests.experiment.tiny import TASK, tiny_definitions, tiny_task


def request(out: Path, *classifiers: str, **options: Any) -> ClassifierRequest:
    given: dict[str, Any] = {"generators": ("gmm",), "replicates": 1, "jobs": 1, **options}
    run = RunRequest(task=TASK, source="phantom", track="smoke", accelerator="cpu", out=out, quiet=True, **given)
    return ClassifierRequest(classifiers or ("qumi",), run)


def tiny(asked: ClassifierRequest) -> Definitions:
    """Return the tiny task and its generators, whose few images have few principal components."""
    if not asked.run.generators:
        return Definitions(tiny_task(), (), runnable=lambda labels, fraction, ladder: (fraction, None))
    found = tiny_definitions(asked.run)
    spaces = [replace(one.space, settings={**one.space.settings, "components": 4}) for one in found.generators]
    return replace(found, generators=tuple(map(_in_space, found.generators, spaces)))


def _in_space(choice: GeneratorChoice, space: Any) -> GeneratorChoice:
    return replace(choice, space=space)


def with_few_controls(*args: Any) -> tuple[ClassifierChoice, ...]:
    """Return the classifiers of a comparison with the two controls from the ground."""
    found = choose_classifiers(*args)
    return tuple(replace(one, card=replace(one.card, controls=("bottleneck", "linear"))) for one in found)


@dataclass(frozen=True)
class Made:
    """A finished comparison and its folder."""

    found: Comparison
    folder: Path


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    out = tmp_path_factory.mktemp("classifiers")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(planned, "choose_classifiers", with_few_controls)
        asked = request(out)
        done = Made(*classify(asked, tiny(asked)))
    return done


def test_a_board_has_the_rows_of_one_classifier_and_carries_it_in_its_key(made: Made) -> None:
    (board,) = made.found.boards
    assert board.key == f"{made.found.task}/phantom/smoke/qumi"
    assert [row.id for row in board.rows] == ["qumi", "qumi:bottleneck", "qumi:linear"]
    assert [row.kind for row in board.rows] == ["hybrid", "classical", "classical"]
    assert {row.classifier for row in board.rows} == {"qumi"}
    assert [(one.arm, one.against) for one in board.differences] == [
        ("qumi", "qumi:bottleneck"),
        ("qumi", "qumi:linear"),
        ("qumi:bottleneck", "qumi:linear"),
    ]


def test_a_row_says_how_good_how_calibrated_and_how_fast(made: Made) -> None:
    row = made.found.boards[0].rows[0]
    assert 0 <= row.score.value <= 1
    assert row.parameters["block"] == 15  # three layers on as many qubits as there are grades
    assert row.calibration is not None
    assert row.step_cpu_s > 0
    assert 1 <= row.steps_to_95 <= row.steps == 4
    assert made.found.boards[0].rows[1].block_movement is None
    recipe = made.found.recipe[made.found.boards[0].fraction]
    assert (recipe.id, recipe.steps) == (RECIPE, None)
    assert recipe.score is not None


def test_gains_stand_side_by_side_for_the_recipe_and_the_classifier(made: Made) -> None:
    (its,) = made.found.gains.values()
    assert [(one.generator, one.judge) for one in its] == [("gmm", RECIPE), ("gmm", "qumi")]
    assert {one.reference for one in its} <= {"R+", "R+cm", "R+os"}
    assert all(one.gain is not None for one in its)
    assert "never pooled" in table(made.found)


def test_files_tell_the_same_and_predictions_can_be_scored_again(made: Made) -> None:
    stored = json.loads((made.folder / CLASSIFIERS_FILE).read_text(encoding="utf-8"))
    assert stored == json.loads(json.dumps(made.found.to_dict()))
    assert stored["boards"][0]["board"].endswith("/qumi")
    with np.load(made.folder / "predictions.npz", allow_pickle=False) as file:
        assert len(file.files) > 0
    page = (made.folder / PAGE).read_text(encoding="utf-8")
    assert "PHANTOM DATA" in page
    assert "qumi:bottleneck" in page
    assert "<script" not in page
    for line in table(made.found, width=80).splitlines():
        assert len(line) <= 80


def test_a_second_call_computes_nothing(made: Made, monkeypatch: pytest.MonkeyPatch) -> None:
    from qaugbench.experiment import execute

    def fail(*args: Any) -> None:
        raise AssertionError("a finished training was computed again")

    monkeypatch.setattr(execute, "_run_stage", fail)
    monkeypatch.setattr(planned, "choose_classifiers", with_few_controls)
    asked = request(made.folder.parent)
    again, folder = classify(asked, tiny(asked))
    assert folder == made.folder
    assert again == made.found


def test_the_recipe_s_trainings_are_those_of_a_run_and_a_plain_last_layer_is_trained_once(tmp_path: Path) -> None:
    asked = request(tmp_path, "qumi", "qumi:fourier", generators=())
    found = prepare_comparison(asked, tiny(asked))
    names = [one.id for one in found.compared]
    assert names == [
        "qumi",
        *(f"qumi:{one}" for one in ("twin", "no-entanglement", "frozen", "bottleneck", "linear", "fourier")),
    ]
    key = found.plan.fractions[0].key
    assert found.trainings[RECIPE, "R+", key, 0] == found.plan.train_cells["R+", key, 0]
    linear = found.trainings["qumi:linear", "R+", key, 0]
    assert linear.key["classifier"] is None
    assert linear.key["seeds"] == found.plan.train_cells["R+", key, 0].key["seeds"]
    assert "qumi:fourier" in opening(found)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--classifier", "qumy"), "Did you mean 'qumi'"),
        (("--classifier", "qumi:twim"), "Did you mean 'twin'"),
        (("--classifier", "qldm"), "is a generator, not a classifier"),
        (("--classifier", "qumi", "--generator", "qlmd"), "Did you mean 'qldm'"),
        (("--classifier", "qumi", "--arm", "P-noise"), "--arm does not apply with --classifier"),
        (("--classifier", "qumi:"), "names no control or variant after its last colon; add one, or give 'qumi'"),
        (("--classifier", "qumi", "--generator", "qumi"), "'qumi' is a classifier, not a generator"),
        (("--generator", "qumi"), "give it with --classifier"),
        (("--classifier", "qumi", "--generator", "qldm", "--execution", "ibm_heron_r2"), "--execution does not apply"),
        (("--classifier", "qumi", "--ratio", "2"), "--ratio 2 says how many images of generators"),
        ((), "Missing option '--generator'"),
    ],
)
def test_wrong_names_are_answered_before_anything_is_read(options: tuple[str, ...], message: str) -> None:
    done = CliRunner().invoke(cli, ["run", "--task", TASK, "--source", "phantom", "--track", "smoke", *options])
    assert done.exit_code != 0
    assert message in (done.output if isinstance(done.exception, SystemExit) else str(done.exception))


def test_another_recipe_and_a_leaky_split_are_noted(tmp_path: Path) -> None:
    asked = request(tmp_path, "qkernel:linear-kernel", generators=(), recipe="B")
    found = prepare_comparison(asked, tiny(asked))
    plan = found.plan
    split = replace(plan.source.split, leaky=True, crossing_groups=3)
    leaking = replace(plan, setting=replace(plan.setting, source=replace(plan.source, split=split)))
    scoring = Scoring(replace(found, prepared=replace(found.prepared, plan=leaking)), found.prepared.store, {})
    notes = scoring._notes()
    assert any(note.startswith("Leaky split: 3 patients") for note in notes)
    assert any(note.startswith("Computed with") and "recipe B instead of" in note for note in notes)


@pytest.mark.parametrize("name", ["qkernel:frozen", "daqcnn:frozen"])
def test_circuits_without_weights_cannot_be_frozen(name: str) -> None:
    with pytest.raises(DefinitionError, match=f"{name}: its circuits have no weights to freeze.*leave it out"):
        choose_classifiers((name,), tiny_task(), tiny_task().tracks["smoke"])


def test_a_bottleneck_around_circuits_that_are_given_noise_is_refused() -> None:
    with pytest.raises(DefinitionError, match=r"qcbnn:bottleneck: its circuits are given random numbers.*leave it out"):
        choose_classifiers(("qcbnn:bottleneck",), tiny_task(), tiny_task().tracks["smoke"])


def test_looks_at_validation_images_are_not_counted_as_steps() -> None:
    asked = Cell("classify", {"recipe": {"steps": 450, "evaluations": 15}})
    assert _training_s(asked, 450, 0.5, {"step_wall_s": 0.1}) == pytest.approx(450 * 0.1 + 30 * 0.4)
    assert _training_s(asked, 450, 0.5, {"step_wall_s": None}) == pytest.approx(225.0)


def test_the_command_of_a_comparison_names_what_was_asked(tmp_path: Path) -> None:
    asked = request(tmp_path, "qumi", generators=("gmm",))
    assert asked.command.startswith(f"qaugbench run --classifier qumi --task {TASK} --generator gmm --source phantom")
    assert asked.resuming.startswith("qaugbench run --classifier qumi --task")
    assert f"--out {tmp_path}" in asked.resuming
    assert request(tmp_path, "qumi", plateau_check=False, metrics=False).command == request(tmp_path, "qumi").command
