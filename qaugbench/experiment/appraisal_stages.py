"""What the stages of an appraisal compute: the judge, the truth about phantoms, and what is known of a set of synthetic images."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any

import numpy as np
from PIL import Image

from qaugbench import definitions
from qaugbench.board.short_fits import TOO_SHORT
from qaugbench.datasets.judge import judge_split
from qaugbench.datasets.prepared import open_prepared
from qaugbench.errors import StatisticsError, StoreError
from qaugbench.experiment.appraisal_inputs import (
    NETWORK,
    further_extractors,
    images_at,
    judges_of,
    known_factors,
    on_the_way,
    trends_of,
    verdicts_of,
)
from qaugbench.experiment.cells import Cell
from qaugbench.experiment.store import Store
from qaugbench.experiment.stored import drawn_images, fill_images, fitted_model, real_images
from qaugbench.files import json_text
from qaugbench.image_facts import Appraisal
from qaugbench.recipe import Recipe
from qaugbench.seeds import child_seed

Files = dict[str, Any]
Facts = dict[str, Any]
SHOWN = 20


def judge(cell: Cell, store: Store) -> tuple[Files, Facts]:
    """Train the judge, or two that are cross-fitted, on real validation images of patients of their own."""
    from safetensors.torch import save

    from qaugbench.downstream.judge import train_judge
    from qaugbench.generators.training.tensors import tensors_of

    path, labels, split = cell.inputs.path, cell.inputs.labels, cell.inputs.split
    if path is None or labels is None or split is None:
        raise StoreError("The judge was planned without its images.")
    parts = judge_split(open_prepared(path, labels), split, seed=cell.key["seed"])
    files: Files = {}
    temperatures = []
    for number, fold in enumerate(parts.folds):
        train, reference = (images_at(cell, store, rows) for rows in (fold.train, fold.reference))
        trained = train_judge(
            definitions.from_dict(Recipe, dict(cell.key["recipe"]), "recipe"),
            cell.key["label_kind"],
            train,
            reference,
            seed=child_seed(cell.key["seed"], "fold", number),
            device=cell.key["device"],
        )
        temperatures.append(trained.temperature)
        files[f"judge-{number}.safetensors"] = save(tensors_of(trained.classifier))
        files[f"reference-{number}"] = np.asarray(fold.reference, dtype=np.int64)
    return files, {"temperatures": temperatures, "how": parts.how, "weak": parts.weak, "sha256": parts.sha256}


def grade(cell: Cell, store: Store) -> tuple[Files, Facts]:
    """Count how many of an arm's images the judge takes for one of the classes of each group, such as gradable ones."""
    from qaugbench.metrics.group_rate import group_rate

    own = fill_images(cell, store)
    if own is None:
        raise StoreError(f"The arm of {cell.label} has no images of its own to grade.")
    judges = judges_of(cell.needs["judge"], store, own)
    halves = [images_at(cell, store, one.reference) for one in judges]
    word = np.mean([one.judge.logits(own.images) for one in judges], axis=0)
    of_real = np.concatenate([one.judge.logits(half.images) for one, half in zip(judges, halves, strict=True)])
    labels = np.concatenate([half.labels for half in halves])
    names = list(cell.key["labels"])
    found = {
        group: group_rate(word, own.labels, of_real, labels, [names.index(name) for name in classes])
        for group, classes in cell.key["groups"].items()
    }
    words = ", ".join(f"{one.count} of {one.n} {group}" for group, one in found.items())
    return {}, {"judged": {group: asdict(one) for group, one in found.items()}, "n_real": len(labels), "remark": words}


