"""The images that an appraisal compares."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from qaugbench.errors import DataError
from qaugbench.recipe import LabelKind


@dataclass(frozen=True, eq=False)
class ImageSet:
    """Images uint8 [N, H, W, C]; their labels [N, K] and groups [N] (patients) where known."""

    images: np.ndarray
    labels: np.ndarray | None = None
    groups: np.ndarray | None = None

    def __len__(self) -> int:
        return len(self.images)

    def rows(self, index: np.ndarray) -> ImageSet:
        """Return the images at ``index``, in that order."""
        parts = (None if part is None else part[index] for part in (self.labels, self.groups))
        return ImageSet(self.images[index], *parts)

    @property
    def classes(self) -> np.ndarray | None:
        """The class of each image, where each has exactly one; else None."""
        if self.labels is None or len(self) == 0 or not (self.labels.sum(axis=1) == 1).all():
            return None
        return self.labels.argmax(axis=1)


@dataclass(frozen=True, eq=False)
class Sets:
    """``synthetic`` images, real ``reference`` images of no patient whom the generator saw, and the ``training`` images it saw.

    ``training`` is None where they are not to be had: nothing is said of copies then. Raises DataError for sets that do not fit.
    """

    synthetic: ImageSet
    reference: ImageSet
    training: ImageSet | None = None
    label_names: tuple[str, ...] = ()
    label_kind: LabelKind = "multiclass"
    earlier: dict[int, ImageSet] = field(default_factory=dict)
    """Images drawn for the first of the labels, by the generator's weights after a percentage of its steps."""

    def __post_init__(self) -> None:
        for name, other in (("reference", self.reference), ("training", self.training)):
            if other is not None and other.images.shape[1:] != self.synthetic.images.shape[1:]:
                raise DataError(
                    f"The synthetic images are {_shape(self.synthetic)} and the {name} images {_shape(other)}; bring them to one "
                    "size and one number of channels."
                )
        for name, one in (("synthetic", self.synthetic), ("reference", self.reference)):
            if len(one) == 0:
                raise DataError(f"There are no {name} images; give at least one.")

    def class_rows(self, of: ImageSet) -> dict[str, np.ndarray]:
        """Return the rows of ``of`` with each label, by name, for labels that any image of the synthetic set has."""
        if of.labels is None or self.synthetic.labels is None:
            return {}
        present = np.flatnonzero(self.synthetic.labels.sum(axis=0) > 0)
        return {self.label_names[k]: np.flatnonzero(of.labels[:, k] > 0) for k in present}


def _shape(images: ImageSet) -> str:
    height, width, channels = images.images.shape[1:]
    return f"{height}x{width} with {channels} channel{'' if channels == 1 else 's'}"
