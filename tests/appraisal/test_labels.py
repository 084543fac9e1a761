"""What is said of labels by a judge of findings, and how often honest labels are accused by a weak judge."""

from __future__ import annotations

import numpy as np
import pytest

from qaugbench.appraisal.labels import Judged, label_measures, with_both_kinds
from qaugbench.metrics.image_states import labels_state

FINDINGS = ("mass", "nodule")


def seen(labels: np.ndarray, clarity: float, rng: np.random.Generator) -> Judged:
    """Return the word of a judge of findings: a finding raises its logit by ``clarity`` standard deviations."""
    return Judged(rng.normal(size=labels.shape) + clarity * labels, labels)


@pytest.mark.parametrize(
    ("clarity", "n_real", "shuffled", "state"),
    [
        (2.5, 200, False, "held"),
        (2.5, 200, True, "lost"),
        (0.1, 40, False, "not decided"),
        (0.1, 40, True, "not decided"),
    ],
)
def test_labels_of_findings(clarity: float, n_real: int, shuffled: bool, state: str) -> None:
    rng = np.random.default_rng(2)
    real, drawn = (rng.integers(2, size=(n, 2)).astype(np.float32) for n in (n_real, 400))
    own = seen(drawn, clarity, rng)
    own = Judged(rng.permutation(own.logits), drawn) if shuffled else own
    found = label_measures(own, seen(real, clarity, rng), FINDINGS, "multilabel", "judge")
    said, why = labels_state(found)
    assert said == state
    assert found["labels/judge"].noise == 0.5
    assert bool(why) == (state == "not decided")


def test_synthetic_images_without_one_class_of_both_kinds_are_not_measured() -> None:
    rng = np.random.default_rng(2)
    real = rng.integers(2, size=(200, 2)).astype(np.float32)
    found = label_measures(seen(np.ones((9, 2)), 3, rng), seen(real, 3, rng), FINDINGS, "multilabel", "judge")
    assert "synthetic images" in str(found["labels/skill"].reason)
    assert labels_state(found) == ("not measured", [])


def test_a_weak_judge_hardly_ever_accuses_honest_labels() -> None:
    rng, accused = np.random.default_rng(0), 0
    for _ in range(25):
        real, drawn = (np.eye(5)[np.arange(n) % 5] for n in (39, 200))
        own, other = (
            Judged(np.where(rng.random((len(of), 1)) < 0.1, of, np.eye(5)[rng.integers(5, size=len(of))]), of)
            for of in (drawn, real)
        )
        found = label_measures(own, other, tuple("abcde"), "multiclass", "judge")
        accused += labels_state(found)[0] in ("lost", "weak")
    assert accused <= 2


def test_classes_that_any_set_lacks_are_not_shared() -> None:
    every, two = np.eye(3)[[0, 1, 2]], np.eye(3)[[0, 1, 1]]
    assert with_both_kinds(every, every).tolist() == [True, True, True]
    assert with_both_kinds(every, two).tolist() == [True, True, False]
    assert with_both_kinds(every, np.eye(3)[[0, 0, 0]]).tolist() == [False, False, False]
