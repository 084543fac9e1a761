"""Images in memory with their labels and groups: what generators learn from and classifiers are trained on."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from qaugbench.errors import DataError


@dataclass(frozen=True)
class LabelledImages:
    """Images with their labels and groups.

    ``images`` uint8 [N, H, W, C] with C = 1 or 3 (may be a memory map); ``labels`` float32 [N, K] of 0 and 1, one-hot
    for multiclass and ordinal tasks; ``groups`` int64 [N], the patient (or near-duplicate group) of each image.
    Raises DataError for arrays of another type, shape or length.
    """

    images: np.ndarray
    labels: np.ndarray
    groups: np.ndarray

    def __post_init__(self) -> None:
        if self.images.dtype != np.uint8 or self.images.ndim != 4 or self.images.shape[3] not in (1, 3):
            raise DataError(f"images must be uint8 [N, H, W, 1 or 3], not {_kind(self.images)}.")
        if self.labels.dtype != np.float32 or self.labels.ndim != 2:
            raise DataError(f"labels must be float32 [N, K], not {_kind(self.labels)}.")
        if self.groups.dtype != np.int64 or self.groups.ndim != 1:
            raise DataError(f"groups must be int64 [N], not {_kind(self.groups)}.")
        lengths = {len(self.images), len(self.labels), len(self.groups)}
        if len(lengths) > 1:
            raise DataError(
                f"{len(self.images)} images, {len(self.labels)} label rows and {len(self.groups)} groups do not match."
            )
        if not np.isin(self.labels, (0, 1)).all():
            raise DataError("labels must be 0 or 1.")

    def __len__(self) -> int:
        return len(self.images)

    def subset(self, index: np.ndarray) -> LabelledImages:
        """Return a copy of the images at the integer ``index``, in that order; repeats are allowed."""
        return LabelledImages(self.images[index], self.labels[index], self.groups[index])


def _kind(array: np.ndarray) -> str:
    return f"{array.dtype} {list(array.shape)}"
