"""The test for copies: by hand, by its definition, and on sets whose copies are known."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import beta

from qaugbench.errors import StatisticsError
from qaugbench.metrics.copies import (
    CopyExcess,
    copy_excess,
    distance_ratios,
    matching_weights,
    second_rank,
)
from qaugbench.metrics.neighbours import nearest
from qaugbench.metrics.shares import share

SPREAD = (1 + np.arange(32)) ** -0.5
"""Standard deviations of features whose spectrum falls as a power law."""


def _features(rng: np.random.Generator, n: int) -> np.ndarray:
    return rng.normal(size=(n, 32)) * SPREAD


def _tested(training: np.ndarray, synthetic: np.ndarray, held_out: np.ndarray) -> CopyExcess:
    rank = second_rank(len(training))
    ratios = [distance_ratios(nearest(of, training, rank).distances) for of in (synthetic, held_out)]
    return copy_excess(*ratios)


def _copycat(rng: np.random.Generator, training: np.ndarray, n: int, rate: float, noise: float) -> np.ndarray:
    """Return ``n`` honest images of which exactly the share ``rate`` is replaced by noisy copies."""
    synthetic = _features(rng, n)
    copies = round(rate * n)
    synthetic[:copies] = training[rng.integers(0, len(training), copies)] + noise * _features(rng, copies)
    return synthetic


def test_excess_by_hand() -> None:
    held_out = np.arange(1, 200) / 200  # the 1 % quantile of 199 is the second smallest
    ratios = np.concatenate([np.full(12, 0.01), np.full(388, 0.9)])  # equal to the threshold is flagged
    found = copy_excess(ratios, held_out)
    assert found.threshold == pytest.approx(0.01)
    assert (found.n_flagged, found.rate, found.expected) == (12, 0.03, pytest.approx(0.01))
    wilson, honest = share(12, 400), beta.ppf([0.025, 0.975], 2, 198)
    assert found.ci_low == pytest.approx(0.02 - np.hypot(0.03 - wilson.ci_low, honest[1] - 0.01))
    assert found.ci_high == pytest.approx(0.02 + np.hypot(wilson.ci_high - 0.03, 0.01 - honest[0]))
    assert (found.state, found.n_needed) == ("releasable", None)


def test_with_many_held_out_images_the_interval_is_wilson_s() -> None:
    found = copy_excess(np.linspace(0.001, 1, 300), np.linspace(0, 1, 10**6))
    wilson = share(found.n_flagged, 300)
    assert found.ci_low + 0.01 == pytest.approx(wilson.ci_low, abs=1e-4)
    assert found.ci_high + 0.01 == pytest.approx(wilson.ci_high, abs=1e-4)


def test_few_held_out_images_give_their_smallest_ratio_and_its_rate() -> None:
    held_out = np.linspace(0.3, 0.9, 49)
    found = copy_excess(np.full(30, 0.95), held_out)
    assert (found.threshold, found.expected) == (0.3, pytest.approx(1 / 50))
    assert found.excess == pytest.approx(-1 / 50)


@pytest.mark.parametrize("rate", [0.06, 0.1, 0.2, 0.5, 1.0])
@pytest.mark.parametrize("noise", [0.0, 0.2])
def test_a_copycat_is_flagged_at_every_rate_above_five_percent(rate: float, noise: float) -> None:
    rng = np.random.default_rng(5)
    training = _features(rng, 400)
    found = _tested(training, _copycat(rng, training, 1000, rate, noise), _features(rng, 1000))
    assert found.state == "memorising"
    assert found.ci_low < rate < found.ci_high + 0.01


@pytest.mark.parametrize("n_training", [20, 50, 100, 400])
@pytest.mark.parametrize("width", [1.0, 0.7])
def test_an_honest_generator_is_not_flagged_not_even_a_shrunk_one(width: float, n_training: int) -> None:
    rng = np.random.default_rng(6)
    found = _tested(_features(rng, n_training), width * _features(rng, 1000), _features(rng, 1000))
    assert found.state == "releasable"


def test_the_shrunk_one_is_nearer_to_training_images_than_real_ones_are() -> None:
    # What the test must not be deceived by: three in five are nearer than any but one of ten held-out images.
    rng = np.random.default_rng(6)
    training, shrunk, held_out = _features(rng, 400), 0.7 * _features(rng, 1000), _features(rng, 1000)
    usual = np.quantile(nearest(held_out, training).distances, 0.1)
    assert (nearest(shrunk, training).distances < usual).mean() > 0.6


def test_too_few_images_are_never_released_with_copies_and_never_accused_without() -> None:
    rng = np.random.default_rng(7)
    states: dict[float, list[str]] = {0.0: [], 0.08: []}
    for rate, found in states.items():
        for _ in range(40):
            training = _features(rng, 60)
            tested = _tested(training, _copycat(rng, training, 50, rate, 0.0), _features(rng, 100))
            assert (tested.n_needed is None) == (tested.state != "not decided")
            found.append(tested.state)
    assert "memorising" not in states[0.0]
    assert "releasable" not in states[0.08]
    assert "not decided" in states[0.0]


@pytest.mark.parametrize(("rate", "state"), [(0.0, "releasable"), (0.1, "memorising")])
def test_three_hundred_images_of_either_kind_decide(rate: float, state: str) -> None:
    # Whatever the features are, ratios of honest and held-out images are of one distribution, here the uniform one.
    rng = np.random.default_rng(10)
    states = [
        copy_excess(np.where(np.arange(300) < 300 * rate, 0.0, rng.random(300)), rng.random(300)).state
        for _ in range(200)
    ]
    assert states.count(state) >= 190


def test_as_many_images_as_are_asked_for_decide() -> None:
    held_out = np.linspace(0.0, 1.0, 1001)[1:]
    few = copy_excess(np.where(np.arange(60) < 2, 0.001, 0.5), held_out)
    assert few.state == "not decided"
    assert few.n_needed is not None
    needed = few.n_needed
    many = copy_excess(np.where(np.arange(needed) < round(needed / 30), 0.001, 0.5), held_out)
    assert many.state != "not decided"


def test_a_set_that_fills_up_a_rare_class_is_compared_with_that_mix() -> None:
    rng = np.random.default_rng(8)

    def drawn(groups: np.ndarray) -> np.ndarray:
        features = _features(rng, len(groups))
        features[groups == 1, 0] += 8
        return features

    of_training, of_synthetic, of_held_out = (
        np.arange(n) >= common for n, common in ((400, 380), (1000, 500), (1000, 950))
    )
    training, synthetic, held_out = drawn(of_training), drawn(of_synthetic), drawn(of_held_out)
    rank = second_rank(400, smallest_group=20)
    ratios, honest = (distance_ratios(nearest(of, training, rank).distances) for of in (synthetic, held_out))
    assert copy_excess(ratios, honest).excess > 0.03  # rare images have fewer neighbours: the wrong comparison
    matched = copy_excess(ratios, honest, matching_weights(of_synthetic, of_held_out))
    assert abs(matched.excess) < 0.03
    assert matched.n_effective < 250


def test_equal_weights_change_nothing() -> None:
    rng = np.random.default_rng(9)
    ratios, held_out = rng.random(100), rng.random(150)
    assert copy_excess(ratios, held_out, np.full(150, 3.0)) == copy_excess(ratios, held_out)


def test_leaked_held_out_images_do_not_hide_exact_copies() -> None:
    held_out = np.concatenate([np.zeros(5), np.linspace(0.5, 0.9, 95)])
    found = copy_excess(np.concatenate([np.zeros(50), np.full(50, 0.7)]), held_out)
    assert (found.threshold, found.rate, found.state) == (0.0, 0.5, "memorising")


@pytest.mark.parametrize(
    ("ratios", "held_out", "weights", "says"),
    [
        (np.ones(19), np.ones(50), None, r"at least 20 synthetic images; given 19"),
        (np.ones(20), np.ones(19), None, r"at least 20 held-out real images; given 19"),
        (np.full(20, 1.5), np.ones(20), None, r"in \[0, 1\]; not so at synthetic images 0"),
        (np.ones(20), np.full(20, np.nan), None, r"in \[0, 1\]; not so at held-out real images 0"),
        (np.ones(20), np.ones(20), -np.ones(20), "none negative"),
        (np.ones(20), np.ones(20), np.ones(3), "must be 20 numbers"),
    ],
)
def test_what_cannot_be_tested_is_refused(
    ratios: np.ndarray, held_out: np.ndarray, weights: np.ndarray | None, says: str
) -> None:
    with pytest.raises(StatisticsError, match=says):
        copy_excess(ratios, held_out, weights)


def test_a_group_without_a_held_out_image_is_named() -> None:
    with pytest.raises(StatisticsError, match="of the groups hernia"):
        matching_weights(np.array(["edema", "hernia"]), np.array(["edema", "edema"]))


def test_ranks_and_training_sets_that_are_too_small() -> None:
    assert (second_rank(20), second_rank(99), second_rank(5000), second_rank(5000, 3)) == (10, 49, 50, 2)
    with pytest.raises(StatisticsError, match="at least 20 training images"):
        second_rank(19)


def test_distances_that_are_none_are_refused() -> None:
    for wrong in (np.nan, np.inf, -1.0):
        with pytest.raises(StatisticsError, match="finite and not negative; not so at images 1"):
            distance_ratios(np.array([[0.1, 0.2], [wrong, wrong]]))


def test_held_out_images_that_are_all_alike_accuse_nobody() -> None:
    honest = np.linspace(0.1, 1, 100)
    with pytest.raises(StatisticsError, match="100 of 100 held-out real images have the same distance ratio, 1,"):
        copy_excess(honest, np.ones(100))
    for same, refused in ((2, False), (3, True)):
        few = np.concatenate([np.full(same, 0.2), np.linspace(0.3, 0.9, 20 - same)])
        if refused:
            with pytest.raises(StatisticsError, match="3 of 20"):
                copy_excess(honest, few)
        else:
            assert copy_excess(honest, few).threshold == pytest.approx(0.2)


def test_one_held_out_image_of_a_rare_class_is_no_tie() -> None:
    held_out = np.linspace(0.2, 0.9, 40)
    groups = np.r_[1, np.zeros(38, int), 1]  # the first, with the smallest ratio, is of the rare class
    weights = matching_weights(np.arange(100) % 2, groups)
    assert weights[0] == pytest.approx(10)
    assert copy_excess(np.linspace(0.2, 0.9, 100), held_out, weights).n_held_out == 40
