"""The circuits' influence in a run: a cell of its own, means over replicates in the record, and the reason that follows."""

from __future__ import annotations

import shutil
from pathlib import Path
from unittest import mock

import numpy as np
import pytest

from qaugbench.board.verify import scores_of, verify
from qaugbench.experiment.influences import ReplicateInfluence, mean_influence
from qaugbench.experiment.run import RunResult
from qaugbench.experiment.store import Store
from qaugbench.generators.contract import DivergedError
from qaugbench.predictions import read_predictions
from qaugbench.record import HARDLY_REACHES, BlockInfluence, unattributable
from tests.experiment.tiny import tiny_run

MEASURED = "qaugbench.generators.shared.block_influence.influence_differences"


def replicate(other_seed: float, mean: float | None, noise: float | None, **controls: float) -> ReplicateInfluence:
    return ReplicateInfluence(other_seed, mean, noise, controls, parameter_share=0.25, n_images=8)


def test_differences_are_relative_to_that_of_another_seed_over_the_replicates_that_have_them() -> None:
    found = mean_influence([replicate(10, 1, 2, twin=5, frozen=0), replicate(30, 3, 4, twin=9)])
    assert (found.seed_difference, found.n_replicates, found.n_images) == (20, 2, 8)
    assert (found.mean_replaced, found.noise_replaced) == (4 / 40, 6 / 40)
    assert found.controls == {"twin": 14 / 40, "frozen": 0}
    assert found.parameter_share == 0.25


def test_what_cannot_be_related_is_left_out() -> None:
    equal = mean_influence([replicate(0, 1, 2, twin=5)])
    assert (equal.seed_difference, equal.mean_replaced, equal.noise_replaced, equal.controls) == (0, None, None, {})
    without = mean_influence([replicate(10, None, None, twin=5)])
    assert (without.mean_replaced, without.noise_replaced, without.controls) == (None, None, {"twin": 0.5})


@pytest.mark.parametrize(
    ("mean", "noise", "small"),
    [(0.049, 0.049, True), (0.049, 0.05, False), (0.05, 0.049, False), (0.0, 0.0, True), (None, None, False)],
)
def test_both_replacements_must_change_little(mean: float | None, noise: float | None, small: bool) -> None:
    found = mean_influence([replicate(1, mean, noise)])
    assert found.hardly_reaches_images is small
    reasons = unattributable({"10%": {"toy": found}, "50%": {}})
    assert reasons == ({"10%": {"toy": HARDLY_REACHES}} if small else {})
    assert HARDLY_REACHES == "the circuit hardly reaches the images; attribution cannot be tested"


@pytest.fixture(scope="module")
def measured(finished: RunResult) -> BlockInfluence:
    return finished.record.influence["50%"]["qldm"]


def test_a_run_records_the_influence_of_its_quantum_generators_alone(
    finished: RunResult, measured: BlockInfluence
) -> None:
    assert finished.record.influence == {"50%": {"qldm": measured}}
    assert measured.n_replicates == 2
    assert set(measured.controls) == {"twin", "no-entanglement", "frozen"}
    assert finished.record.cost["influence"].cells == 2
    own = next(facts for facts in finished.record.generators if facts.control == "none")
    assert measured.parameter_share == pytest.approx(own.parameters["block"] / own.parameters["total"])


def test_a_difference_to_a_control_is_that_of_the_stored_samples(finished: RunResult, measured: BlockInfluence) -> None:
    """Found from the files of the store alone, whose cells say which fit of which control each sample has."""
    cells, differences = finished.folder.parent / "store" / "cells", []
    store = Store(finished.folder.parent / "store")
    samples = {}
    for path in (cells / "sample").glob("*/*/cell.json"):
        name = path.parent.name
        key = store.meta("fit", store.meta("sample", name)["needs"]["fit"])["key"]
        if key["generator"] == "qldm":  # another test may have added generators to this store
            samples[key["seeds"]["gen_fit"], key["control"]] = store.array("sample", name, "images").astype(float)
    for seed in {seed for seed, _ in samples}:
        own, twin = (samples[seed, control][: measured.n_images] for control in ("none", "twin"))
        differences.append(np.abs(own - twin).mean())
    assert measured.controls["twin"] * measured.seed_difference == pytest.approx(np.mean(differences))


def test_a_small_influence_is_the_reason_in_the_verdict(finished: RunResult, measured: BlockInfluence) -> None:
    """Verifying a run recomputes the reason from the record."""
    verify(finished.folder)
    little = measured.model_copy(update={"mean_replaced": 0.001, "noise_replaced": 0.002})
    record = finished.record.model_copy(update={"influence": {"50%": {"qldm": little}}})
    assert unattributable(record.influence) == {"50%": {"qldm": HARDLY_REACHES}}
    scores = scores_of(record, read_predictions(finished.folder / "predictions.npz"))
    (endpoint, *_) = finished.record.endpoints
    ladder = scores.fractions["50%"].endpoints[endpoint.id].verdicts["qldm"].ladder
    assert (ladder.attribution, ladder.attribution_reason) == ("NOT-TESTED", HARDLY_REACHES)
    assert scores != finished.record.scores


def test_a_cell_that_fails_leaves_no_influence_and_all_arms_as_they_were(finished: RunResult, tmp_path: Path) -> None:
    shutil.copytree(finished.folder.parent / "store", tmp_path / "store")
    shutil.rmtree(tmp_path / "store" / "cells" / "influence")
    with mock.patch(MEASURED, side_effect=DivergedError("not finite")):
        failed = tiny_run(tmp_path)
    assert [(found.stage, found.outcome) for found in failed.record.failures] == [("influence", "diverged")] * 2
    assert failed.record.influence == {}
    assert failed.record.predictions_sha256 == finished.record.predictions_sha256
    resumed = tiny_run(tmp_path)
    assert {stage: cost.computed_now for stage, cost in resumed.record.cost.items() if cost.computed_now} == {
        "influence": 2
    }
    assert resumed.record.influence == finished.record.influence


def test_a_control_that_fails_leaves_the_others(finished: RunResult, tmp_path: Path) -> None:
    from qaugbench.generators.shared.model import Model

    sample = Model.sample

    def failing(self: Model, *args: object, **options: object) -> np.ndarray:
        if self.recipe.control == "twin":
            raise DivergedError("not finite")
        return sample(self, *args, **options)

    shutil.copytree(finished.folder.parent / "store", tmp_path / "store")
    shutil.rmtree(tmp_path / "store" / "cells" / "sample")
    with mock.patch.object(Model, "sample", failing):
        found = tiny_run(tmp_path).record.influence["50%"]["qldm"]
    whole = finished.record.influence["50%"]["qldm"]
    assert found.controls == {name: change for name, change in whole.controls.items() if name != "twin"}
    assert found.mean_replaced == whole.mean_replaced
