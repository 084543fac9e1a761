"""Support vector machines on kernels given as matrices: one against the rest, settings chosen by cross-validation."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from qaugbench.metrics.discrimination import auroc
from qaugbench.seeds import numpy_generator

FOLDS = 3
Setting = TypeVar("Setting")
MakeKernel = Callable[[Setting], np.ndarray]


@dataclass(frozen=True)
class Machine:
    """A machine for each of K labels: scores of m rows are ``kernel [m, n] @ weights [n, K] + offsets [K]``."""

    weights: np.ndarray
    offsets: np.ndarray

    def scores(self, kernel: np.ndarray) -> np.ndarray:
        """Return the signed distances [m, K] from the boundaries, of rows whose ``kernel`` with the n known rows is [m, n]."""
        found: np.ndarray = kernel @ self.weights + self.offsets
        return found


def fitted_machine(kernel: np.ndarray, labels: np.ndarray, penalty: float) -> Machine:
    """Return the machine of n rows with ``kernel`` [n, n] and ``labels`` [n, K] 0/1; mistakes cost ``penalty``, C elsewhere.

    Both sides of a label weigh the same in all. A label that all rows have, or none, scores 1 or -1 everywhere.
    """
    from sklearn.svm import SVC

    weights, offsets = np.zeros(labels.shape), np.empty(labels.shape[1])
    for k, has in enumerate(labels.T > 0):
        if has.all() or not has.any():
            offsets[k] = 1.0 if has.all() else -1.0
            continue
        found = SVC(C=penalty, kernel="precomputed", class_weight="balanced").fit(kernel, has)
        weights[found.support_, k] = found.dual_coef_[0]
        offsets[k] = found.intercept_[0]
    return Machine(weights, offsets)


def best_setting(
    settings: Iterable[Setting],
    penalties: Sequence[float],
    make: MakeKernel[Setting],
    labels: np.ndarray,
    seed: int,
    patients: np.ndarray | None = None,
) -> tuple[Setting, float, float]:
    """Return (setting, penalty, its score) with the best mean AUROC in cross-validation among these rows; the first of equals.

    ``make(setting)`` is the kernel [n, n] of all rows with themselves, of which folds are parts; ``labels`` [n, K] 0/1. Rows of one
    of ``patients`` [n], if given, share a fold.
    """
    fold = folds(labels, seed, patients)
    best: tuple[Setting, float, float] | None = None
    for setting in settings:
        kernel = make(setting)
        for penalty in penalties:
            score = float(np.mean([_held_out(kernel, labels, penalty, fold == held) for held in range(FOLDS)]))
            if best is None or score > best[2]:
                best = setting, penalty, score
    if best is None:
        raise ValueError("There is no setting to choose from.")
    return best


def folds(labels: np.ndarray, seed: int, patients: np.ndarray | None = None) -> np.ndarray:
    """Return the fold [n] of each row, 0 to 2: rows of equal label vectors spread over the folds as evenly as can be.

    All rows of one of ``patients`` [n] are in one fold, and count as the label vector of the first of them; None: each row is of a
    patient of its own.
    """
    shuffled = numpy_generator(seed).permutation(len(labels))
    _, kind = np.unique(labels, axis=0, return_inverse=True)
    kind = kind.ravel()
    of_patient: dict[int, list[int]] = {}
    for row in shuffled:
        of_patient.setdefault(int(row if patients is None else patients[row]), []).append(row)
    found = np.empty(len(labels), dtype=np.int64)
    of_kind, in_all = np.zeros((kind.max(initial=0) + 1, FOLDS), dtype=np.int64), np.zeros(FOLDS, dtype=np.int64)
    for rows in sorted(of_patient.values(), key=lambda rows: (kind[rows[0]], -len(rows))):
        fewest = of_kind[kind[rows[0]]]
        fold = min(range(FOLDS), key=lambda one: (fewest[one], in_all[one]))
        found[rows] = fold
        fewest[fold] += len(rows)
        in_all[fold] += len(rows)
    return found


def _held_out(kernel: np.ndarray, labels: np.ndarray, penalty: float, held: np.ndarray) -> float:
    """Return the mean AUROC on the rows that are ``held`` out, over the labels that some of them have and some lack."""
    machine = fitted_machine(kernel[np.ix_(~held, ~held)], labels[~held], penalty)
    scores, truth = machine.scores(kernel[np.ix_(held, ~held)]), labels[held]
    usable = [k for k in range(labels.shape[1]) if 0 < truth[:, k].sum() < len(truth)]
    return float(np.mean([auroc(scores[:, k], truth[:, k]) for k in usable])) if usable else 0.5
