"""Whether an image can be recognised as a training image by how near a synthetic image is to it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from qaugbench.errors import StatisticsError
from qaugbench.metrics.auroc_interval import auroc_interval
from qaugbench.metrics.decisions import threshold_at_specificity
from qaugbench.metrics.discrimination import auroc
from qaugbench.metrics.neighbours import nearest
from qaugbench.metrics.shares import Share, share

FALSE_POSITIVES = 0.01
LEAST_IMAGES = 20


@dataclass(frozen=True)
class Membership:
    """How well the distance to the nearest synthetic image tells ``n_training`` training from ``n_held_out`` held-out images.

    ``auc`` in [0, 1] with its 95 % interval, .5 if nothing is given away; ``called`` is the share of training images recognised
    at a threshold that at most 1 % of held-out images reach, ``false_positives`` the share of those.
    """

    auc: float
    ci_low: float
    ci_high: float
    called: Share
    false_positives: float
    n_training: int
    n_held_out: int


def membership_inference(synthetic: np.ndarray, training: np.ndarray, held_out: np.ndarray) -> Membership:
    """Return how well features ``synthetic`` [N, D] give away which of ``training`` [T, D] and ``held_out`` [M, D] was trained on.

    The score of an image is minus its distance to the nearest synthetic image. The features must not have been fitted to the
    training images: principal components that were put those farther from everything. Images are taken as independent: with
    several per patient the intervals are too narrow. That of ``called`` holds for its threshold as it is; below 100 held-out
    images none of them may reach it. Raises StatisticsError below 20 images of any kind and as ``neighbours.nearest``. Chen
    et al. 2020 (GAN-Leaks); the true positives at few false ones: Carlini et al. 2022.
    """
    for kind, features in (("synthetic", synthetic), ("training", training), ("held-out", held_out)):
        if len(features) < LEAST_IMAGES:
            raise StatisticsError(
                f"Membership is inferred from at least {LEAST_IMAGES} {kind} images; given {len(features)}."
            )
    members, others = (-nearest(of, synthetic).distances[:, 0] for of in (training, held_out))
    scores, labels = np.concatenate([members, others]), np.arange(len(members) + len(others)) < len(members)
    auc = auroc(scores, labels)
    threshold = threshold_at_specificity(scores, labels, specificity=1 - FALSE_POSITIVES)
    return Membership(
        auc,
        *auroc_interval(auc, len(members), len(others)),
        called=share(int((members >= threshold).sum()), len(members)),
        false_positives=float((others >= threshold).mean()),
        n_training=len(members),
        n_held_out=len(others),
    )
