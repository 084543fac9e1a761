"""Strata by the rarest positive label, and an order of groups in which every prefix preserves the strata's shares."""

from __future__ import annotations

import numpy as np

from qaugbench.seeds import numpy_generator


def rarest_positive(labels: np.ndarray, counts: np.ndarray | None = None) -> np.ndarray:
    """Return int64 [N]: of each row of ``labels`` [N, K] the positive label with the smallest count, or K for none.

    ``counts`` [K] defaults to the positives in ``labels``; ties go to the first label.

    >>> rarest_positive(np.array([[1, 0], [1, 1], [0, 0]]))
    array([0, 1, 2])
    """
    rarity = np.where(labels > 0, labels.sum(axis=0) if counts is None else counts, np.inf)
    return np.where(labels.any(axis=1), rarity.argmin(axis=1), labels.shape[1])


def group_strata(labels: np.ndarray, groups: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return (codes [C], stratum [C], images [C]) of the groups; a group has the labels of all its images."""
    codes, row_group, images = np.unique(groups, return_inverse=True, return_counts=True)
    of_group = np.zeros((len(codes), labels.shape[1]), dtype=labels.dtype)
    np.maximum.at(of_group, row_group, labels)
    return codes, rarest_positive(of_group, labels.sum(axis=0)), images


def groups_in_stratified_order(labels: np.ndarray, groups: np.ndarray, seed: int) -> np.ndarray:
    """Return the group codes [C] in a random order whose prefixes contain each stratum at close to its share.

    Within a stratum the groups are shuffled and put at positions (images before + u * own images) / images of the
    stratum, with one u ~ U(0, 1) per stratum; all groups are then sorted by position. So a prefix of share f contains a
    share f of every stratum's images to within one group, and a group is in it with probability about f (systematic
    sampling).
    """
    draw = numpy_generator(seed)
    codes, strata, images = group_strata(labels, groups)
    position = np.empty(len(codes))
    for stratum in range(labels.shape[1] + 1):
        members = draw.permutation(np.flatnonzero(strata == stratum))
        before = np.cumsum(images[members]) - images[members]
        position[members] = (before + draw.random() * images[members]) / max(images[members].sum(), 1)
    return codes[np.argsort(position, kind="stable")]
