"""What each stage computes: one function per stage, from a cell and the store to the files of the cell.

Each returns ``(files, facts)``: arrays and bytes to store, and plain facts for ``cell.json``. Randomness comes from the seeds in
the cell's key alone.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

import numpy as np

from qaugbench import definitions
from qaugbench.augmentations import Augmentations, Losses
from qaugbench.datasets.pixel_store import write_pixels
from qaugbench.datasets.prepared import open_prepared
from qaugbench.errors import StoreError
from qaugbench.experiment.cells import EARLIER, Cell
from qaugbench.experiment.replicate import Draw, replicate_rows
from qaugbench.experiment.store import Store
from qaugbench.experiment.stored import (
    STATE,
    drawn_images,
    earlier_state,
    fill_images,
    fitted_model,
    fitted_space,
    new_model,
    new_space_of,
    part_images,
    real_images,
)
from qaugbench.experiment.under_way import UnderWay
from qaugbench.files import json_text
from qaugbench.recipe import Recipe
from qaugbench.seeds import child_seed
from qaugbench.task import PARTS, LabelSpace

Files = dict[str, "bytes | np.ndarray | Path"]
Facts = dict[str, Any]


def prepare(cell: Cell, store: Store) -> tuple[Files, Facts]:
    """Decode and resize every image of a source once; later stages map the array into memory."""
    prepared = open_prepared(*_place(cell))
    place = store.unfinished("prepare", cell.name)
    images = write_pixels(prepared, cell.key["size"], cell.key["channels"], place)
    files: Files = {"images": images, "labels": prepared.labels, "groups": prepared.identity.groups}
    return files, {"images": len(prepared)}


def split(cell: Cell, store: Store) -> tuple[Files, Facts]:
    """Keep the rows of the training, validation and test parts."""
    return {part: np.asarray(getattr(cell.inputs.split, part), dtype=np.int64) for part in PARTS}, {}


def draw(cell: Cell, store: Store) -> tuple[Files, Facts]:
    """Draw the rows of a replicate: its real images, the oracle's further ones, and those that synthetic labels come from."""
    prepared, seeds = cell.needs["prepare"].name, cell.key["seeds"]
    rows = replicate_rows(
        store.array("prepare", prepared, "labels"),
        store.array("prepare", prepared, "groups"),
        store.array("split", cell.needs["split"].name, "train"),
        Draw(**{field.name: cell.key[field.name] for field in fields(Draw)}),
        subset=seeds["subset"],
        synthetic_labels=seeds["synthetic_labels"],
    )
    counts = {"real": len(rows.real), "oracle": len(rows.oracle), "drawn": len(rows.drawn)}
    return {"real": rows.real, "oracle": rows.oracle, "drawn": rows.drawn}, counts


def space(cell: Cell, store: Store) -> tuple[Files, Facts]:
    """Fit a data space to the replicate's real images."""
    from qaugbench.generators.training.tensors import tensors_of

    data = real_images(cell, store)
    learned, training = new_space_of(cell, data.images.shape[1:])
    checkpoint = _checkpoint(cell, store)
    seed, progress = cell.key["seeds"]["autoencoder"], _under_way(cell, store)
    learned.fit(data.images, training=training, seed=seed, progress=progress, checkpoint=checkpoint)
    return {STATE: safetensors_bytes(tensors_of(learned))}, {EARLIER: checkpoint.earlier}


def fit(cell: Cell, store: Store) -> tuple[Files, Facts]:
    """Fit one generator variant on the replicate's real images."""
    data = real_images(cell, store)
    model = new_model(cell, store, data.images.shape[1:], data.labels.shape[1])
    checkpoint = _checkpoint(cell, store)
    progress = _under_way(cell, store)
    course = model.fit(data, seed=cell.key["seeds"]["gen_fit"], progress=progress, checkpoint=checkpoint)
    learned = model.state()
    files: Files = {
        STATE: safetensors_bytes(learned),
        "curve.json": json.dumps(course.curve, allow_nan=False).encode(),
        **{earlier_state(percent): safetensors_bytes({**learned, **kept}) for percent, kept in course.earlier.items()},
    }
    found = course.diagnostics
    facts = {"parameters": model.parameter_counts(), "diagnostics": found.to_dict(), "remark": found.remark}
    return files, {**facts, EARLIER: checkpoint.earlier}


def sample(cell: Cell, store: Store) -> tuple[Files, Facts]:
    """Draw one labelled synthetic image for every drawn label vector."""
    wanted, seed = drawn_images(cell, store, "drawn"), cell.key["seeds"]["gen_sample"]
    labels, image_shape = wanted.labels, wanted.images.shape[1:]
    if "fit" in cell.needs:
        images = fitted_model(cell, store, image_shape, labels.shape[1]).sample(labels, seed=seed)
    else:
        from qaugbench.generators.folder import drawn_from_folder

        images = drawn_from_folder(*_place(cell), image_shape, labels, seed=seed)
    return {"images": images, "labels": labels}, {"images": len(images)}


def influence(cell: Cell, store: Store) -> tuple[Files, Facts]:
    """Measure what a generator's circuits change in its images, on the first label vectors of its sample."""
    from qaugbench.generators.shared.block_influence import influence_differences

    drawn = cell.needs["sample"].name
    labels = store.array("sample", drawn, "labels")[: cell.key["images"]]
    image_shape = store.array("sample", drawn, "images", mapped=True).shape[1:]
    model = fitted_model(cell, store, image_shape, labels.shape[1])
    return {}, asdict(influence_differences(model, labels, seed=cell.key["seeds"]["gen_sample"]))


