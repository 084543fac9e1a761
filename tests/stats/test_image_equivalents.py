"""Real-data equivalents: Fieller's set by the textbook, planted curves and oracles, and what is said of them."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from qaugbench.errors import StatisticsError
from qaugbench.stats.image_equivalents import Censored, Range, Worth, sentence, worth, worth_by_curve, worth_by_oracle
from qaugbench.stats.learning_curve import learning_curve, n_equivalent
from qaugbench.stats.metric_on_images import Measurement
from qaugbench.stats.mrmc import interval
from qaugbench.stats.oracle_fraction import oracle_fraction

REPLICATES, PATIENTS = 6, 80
SIZES = (100, 300, 1000)


def _arms(random: np.random.Generator, means: list[float], seed_sd: float = 0.006) -> list[Measurement]:
    """Return arms whose value is a mean over patients: an effect all arms share, one that each keeps, and noise."""
    shape = (len(means), REPLICATES, PATIENTS)
    own = random.normal(size=(len(means), 1, PATIENTS))
    scores = random.normal(size=PATIENTS) + 0.5 * own + 0.5 * random.normal(size=shape)
    scores = 0.05 * scores + np.array(means)[:, None, None] + seed_sd * random.normal(size=shape[:2])[:, :, None]
    return [(rows.mean(axis=1), (rows - rows.mean(axis=1, keepdims=True)) / PATIENTS) for rows in scores]


def _constant(theta: np.ndarray) -> Measurement:
    return theta, np.zeros((theta.size, 50))


def _exactly(mean: float, sd: float, seed: int, n: int = 400) -> np.ndarray:
    """Return numbers with exactly this mean and standard deviation."""
    drawn = np.random.default_rng(seed).normal(size=n)
    return mean + sd * (drawn - drawn.mean()) / drawn.std(ddof=1)


@pytest.mark.parametrize("oracle_gain", [0.03, 0.012, 0.008])
def test_fiellers_set_is_the_textbooks(oracle_gain: float) -> None:
    # Replicates alone vary, so the degrees of freedom are R - 1 at every w, and the set is Fieller's quadratic.
    x, y = _exactly(0.01, 0.06, 1), _exactly(oracle_gain, 0.08, 2)
    found = oracle_fraction(_constant(x), _constant(np.zeros(400)), _constant(y))

    t = stats.t.ppf(0.975, 399)
    xx, xy, yy = (t**2 * value / 400 for value in (x.var(ddof=1), np.cov(x, y)[0, 1], y.var(ddof=1)))
    a, b, c = oracle_gain**2 - yy, 0.01 * oracle_gain - xy, 0.01**2 - xx
    root = math.sqrt(b * b - a * c)
    low, high = sorted([(b - root) / a, (b + root) / a])
    assert found.estimate == pytest.approx(0.01 / oracle_gain)
    assert (found.shape, found.reason) == ("interval", None)
    assert found.pieces[0] == pytest.approx((low, high), rel=1e-8)


def test_without_an_oracles_gain_the_set_is_two_rays_or_everything_and_nothing_is_claimed() -> None:
    reference, oracle = _constant(np.zeros(400)), _constant(_exactly(0.004, 0.08, 2))
    rays = oracle_fraction(_constant(_exactly(0.02, 0.06, 1)), reference, oracle)
    ((low, left), (right, high)) = rays.pieces
    assert (rays.shape, low, high) == ("two rays", -math.inf, math.inf)
    assert left < 0 < right
    everything = oracle_fraction(_constant(_exactly(0.003, 0.06, 1)), reference, oracle)
    assert (everything.shape, everything.pieces) == ("whole line", ((-math.inf, math.inf),))
    for found in (rays, everything):
        assert found.words.startswith("cannot be said: adding real images did not clearly help")
    said = worth_by_oracle(_constant(_exactly(0.02, 0.06, 1)), reference, oracle, n_real=500, n_synthetic=1000)
    assert (said.images, said.reason) == (None, rays.reason)


def test_an_oracle_that_is_clearly_worse_is_no_assay() -> None:
    reference, oracle = _constant(np.zeros(400)), _constant(_exactly(-0.03, 0.08, 2))
    found = oracle_fraction(_constant(_exactly(0.01, 0.06, 1)), reference, oracle)
    assert found.shape == "interval"
    assert found.reason is not None


def test_the_ends_are_where_the_engines_p_value_is_five_percent() -> None:
    # Patients and replicates both vary: degrees of freedom differ along w, and no quadratic gives the ends.
    for seed in range(8):
        arm, reference, oracle = _arms(np.random.default_rng(seed), [0.82, 0.80, 0.84])
        for end in np.ravel(oracle_fraction(arm, reference, oracle, n_eff=30).pieces):
            parts = [arm[k] - (1 - end) * reference[k] - end * oracle[k] for k in (0, 1)]
            assert math.isinf(end) or interval(*parts, 30).p_value == pytest.approx(0.05, abs=1e-7)


def test_an_arm_that_is_the_oracle_or_the_reference_reached_all_or_nothing_of_its_gain() -> None:
    reference, oracle = _arms(np.random.default_rng(0), [0.80, 0.84])
    for arm, share in ((oracle, 1.0), (reference, 0.0)):
        found = oracle_fraction(arm, reference, oracle)
        assert found.estimate == share
        assert found.pieces[0] == pytest.approx((share, share), abs=1e-6)


def _curve_and_arm(random: np.random.Generator, place: float) -> tuple[dict[int, Measurement], Measurement, float]:
    """Return the reference at SIZES, an arm as good as it is at ``place`` along its planted curve, and that n."""
    means = [0.80, 0.84, 0.86]
    *reference, arm = _arms(random, [*means, float(np.interp(place, range(3), means))])
    return dict(zip(SIZES, reference, strict=True)), arm, float(np.exp(np.interp(place, range(3), np.log(SIZES))))


def test_the_band_covers_the_planted_equivalent() -> None:
    random = np.random.default_rng(3)
    covered = []
    for place in np.tile([0.0, 0.4, 1.0, 1.7], 60):
        points, arm, truth = _curve_and_arm(random, place)
        n = n_equivalent(arm, learning_curve(points)).n
        covered.append(n.low <= truth * (1 + 1e-9) and truth <= n.high * (1 + 1e-9))
    # At least 95 %: the band holds for the whole curve, and only one place of it is asked about.
    assert 0.94 <= np.mean(covered) < 1


def test_the_band_holds_over_the_whole_curve_at_once() -> None:
    random = np.random.default_rng(12)
    weights = np.maximum(1 - np.abs(np.linspace(0, 2, 13)[:, None] - np.arange(3)), 0)
    held = []
    for _ in range(200):
        points, arm, _ = _curve_and_arm(random, 1.0)
        quantile = n_equivalent(arm, learning_curve(points)).quantile
        shape = (REPLICATES, PATIENTS)
        curve = [np.tensordot(weights, [points[n][k] for n in SIZES], 1) for k in (0, 1)]
        found = [interval(arm[0] - theta, arm[1] - rows.reshape(shape)) for theta, rows in zip(*curve, strict=True)]
        truth = 0.84 - weights @ [0.80, 0.84, 0.86]
        held.append(all(abs(f.estimate - t) <= quantile * f.se for f, t in zip(found, truth, strict=True)))
    assert 0.92 <= np.mean(held) <= 0.99


def test_the_oracles_set_covers_the_planted_share() -> None:
    random = np.random.default_rng(4)
    covered = []
    for _ in range(250):
        found = oracle_fraction(*_arms(random, [0.808, 0.80, 0.82]))
        covered.append(any(low <= 0.4 <= high for low, high in found.pieces))
    assert 0.92 <= np.mean(covered) <= 0.985


def test_the_bands_quantile_bounds_the_whole_curve_from_both_sides() -> None:
    # Not less than for one place, not more than Scheffé's for all combinations of three sizes.
    points, arm, _ = _curve_and_arm(np.random.default_rng(5), 1.2)
    found = n_equivalent(arm, learning_curve(points))
    knots = [interval(arm[0] - points[n][0], arm[1] - points[n][1]) for n in SIZES]
    df = min(knot.df for knot in knots)
    assert stats.t.ppf(0.975, df) < found.quantile < math.sqrt(3 * stats.f.ppf(0.95, 3, df)) * 1.2
    ratios = []
    for place in np.log([end for end in (found.n.low, found.n.high) if end not in SIZES]):
        w = (place - np.log(SIZES[:-1])) / np.diff(np.log(SIZES))
        j = 0 if w[0] <= 1 else 1
        parts = [arm[k] - (1 - w[j]) * points[SIZES[j]][k] - w[j] * points[SIZES[j + 1]][k] for k in (0, 1)]
        ratios.append(abs(interval(*parts).estimate) / interval(*parts).se)
    assert ratios
    assert ratios == pytest.approx([found.quantile] * len(ratios), rel=1e-6)


def test_the_bands_quantile_by_hand() -> None:
    # Replicates alone vary, so df is R - 1; the angle is that of the two differences' correlation.
    random = np.random.default_rng(13)
    theta = 0.8 + 0.01 * random.normal(size=(3, 5))
    points = {100: _constant(theta[0] - 0.1), 200: _constant(theta[1] + 0.1)}
    c = n_equivalent(_constant(theta[2]), learning_curve(points)).quantile
    angle = math.acos(np.corrcoef(theta[2] - theta[0], theta[2] - theta[1])[0, 1])
    assert 2 * stats.t.sf(c, 4) + angle / math.pi * (1 + c * c / 4) ** -2 == pytest.approx(0.05)


def test_order_of_sizes_replicates_and_patients_does_not_matter() -> None:
    points, arm, _ = _curve_and_arm(np.random.default_rng(6), 0.6)
    there = n_equivalent(arm, learning_curve(points)).n
    random = np.random.default_rng(7)
    replicates, patients = random.permutation(REPLICATES), random.permutation(PATIENTS)

    def moved(answer: Measurement) -> Measurement:
        return answer[0][replicates], answer[1][replicates][:, patients]

    back = n_equivalent(moved(arm), learning_curve({n: moved(points[n]) for n in reversed(SIZES)})).n
    assert (there.estimate, there.low, there.high) == pytest.approx((back.estimate, back.low, back.high), rel=1e-9)


def test_the_reference_is_equivalent_to_itself() -> None:
    points, _, _ = _curve_and_arm(np.random.default_rng(8), 0.5)
    for n in SIZES:
        assert n_equivalent(points[n], learning_curve(points)).n.estimate == pytest.approx(n)


def test_by_hand_halfway_in_log_n() -> None:
    points = {100: _constant(_exactly(0.80, 1e-4, 1)), 400: _constant(_exactly(0.84, 1e-4, 2))}
    found = worth_by_curve(_constant(_exactly(0.82, 1e-4, 3)), learning_curve(points), n_real=100, n_synthetic=50)
    assert found.n_eq is not None
    assert found.images is not None
    assert found.ratio is not None
    assert found.share is not None
    assert found.n_eq.estimate == pytest.approx(200)
    assert (found.images.estimate, found.ratio.estimate, found.share.estimate) == pytest.approx((100, 2, 2))
    assert found.n_eq.low < 200 < found.n_eq.high
    assert sentence(found) == "50 synthetic images were worth 100 (100 to 100) real ones."


def test_a_curve_that_falls_is_averaged_and_says_so() -> None:
    theta = {100: 0.80, 200: 0.78, 400: 0.85, 800: 0.90}
    points = {n: _constant(_exactly(mean, 0.001, n)) for n, mean in theta.items()}
    curve = learning_curve(points)
    assert curve.means == pytest.approx((0.79, 0.79, 0.85, 0.90))
    assert curve.averaged == ((100, 200),)
    said = worth(_constant(_exactly(0.87, 0.001, 1)), points, n_real=200, n_synthetic=100)
    assert said.note is not None
    assert "averaged over 100 and 200 real images" in sentence(said)


@pytest.mark.parametrize(
    ("mean", "bounds", "said"),
    [
        (0.95, ("at least",) * 3, "worth at least 900 (at least 900 to at least 900) real ones."),
        (0.70, ("at most",) * 3, "worth 0 (0 to 0) real ones"),
    ],
)
def test_beyond_what_was_measured_the_worth_is_only_bounded(mean: float, bounds: tuple[str, ...], said: str) -> None:
    points = {n: _constant(_exactly(value, 0.001, n)) for n, value in ((100, 0.80), (1000, 0.90))}
    found = worth(_constant(_exactly(mean, 0.001, 1)), points, n_real=100, n_synthetic=1000)
    assert (found.censored.estimate, found.censored.low, found.censored.high) == bounds
    assert found.n_eq is not None
    assert found.n_eq.estimate in (pytest.approx(100), pytest.approx(1000))
    assert said in sentence(found)


def test_more_than_the_oracle_is_only_bounded() -> None:
    reference, oracle, arm = (_constant(_exactly(mean, 0.02, seed)) for seed, mean in enumerate((0.80, 0.82, 0.83)))
    found = worth_by_oracle(arm, reference, oracle, n_real=500, n_synthetic=200)
    assert (found.censored.estimate, found.censored.high) == ("at least", "at least")
    assert found.share is not None
    assert found.share.estimate == pytest.approx(1.5)
    assert sentence(found).endswith("were worth at least 200 (at least 200 to at least 200) real ones.")


def test_at_the_largest_size_only_a_cost_can_be_said() -> None:
    points = {n: _constant(_exactly(value, 0.001, n)) for n, value in ((100, 0.80), (1000, 0.90))}
    better, worse = (
        worth(_constant(_exactly(mean, 0.001, 1)), points, n_real=1000, n_synthetic=1000) for mean in (0.91, 0.89)
    )
    assert "into real ones: the reference was not run with more than 1,000 real images" in sentence(better)
    assert "worth 0 (0 to 0) real ones: the classifier did worse with them than without" in sentence(worse)
    assert worse.images is not None
    assert worse.images.high < 0


def test_the_curve_decides_where_it_reaches_further_and_the_oracle_elsewhere() -> None:
    points, arm, _ = _curve_and_arm(np.random.default_rng(9), 0.5)
    oracle = points[1000]
    assert worth(arm, points, n_real=100, n_synthetic=9, oracle=oracle).method == "oracle"
    assert worth(arm, {100: points[100]}, n_real=100, n_synthetic=9, oracle=oracle).method == "oracle"
    assert worth(arm, points, n_real=1000, n_synthetic=9, oracle=oracle).method == "oracle"
    neither = worth(arm, {100: points[100]}, n_real=100, n_synthetic=1200)
    assert sentence(neither) == (
        "Cannot convert 1,200 synthetic images into real ones: there is one real-data size and no oracle arm."
    )


@pytest.mark.parametrize(
    ("images", "said"),
    [
        (Range(123.4, -20.0, 262.0), "120 (0 to 260)"),
        (Range(-200.0, -400.0, 41.7), "0 (0 to 42)"),
        (Range(812.0, 377.0, 1400.0), "810 (380 to at least 1,000)"),
        (Range(12.34, 11.2, 13.9), "12 (11 to 14)"),
    ],
)
def test_sentences_round_by_the_width_and_do_not_go_below_nothing(images: Range, said: str) -> None:
    high = "at least" if images.high > 1000 else ""
    found = Worth("oracle", 900, 1000, images=images, measured=(0.0, 1000.0), censored=Censored(high=high))
    assert sentence(found) == f"1,000 synthetic images were worth {said} real ones."
    assert sentence(replace(found, reason="it rained")).endswith("into real ones: it rained.")


def test_one_replicate_gives_a_reason() -> None:
    one = [(theta[:1], influence[:1]) for theta, influence in _arms(np.random.default_rng(0), [0.82, 0.80, 0.84])]
    found = worth(one[0], {100: one[1]}, n_real=100, n_synthetic=100, oracle=one[2])
    assert found.images is None
    assert "a single replicate" in sentence(found)
    by_curve = worth(one[0], {100: one[1], 200: one[2]}, n_real=100, n_synthetic=100)
    assert "a single replicate" in sentence(by_curve)


def test_refuses() -> None:
    arm, low, high = _arms(np.random.default_rng(0), [0.82, 0.80, 0.84])
    shorter = low[0][:3], low[1][:3]
    with pytest.raises(StatisticsError, match="two numbers of real images"):
        learning_curve({100: low})
    with pytest.raises(StatisticsError, match="at least 1"):
        learning_curve({0: low, 100: high})
    with pytest.raises(StatisticsError, match=r"share replicates.*100 real images \(3,\)"):
        learning_curve({100: shorter, 200: high})
    with pytest.raises(StatisticsError, match="share replicates"):
        oracle_fraction(arm, shorter, high)
    with pytest.raises(StatisticsError, match="own 50 real images is missing"):
        worth(arm, {100: low}, n_real=50, n_synthetic=10)
    with pytest.raises(StatisticsError, match="one synthetic image"):
        worth(arm, {100: low}, n_real=100, n_synthetic=0)
    with pytest.raises(StatisticsError, match="NaN"):
        oracle_fraction((arm[0] * np.nan, arm[1]), low, high)
