"""Images that something else made, drawn as if a generator had made them.

The folder or .zip has the prepared form: ``images/`` and ``labels.csv``. Nothing is learned, and the origin of the
images is unknown.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from qaugbench.datasets.labels_csv import LabelNames
from qaugbench.datasets.prepared import load_images, open_prepared
from qaugbench.errors import DataError, first_offenders
from qaugbench.seeds import child_seed, numpy_generator


def drawn_from_folder(
    path: Path, label_space: LabelNames, image_shape: tuple[int, int, int], labels: np.ndarray, *, seed: int
) -> np.ndarray:
    """Return, for each label vector [n, n_labels], an image of the folder at ``path`` that has exactly this label vector.

    Images are uint8 [n, *image_shape]. Those of a label vector come in a random order fixed by ``seed``, each once before
    any repeats. Raises ``DataError`` naming the label vectors that the folder lacks.
    """
    prepared = open_prepared(path, label_space)
    images = load_images(prepared, image_shape[0], image_shape[2])
    vectors, which = np.unique(labels, axis=0, return_inverse=True)
    available = [np.flatnonzero((prepared.labels == vector).all(axis=1)) for vector in vectors]
    lacking = [_named(vector, label_space) for vector, rows in zip(vectors, available, strict=True) if len(rows) == 0]
    if lacking:
        raise DataError(
            f"{path} has no image for {len(lacking)} of the {len(vectors)} label vectors asked for: "
            f"{first_offenders(lacking)}. Add images that have exactly these labels."
        )
    chosen = np.zeros(len(labels), np.int64)
    for number, (vector, rows) in enumerate(zip(vectors, available, strict=True)):
        order = numpy_generator(child_seed(seed, *vector.astype(int).tolist())).permutation(rows)
        places = np.flatnonzero(which.reshape(-1) == number)
        chosen[places] = np.resize(order, len(places))
    drawn: np.ndarray = images[chosen]
    return drawn


def _named(vector: np.ndarray, label_space: LabelNames) -> str:
    names = [name for name, present in zip(label_space.names, vector, strict=True) if present]
    return " + ".join(names) if names else "no finding"
