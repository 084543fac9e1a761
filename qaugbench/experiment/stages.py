"""What each stage computes: one function a stage, from a cell and the store to the files of the cell.

Each returns ``(files, facts)``: arrays and bytes to store, and plain facts for ``cell.json``. Randomness comes from the seeds in
the cell's key alone.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from qaugbench import definitions
from qaugbench.datasets.pixel_store import write_pixels
from qaugbench.datasets.prepared import LabelledImages, open_prepared
from qaugbench.experiment.cells import Cell
from qaugbench.experiment.replicate import ReplicateRows, replicate_rows
from qaugbench.experiment.store import Store
from qaugbench.files import json_text
from qaugbench.task import Recipe

Files = dict[str, "bytes | np.ndarray | Path"]
Facts = dict[str, Any]
CURVE_POINTS = 200


def prepare(cell: Cell, store: Store) -> tuple[Files, Facts]:
    """Decode and resize every image of a source once; later stages map the array into memory."""
    labels = definitions.task(cell.locator["task"]).labels
    prepared = open_prepared(Path(cell.locator["path"]), labels)
    place = store.unfinished("prepare", cell.name)
    images = write_pixels(prepared, cell.key["size"], cell.key["channels"], place)
    files: Files = {"images": images, "labels": prepared.labels, "groups": prepared.groups}
    return files, {"images": len(prepared)}


def split(cell: Cell, store: Store) -> tuple[Files, Facts]:
    """Keep the rows of the training, validation and test parts."""
    return {part: np.asarray(cell.locator[part], dtype=np.int64) for part in ("train", "val", "test")}, {}


def autoencoder(cell: Cell, store: Store) -> tuple[Files, Facts]:
    """Fit the latent autoencoder that every latent generator of the replicate shares."""
    from qaugbench.generators.contract import Budget
    from qaugbench.generators.shared.autoencoder import LatentAutoencoder

    data = real_images(cell, store)
    curve = _Curve()
    model = LatentAutoencoder(data.images.shape[1:], **cell.key["hyper"], device=cell.key["device"])
    model.fit(data, budget=Budget(**cell.key["budget"]), seed=cell.key["seeds"]["autoencoder"], progress=curve)
    return {"state.safetensors": _state_bytes(model.state()), "curve.json": curve.to_bytes()}, {}


def fit(cell: Cell, store: Store) -> tuple[Files, Facts]:
    """Fit one generator variant on the replicate's real images."""
    from qaugbench.generators.contract import Budget

    data = real_images(cell, store)
    generator = _generator(cell, data.images.shape[1:], data.labels.shape[1])
    if "autoencoder" in cell.needs:
        generator.attach_autoencoder(_load_autoencoder(cell.needs["autoencoder"], store, data.images.shape[1:]))
    curve = _Curve()
    generator.fit(data, budget=Budget(**cell.key["budget"]), seed=cell.key["seeds"]["gen_fit"], progress=curve)
    files: Files = {"state.safetensors": _state_bytes(generator.state()), "curve.json": curve.to_bytes()}
    return files, {"parameters": generator.parameter_counts()}


def sample(cell: Cell, store: Store) -> tuple[Files, Facts]:
    """Draw one labelled synthetic image for every drawn label vector."""
    from safetensors.torch import load

    data, rows = real_images(cell, store), replicate_of(cell, store)
    labels = store.array("prepare", cell.needs["prepare"].name, "labels")[rows.drawn]
    generator = _generator(cell.needs["fit"], data.images.shape[1:], labels.shape[1])
    generator.load(load(store.read("fit", cell.needs["fit"].name, "state.safetensors")))
    images = generator.sample(labels, seed=cell.key["seeds"]["gen_sample"])
    return {"images": images, "labels": labels}, {"images": len(images)}


def influence(cell: Cell, store: Store) -> tuple[Files, Facts]:
    """Measure what a generator's circuits change in its images, on the first label vectors of its sample."""
    from safetensors.torch import load

    from qaugbench.generators.shared.block_influence import influence_differences

    fitted, drawn = cell.needs["fit"], cell.needs["sample"].name
    labels = store.array("sample", drawn, "labels")[: cell.key["images"]]
    generator = _generator(fitted, store.array("sample", drawn, "images", mapped=True).shape[1:], labels.shape[1])
    generator.load(load(store.read("fit", fitted.name, "state.safetensors")))
    return {}, asdict(influence_differences(generator, labels, seed=cell.key["seeds"]["gen_sample"]))


