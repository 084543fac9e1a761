"""What the stages of an appraisal compute: the judge, and what is known of one set of synthetic images."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from qaugbench import definitions
from qaugbench.board.short_fits import TOO_SHORT
from qaugbench.datasets.judge import judge_split
from qaugbench.datasets.labelled_images import LabelledImages
from qaugbench.datasets.prepared import open_prepared
from qaugbench.errors import StatisticsError, StoreError
from qaugbench.experiment.cells import Cell
from qaugbench.experiment.store import Store
from qaugbench.experiment.stored import drawn_images, earlier_state, fill_images, fitted_model, real_images
from qaugbench.files import json_text
from qaugbench.image_facts import Appraisal
from qaugbench.places import data_home
from qaugbench.recipe import Recipe
from qaugbench.seeds import child_seed

Files = dict[str, Any]
Facts = dict[str, Any]
ON_THE_WAY = 128
"""Images drawn with the weights that a fit had on the way."""
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
        train, reference = (_images_at(cell, store, rows) for rows in (fold.train, fold.reference))
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
    judges = _judges(cell.needs["judge"], store, own)
    halves = [_images_at(cell, store, one.reference) for one in judges]
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
    from qaugbench.appraisal.sets import ImageSet, Sets
    from qaugbench.extractors.asked import not_asked_for
    from qaugbench.extractors.pixels import pixel_components

    own = fill_images(cell, store)
    if own is None:
        raise StoreError(f"The arm of {cell.label} has no images of its own to appraise.")
    real, reconstructed = real_images(cell, store), cell.key["fill"] == "reconstructed"
    judges = _judges(cell.needs["judge"], store, real)
    halves = [_images_at(cell, store, one.reference) for one in judges]
    reference, further = halves[0], _further(cell)
    sets = Sets(
        synthetic=ImageSet(own.images, own.labels),
        reference=ImageSet(reference.images, reference.labels, reference.groups),
        training=None if reconstructed else ImageSet(real.images, real.labels, real.groups),
        label_names=tuple(cell.key["labels"]),
        label_kind=cell.key["label_kind"],
        earlier={percent: ImageSet(images) for percent, images in _on_the_way(cell, store, own).items()},
    )
    pixels = pixel_components(np.concatenate([reference.images, real.images, own.images]))
    found = appraise_sets(
        sets,
        [judges[0], pixels, *further.extractors],
        lpips=further.lpips,
        missing=not_asked_for(further.names),
        verdicts=_verdicts(judges, halves, own),
        trends=_trends(cell, store),
        originals=drawn_images(cell, store, "drawn").images if reconstructed else None,
        options=Options(seed=cell.key["seed"]),
    )
    appraisal = _of_fits(found.appraisal, cell.key.get("fits"))
    pairs = found.pairs[:SHOWN]
    files: Files = {
        "appraisal.json": json_text(appraisal.model_dump(mode="json")).encode(),
        "pair_synthetic": own.images[[pair.synthetic for pair in pairs]] if pairs else own.images[:0],
        "pair_training": real.images[[pair.training for pair in pairs]] if pairs else real.images[:0],
    }
    return files, {"states": appraisal.states, "remark": _remark(appraisal.states)}


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
    function.__name__: function for function in (judge, grade, appraise, geometry)
}


@dataclass(frozen=True, eq=False)
class StoredJudge:
    """A judge from the store, as an extractor of features, and the rows on which it may be believed."""

    judge: Any
    sha256: str
    reference: np.ndarray

    @property
    def provenance(self) -> Any:
        """What the features come from."""
        from qaugbench.extractors.contract import Provenance

        return Provenance("judge", self.sha256, "none")

    def features(self, images: np.ndarray) -> np.ndarray:
        """Return what the judge's last layer sees, float32 [N, D]."""
        found: np.ndarray = self.judge.features(images)
        return found

    def logits(self, features: np.ndarray) -> None:
        """None: the judge's word on labels is asked for apart, and calibrated."""


