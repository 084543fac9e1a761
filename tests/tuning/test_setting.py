"""Tuning replicates share no seed and no cell with evaluated ones, and have no test image."""

from __future__ import annotations

from dataclasses import astuple

import numpy as np

from qaugbench.experiment.order import with_upstream
from qaugbench.experiment.plan import make_plan
from qaugbench.experiment.replicate_cells import ReplicateCells
from qaugbench.seeds import replicate_streams, tuning_streams
from qaugbench.tuning.setting import TuningSetting
from qaugbench.tuning.trial import make_trial, with_settings
from tests.experiment.small import small_choice, small_setting

FRACTIONS = (0.05, 0.1, 0.25, 1.0)


def test_no_seed_of_tuning_is_a_seed_of_an_evaluation() -> None:
    def seeds(streams: object) -> set[int]:
        return {
            seed
            for task in ("brainmri@2", "tune")
            for fraction in FRACTIONS
            for replicate in range(100)
            for seed in astuple(streams(task, "0" * 64, fraction, replicate))
        }

    evaluation, tuning = seeds(replicate_streams), seeds(tuning_streams)
    assert len(evaluation) == len(tuning) > 2 * 4 * 100 * 9
    assert not evaluation & tuning


def test_subsets_of_a_tuning_replicate_are_nested_too() -> None:
    streams = [tuning_streams("kneeoa@2", "1" * 64, fraction, 0) for fraction in FRACTIONS]
    assert len({one.subset for one in streams}) == 1
    assert len({one.gen_fit for one in streams}) == len(FRACTIONS)


def test_validation_images_take_the_place_of_test_images() -> None:
    setting = small_setting()
    own, tuned = setting.source.split, TuningSetting.of(setting).source.split
    assert np.array_equal(tuned.test, own.val)
    assert np.array_equal(tuned.train, own.train)
    assert not np.isin(own.test, np.concatenate([tuned.train, tuned.val, tuned.test])).any()


def test_a_run_and_a_study_share_no_cell_but_the_images() -> None:
    setting, choice = small_setting(), small_choice()
    plan = make_plan(
        setting, [choice], fractions=(0.25,), replicates=3, runnable=lambda labels, fraction, ladder: (fraction, None)
    )
    arm = next(arm for arm in plan.arms if arm.info.id == "qldm:twin")
    builders = [ReplicateCells(TuningSetting.of(setting), "25%", 0.25, number) for number in range(3)]
    trial = make_trial(0, {"steps": 3}, choice, arm, builders)
    shared = {cell.name for cell in trial.all_cells} & {cell.name for cell in plan.cells}
    assert shared == {cell.name for cell in plan.cells if cell.stage == "prepare"}


def test_settings_of_a_trial_replace_those_of_the_track_and_name_its_cells() -> None:
    choice, arm = small_choice(learning_rate=0.1), next(iter(make_arms()))
    builders = [ReplicateCells(TuningSetting.of(small_setting()), "25%", 0.25, 0)]
    assert with_settings(choice, "smoke", {"steps": 5}).card.settings("smoke") == {
        "steps": 5,
        "batch_size": 4,
        "learning_rate": 0.1,
    }
    default, same, other = (
        make_trial(number, settings, choice, arm, builders)
        for number, settings in enumerate([{"steps": 3}, {"steps": 3}, {"steps": 5}])
    )
    assert default.cells[0].name == same.cells[0].name != other.cells[0].name
    labels = {cell.stage: cell.label for cell in with_upstream(other.cells)}
    assert labels["fit"] == "qldm 25% r0 trial 2"
    assert "trial" not in labels["draw"]


def make_arms() -> list:
    from qaugbench.experiment.arms import variant_arms

    return list(variant_arms(small_choice()))
