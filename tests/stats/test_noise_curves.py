"""Curves against noise: the companion on a planted shape, axes that do and do not collapse, factors by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest

from qaugbench.errors import StatisticsError
from qaugbench.stats.learning_curve import Censored, Range
from qaugbench.stats.noise_curves import Collapse, Companion, NoiseAxis, collapse, companion_curve, needed_improvements
from qaugbench.stats.thresholds import TARGET_MISSED, Threshold, tolerated_noise

NOISE = np.concatenate([[0], np.logspace(-4, -1, 7)])
ERRORS = np.array([0.0, 0.03, 0.1, 0.3, 1.0])


def _tolerated(estimate: float, low: float, high: float, censored: Censored | None = None) -> Threshold:
    return Threshold(Range(estimate, low, high), censored or Censored(), None, None, None)


def test_companion_recovers_a_planted_curve() -> None:
    found = companion_curve(NOISE, -0.02 + 0.05 / (1 + (NOISE / 2e-3) ** 0.8))
    assert isinstance(found, Companion)
    assert [found.at_zero, found.at_infinity, found.p50, found.steepness] == pytest.approx(
        [0.03, -0.02, 2e-3, 0.8], rel=1e-3
    )
    assert found.r2 == pytest.approx(1)
    assert not found.bounded
    assert found.at(np.array([2e-3])) == pytest.approx([0.005], abs=1e-5)


def test_companion_says_where_its_shape_means_nothing() -> None:
    straight = companion_curve(NOISE, 0.8 - 1e-9 * np.arange(8.0) ** 2 * NOISE)
    assert isinstance(straight, Companion)
    assert companion_curve(NOISE, np.full(8, 0.8)) == "the curve never changes"
    assert "5 are needed" in str(companion_curve(NOISE[:4], NOISE[:4]))
    with pytest.raises(StatisticsError, match="finite means"):
        companion_curve(NOISE, NOISE[:3])


def _axis(name: str, two_qubit_share: float, by: float = 1.0) -> NoiseAxis:
    random = np.random.default_rng(len(name))
    theta = 0.8 * np.exp(-by * ERRORS)[:, None] + 0.002 * random.normal(size=(5, 5))
    return NoiseAxis(name, two_qubit_share * ERRORS / 10, ERRORS, theta)


def test_axes_that_depend_on_expected_errors_alone_collapse() -> None:
    found = collapse([_axis("gates", 1.0), _axis("readout", 0.0), _axis("device", 0.6)], draws=200)
    assert found.by_expected_errors > 0.98
    assert found.by_two_qubit_error < 0.9
    assert found.low > 0
    assert (found.n_axes, found.n_levels) == (3, 12)
    assert found.words.startswith("expected errors explain the axes better")


def test_axes_that_depend_on_the_two_qubit_error_do_not() -> None:
    # The two-qubit error is the same at all levels of expected errors, which differ by other causes without effect.
    gates = _axis("gates", 1.0)
    silent = NoiseAxis("silent", gates.two_qubit_error, 5 * gates.expected_errors, gates.theta + 1e-4)
    found = collapse([gates, silent], draws=200)
    assert found.high < 0
    assert found.words.startswith("the two-qubit error explains the axes better")


def test_axes_that_foretell_nothing_are_not_said_to_explain() -> None:
    found = Collapse(-0.294, -0.278, -0.016, -0.039, -0.009, 3, 5)
    assert found.words.startswith("no axis can be foretold from the others: R2 -.294 by expected errors")


def test_collapse_needs_two_axes_with_noise_and_three_replicates() -> None:
    one = _axis("gates", 1.0)
    with pytest.raises(StatisticsError, match="two or more axes"):
        collapse([one])
    with pytest.raises(StatisticsError, match="no level with noise"):
        collapse([one, NoiseAxis("none", np.zeros(1), np.zeros(1), np.ones((1, 5)))])
    with pytest.raises(StatisticsError, match="'short' needs"):
        collapse([one, NoiseAxis("short", ERRORS[:2], ERRORS, one.theta)])
    few = NoiseAxis("few", one.two_qubit_error, one.expected_errors, one.theta[:, :2])
    with pytest.raises(StatisticsError, match="needs 3"):
        collapse([few, few])


def test_factors_leave_the_other_errors_as_they_are() -> None:
    parts = {"two-qubit gates": 0.6, "readout": 0.3, "waiting": 0.1}
    gates, readout, waiting, together = needed_improvements(_tolerated(0.5, 0.45, 0.8), parts)
    assert [gates.factor, gates.low, gates.high] == pytest.approx([0.6 / 0.1, 0.6 / 0.4, 0.6 / 0.05])
    assert (readout.factor, readout.words) == (math.inf, "not by this alone")
    assert waiting.factor == math.inf
    assert [together.factor, together.low, together.high] == pytest.approx([2, 1.25, 1 / 0.45])
    assert together.words == "2 times lower (95 % CI 1.2 to 2.2)"


def test_device_within_the_tolerated_errors_needs_nothing() -> None:
    assert needed_improvements(_tolerated(0.5, 0.2, 0.9), {"gates": 0.4})[0].words == "reached already"


def test_factors_beyond_the_measured_levels_are_bounds() -> None:
    below = needed_improvements(_tolerated(0.03, 0.03, 0.1, Censored("at most", "at most", "")), {"gates": 0.3})[0]
    assert below.words == "at least 10 times lower (95 % CI 3 to no bound)"
    above = needed_improvements(_tolerated(1.0, 0.5, 1.0, Censored("at least", "", "at least")), {"gates": 2.0})[0]
    assert above.words == "at most 2 times lower (95 % CI 1 to 4)"


def test_target_that_no_hardware_reaches_has_no_factors() -> None:
    theta = 0.8 - 0.1 * ERRORS[:, None] + 0.001 * np.random.default_rng(0).normal(size=(5, 4))
    found = tolerated_noise(ERRORS, theta, 0.9)
    assert found.reason is not None
    assert found.reason.startswith(TARGET_MISSED)
    assert needed_improvements(found, {"gates": 0.4}) == ()


@pytest.mark.parametrize("parts", [{}, {"gates": 0.0}, {"gates": -0.1, "readout": 0.2}, {"gates": math.nan}])
def test_parts_that_are_no_errors_are_refused(parts: dict[str, float]) -> None:
    with pytest.raises(StatisticsError, match="expected errors by cause"):
        needed_improvements(_tolerated(0.5, 0.4, 0.6), parts)


def test_a_device_at_the_lowest_level_of_all_needs_less_by_an_unknown_factor() -> None:
    found = needed_improvements(
        _tolerated(0.3, 0.3, 0.4, Censored("at most", "at most", "")), {"gates": 0.2, "readout": 0.1}
    )
    assert {one.words for one in found} == {"lower, but no level tells by how much"}
    assert needed_improvements(_tolerated(0.3, 0.3, 0.4), {"gates": 0.3})[0].words == "reached already"