def _judges(trained: Cell, store: Store, like: LabelledImages) -> list[StoredJudge]:
    """Return the judges of a ``judge`` cell, for images and labels of the shape of ``like``."""
    from safetensors.torch import load

    from qaugbench.downstream.judge import Judge, new_judge

    facts = store.meta("judge", trained.name)["facts"]
    recipe = definitions.from_dict(Recipe, dict(trained.key["recipe"]), "recipe")
    found = []
    for number, temperature in enumerate(facts["temperatures"]):
        state = store.read("judge", trained.name, f"judge-{number}.safetensors")
        classifier = new_judge(recipe, like.images[:1], n_labels=like.labels.shape[1], seed=0)
        classifier.load_state_dict(load(state))
        one = Judge(
            classifier.to(trained.key["device"]), temperature, recipe, trained.key["label_kind"], trained.key["device"]
        )
        rows = store.array("judge", trained.name, f"reference-{number}")
        found.append(StoredJudge(one, hashlib.sha256(state).hexdigest(), rows))
    return found


def _verdicts(judges: list[StoredJudge], halves: list[LabelledImages], own: LabelledImages) -> Any:
    """Return the word of the judges on the images ``own``, their mean, and on the real images of which each has seen none."""
    from qaugbench.appraisal.appraise import Verdicts
    from qaugbench.appraisal.labels import Judged

    word = np.mean([one.judge.logits(own.images) for one in judges], axis=0)
    of_real = np.concatenate([one.judge.logits(half.images) for one, half in zip(judges, halves, strict=True)])
    return Verdicts(
        "judge", Judged(word, own.labels), Judged(of_real, np.concatenate([half.labels for half in halves]))
    )


@dataclass(frozen=True, eq=False)
class Further:
    """The extractors that the run was asked for besides its own, and LPIPS where it was."""

    names: tuple[str, ...] = ()
    extractors: tuple[Any, ...] = ()
    lpips: Any = None


def _further(cell: Cell) -> Further:
    """Return what the run was asked for, its weights read; StoreError where they are not those of the plan."""
    asked: Mapping[str, str] = cell.key.get("extractors", {})
    if not asked:
        return Further()
    from qaugbench.extractors.asked import Asked
    from qaugbench.extractors.cache import CachedExtractor
    from qaugbench.extractors.named import load_extractors

    loaded = load_extractors([Asked(name, cell.inputs.weights[name]) for name in asked], device=cell.key["device"])
    for found in loaded.provenances:
        if found.weights_sha256 != asked[found.extractor]:
            where = cell.inputs.weights[found.extractor]
            raise StoreError(f"The weights in {where} changed while the run was under way; start the run again.")
    kept = data_home() / "features"
    return Further(tuple(asked), tuple(CachedExtractor(one, kept) for one in loaded.extractors), loaded.lpips)


def _on_the_way(cell: Cell, store: Store, own: LabelledImages) -> dict[int, np.ndarray]:
    """Return images for the first labels, drawn with the weights that the fit kept on the way, by percentage of its steps."""
    from qaugbench.generators.training.loop import MILESTONES

    fitted = cell.needs.get("fit")
    if fitted is None:
        return {}
    labels, seed = own.labels[:ON_THE_WAY], cell.needs["sample"].key["seeds"]["gen_sample"]
    found = {}
    for percent in MILESTONES:
        if store.holds_file("fit", fitted.name, earlier_state(percent)):
            model = fitted_model(cell, store, own.images.shape[1:], own.labels.shape[1], state=earlier_state(percent))
            found[percent] = model.sample(labels, seed=seed)
    return found


def _images_at(cell: Cell, store: Store, rows: np.ndarray) -> LabelledImages:
    """Return the images at ``rows`` of the prepared data."""
    name = cell.needs["prepare"].name
    images, labels, groups = (
        store.array("prepare", name, part, mapped=part == "images") for part in ("images", "labels", "groups")
    )
    return LabelledImages(np.asarray(images[rows]), labels[rows], groups[rows])


def _trends(cell: Cell, store: Store) -> dict[str, str]:
    if "fit" not in cell.needs:
        return {}
    trends = store.meta("fit", cell.needs["fit"].name)["facts"]["diagnostics"]["trends"]
    return {name: str(trend["words"]) for name, trend in trends.items()}


def _of_fits(appraisal: Appraisal, word: str | None) -> Appraisal:
    """Return the appraisal with a ``word`` for the fit that its track decides, where there was a fit to speak of."""
    if word is None or appraisal.states["training"] == "not measured":
        return appraisal
    return appraisal.model_copy(update={"states": {**appraisal.states, "training": word}})


def _remark(states: Mapping[str, str]) -> str:
    alone = ("not measured", "not decided", TOO_SHORT)
    return ", ".join(f"{section} {word}" if word in alone else word for section, word in states.items())
