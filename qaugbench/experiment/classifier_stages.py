"""What the stage of classifiers computes: one classifier trained on the images of an arm, and what it predicts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from qaugbench.classifier_cards import LINEAR, ClassifierTraining, classifier_card
from qaugbench.experiment.cells import EARLIER, Cell
from qaugbench.experiment.stages import safetensors_bytes
from qaugbench.experiment.store import Store
from qaugbench.experiment.stored import STATE, fill_images, part_images, real_images
from qaugbench.experiment.under_way import UnderWay
from qaugbench.files import json_text
from qaugbench.recipe import Recipe
from qaugbench.typed import from_dict

Files = dict[str, Any]
Facts = dict[str, Any]


def classify(cell: Cell, store: Store) -> tuple[Files, Facts]:
    """Train a classifier, or a control of it, and predict the real validation and test images."""
    from safetensors.torch import load

    from qaugbench.classifiers.build import Bound, classifier_class
    from qaugbench.classifiers.controls import PlainHead
    from qaugbench.classifiers.training import Seeds, Sets, train
    from qaugbench.generators.training.checkpoint import Checkpoint

    key, control = cell.key, str(cell.key["control"])
    kind = PlainHead if control == LINEAR else classifier_class(classifier_card(key["classifier"]))
    training = ClassifierTraining(loss=key["loss"], augment=key["augment"])  # all else is in the recipe of the cell
    sets = Sets(
        real_images(cell, store),
        fill_images(cell, store),
        part_images(cell, store, "val"),
        part_images(cell, store, "test"),
    )
    folder = store.unfinished(cell.stage, cell.name)
    checkpoint = Checkpoint(folder)
    below = cell.needs.get("below")
    found = train(
        Bound(kind, from_dict(kind.Hyper, dict(key["hyper"]), "hyper"), training, control),
        from_dict(Recipe, dict(key["recipe"]), "recipe"),
        key["label_kind"],
        sets,
        seeds=Seeds(**key["seeds"]),
        ratio=key["ratio"],
        device=key["device"],
        below=None if below is None else load(store.read(below.stage, below.name, STATE)),
        progress=UnderWay(folder),
        checkpoint=checkpoint,
    )
    files: Files = {
        "val_logits": np.asarray(found.val_logits, dtype=np.float32),
        "test_logits": np.asarray(found.test_logits, dtype=np.float32),
        "curve.json": json_text(found.looks).encode(),
    }
    if control == LINEAR:  # others may be solved on its network
        files[STATE] = safetensors_bytes({name: tensor.contiguous().cpu() for name, tensor in found.state.items()})
    return files, {**found.facts, EARLIER: checkpoint.earlier}


CLASSIFIER_STAGES: Mapping[str, Callable[[Cell, Store], tuple[Files, Facts]]] = {"classify": classify}
