"""Which real images a replicate uses: its nested subset of patients, the oracle's extra patients, and the drawn label vectors."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from qaugbench.datasets.subsets import draw_label_vectors, nested_subsets
from qaugbench.seeds import child_seed, numpy_generator
from qaugbench.task import FRACTION_LADDER, BalanceMode


@dataclass(frozen=True)
class Draw:
    """How much a replicate draws: the fraction of the training patients, and fill images per real one with which labels."""

    fraction: float
    ratio: float
    balance: BalanceMode
    kappa: float


@dataclass(frozen=True)
class ReplicateRows:
    """Row indices into the prepared data, int64.

    ``real`` [n] is the subset that generator and classifier see; ``oracle`` [<= n_fill] are images of other training patients
    (empty at 100 %); ``drawn`` [n_fill] are rows of ``real`` whose label vectors every synthetic arm asks for.
    """

    real: np.ndarray
    oracle: np.ndarray
    drawn: np.ndarray


def replicate_rows(
    labels: np.ndarray, groups: np.ndarray, train: np.ndarray, draw: Draw, *, subset: int, synthetic_labels: int
) -> ReplicateRows:
    """Return the rows of one replicate.

    ``labels`` [N,K] and ``groups`` [N] are of the whole source, ``train`` the rows of its training part; ``subset`` and
    ``synthetic_labels`` are the replicate's seeds of these names.
    """
    ladder = tuple(sorted({*FRACTION_LADDER, draw.fraction}))
    real = train[nested_subsets(labels[train], groups[train], ladder, subset)[draw.fraction]]
    n_fill = round(draw.ratio * len(real))
    picked = draw_label_vectors(labels[real], n_fill, draw.balance, synthetic_labels, draw.kappa)
    return ReplicateRows(real=real, oracle=_oracle(groups, train, real, n_fill, subset), drawn=real[picked])


def _oracle(groups: np.ndarray, train: np.ndarray, real: np.ndarray, n_fill: int, seed: int) -> np.ndarray:
    """Return up to ``n_fill`` training images of patients outside the subset, patient by patient in random order."""
    others = train[~np.isin(groups[train], groups[real])]
    patients, patient_of = np.unique(groups[others], return_inverse=True)
    rank = numpy_generator(child_seed(seed, "oracle")).permutation(len(patients))
    return others[np.argsort(rank[patient_of], kind="stable")][:n_fill]
