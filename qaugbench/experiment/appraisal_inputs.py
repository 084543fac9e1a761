"""What an appraisal reads beside the images: the judge and its word, further extractors, the course of the fit, true factors."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from qaugbench import definitions
from qaugbench.datasets.labelled_images import LabelledImages
from qaugbench.errors import StoreError
from qaugbench.experiment.cells import Cell
from qaugbench.experiment.store import Store
from qaugbench.experiment.stored import earlier_state, fitted_model
from qaugbench.places import data_home
from qaugbench.recipe import Recipe

ON_THE_WAY = 128
"""Images drawn with the weights that a fit had on the way."""
NETWORK = "network.safetensors"
"""The file of the weights that a ``truth`` cell learned."""


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


def judges_of(trained: Cell, store: Store, like: LabelledImages) -> list[StoredJudge]:
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


def verdicts_of(judges: list[StoredJudge], halves: list[LabelledImages], own: LabelledImages) -> Any:
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


def further_extractors(cell: Cell) -> Further:
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


def on_the_way(cell: Cell, store: Store, own: LabelledImages) -> dict[int, np.ndarray]:
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


def images_at(cell: Cell, store: Store, rows: np.ndarray) -> LabelledImages:
    """Return the images at ``rows`` of the prepared data."""
    name = cell.needs["prepare"].name
    images, labels, groups = (
        store.array("prepare", name, part, mapped=part == "images") for part in ("images", "labels", "groups")
    )
    return LabelledImages(np.asarray(images[rows]), labels[rows], groups[rows])


def trends_of(cell: Cell, store: Store) -> dict[str, str]:
    if "fit" not in cell.needs:
        return {}
    trends = store.meta("fit", cell.needs["fit"].name)["facts"]["diagnostics"]["trends"]
    return {name: str(trend["words"]) for name, trend in trends.items()}


def known_factors(cell: Cell, store: Store, images: np.ndarray) -> Any:
    """Return the factors of fresh images of a phantom, and estimates of them and of those of ``images``; None for other sources."""
    truth = cell.needs.get("truth")
    if truth is None:
        return None
    from safetensors.torch import load

    from qaugbench.appraisal.factor_network import FactorNetwork, factor_estimates
    from qaugbench.appraisal.factors import KnownFactors

    names = tuple(store.meta("truth", truth.name)["facts"]["names"])
    network = FactorNetwork(images.shape[3], len(names))
    weights = store.read("truth", truth.name, NETWORK)
    network.load_state_dict(load(weights))
    return KnownFactors(
        names=names,
        true=store.array("truth", truth.name, "true"),
        labels=store.array("truth", truth.name, "labels"),
        estimated=store.array("truth", truth.name, "estimated"),
        synthetic=factor_estimates(network.to(cell.key["device"]), images),
        weights_sha256=hashlib.sha256(weights).hexdigest(),
    )
