"""The posterior of the mean difference: against brute force, closed forms, and limits."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import integrate, stats

from qaugbench.errors import StatisticsError
from qaugbench.stats.bayes import posterior, posterior_of_one, sensitivity

TASKS = (np.array([0.010, -0.005, 0.020, 0.003]), np.array([0.004, 0.010, 0.006, 0.008]))


def _by_brute_force(estimate: np.ndarray, se: np.ndarray, margin: float) -> tuple[float, float, float, float]:
    """Return P(below), P(above), the mean and the sd from a plain grid over (mu, tau), cut at the margins."""
    # Every margin is an edge, so that a cell lies on one side of it.
    outer = np.linspace(margin, 0.12, 1601)
    mu, mu_width = _midpoints(np.concatenate([-outer[:0:-1], np.linspace(-margin, margin, 401), outer[1:]]))
    tau, tau_width = _midpoints(np.linspace(0.0, 0.08, 1001))
    density = stats.norm.pdf(mu, scale=0.02) * stats.halfnorm.pdf(tau[:, None], scale=0.01)
    for d, s in zip(estimate, se, strict=True):
        density = density * stats.norm.pdf(d, mu, np.sqrt(s**2 + tau[:, None] ** 2))
    weight = density * mu_width * tau_width[:, None]
    of_mu = weight.sum(axis=0) / weight.sum()
    mean = float(of_mu @ mu)
    sd = math.sqrt(float(of_mu @ (mu - mean) ** 2))
    return float(of_mu[mu < -margin].sum()), float(of_mu[mu > margin].sum()), mean, sd


def _midpoints(edges: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return (edges[1:] + edges[:-1]) / 2, np.diff(edges)


@pytest.mark.parametrize("n_tasks", [1, 2, 4])
def test_agrees_with_brute_force(n_tasks: int) -> None:
    estimate, se = (column[:n_tasks] for column in TASKS)
    found = posterior(estimate, se, margin=0.01)
    numbers = (found.below, found.above, found.mean, found.sd)
    assert numbers == pytest.approx(_by_brute_force(estimate, se, 0.01), abs=5e-6)
    assert found.below + found.within + found.above == pytest.approx(1.0, abs=1e-15)


def test_one_integral_by_adaptive_quadrature() -> None:
    # Evidence and mean as one-dimensional integrals over tau of the closed form, by scipy's adaptive rule.
    estimate, se = TASKS

    def integrand(tau: float, power: int) -> float:
        variance = se**2 + tau**2
        sampling = np.diag(variance) + 0.02**2
        precision = 1 / 0.02**2 + (1 / variance).sum()
        density = stats.multivariate_normal.pdf(estimate, cov=sampling) * stats.halfnorm.pdf(tau, scale=0.01)
        return density * ((estimate / variance).sum() / precision) ** power

    evidence, total = (integrate.quad(integrand, 0, 0.12, args=(power,), epsrel=1e-11)[0] for power in (0, 1))
    assert posterior(estimate, se, margin=0.01).mean == pytest.approx(total / evidence, rel=1e-9)


def test_closed_form_without_spread_over_tasks() -> None:
    estimate, se = TASKS
    precision = 1 / 0.02**2 + (1 / se**2).sum()
    mean, sd = (estimate / se**2).sum() / precision, 1 / math.sqrt(precision)
    found = posterior(estimate, se, margin=0.01, prior_between_sd=1e-8)
    assert (found.mean, found.sd) == pytest.approx((mean, sd), rel=1e-6)
    assert found.above == pytest.approx(stats.norm.sf(0.01, mean, sd), rel=1e-6)


def test_no_information_returns_the_prior() -> None:
    found = posterior([0.3], [1e4], margin=0.01)
    assert (found.mean, found.sd) == pytest.approx((0.0, 0.02), abs=1e-9)
    assert found.above == pytest.approx(stats.norm.sf(0.5))


def test_flipping_signs_swaps_below_and_above() -> None:
    estimate, se = TASKS
    there, back = posterior(estimate, se, margin=0.01), posterior(-estimate, se, margin=0.01)
    assert (there.below, there.within, there.mean) == pytest.approx((back.above, back.within, -back.mean), rel=1e-12)


@pytest.mark.parametrize("scale", [1e-3, 1.0, 1e4])
def test_units_do_not_matter(scale: float) -> None:
    estimate, se = TASKS
    plain = posterior(estimate, se, margin=0.01)
    scaled = posterior(
        scale * estimate, scale * se, margin=scale * 0.01, prior_mean_sd=scale * 0.02, prior_between_sd=scale * 0.01
    )
    assert scaled.above == pytest.approx(plain.above, rel=1e-9)


@pytest.mark.parametrize(("estimate", "se"), [([0.5, -0.4, 0.3], 1e-3), ([0.02] * 200, 1e-6), ([0.03, 0.01], 1e-9)])
def test_quadrature_holds_far_from_the_prior(estimate: list[float], se: float) -> None:
    # The spread over tasks dwarfs the errors, or there is none: compared with a brute sum over log tau.
    values = np.array(estimate)
    tau = np.exp(np.linspace(math.log(1e-11), math.log(3.0), 200_001))
    variance = se**2 + tau**2
    precision = 1 / 0.02**2 + values.size / variance
    mean = values.sum() / variance / precision
    squares = (values**2).sum() / variance - mean**2 * precision
    log_density = -0.5 * (values.size * np.log(variance) + np.log(precision) + squares + (tau / 0.01) ** 2)
    weight = np.exp(log_density - log_density.max()) * tau
    weight /= weight.sum()
    found = posterior(values, np.full(values.size, se), margin=0.01)
    assert found.mean == pytest.approx(weight @ mean, rel=1e-6)
    assert found.above == pytest.approx(weight @ stats.norm.sf((0.01 - mean) * np.sqrt(precision)), abs=1e-6)


def test_sensitivity_scales_both_priors() -> None:
    found = sensitivity(*TASKS, margin=0.01)
    assert list(found) == [0.5, 1.0, 2.0]
    assert found[1.0] == posterior(*TASKS, margin=0.01)
    assert found[2.0] == posterior(*TASKS, margin=0.01, prior_mean_sd=0.04, prior_between_sd=0.02)


@pytest.mark.parametrize(
    ("estimates", "ses", "settings", "message"),
    [
        ([], [], {}, "Every task"),
        ([0.1, 0.2], [0.1], {}, "Every task"),
        ([0.1, np.nan], [0.1, 0.1], {}, "tasks 1"),
        ([0.1], [0.0], {}, "never varied"),
        ([0.1], [0.1], {"margin": 0.0}, "margin must be positive"),
        ([0.1], [0.1], {"prior_mean_sd": -1.0}, "prior_mean_sd"),
        ([0.1], [0.1], {"prior_between_sd": np.inf}, "prior_between_sd"),
    ],
)
def test_refuses(estimates: list[float], ses: list[float], settings: dict[str, float], message: str) -> None:
    with pytest.raises(StatisticsError, match=message):
        posterior(estimates, ses, **{"margin": 0.01, **settings})


def test_one_difference_is_the_normal_model_with_a_known_variance() -> None:
    # Prior N(0, .02^2), data .01 with se .02: mean .005, sd .02 / sqrt(2).
    found = posterior_of_one(0.01, 0.02, margin=0.01)
    sd = 0.02 / np.sqrt(2)
    assert (found.mean, found.sd) == (pytest.approx(0.005), pytest.approx(sd))
    assert found.below == pytest.approx(stats.norm.cdf(-0.01, 0.005, sd))
    assert found.above == pytest.approx(stats.norm.sf(0.01, 0.005, sd))
    assert found.below + found.within + found.above == pytest.approx(1)
    with pytest.raises(StatisticsError, match="standard errors positive"):
        posterior_of_one(0.01, 0.0, margin=0.01)
