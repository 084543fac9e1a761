"""DeLong's covariance and paired test against R's pROC, by hand and by placements; the ensemble's own estimand."""

from __future__ import annotations

import json
import math
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from qaugbench.errors import StatisticsError
from qaugbench.stats.delong import ENSEMBLE, delong, delong_test, ensemble
from qaugbench.stats.influence import auroc_influence
from qaugbench.stats.mrmc import NO_VARIATION, SINGLE_RUN, interval

HERE = Path(__file__).parent
PROC = json.loads((HERE / "proc.json").read_text())


def _pair(seed: int, positives: int, negatives: int, decimals: int) -> tuple[np.ndarray, np.ndarray]:
    """Return correlated scores [2, N], rounded so that they tie, and labels [N]; RandomState never changes its stream."""
    random = np.random.RandomState(seed)
    labels = np.arange(positives + negatives) < positives
    shared = random.normal(size=labels.size)
    scores = np.stack([shared + random.normal(size=labels.size) + strength * labels for strength in (1.2, 0.8)])
    return np.round(scores, decimals), labels.astype(int)


def _ours(case: dict) -> dict[str, float]:
    scores, labels = _pair(case["seed"], case["positives"], case["negatives"], case["decimals"])
    found, test = delong(scores, labels), delong_test(scores[0], scores[1], labels)
    return {
        "value_a": found.values[0],
        "value_b": found.values[1],
        "variance_a": found.covariance[0, 0],
        "variance_b": found.covariance[1, 1],
        "covariance": found.covariance[0, 1],
        "z": test.estimate / test.se,
        "p": test.p_value,
    }


@pytest.mark.parametrize("case", PROC["cases"], ids=lambda case: f"seed{case['seed']}")
def test_agrees_with_the_stored_numbers_of_proc(case: dict) -> None:
    assert _ours(case) == pytest.approx(case["numbers"], rel=1e-8, abs=0)


@pytest.mark.r
def test_stored_numbers_are_what_proc_says(tmp_path: Path) -> None:
    if shutil.which("Rscript") is None:
        pytest.skip("Rscript is not installed")
    if subprocess.run(["Rscript", "-e", "library(pROC)"], capture_output=True).returncode:
        pytest.skip("R's package pROC is not installed")
    for case in PROC["cases"]:
        scores, labels = _pair(case["seed"], case["positives"], case["negatives"], case["decimals"])
        path = tmp_path / "scores.csv"
        rows = np.column_stack([labels, scores.T])
        np.savetxt(path, rows, delimiter=",", header="label,a,b", comments="", fmt="%.17g")
        ran = subprocess.run(["Rscript", str(HERE / "proc.R"), str(path)], capture_output=True, text=True, check=True)
        said = json.loads(ran.stdout)
        numbers = {name: said[name] for name in case["numbers"]}
        assert numbers == pytest.approx(case["numbers"], rel=1e-12)
        assert _ours(case) == pytest.approx(numbers, rel=1e-8, abs=0)


def test_by_hand() -> None:
    # Positives 2, 4 and negatives 1, 3: placements of the positives 1/2 and 1, of the negatives 1 and 1/2; each side's
    # sample variance is 1/8, so the variance is 1/8 / 2 + 1/8 / 2.
    found = delong(np.array([1.0, 3.0, 2.0, 4.0]), np.array([0, 0, 1, 1]))
    assert (found.values.tolist(), found.covariance.tolist()) == ([0.75], [[0.125]])


def test_a_single_run_of_the_engine_is_delong_where_every_patient_has_one_image() -> None:
    scores, labels = _pair(5, 45, 69, 9)
    answers = [auroc_influence(row[:, None], labels[:, None], np.arange(114)) for row in scores]
    exact, alone = delong_test(*scores, labels), delong(scores, labels).covariance
    found = interval(np.array([answers[0][0] - answers[1][0]]), (answers[0][1] - answers[1][1])[None])
    assert (found.estimate, found.se, found.p_value) == pytest.approx(
        (exact.estimate, exact.se, exact.p_value), rel=1e-12
    )
    for place, (value, influence) in enumerate(answers):
        assert interval(np.array([value]), influence[None]).se ** 2 == pytest.approx(alone[place, place], rel=1e-12)


