"""K runs that each tested another fold: means fold by fold, patients of all folds counted once."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from qaugbench.errors import StatisticsError
from qaugbench.predictions import FractionPredictions, PredictionSet
from qaugbench.stats.folds import CrossFitted, averaged, crossfit
from qaugbench.stats.mrmc import interval
from qaugbench.task import Endpoint
from tests.stats.runs import ARMS, EQUAL, GRADES, run

ORDER = [arm.id for arm in ARMS]
MACRO = Endpoint(id="macro_auroc", title="macro-AUROC", kind="macro_auroc", classes=list(GRADES), margin=0.01)


def _folds(n: int = 3, counts: tuple[int, ...] = (40, 40, 4), strength: float = 1.5) -> list[PredictionSet]:
    """Return runs on disjoint images and patients, in which the third class is too rare for any one of them."""
    folds = []
    for fold in range(n):
        one = run({**EQUAL, "qldm": strength}, counts=counts, seed=fold)
        ids = np.array([f"fold-{fold}-{i}" for i in range(len(one.test_ids))])
        folds.append(replace(one, test_ids=ids, test_groups=one.test_groups + 1000 * fold))
    return folds


def _crossfit(folds: list[PredictionSet]) -> dict[str, CrossFitted]:
    return {one.title: one for one in crossfit(folds, ARMS, [MACRO], "ordinal", GRADES, "10%")}


def test_a_value_is_the_mean_over_folds_of_each_folds_own() -> None:
    folds = _folds()
    found = _crossfit(folds)["AUROC of severe"]
    expected = []
    for fold in folds:
        logits = fold.fractions["10%"].test_logits[5].astype(float)
        odds = logits[..., 2] - np.logaddexp(logits[..., 0], logits[..., 1])
        expected.append(np.mean([roc_auc_score(fold.test_labels[:, 2], row) for row in odds]))
    assert found.means["qldm"] == pytest.approx(np.mean(expected))
    assert (found.n_folds, found.n_rarer) == (3, 12)


def test_a_class_too_rare_for_one_fold_gets_an_interval_over_all() -> None:
    found = _crossfit(_folds())["AUROC of severe"]
    assert found.note is None
    assert found.differences["qldm"].ci_low < found.differences["qldm"].estimate
    few = _crossfit(_folds(2))["AUROC of severe"]
    assert "8 images on the rarer side of all folds" in few.note
    assert few.differences == {}


def test_scores_of_different_folds_are_never_ranked_against_one_another() -> None:
    folds = _folds()
    part = folds[1].fractions["10%"]
    moved = np.array(part.test_logits)
    moved[..., 2] += 50  # the same order of images inside the fold, far from that of the others
    shifted = replace(folds[1], fractions={"10%": FractionPredictions(moved, part.val_logits)})
    before, after = (_crossfit(chosen)["AUROC of severe"] for chosen in (folds, [folds[0], shifted, folds[2]]))
    assert after.means == pytest.approx(before.means)


def test_the_interval_is_that_of_the_folds_put_side_by_side() -> None:
    random = np.random.default_rng(0)
    # Patients whose influence stays the same over replicates and adds up to 0, as influence does.
    rows = random.normal(size=(4, 30))
    measurements = [(random.normal(size=5), np.tile(row - row.mean(), (5, 1)) / 30) for row in rows]
    value, influence = averaged(measurements)
    assert influence.shape == (5, 120)
    alone = [interval(np.zeros(5), of_patients).se ** 2 for _, of_patients in measurements]
    together = interval(np.zeros(5), influence).se ** 2
    assert together == pytest.approx(np.mean(alone) / 4, rel=30 / 29 - 1)
    np.testing.assert_allclose(value, np.mean([values for values, _ in measurements], axis=0))


def test_a_planted_gain_is_found_over_folds() -> None:
    found = _crossfit(_folds(strength=2.5))["macro-AUROC"]
    assert found.differences["qldm"].ci_low > 0
    assert found.differences["ddpm"].ci_low < 0 < found.differences["ddpm"].ci_high


def test_a_fold_without_the_class_is_left_out_of_that_class_alone() -> None:
    folds = [*_folds(2, counts=(40, 40, 6)), *_folds(3, counts=(40, 40, 0))[2:]]
    found = _crossfit(folds)
    assert (found["AUROC of severe"].n_folds, found["AUROC of mild"].n_folds) == (2, 3)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda folds: folds[:1], "at least two folds"),
        (lambda folds: [folds[0], folds[0]], "Images are tested in two folds"),
        (
            lambda folds: [folds[0], replace(folds[1], test_groups=folds[0].test_groups)],
            "Patients are tested in two folds",
        ),
        (lambda folds: [folds[0], run(replicates=3)], "same arms and replicates"),
    ],
)
def test_folds_that_do_not_fit_are_refused(change: object, message: str) -> None:
    with pytest.raises(StatisticsError, match=message):
        _crossfit(change(_folds()))  # type: ignore[operator]


def test_the_reference_is_the_best_on_validation_over_all_folds() -> None:
    folds = _folds()
    for fold, arm, gain in ((0, "R+cm", 3.0), (1, "R+os", 2.0), (2, "R+os", 2.0)):
        folds[fold].fractions["10%"].val_logits[ORDER.index(arm)] += (gain * folds[fold].val_labels).astype(np.float32)
    found = _crossfit(folds)["macro-AUROC"]
    assert found.reference == "R+os"
    assert set(found.differences) == {arm.id for arm in ARMS} - {"R+os"}
    folds[0].fractions["10%"].val_logits[ORDER.index("R+os"), 0] = np.nan
    assert _crossfit(folds)["macro-AUROC"].reference in ("R+", "R+cm")
    for fold in (1, 2):
        folds[fold].fractions["10%"].val_logits[[ORDER.index(arm) for arm in ("R+", "R+cm")], 0] = np.nan
    with pytest.raises(StatisticsError, match=r"No arm that trains on the real images alone .* of all folds"):
        _crossfit(folds)


def test_two_replicates_have_no_interval() -> None:
    folds = [replace(one, fractions={"10%": _first(one, 2)}) for one in _folds()]
    found = _crossfit(folds)["macro-AUROC"]
    assert (found.differences, found.note) == ({}, "2 replicates: an interval over training runs needs 3")
    assert found.means


def test_classes_that_no_fold_can_decide_are_one_item() -> None:
    found = crossfit(_folds(counts=(40, 40, 0)), ARMS, [MACRO], "ordinal", GRADES, "10%")
    assert [one.title for one in found] == [
        "macro-AUROC over 2 of 3 grades: none, mild",
        "AUROC of none",
        "AUROC of mild",
        "AUROC of severe",
    ]
    assert (found[-1].n_folds, found[-1].note) == (0, "no fold can decide it")


def _first(one: PredictionSet, replicates: int) -> FractionPredictions:
    part = one.fractions["10%"]
    return FractionPredictions(part.test_logits[:, :replicates], part.val_logits[:, :replicates])
