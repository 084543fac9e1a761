"""Whether an image can be recognised as a training image by how near a synthetic image is to it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.optimize import brentq
from scipy.stats import norm

from qaugbench.errors import StatisticsError
from qaugbench.metrics.decisions import threshold_at_specificity
from qaugbench.metrics.discrimination import auroc
from qaugbench.metrics.neighbours import nearest
from qaugbench.metrics.shares import Share, share

FALSE_POSITIVES = 0.01
LEAST_IMAGES = 20
BESIDE = 1e-9


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
        *auc_interval(auc, len(members), len(others)),
        called=share(int((members >= threshold).sum()), len(members)),
        false_positives=float((others >= threshold).mean()),
        n_training=len(members),
        n_held_out=len(others),
    )


def auc_interval(auc: float, n_positive: int, n_negative: int, level: float = 0.95) -> tuple[float, float]:
    """Return the limits, in [0, 1], at which a test with the variance there would just reject ``auc`` (Newcombe 2006, method 5).

    The variance is Hanley and McNeil's (1982), with the mean of the two numbers of images in both places. At .5 it is that of Mann
    and Whitney's test, and an AUC of 1 on few images has an interval, as none has that takes the variance at the estimate.

    >>> [round(limit, 3) for limit in auc_interval(1.0, 20, 20)]
    [0.899, 1.0]
    """
    z2 = float(norm.ppf(0.5 + level / 2)) ** 2
    product, mean = n_positive * n_negative, (n_positive + n_negative) / 2

    def rejection(at: float) -> float:
        spread = 1 + (mean - 1) * ((1 - at) / (2 - at) + at / (1 + at))
        return product * (at - auc) ** 2 - z2 * at * (1 - at) * spread

    # 0 and 1, where the variance is 0, are no limits of themselves: the search ends beside the estimate.
    low = 0.0 if auc <= 0 else brentq(rejection, 0.0, auc - BESIDE)
    high = 1.0 if auc >= 1 else brentq(rejection, auc + BESIDE, 1.0)
    return float(low), float(high)
