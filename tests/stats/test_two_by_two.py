"""Circuits or twins in a generator, crossed with circuits or twins in its space: the arithmetic on planted values."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from qaugbench.predictions import ArmInfo
from qaugbench.stats.fraction import ArmMeasurements
from qaugbench.stats.mrmc import compare
from qaugbench.stats.two_by_two import two_by_two

BOTH, IN_SPACE, IN_GENERATOR, NEITHER = "q", "q:twin", "q:twin-autoencoder", "q:twin-autoencoder:twin"
MEANS = {BOTH: 0.90, IN_SPACE: 0.84, IN_GENERATOR: 0.86, NEITHER: 0.83}


def arm(name: str, generator: str, control: str, twin_of: str | None) -> ArmInfo:
    role: Any = "synthetic" if control == "none" else "control"
    return ArmInfo(id=name, role=role, generator=generator, control=control, kind="hybrid", space_twin_of=twin_of)


ARMS = [
    arm(BOTH, "q", "none", None),
    arm(IN_SPACE, "q", "twin", None),
    arm(IN_GENERATOR, "q:twin-autoencoder", "none", "q"),
    arm(NEITHER, "q:twin-autoencoder", "twin", "q"),
]


def measured(replicates: int = 6, why_not: str | None = None) -> ArmMeasurements:
    random = np.random.default_rng(0)
    by_arm = {}
    for name, mean in MEANS.items():
        spread = random.normal(0, 0.01, replicates)
        influence = random.normal(0, 0.02, (replicates, 50))
        by_arm[name] = (mean + spread - spread.mean(), influence - influence.mean(axis=1, keepdims=True))
    metric: Any = SimpleNamespace(kind="macro_auroc", n_eff=50, why_no_interval=why_not)
    return ArmMeasurements(metric, by_arm)


def fraction(arms: list[ArmInfo] = ARMS) -> Any:
    return SimpleNamespace(present=SimpleNamespace(arms={one.id: one for one in arms}))


def test_main_effects_are_means_of_two_differences_and_the_interaction_their_difference() -> None:
    (found,) = two_by_two(fraction(), measured())
    assert (found.both, found.in_space, found.in_generator, found.neither) == (BOTH, IN_SPACE, IN_GENERATOR, NEITHER)
    estimates = {one.name: one.estimate for one in found.effects}
    assert estimates == pytest.approx({"generator": 0.045, "space": 0.025, "interaction": 0.03})


def test_the_intervals_are_those_of_the_same_contrast_of_the_four_arms() -> None:
    run = measured()
    order = [BOTH, IN_SPACE, IN_GENERATOR, NEITHER]
    theta, influence = (np.stack([run.by_arm[name][k] for name in order]) for k in (0, 1))
    weights = {"generator": [0.5, -0.5, 0.5, -0.5], "space": [0.5, 0.5, -0.5, -0.5], "interaction": [1, -1, -1, 1]}
    (found,) = two_by_two(fraction(), run)
    for one in found.effects:
        expected = compare(theta, influence, np.array(weights[one.name]), 50)
        assert (one.ci_low, one.ci_high) == pytest.approx((expected.ci_low, expected.ci_high))
        assert (one.se, one.df, one.p_value) == pytest.approx((expected.se, expected.df, expected.p_value))
        assert (one.method, one.n_replicates, one.n_groups) == (expected.method, 6, 50)


def test_two_replicates_give_estimates_without_intervals() -> None:
    (found,) = two_by_two(fraction(), measured(replicates=2))
    assert [one.ci_low for one in found.effects] == [None] * 3
    assert found.effects[0].estimate == pytest.approx(0.045)
    assert found.effects[0].method.startswith("no interval")


@pytest.mark.parametrize("missing", MEANS)
def test_without_one_of_the_four_arms_there_is_no_table(missing: str) -> None:
    assert two_by_two(fraction([one for one in ARMS if one.id != missing]), measured()) == []


def test_too_few_test_images_give_no_table() -> None:
    assert two_by_two(fraction(), measured(why_not="too few")) == []
