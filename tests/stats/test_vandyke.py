"""The engine against a published multi-reader multi-case study: Van Dyke et al. 1993, readers as replicates.

Reference numbers: RJ, the values that the R package RJafroc stores for its own tests of ``dataset02`` (16 digits; the files
dataset02-OR-Wilcoxon and DeLongDataset02); IOWA, the print-out of OR-DBM MRMC 2.5 (trapezoidal area, jackknife,
12 April 2017); README, that of MRMCaov.m, whose error covariance is the unbiased one and so differs a little. All are of
treatment 1 minus treatment 2.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from qaugbench.metrics.discrimination import auroc
from qaugbench.stats.delong import delong, delong_test
from qaugbench.stats.influence import auroc_influence
from qaugbench.stats.jackknife import jackknife_influence
from qaugbench.stats.mrmc import compare, interval, variance_components

TABLE = np.loadtxt(Path(__file__).with_name("vandyke.csv"), delimiter=",", comments="#", skiprows=6, dtype=int)
TRUTH, RATINGS = TABLE[:, 0], TABLE[:, 1:].T.reshape(2, 5, 114)
CASES = np.arange(114)
NO_PATIENT_TERM = 10**12
"""As effective patients: Hillis 2007 has no term for the patients in the degrees of freedom, and the engine has one."""

AUCS = [  # RJ
    [0.91964573268921090, 0.85877616747181962, 0.90386473429951686, 0.97310789049919488, 0.82979066022544279],
    [0.94782608695652171, 0.90531400966183573, 0.92173913043478262, 0.99935587761674716, 0.92995169082125606],
]
MS_TR = 0.00055103062174405803  # RJ
JACKKNIFE = {  # RJ, covariances by the jackknife
    "var": 0.00080228826557206712,
    "cov1": 0.00034661370944073214,
    "cov2": 0.00034407482886088909,
    "cov3": 0.00023902837089215378,
}
DELONG = {  # RJ, covariances by DeLong
    "var": 0.00079213245307656181,
    "cov1": 0.00034200895773682841,
    "cov2": 0.00033952653098562883,
    "cov3": 0.00023584965323447099,
}


def _jackknife() -> tuple[np.ndarray, np.ndarray]:
    """Return the AUCs [2, 5] and their jackknife influence [2, 5, 114]."""
    pairs = [
        [jackknife_influence(lambda kept, r=ratings: auroc(r[kept], TRUTH[kept]), CASES) for ratings in treatment]
        for treatment in RATINGS
    ]
    return tuple(np.array([[pair[part] for pair in row] for row in pairs]) for part in (0, 1))


def _components(covariance: np.ndarray) -> dict[str, float]:
    """Return Obuchowski & Rockette's four averages of a covariance of [2 treatments, 5 readers] flattened to [10, 10]."""
    blocks = covariance.reshape(2, 5, 2, 5)
    same_treatment = np.stack([blocks[0, :, 0], blocks[1, :, 1]])
    other_treatment = blocks[0, :, 1]
    others = ~np.eye(5, dtype=bool)
    return {
        "var": np.diagonal(covariance).mean(),
        "cov1": np.diagonal(other_treatment).mean(),
        "cov2": same_treatment[:, others].mean(),
        "cov3": other_treatment[others].mean(),
    }


def test_ten_areas_and_the_mean_squares() -> None:
    values = np.array([[auroc(ratings, TRUTH) for ratings in treatment] for treatment in RATINGS])
    np.testing.assert_allclose(values, AUCS, rtol=0, atol=1e-15)
    by_influence = [[auroc_influence(r[:, None], TRUTH[:, None], CASES)[0] for r in row] for row in RATINGS]
    np.testing.assert_allclose(by_influence, AUCS, rtol=0, atol=1e-15)
    difference = values[0] - values[1]
    # MS(T) = R times the variance of the treatments' means; our V_S is 2 MS(T x R) / R.
    assert 5 * values.mean(axis=1).var(ddof=1) == pytest.approx(0.0047961705316602833, abs=1e-15)
    assert difference.var(ddof=1) / 5 == pytest.approx(2 * MS_TR / 5, abs=1e-15)


def test_the_jackknifes_covariances() -> None:
    _, influence = _jackknife()
    flat = influence.reshape(10, 114)
    centred = flat - flat.mean(axis=1, keepdims=True)
    assert _components(114 / 113 * centred @ centred.T) == pytest.approx(JACKKNIFE, rel=1e-11)


def test_delongs_covariances() -> None:
    found = delong(RATINGS.reshape(10, 114), TRUTH)
    np.testing.assert_allclose(found.values.reshape(2, 5), AUCS, rtol=0, atol=1e-15)
    assert _components(found.covariance) == pytest.approx(DELONG, rel=1e-11)


