"""Distributions of factors as estimated: honest ones at their floor, collapsed ones far, those that cannot be read not compared."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from qaugbench.appraisal.factors import KnownFactors, estimation_skill, factor_measures
from qaugbench.image_facts import Measure, measure_info

NAMES = ("place", "size", "shade", "unreadable")
TYPICAL = np.array([0.7, 0.3])


def drawn(n: int, seed: int, shares: np.ndarray = TYPICAL) -> tuple[np.ndarray, np.ndarray]:
    """Return true factors [n, 4] and labels [n, 2]: places differ by class, and only the second class has a size."""
    rng = np.random.default_rng(seed)
    classes = rng.choice(2, n, p=shares)
    place, size = rng.normal(3.0 * classes), np.where(classes == 1, rng.gamma(2.0, size=n), np.nan)
    factors = np.stack([place, size, rng.uniform(size=n), rng.normal(size=n)], axis=1)
    return factors, np.eye(2, dtype=np.float32)[classes]


def estimated(factors: np.ndarray, seed: int) -> np.ndarray:
    """Return what an estimator with errors makes of them: of the last it knows nearly nothing, of a missing size it says some."""
    errors = np.random.default_rng(seed).normal(size=factors.shape) * [0.5, 0.5, 0.1, 5.0]
    return np.nan_to_num(factors, nan=1.0) * [0.9, 0.8, 0.8, 0.1] + errors


def known(synthetic: np.ndarray) -> KnownFactors:
    true, labels = drawn(900, 1)
    return KnownFactors(NAMES, true, labels, estimated(true, 2), estimated(synthetic, 3), "0" * 64)


def measures(factors: np.ndarray, labels: np.ndarray) -> dict[str, Measure]:
    return factor_measures(known(factors), labels, np.random.default_rng(0))


def test_skill_by_hand() -> None:
    true = np.array([0.0, 2.0, 4.0])
    assert estimation_skill(true, true) == 1
    assert estimation_skill(true, np.full(3, 2.0)) == 0
    assert estimation_skill(true, true[::-1]) == pytest.approx(1 - 32 / 8)


@pytest.mark.parametrize("shares", [TYPICAL, np.array([0.2, 0.8])])
def test_honest_images_are_at_their_floor_whatever_the_mix_of_classes(shares: np.ndarray) -> None:
    found = measures(*drawn(300, 7, shares))
    for name in ("place", "size", "shade"):
        distance, modes = found[f"collapse/factor/{name}"], found[f"collapse/modes/{name}"]
        assert distance.ci_low == 0
        assert distance.value < 4 * distance.real
        assert modes.value == pytest.approx(modes.real, abs=0.11)
        assert found[f"collapse/skill/{name}"].value > 0.5
    together = found["collapse/modes/all"]
    assert together.value == pytest.approx(together.real, abs=0.15)
    assert all(measure_info(name).title for name in found)


def test_a_factor_that_is_always_the_same_is_far_and_misses_modes() -> None:
    factors, labels = drawn(300, 7)
    factors[:, 2] = 0.5
    found = measures(factors, labels)
    assert found["collapse/factor/shade"].ci_low > 0.1
    assert found["collapse/modes/shade"].value < 0.8 < found["collapse/modes/shade"].real
    assert found["collapse/modes/all"].value < found["collapse/modes/all"].real
    assert found["collapse/factor/place"].ci_low == 0


def test_a_factor_is_compared_among_the_classes_that_have_it() -> None:
    factors, labels = drawn(300, 7)
    found = measures(factors, labels)
    assert found["collapse/factor/size"].n == int(labels[:, 1].sum())
    assert found["collapse/factor/place"].n == 300
    none = measures(factors[labels[:, 1] == 0], labels[labels[:, 1] == 0])
    assert none["collapse/factor/size"].reason == "No synthetic image is of a class that has this factor."


def test_a_factor_that_cannot_be_read_off_is_not_compared() -> None:
    found = measures(*drawn(300, 7))
    assert found["collapse/factor/unreadable"].value is None
    assert "at least 50% are needed" in str(found["collapse/factor/unreadable"].reason)
    assert "collapse/modes/unreadable" not in found
    assert found["collapse/skill/unreadable"].value < 0.5


def test_few_images_have_the_reason() -> None:
    found = measures(*drawn(12, 7))
    assert "at least 20 drawn values" in str(found["collapse/factor/place"].reason)


def test_without_factors_that_can_be_read_off_nothing_is_counted_together() -> None:
    factors, labels = drawn(100, 7)
    blind = known(factors)
    blind = replace(blind, estimated=np.zeros_like(blind.estimated))
    found = factor_measures(blind, labels, np.random.default_rng(0))
    assert "collapse/modes/all" not in found
    assert all(one.value is None for name, one in found.items() if name.startswith("collapse/factor/"))
