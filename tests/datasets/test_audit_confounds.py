"""The AUROC and its error against other computations; a planted cue is found, and nothing where there is none."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from qaugbench.datasets.audit.confounds import confound_findings
from qaugbench.datasets.audit.held_out_auroc import held_out_auroc
from qaugbench.datasets.audit.scan import scan
from qaugbench.datasets.manifest import write_prepared
from qaugbench.datasets.prepared import open_prepared

CLASSES = SimpleNamespace(kind="multiclass", names=("sick", "well"))


def test_auroc_of_one_fold_is_that_of_scikit_learn():
    rng = np.random.default_rng(1)
    positive = rng.random(200) < 0.3
    scores = np.round(rng.normal(size=200) + positive, 1)  # with ties
    found, _ = held_out_auroc(scores, positive, np.arange(200), np.zeros(200))
    assert found == pytest.approx(roc_auc_score(positive, scores))


def test_scores_of_different_folds_are_never_compared():
    scores, positive = np.array([1.0, 2.0, 11.0, 12.0]), np.array([True, False, True, False])
    assert held_out_auroc(scores, positive, np.arange(4), np.array([0, 0, 1, 1]))[0] == 0
    assert held_out_auroc(scores, positive, np.arange(4), np.zeros(4))[0] == 0.25
    assert np.isnan(held_out_auroc(scores, positive, np.arange(4), np.array([0, 1, 0, 1]))[0])


def test_the_error_is_that_of_a_bootstrap_over_groups():
    rng = np.random.default_rng(2)
    groups = np.repeat(np.arange(150), 3)
    positive = (rng.random(150) < 0.4)[groups]
    scores = rng.normal(size=150)[groups] + 0.6 * positive + 0.3 * rng.normal(size=450)
    _, se = held_out_auroc(scores, positive, groups, np.zeros(450))
    draws = []
    for _ in range(600):
        rows = np.concatenate([np.arange(3) + 3 * group for group in rng.integers(0, 150, 150)])
        draws.append(roc_auc_score(positive[rows], scores[rows]))
    assert se == pytest.approx(np.std(draws), rel=0.12)
    assert se > 1.4 * held_out_auroc(scores, positive, np.arange(450), np.zeros(450))[1]  # images are not patients


def source(path, *, cue, seed=3, n=240):
    """Return 240 noise images of 80 patients, of which the sick ones carry ``cue``."""
    rng = np.random.default_rng(seed)
    sick = (rng.random(80) < 0.5)[np.arange(n) // 3]
    images = rng.integers(60, 200, (n, 40, 40), dtype=np.uint8)
    sites = np.where(rng.random(n) < 0.9, sick, ~sick) if cue == "site" else rng.random(n) < 0.5
    rows = [
        {
            "filename": f"{i}.png",
            "label": "sick" if sick[i] else "well",
            "patient_id": f"p{i // 3}",
            "site": "north" if sites[i] else "south",
            "age": 70 if sick[i] else 30,
        }
        for i in range(n)
    ]
    pictures = [image[:38] if cue == "size" and s else image for image, s in zip(images, sick, strict=True)]
    if cue == "frame":
        for image, s in zip(pictures, sick, strict=True):
            image[:, :3] = 0 if s else image[:, :3]
    write_prepared(path, pictures, rows, {})
    return open_prepared(path, CLASSES)


@pytest.mark.parametrize(
    ("cue", "words"), [("frame", "the frame ("), ("size", "the size ("), ("site", "column site ("), (None, None)]
)
def test_the_planted_cue_is_named_and_nothing_else(tmp_path, cue, words):
    prepared = source(tmp_path / "a.zip", cue=cue)
    findings, told = confound_findings(prepared, scan(prepared), prepared.groups, jobs=1, seed=1)
    assert {one.label for one in told} == {"sick", "well"}
    if cue is None:
        assert findings == []
        return
    assert findings[0].what.startswith(words)
    assert findings[0].severity == "warning"
    assert findings[0].facts["strongest"] > 0.8
    assert all(one.what.startswith(words) for one in findings)  # a clinical column such as age is no cue


def test_chance_is_rarely_taken_for_a_cue(tmp_path):
    alarms = 0
    for seed in range(6):
        prepared = source(tmp_path / f"{seed}.zip", cue=None, seed=100 + seed, n=120)
        alarms += len(confound_findings(prepared, scan(prepared), prepared.groups, jobs=1, seed=seed)[0])
    assert alarms == 0


def test_classes_of_few_images_are_not_judged(tmp_path):
    prepared = source(tmp_path / "a.zip", cue="frame", n=45)
    assert confound_findings(prepared, scan(prepared), prepared.groups, jobs=1, seed=1) == ([], [])