def test_components_of_the_engine() -> None:
    theta, influence = _jackknife()
    found = variance_components(theta[0] - theta[1], influence[0] - influence[1])
    assert found.replicates == pytest.approx(2 * MS_TR / 5, rel=1e-11)
    assert found.patients == pytest.approx(2 * (JACKKNIFE["cov2"] - JACKKNIFE["cov3"]), rel=1e-10)


def test_random_readers_and_cases() -> None:
    found = compare(*_jackknife(), np.array([1.0, -1.0]), NO_PATIENT_TERM)
    assert found.estimate == pytest.approx(-0.043800322061191665, abs=1e-15)  # RJ, as all of these
    assert found.se == pytest.approx(0.02074861837894499, abs=1e-13)
    assert (found.estimate / found.se) ** 2 == pytest.approx(4.4563186931572618, abs=1e-10)
    assert found.df == pytest.approx(15.259674589141751, abs=1e-9)
    assert found.p_value == pytest.approx(0.05166568581929408, abs=1e-12)
    assert found.ci_low == pytest.approx(-0.087959498566554661, abs=1e-12)
    assert found.ci_high == pytest.approx(0.00035885444417133039, abs=1e-12)
    printed = (f"{found.estimate:.5f}", f"{found.se:.5f}", f"{found.df:.2f}", f"{found.p_value:.4f}")
    assert printed == ("-0.04380", "0.02075", "15.26", "0.0517")  # IOWA


@pytest.mark.parametrize(
    ("treatment", "se", "df", "ci_low", "ci_high"),
    [
        (0, 0.033173596959167079, 12.744647598118270, 0.82522359754236485, 0.96885047653170908),
        (1, 0.021566368370292181, 12.710189641632468, 0.89413783121128187, 0.98753688698517539),
    ],
)
def test_each_treatment_by_itself(treatment: int, se: float, df: float, ci_low: float, ci_high: float) -> None:
    theta, influence = _jackknife()
    found = interval(theta[treatment], influence[treatment], NO_PATIENT_TERM)
    assert (found.se, found.df) == pytest.approx((se, df), rel=1e-10)
    assert (found.ci_low, found.ci_high) == pytest.approx((ci_low, ci_high), abs=1e-11)


def test_one_reader_at_a_time_is_the_single_run() -> None:
    # IOWA, analysis 2d (z, jackknife covariance): the first reader's difference has standard error .025512132584911362.
    theta, influence = _jackknife()
    found = compare(theta[:, :1], influence[:, :1], np.array([1.0, -1.0]), NO_PATIENT_TERM)
    assert (found.se, found.p_value) == pytest.approx((0.025512132584911362, 0.269338853897797104), abs=1e-12)
    # DeLong's, from RJ's variances and covariance of that reader.
    expected = np.sqrt(2 * (0.00069007660376049795 - 3.6843574848442837e-04))
    assert delong_test(RATINGS[0, 0], RATINGS[1, 0], TRUTH).se == pytest.approx(expected, rel=1e-11)


def test_the_default_counts_patients_in_the_degrees_of_freedom() -> None:
    # From the same components with 45 patients on the rarer side: V_S = 2 MS(TR) / 5 = 2.20412e-4 on 4 and
    # s2 = 2 (Cov2 - Cov3) = 2.10093e-4 on 44 degrees of freedom, so
    # df = (4.30505e-4)^2 / (2.20412e-4^2 / 4 + 2.10093e-4^2 / 44) = 1.853347e-7 / 1.314855e-8 = 14.0955.
    found = compare(*_jackknife(), np.array([1.0, -1.0]), 45)
    of_replicates, of_patients = 2 * MS_TR / 5, 2 * (JACKKNIFE["cov2"] - JACKKNIFE["cov3"])
    df = (of_replicates + of_patients) ** 2 / (of_replicates**2 / 4 + of_patients**2 / 44)
    assert found.df == pytest.approx(df, rel=1e-10)
    assert found.df == pytest.approx(14.0955, abs=1e-4)
    assert found.se == pytest.approx(0.02074861837894499, abs=1e-13)
    assert found.p_value == pytest.approx(2 * stats.t.sf(2.1109994536136818, df), abs=1e-10)


def test_placements_give_the_published_analysis_with_delongs_covariance() -> None:
    influence = np.array([[auroc_influence(r[:, None], TRUTH[:, None], CASES)[1] for r in row] for row in RATINGS])
    found = compare(np.array(AUCS), influence, np.array([1.0, -1.0]), NO_PATIENT_TERM)
    assert found.se == pytest.approx(np.sqrt(2 * MS_TR / 5 + 2 * (DELONG["cov2"] - DELONG["cov3"])), rel=1e-9)
    # MRMCaov's README: .020672 with its unbiased covariance, which we do not have; RJafroc: .0207486 with the jackknife's.
    for published in (0.020672, 0.02074861837894499):
        assert found.se == pytest.approx(published, rel=0.005)
