"""What cells read from the store: images in rows of one kind, fitted spaces, and fitted models."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from qaugbench.datasets.labelled_images import LabelledImages
from qaugbench.errors import StoreError
from qaugbench.experiment.cells import Cell
from qaugbench.experiment.store import Store

STATE = "state.safetensors"


def earlier_state(percent: int) -> str:
    """Return the file of the weights that a fit had after ``percent`` of its steps."""
    return f"state-{percent}.safetensors"


def real_images(cell: Cell, store: Store) -> LabelledImages:
    """Return the real training images of the cell's replicate."""
    return drawn_images(cell, store, "real")


def fill_images(cell: Cell, store: Store) -> LabelledImages | None:
    """Return what fills the synthetic slots of the arm's batches, or None where there are none."""
    kind = cell.key["fill"]
    if kind is None:
        return None
    for stage in ("sample", "fill"):
        if stage in cell.needs:
            name = cell.needs[stage].name
            images, labels = store.array(stage, name, "images"), store.array(stage, name, "labels")
            return LabelledImages(images, labels, np.arange(len(images), dtype=np.int64))
    return drawn_images(cell, store, {"repeat": "real", "oversample": "drawn", "oracle": "oracle"}[kind])


def drawn_images(cell: Cell, store: Store, rows: str) -> LabelledImages:
    """Return the images in rows of one kind (``real``, ``oracle``, ``drawn``) of the cell's replicate."""
    return _rows(cell, store, store.array("draw", cell.needs["draw"].name, rows))


def _rows(cell: Cell, store: Store, index: np.ndarray) -> LabelledImages:
    name = cell.needs["prepare"].name
    return LabelledImages(
        np.asarray(store.array("prepare", name, "images", mapped=True)[index]),
        store.array("prepare", name, "labels")[index],
        store.array("prepare", name, "groups")[index],
    )


def part_images(cell: Cell, store: Store, part: str) -> LabelledImages:
    """Return the images of the training, validation or test part of the cell's split."""
    return _rows(cell, store, store.array("split", cell.needs["split"].name, part))


def new_space_of(cell: Cell, image_shape: tuple[int, ...]) -> tuple[Any, Any]:
    """Return the space of a ``space`` cell, not fitted and on the cell's device, and how it is trained."""
    from qaugbench.generators.spaces.named import new_space

    key = cell.key
    made, training = new_space(key["space"], image_shape, {**key["training"], **key["hyper"]})  # type: ignore[arg-type]
    return made.to(key["device"]), training


def fitted_space(cell: Cell, store: Store, image_shape: tuple[int, ...]) -> Any:
    """Return the fitted space of a ``space`` cell."""
    from safetensors.torch import load

    from qaugbench.generators.shared.model import load_tensors

    learned, _ = new_space_of(cell, image_shape)
    load_tensors(learned, load(store.read("space", cell.name, STATE)))
    return learned.eval()


def new_model(fitted: Cell, store: Store, image_shape: tuple[int, ...], n_labels: int) -> Any:
    """Return the model of a ``fit`` cell, not fitted, in its fitted space."""
    from qaugbench.cards import Training
    from qaugbench.generators.shared.binding import with_weights
    from qaugbench.generators.shared.discovery import generator_class
    from qaugbench.generators.shared.model import Model, Recipe
    from qaugbench.typed import from_dict

    key = fitted.key
    kind = generator_class(key["generator"])
    recipe = Recipe(
        kind=kind,
        hyper=from_dict(kind.Hyper, {**key["hyper"], **with_weights(_weights(fitted))}, "hyper"),
        training=Training(**key["training"]),
        control=key["control"],
        per_label=key["per_label"],
    )
    return Model(recipe, fitted_space(fitted.needs["space"], store, image_shape), n_labels)


def _weights(fitted: Cell) -> Path | None:
    """Return the folder of the pretrained weights of a ``fit`` cell, if any; raise where they are not those of the plan."""
    if "weights" not in fitted.key:
        return None
    from qaugbench.generators.shared.pretrained import weights_sha256

    folder = fitted.inputs.path
    if folder is None or weights_sha256(folder) != fitted.key["weights"]:
        raise StoreError(
            f"The pretrained weights in {folder} changed while the run was under way; start the run again."
        )
    return folder


def fitted_model(cell: Cell, store: Store, image_shape: tuple[int, ...], n_labels: int, *, state: str = STATE) -> Any:
    """Return the fitted model that a cell needs, with the weights of another file of the fit if ``state`` names one."""
    from safetensors.torch import load

    fitted = cell.needs["fit"]
    model = new_model(fitted, store, image_shape, n_labels)
    model.load(load(store.read("fit", fitted.name, state)))
    return model