def fill(cell: Cell, store: Store) -> tuple[Files, Facts]:
    """Make what fills the slots of an arm from the real images, the drawn labels or a generator's sample."""
    if cell.key["fill"] == "reconstructed":
        return _reconstructed(cell, store)
    images, labels = _made(cell, store, cell.key["seeds"]["gen_sample"])
    return {"images": images, "labels": np.asarray(labels, dtype=np.float32)}, {"images": len(images)}


def _made(cell: Cell, store: Store, seed: int) -> tuple[np.ndarray, np.ndarray]:
    from qaugbench.experiment import fills

    what, real, drawn = cell.key["fill"], real_images(cell, store), drawn_images(cell, store, "drawn")
    if what == "noise":
        return fills.class_mean_and_noise(real.images, real.labels, drawn.labels, child_seed(seed, "P-noise"))
    if what == "copies":
        return fills.copied_images(real.images, real.labels, drawn.labels, child_seed(seed, "copycat"))
    if what == "lowres":
        return fills.lower_resolution(drawn.images, drawn.labels, cell.key["side"])
    if what == "shuffled":
        name = cell.needs["sample"].name
        images, labels = store.array("sample", name, "images"), store.array("sample", name, "labels")
        return fills.shuffled_labels(images, labels, child_seed(seed, "P-shuf"))
    from qaugbench.experiment.true_oracle import fresh_pictures, matching_pictures

    size, channels = drawn.images.shape[1], drawn.images.shape[3]
    fresh = fresh_pictures(
        cell.key["task"], child_seed(seed, "O-true"), drawn_at=cell.key["drawn_at"], size=size, channels=channels
    )
    return matching_pictures(fresh, drawn.labels, real.labels.sum(axis=0))


def _reconstructed(cell: Cell, store: Store) -> tuple[Files, Facts]:
    """Send the drawn real images through a space, and measure what is lost: the mean peak signal-to-noise ratio in dB."""
    drawn = drawn_images(cell, store, "drawn")
    learned = fitted_space(cell.needs["space"], store, drawn.images.shape[1:])
    images = learned.decode(learned.encode(drawn.images))
    error = (images.astype(np.float64) - drawn.images) ** 2
    per_image = error.reshape(len(error), -1).mean(axis=1)
    psnr = float((10 * np.log10(255**2 / np.maximum(per_image, 1e-2))).mean()) if len(error) else None
    return {"images": images, "labels": drawn.labels}, {"images": len(images), "psnr_db": psnr}


def train(cell: Cell, store: Store) -> tuple[Files, Facts]:
    """Train the frozen classifier of one arm and predict the real validation and test images.

    Where the test is withheld, no test image is read and there are no test logits.
    """
    from qaugbench.downstream.optional import further_augmentation, other_loss
    from qaugbench.downstream.recipe import train_classifier

    key = cell.key
    withheld = key.get("test") == "withheld"
    validation = part_images(cell, store, "val")
    real, filling = real_images(cell, store), fill_images(cell, store)
    if filling is not None and key.get("real") == "fill":  # only benchmarks ask for it: what fills the slots, alone
        real, filling = filling, None
    result = train_classifier(
        definitions.from_dict(Recipe, dict(key["recipe"]), "recipe"),
        key["label_kind"],
        real,
        filling,
        validation,
        validation if withheld else part_images(cell, store, "test"),  # the recipe predicts a second set whatever it is
        augment=key["augment"] != "none",
        balance=key["loss"] == "balanced",
        further=further_augmentation(definitions.from_dict(Augmentations, key["augmentations"], "augmentations")),
        other_loss=other_loss(definitions.from_dict(Losses, key["losses"], "losses")),
        ratio=key["ratio"],
        device=key["device"],
        **cell.key["seeds"],
    )
    files: Files = {
        "val_logits": np.asarray(result.val_logits, dtype=np.float32),
        "curve.json": json_text(result.curve).encode(),
    }
    if not withheld:
        files["test_logits"] = np.asarray(result.test_logits, dtype=np.float32)
    return files, {"best_step": result.best_step, "init_sha256": result.init_sha256}


STAGES: Mapping[str, Callable[[Cell, Store], tuple[Files, Facts]]] = {
    function.__name__: function for function in (prepare, split, draw, space, fit, sample, fill, influence, train)
}


def _place(cell: Cell) -> tuple[Path, LabelSpace]:
    """Return where a cell's images are, and how their labels are read."""
    path, labels = cell.inputs.path, cell.inputs.labels
    if path is None or labels is None:
        raise StoreError(f"The cell {cell.stage} {cell.label} was planned without its images.")
    return path, labels


def _checkpoint(cell: Cell, store: Store) -> Any:
    from qaugbench.generators.training.checkpoint import Checkpoint

    return Checkpoint(store.unfinished(cell.stage, cell.name))


def _under_way(cell: Cell, store: Store) -> UnderWay:
    return UnderWay(store.unfinished(cell.stage, cell.name))


def safetensors_bytes(tensors: Mapping[str, Any]) -> bytes:
    """Return tensors by name as the bytes of a .safetensors file."""
    from safetensors.torch import save

    return save(dict(tensors))
