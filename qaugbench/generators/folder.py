"""Images that something else made, scored as if a generator had drawn them.

The folder or .zip has the prepared form: ``images/`` and ``labels.csv``. Nothing is learned, and the origin of the
images is unknown.
"""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

import numpy as np
import torch

from qaugbench.circuits.execution import IDEAL, Execution
from qaugbench.datasets.labelled_images import LabelledImages
from qaugbench.datasets.labels_csv import LabelNames
from qaugbench.datasets.prepared import load_images, open_prepared
from qaugbench.errors import DataError, DefinitionError, first_offenders
from qaugbench.generators.contract import Budget, Generator, NotFittedError, Progress, require_labels
from qaugbench.kinds import Kind
from qaugbench.seeds import child_seed, numpy_generator


class FolderGenerator(Generator):
    """Returns, for each requested label vector, an image of ``path`` that has exactly this label vector.

    The images of a label vector are returned in a random order fixed by the seed, each once before any repeats.
    ``label_space`` gives the class names for reading labels.csv.
    """

    kind: ClassVar[Kind] = "external"

    def __init__(
        self,
        image_shape: tuple[int, int, int],
        n_labels: int,
        *,
        control: str = "none",
        device: str = "cpu",
        path: Path | str,
        label_space: LabelNames,
    ) -> None:
        super().__init__(image_shape, n_labels, control=control, device=device)
        if len(label_space.names) != n_labels:
            raise DefinitionError(
                f"The label space has {len(label_space.names)} names, but the generator was asked for {n_labels} labels; "
                "give both from the same task."
            )
        self._path = Path(path)
        self._label_space = label_space
        self._images: np.ndarray | None = None
        self._labels = np.zeros((0, n_labels), np.float32)

    def fit(self, data: LabelledImages, *, budget: Budget, seed: int, progress: Progress | None = None) -> None:
        """Read the folder's images at the size of the training images; ``data``, ``budget`` and ``seed`` are not used."""
        prepared = open_prepared(self._path, self._label_space)
        self._images = load_images(prepared, self.image_shape[0], self.image_shape[2])
        self._labels = prepared.labels

    def sample(self, labels: np.ndarray, *, seed: int, execution: Execution = IDEAL) -> np.ndarray:
        """Return uint8 images [n, H, W, C]; raises ``DataError`` naming the label vectors that the folder lacks."""
        requested = require_labels(labels, self.n_labels)
        images = self._read_images()
        vectors, which = np.unique(requested, axis=0, return_inverse=True)
        available = [np.flatnonzero((self._labels == vector).all(axis=1)) for vector in vectors]
        lacking = [self._named(vector) for vector, rows in zip(vectors, available, strict=True) if len(rows) == 0]
        if lacking:
            raise DataError(
                f"{self._path} has no image for {len(lacking)} of the {len(vectors)} label vectors asked for: "
                f"{first_offenders(lacking)}. Add images that have exactly these labels."
            )
        chosen = np.zeros(len(requested), np.int64)
        for number, (vector, rows) in enumerate(zip(vectors, available, strict=True)):
            order = numpy_generator(child_seed(seed, *vector.astype(int).tolist())).permutation(rows)
            places = np.flatnonzero(which.reshape(-1) == number)
            chosen[places] = np.resize(order, len(places))
        drawn: np.ndarray = images[chosen]
        return drawn

    def state(self) -> dict[str, torch.Tensor]:
        """Return the images and their labels."""
        return {"images": torch.from_numpy(self._read_images()), "labels": torch.from_numpy(self._labels)}

    def load(self, state: dict[str, torch.Tensor]) -> None:
        """Restore images and labels; the folder is not read again."""
        self._images, self._labels = state["images"].numpy(), state["labels"].numpy()

    def parameter_counts(self) -> dict[str, int]:
        """Return zeros: nothing is learned."""
        return {"total": 0, "block": 0}

    def _named(self, vector: np.ndarray) -> str:
        names = [name for name, present in zip(self._label_space.names, vector, strict=True) if present]
        return " + ".join(names) if names else "no finding"

    def _read_images(self) -> np.ndarray:
        if self._images is None:
            raise NotFittedError("The folder has been neither read nor loaded; call fit or load first.")
        return self._images