def test_paired_test_is_the_single_runs_and_swapping_flips_it() -> None:
    scores, labels = _pair(3, 30, 60, 1)
    there, back = delong_test(*scores, labels), delong_test(*scores[::-1], labels)
    assert (there.method, there.df, there.n_replicates, there.n_groups) == (SINGLE_RUN, math.inf, 1, 90)
    assert (there.estimate, there.ci_low, there.p_value) == (-back.estimate, -back.ci_high, back.p_value)
    covariance = delong(scores, labels).covariance
    assert there.se**2 == pytest.approx(np.array([1, -1]) @ covariance @ np.array([1, -1]), rel=1e-10)


def test_equal_rankings_differ_by_nothing() -> None:
    scores, labels = _pair(3, 30, 60, 1)
    found = delong_test(scores[0], np.exp(scores[0]), labels)
    assert (found.estimate, found.se, found.p_value, found.method) == (0, 0, 1, SINGLE_RUN)
    separated = delong_test(labels.astype(float), np.zeros(90), labels)
    assert (separated.estimate, separated.p_value, separated.method) == (0.5, 1.0, NO_VARIATION)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda s, y: (s[:, :-1], y), r"given \(2, 29\) and \(30,\)"),
        (lambda s, y: (np.where(s == s[1, 4], np.nan, s), y), "NaN in score vector 1 at images 4"),
        (lambda s, y: (s, y * 2), "0 or 1; given 2"),
        (lambda s, y: (s, np.eye(30, dtype=int)[0]), "1 positives and 29 negatives"),
        (lambda s, y: (s, np.zeros(30)), "0 positives and 30 negatives"),
    ],
)
def test_refuses(change, message: str) -> None:
    with pytest.raises(StatisticsError, match=message):
        delong(*change(*_pair(1, 10, 20, 9)))


def test_arms_of_different_length_are_refused() -> None:
    with pytest.raises(StatisticsError, match=r"given \(5,\) and \(4,\)"):
        delong_test(np.zeros(5), np.zeros(4), np.array([0, 1, 0, 1, 1]))


def _logits(replicates: int = 4, seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    labels = np.eye(3, dtype=int)[random.integers(0, 3, 120)]
    return (labels + random.normal(size=(replicates, 120, 3))).astype(np.float32), labels, np.arange(120) // 2


def test_ensemble_scores_the_mean_of_the_logits() -> None:
    logits, labels, groups = _logits()
    found = ensemble(logits, labels, groups, "multilabel")
    mean = logits.astype(np.float64).mean(axis=0)
    assert found.estimate == pytest.approx(roc_auc_score(labels, mean), abs=1e-12)
    assert found.se == interval(found.estimate * np.ones(1), auroc_influence(mean, labels, groups)[1][None]).se
    assert (found.method, found.n_replicates, found.n_groups) == (ENSEMBLE.format(4), 4, 60)
    assert found.estimate > max(roc_auc_score(labels, row) for row in logits)


def test_ensemble_of_one_is_that_model() -> None:
    logits, labels, groups = _logits(replicates=1)
    assert ensemble(logits, labels, groups, "multilabel").estimate == auroc_influence(logits[0], labels, groups)[0]


def test_ensembles_are_compared_on_the_same_patients() -> None:
    logits, labels, groups = _logits()
    other = _logits(replicates=2, seed=1)[0]
    there = ensemble(logits, labels, groups, "multiclass", against=other)
    back = ensemble(other, labels, groups, "multiclass", against=logits)
    assert (there.estimate, there.p_value) == (-back.estimate, back.p_value)
    assert "4 and 2 models" in there.method
    assert ensemble(logits, labels, groups, "multiclass", against=logits).p_value == 1.0


def test_ensemble_names_the_replicates_that_are_not_finite() -> None:
    logits, labels, groups = _logits()
    logits[2, 5, 1] = np.nan
    with pytest.raises(StatisticsError, match="not finite in replicates 2"):
        ensemble(logits, labels, groups, "multiclass")
    with pytest.raises(StatisticsError, match=r"logits \[R, N, K\]"):
        ensemble(logits[0], labels, groups, "multiclass")