def appraise(cell: Cell, store: Store) -> tuple[Files, Facts]:
    """Appraise the images that fill the slots of an arm against real ones of other patients, and those they were learned from."""
    from qaugbench.appraisal.appraise import Options
    from qaugbench.appraisal.appraise import appraise as appraise_sets
    from qaugbench.appraisal.copies import pair_images
    from qaugbench.appraisal.sets import ImageSet, Sets
    from qaugbench.extractors.asked import not_asked_for
    from qaugbench.extractors.pixels import pixel_components

    own = fill_images(cell, store)
    if own is None:
        raise StoreError(f"The arm of {cell.label} has no images of its own to appraise.")
    real, reconstructed = real_images(cell, store), cell.key["fill"] == "reconstructed"
    judges = judges_of(cell.needs["judge"], store, real)
    halves = [images_at(cell, store, one.reference) for one in judges]
    reference, further = halves[0], further_extractors(cell)
    sets = Sets(
        synthetic=ImageSet(own.images, own.labels),
        reference=ImageSet(reference.images, reference.labels, reference.groups),
        training=None if reconstructed else ImageSet(real.images, real.labels, real.groups),
        label_names=tuple(cell.key["labels"]),
        label_kind=cell.key["label_kind"],
        earlier={percent: ImageSet(images) for percent, images in on_the_way(cell, store, own).items()},
    )
    pixels = pixel_components(np.concatenate([reference.images, real.images, own.images]))
    found = appraise_sets(
        sets,
        [judges[0], pixels, *further.extractors],
        lpips=further.lpips,
        missing=not_asked_for(further.names),
        factors=known_factors(cell, store, own.images),
        verdicts=verdicts_of(judges, halves, own),
        trends=trends_of(cell, store),
        originals=drawn_images(cell, store, "drawn").images if reconstructed else None,
        options=Options(seed=cell.key["seed"]),
    )
    appraisal = _of_fits(found.appraisal, cell.key.get("fits"))
    drawn, nearest = pair_images(found.pairs[:SHOWN], own.images, real.images)
    files: Files = {
        "appraisal.json": json_text(appraisal.model_dump(mode="json")).encode(),
        "pair_synthetic": drawn,
        "pair_training": nearest,
    }
    return files, {"states": appraisal.states, "remark": _remark(appraisal.states)}


def truth(cell: Cell, store: Store) -> tuple[Files, Facts]:
    """Learn from fresh images of a phantom to read off what they were drawn by, and try it on those of a third of the patients."""
    from safetensors.torch import save

    from qaugbench.appraisal.factor_network import factor_estimates, fit_factor_network
    from qaugbench.appraisal.factors import estimation_skill
    from qaugbench.datasets.phantom.images import render_phantom
    from qaugbench.datasets.preprocess import square_pixels
    from qaugbench.generators.training.tensors import tensors_of

    key = cell.key
    fresh = render_phantom(key["task"], key["patients"], key["seed"], key["drawn_at"])
    drawn = (Image.fromarray(np.squeeze(image)) for image in fresh.images)
    images = np.stack([square_pixels(image, key["size"], key["channels"]) for image in drawn])
    factors = np.stack(list(fresh.factors.values()), axis=1)
    patients = np.unique(fresh.patient_ids, return_inverse=True)[1]
    learned = 3 * patients < 2 * key["patients"]
    network = fit_factor_network(
        images[learned], factors[learned], steps=key["steps"], seed=key["seed"], device=key["device"]
    )
    true, estimated = factors[~learned], factor_estimates(network, images[~learned])
    skills = [estimation_skill(*pair) for pair in zip(true.T, estimated.T, strict=True)]
    files: Files = {
        NETWORK: save(tensors_of(network)),
        "true": true,
        "estimated": estimated,
        "labels": fresh.labels[~learned],
    }
    remark = ", ".join(f"{name} {skill:.2f}" for name, skill in zip(fresh.factors, skills, strict=True))
    return files, {"names": list(fresh.factors), "remark": f"skill: {remark}"}


def geometry(cell: Cell, store: Store) -> tuple[Files, Facts]:
    """Measure in how many directions a variant's images change with their noise, at the noise of its first images."""
    from qaugbench.generators.shared.latent_geometry import NoLatentError, noise_jacobian
    from qaugbench.metrics.geometry import jacobian_geometry

    drawn = cell.needs["sample"].name
    labels = store.array("sample", drawn, "labels")[: cell.key["images"]]
    image_shape = store.array("sample", drawn, "images", mapped=True).shape[1:]
    model = fitted_model(cell, store, image_shape, labels.shape[1])
    try:
        jacobian = noise_jacobian(model, labels, seed=cell.key["seed"])
        found = asdict(jacobian_geometry(jacobian.singular_values))
    except (NoLatentError, StatisticsError) as error:
        return {}, {"reason": str(error)}
    points, directions = found.pop("n"), found.pop("r")
    return {}, {**found, "points": points, "directions": directions, "dimension": jacobian.dimension}


APPRAISAL_STAGES: Mapping[str, Callable[[Cell, Store], tuple[Files, Facts]]] = {
    function.__name__: function for function in (judge, grade, appraise, truth, geometry)
}


def _of_fits(appraisal: Appraisal, word: str | None) -> Appraisal:
    """Return the appraisal with a ``word`` for the fit that its track decides, where there was a fit to speak of."""
    if word is None or appraisal.states["training"] == "not measured":
        return appraisal
    return appraisal.model_copy(update={"states": {**appraisal.states, "training": word}})


def _remark(states: Mapping[str, str]) -> str:
    alone = ("not measured", "not decided", TOO_SHORT)
    return ", ".join(f"{section} {word}" if word in alone else word for section, word in states.items())
