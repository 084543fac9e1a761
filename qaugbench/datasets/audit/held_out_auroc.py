"""The area under the ROC curve of cross-validated scores, with a standard error that accounts for patients."""

from __future__ import annotations

import numpy as np


def held_out_auroc(
    scores: np.ndarray, positive: np.ndarray, groups: np.ndarray, folds: np.ndarray
) -> tuple[float, float]:
    """Return (AUROC in [0, 1], its standard error) over pairs of a positive and a negative of one fold.

    ``scores`` [N], ``positive`` bool [N], ``groups`` [N], ``folds`` [N]. Scores of different folds come from different
    models and are never compared. The error sums the placement values of DeLong et al. (1988) over the images of a
    group (Obuchowski 1997), the AUROC taken as given. (nan, nan) if no fold has both kinds.

    >>> held_out_auroc(np.array([1.0, 3.0, 2.0, 4.0]), np.array([0, 0, 1, 1]) > 0, np.arange(4), np.zeros(4))[0]
    0.75
    """
    from scipy.stats import rankdata

    placed = np.zeros(len(scores))
    weight = np.zeros(len(scores))
    area, pairs = 0.0, 0.0
    for fold in np.unique(folds):
        rows = folds == fold
        up, down = rows & positive, rows & ~positive
        n_up, n_down = int(up.sum()), int(down.sum())
        if not n_up or not n_down:
            continue
        both = rankdata(np.concatenate([scores[up], scores[down]]))
        above = (both[:n_up] - rankdata(scores[up])) / n_down
        below = 1 - (both[n_up:] - rankdata(scores[down])) / n_up
        own = above.mean()
        placed[up], placed[down] = above - own, below - own
        weight[up], weight[down] = n_down, n_up
        area += own * n_up * n_down
        pairs += n_up * n_down
    if not pairs:
        return float("nan"), float("nan")
    _, code = np.unique(groups, return_inverse=True)
    sums = np.bincount(code, weights=placed * weight / pairs)
    return float(area / pairs), float(np.sqrt((sums**2).sum() * len(sums) / max(len(sums) - 1, 1)))
