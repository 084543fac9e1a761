"""Small runs with planted differences between arms, in the shape in which a run stores its predictions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from qaugbench.predictions import ArmInfo, FractionPredictions, PredictionSet

GRADES = ("none", "mild", "severe")
ARMS = (
    ArmInfo(id="R", role="real-only"),
    ArmInfo(id="R+", role="augmented"),
    ArmInfo(id="R+cm", role="compute-matched"),
    ArmInfo(id="R+os", role="oversampling"),
    ArmInfo(id="O-real", role="oracle"),
    ArmInfo(id="qldm", role="synthetic", generator="qldm", control="none", kind="hybrid"),
    ArmInfo(id="qldm:twin", role="control", generator="qldm", control="twin", kind="classical"),
    ArmInfo(id="ddpm", role="synthetic", generator="ddpm", control="none", kind="classical"),
)
EQUAL = dict.fromkeys((arm.id for arm in ARMS), 1.5)


def labels_and_groups(counts: Sequence[int], images_each: int = 2) -> tuple[np.ndarray, np.ndarray]:
    """Return one-hot labels [N, K] with ``counts`` images per class, ``images_each`` of them per patient."""
    classes = np.repeat(np.arange(len(counts)), counts)
    return np.eye(len(counts), dtype=np.uint8)[classes], np.arange(classes.size) // images_each


def run(
    strength: Mapping[str, float] = EQUAL,
    *,
    counts: Sequence[int] = (60, 60, 60),
    replicates: int = 5,
    seed: int = 0,
    arms: Sequence[ArmInfo] = ARMS,
) -> PredictionSet:
    """Return the predictions of a run at "10%" whose arms separate the classes by ``strength`` standard deviations."""
    random = np.random.default_rng(seed)
    labels, groups = labels_and_groups(counts)
    shared = random.normal(size=labels.shape)

    def logits() -> np.ndarray:
        noise = random.normal(size=(len(arms), replicates, *labels.shape))
        separation = np.array([strength[arm.id] for arm in arms])[:, None, None, None]
        return (separation * labels + shared + 0.5 * noise).astype(np.float32)

    ids = np.array([f"image-{i}" for i in range(len(labels))])
    return PredictionSet(
        arms=tuple(arm.id for arm in arms),
        test_ids=ids,
        test_labels=labels,
        test_groups=groups,
        val_ids=ids,
        val_labels=labels,
        val_groups=groups,
        fractions={"10%": FractionPredictions(logits(), logits())},
    )