def train(cell: Cell, store: Store) -> tuple[Files, Facts]:
    """Train the frozen classifier of one arm and predict the real validation and test images."""
    from qaugbench.downstream.recipe import train_classifier

    key, seeds = cell.key, cell.key["seeds"]
    result = train_classifier(
        definitions.from_dict(Recipe, dict(key["recipe"]), "recipe"),
        key["label_kind"],
        real_images(cell, store),
        fill_images(cell, store),
        _part(cell, store, "val"),
        _part(cell, store, "test"),
        augment=key["augment"],
        balance=key["balance_loss"],
        ratio=key["draw"]["ratio"],
        init_seed=seeds["clf_init"],
        order_seed=seeds["clf_order"],
        aug_seed=seeds["clf_aug"],
        fill_order_seed=seeds["fill_order"],
        fill_aug_seed=seeds["fill_aug"],
        device=key["device"],
    )
    files: Files = {
        "val_logits": np.asarray(result.val_logits, dtype=np.float32),
        "test_logits": np.asarray(result.test_logits, dtype=np.float32),
        "curve.json": json_text(result.curve).encode(),
    }
    return files, {"best_step": result.best_step, "init_sha256": result.init_sha256}


STAGES: Mapping[str, Callable[[Cell, Store], tuple[Files, Facts]]] = {
    function.__name__: function for function in (prepare, split, autoencoder, fit, sample, influence, train)
}


def replicate_of(cell: Cell, store: Store) -> ReplicateRows:
    """Return which rows of the prepared data the cell's replicate uses."""
    prepared = cell.needs["prepare"].name
    return replicate_rows(
        store.array("prepare", prepared, "labels"),
        store.array("prepare", prepared, "groups"),
        store.array("split", cell.needs["split"].name, "train"),
        {**cell.key["draw"], **cell.key["seeds"]},
    )


def real_images(cell: Cell, store: Store) -> LabelledImages:
    """Return the real training images of the cell's replicate."""
    return _rows(cell, store, replicate_of(cell, store).real)


def fill_images(cell: Cell, store: Store) -> LabelledImages | None:
    """Return what fills the synthetic slots of the arm's batches, or None where there are none."""
    fill = cell.key["fill"]
    if fill is None:
        return None
    if fill == "synthetic":
        name = cell.needs["sample"].name
        images, labels = store.array("sample", name, "images"), store.array("sample", name, "labels")
        return LabelledImages(images, labels, np.arange(len(images), dtype=np.int64))
    rows = replicate_of(cell, store)
    return _rows(cell, store, {"repeat": rows.real, "oversample": rows.drawn, "oracle": rows.oracle}[fill])


def _rows(cell: Cell, store: Store, index: np.ndarray) -> LabelledImages:
    name = cell.needs["prepare"].name
    return LabelledImages(
        np.asarray(store.array("prepare", name, "images", mapped=True)[index]),
        store.array("prepare", name, "labels")[index],
        store.array("prepare", name, "groups")[index],
    )


def _part(cell: Cell, store: Store, part: str) -> LabelledImages:
    return _rows(cell, store, store.array("split", cell.needs["split"].name, part))


def _generator(cell: Cell, image_shape: tuple[int, int, int], n_labels: int) -> Any:
    from qaugbench.generators.shared.discovery import generator_class

    kind = generator_class(cell.key["generator"])
    hyper = {**cell.key["hyper"], **cell.locator.get("hyper", {})}
    return kind(image_shape, n_labels, control=cell.key["control"], device=cell.key["device"], **hyper)


def _load_autoencoder(cell: Cell, store: Store, image_shape: tuple[int, int, int]) -> Any:
    from safetensors.torch import load

    from qaugbench.generators.shared.autoencoder import LatentAutoencoder

    model = LatentAutoencoder(image_shape, **cell.key["hyper"], device=cell.key["device"])
    model.load(load(store.read("autoencoder", cell.name, "state.safetensors")))
    return model


def _state_bytes(state: Mapping[str, Any]) -> bytes:
    from safetensors.torch import save

    return save({name: tensor.detach().cpu().contiguous() for name, tensor in state.items()})


class _Curve:
    """Collects the loss of a fit, averaged over equal stretches so that at most ``CURVE_POINTS`` points remain."""

    def __init__(self) -> None:
        self.losses: list[float] = []

    def __call__(self, step: int, total: int, loss: float) -> None:
        self.losses.append(float(loss))

    def to_bytes(self) -> bytes:
        stretches = np.array_split(
            np.asarray(self.losses, dtype=np.float64), min(CURVE_POINTS, max(len(self.losses), 1))
        )
        ends = np.cumsum([len(stretch) for stretch in stretches])
        points = [
            {"step": int(end), "loss": float(stretch.mean())}
            for end, stretch in zip(ends, stretches, strict=True)
            if len(stretch)
        ]
        return json.dumps(points, allow_nan=False).encode()
