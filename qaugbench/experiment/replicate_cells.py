"""The cells of one replicate at one fraction: what each depends on, and so what it is called."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import cache, cached_property
from typing import Any

import numpy as np

from qaugbench.augmentations import needed_settings
from qaugbench.cards import split_settings
from qaugbench.datasets.splits import Split
from qaugbench.downstream.weights import pretrained_file
from qaugbench.errors import DefinitionError
from qaugbench.experiment.arms import MADE_FILLS, Arm, GeneratorChoice, SpaceChoice, variant_name
from qaugbench.experiment.cells import Cell, Inputs, Place
from qaugbench.experiment.fingerprint import RECIPE_CODE, code_hash, libraries, module_hash
from qaugbench.experiment.replicate import Draw
from qaugbench.experiment.source import OpenedSource
from qaugbench.kinds import may_run_circuits
from qaugbench.recipe import Recipe
from qaugbench.seeds import Streams, child_seed, replicate_streams
from qaugbench.task import PARTS, RecipeName, Task, Track

STAGES_CODE = ("qaugbench.experiment.stages", "qaugbench.experiment.stored")
PIXELS_CODE = "qaugbench.datasets.pixel_store"
DRAW_CODE = "qaugbench.experiment.replicate"
MODEL_CODE = "qaugbench.generators.shared.model"
FITTING_CODE = (
    "qaugbench.generators.training.loop",
    "qaugbench.generators.shared.one_per_label",
    "qaugbench.generators.row_random",
)
CIRCUITS_CODE = "qaugbench.generators.circuit_layers"
SPACES_CODE = "qaugbench.generators.spaces"
FOLDER_CODE = "qaugbench.generators.folder"
OPTIONAL_CODE = "qaugbench.downstream.optional"
FILLS_CODE = "qaugbench.experiment.fills"
TRUE_ORACLE_CODE = "qaugbench.experiment.true_oracle"
PHANTOMS = "qaugbench.datasets.phantom"
INFLUENCE_CODE = "qaugbench.generators.shared.block_influence"
INFLUENCE_IMAGES = 128
CLASSIFIER_SEEDS = ("init_seed", "order_seed", "augment_seed", "fill_order_seed", "fill_augment_seed")


@dataclass(frozen=True)
class Setting:
    """What all replicates of a run share.

    ``ratio`` is fill images per real one where it is not the task's own. With ``withhold_test`` no classifier sees a test image.
    ``track.recipe`` is the recipe that ``recipe`` names.
    """

    task: Task
    track: Track
    source: OpenedSource
    device: str
    ratio: float | None = None
    withhold_test: bool = False
    recipe: RecipeName = "A"

    @property
    def fill_ratio(self) -> float:
        """Fill images per real one, in every arm that has any."""
        return self.task.ratio if self.ratio is None else self.ratio

    def draw(self, fraction: float) -> Draw:
        """Return how much a replicate at ``fraction`` draws."""
        return Draw(fraction, self.fill_ratio, self.task.balance, self.task.balance_kappa)

    def streams(self, fraction: float, replicate: int) -> Streams:
        """Return the seeds of one replicate at ``fraction``."""
        return replicate_streams(self.task.name, self.source.facts.manifest_sha256, fraction, replicate)


@dataclass(frozen=True)
class ReplicateCells:
    """Makes the cells of replicate ``replicate`` at the fraction ``used``, which records call ``fraction``."""

    setting: Setting
    fraction: str
    used: float
    replicate: int

    def train(self, arm: Arm, generators: Sequence[GeneratorChoice], recipe: Recipe | None = None) -> Cell:
        """Return the training of the classifier on an arm; ``recipe`` replaces the track's."""
        needs = {"prepare": self._prepare, "split": self.split, "draw": self._draw}
        if arm.fill == "synthetic":
            choice = next(choice for choice in generators if choice.card.id == arm.info.generator)
            needs["sample"] = self.sample(choice, str(arm.info.control))
        elif arm.fill in MADE_FILLS:
            needs["fill"] = self._fill(arm, generators)
        used = recipe or self.setting.track.recipe
        optional = _optional_settings(self.setting.task, arm)
        key = {
            "recipe": asdict(used),
            "label_kind": self.setting.task.labels.kind,
            "ratio": self.setting.fill_ratio,
            "fill": arm.fill,
            "augment": arm.augment,
            "loss": arm.loss,
            **optional,
            **_pretrained(used.pretrained),
            **({"test": "withheld"} if self.setting.withhold_test else {}),
            **self._classifier_seeds(arm),
            **self._code(RECIPE_CODE, *([OPTIONAL_CODE] if any(optional.values()) else [])),
        }
        return Cell("train", key, needs, self._place(arm.info.id))

    def influence(self, choice: GeneratorChoice) -> Cell:
        """Return the measurement of how far a generator's circuits reach its images."""
        key = {"images": INFLUENCE_IMAGES, **self._seeds("gen_sample"), **self._model_code(choice, INFLUENCE_CODE)}
        sample = self.sample(choice)
        needs = {"space": sample.needs["space"], "fit": sample.needs["fit"], "sample": sample}
        return Cell("influence", key, needs, self._place(choice.card.id))

    def space(self, space: SpaceChoice) -> Cell:
        """Return the fit of a data space to the replicate's images, which every generator that learns in it shares."""
        training, hyper = split_settings(space.settings)
        key = {
            "space": space.name,
            "training": asdict(training),
            "hyper": hyper,
            **self._seeds("autoencoder"),
            **self._code(space_module(space.name)),
        }
        return Cell("space", key, self._images, self._place(), note=space.title)

    def sample(self, choice: GeneratorChoice, control: str = "none") -> Cell:
        """Return the drawing of one labelled image for every drawn label vector, by a generator or a control of it."""
        place = self._place(variant_name(choice.card.id, control))
        if choice.space is None:
            key = {**choice.identity, **self._seeds("gen_sample"), **self._code(FOLDER_CODE)}
            inputs = Inputs(path=choice.images, labels=self.setting.task.labels)
            return Cell("sample", key, self._images, place, inputs=inputs)
        fit = self._fit(choice, choice.space, control)
        key = {"execution": "ideal", **self._seeds("gen_sample"), **self._model_code(choice)}
        return Cell("sample", key, {**self._images, "space": fit.needs["space"], "fit": fit}, place)

    @cached_property
    def split(self) -> Cell:
        """The rows of the training, validation and test parts."""
        split = self.setting.source.split
        needs = {"prepare": self._prepare}
        return Cell("split", {"rows": rows_hash(split)}, needs, note=split.name, inputs=Inputs(split=split))

    @cached_property
    def _prepare(self) -> Cell:
        source, task = self.setting.source, self.setting.task
        key = {
            "rows": source.prepared.identity.rows_sha256,
            "size": self.setting.track.image_size,
            "channels": task.channels,
            "labels": task.labels.names,
            "code": code_hash(PIXELS_CODE),
            "libraries": libraries("qaugbench.datasets.preprocess"),
        }
        inputs = Inputs(path=source.prepared.path.absolute(), labels=task.labels)
        return Cell("prepare", key, note=source.facts.source, inputs=inputs)

    @cached_property
    def _draw(self) -> Cell:
        key = {
            **asdict(self.setting.draw(self.used)),
            **self._seeds("subset", "synthetic_labels"),
            "code": code_hash(DRAW_CODE),
            "libraries": libraries("qaugbench.datasets.subsets"),
        }
        return Cell("draw", key, {"prepare": self._prepare, "split": self.split}, self._place())

    def _fit(self, choice: GeneratorChoice, space: SpaceChoice, control: str) -> Cell:
        card = choice.card
        training, hyper = split_settings(card.settings(self.setting.track.name))
        key = {
            "training": asdict(training),
            "hyper": hyper,
            "per_label": card.per_label,
            **choice.identity,
            "generator": choice.generator,
            "control": control,
            **self._seeds("gen_fit"),
            **self._model_code(choice),
        }
        needs = {**self._images, "space": self.space(space)}
        inputs = Inputs(path=choice.weights)
        return Cell("fit", key, needs, self._place(variant_name(card.id, control)), inputs=inputs)

    def _model_code(self, choice: GeneratorChoice, *further: str) -> dict[str, Any]:
        """Return what a generator's numbers depend on: its module, the training loop, and circuits if it may run any."""
        circuits = (CIRCUITS_CODE,) if may_run_circuits(choice.card.kind) else ()
        return self._code(choice.module, *FITTING_CODE, *circuits, *further, alone=(*STAGES_CODE, MODEL_CODE))

    def _fill(self, arm: Arm, generators: Sequence[GeneratorChoice]) -> Cell:
        """Return the making of what fills an arm's slots; images of one replicate and fill are the same in every run."""
        needs = self._images
        if arm.images_of is not None:
            choice = next(choice for choice in generators if choice.card.id == arm.images_of)
            needs = {**needs, "sample": self.sample(choice)}
        modules = [FILLS_CODE]
        if arm.space is not None:
            needs = {**needs, "space": self.space(arm.space)}
            key = {"fill": arm.fill, **self._code(space_module(arm.space.name), alone=(*STAGES_CODE, MODEL_CODE))}
            return Cell("fill", key, needs, self._place(arm.info.id))
        if arm.fill == "true":
            modules = [TRUE_ORACLE_CODE, f"{PHANTOMS}.{arm.fill_settings['task']}"]
        key = {
            "fill": arm.fill,
            **arm.fill_settings,
            **self._seeds("gen_sample"),
            "code": [*map(module_hash, STAGES_CODE), code_hash(*modules)],
            "libraries": libraries(*modules),
        }
        return Cell("fill", key, needs, self._place(arm.info.id))

    def _classifier_seeds(self, arm: Arm) -> dict[str, Any]:
        """Return the replicate's classifier seeds, or others derived from them for an arm that is to be an independent copy."""
        shared = self._seeds(*CLASSIFIER_SEEDS)["seeds"]
        if arm.reseeded is None:
            return {"seeds": shared}
        return {"seeds": {name: child_seed(seed, arm.reseeded) for name, seed in shared.items()}}

    @property
    def _images(self) -> dict[str, Cell]:
        return {"prepare": self._prepare, "draw": self._draw}

    def _place(self, arm: str | None = None) -> Place:
        return Place(arm, self.fraction, self.replicate)

    def _seeds(self, *names: str) -> dict[str, Any]:
        streams = self.setting.streams(self.used, self.replicate)
        return {"seeds": {name: getattr(streams, name) for name in names}}

    def _code(self, *modules: str, alone: tuple[str, ...] = STAGES_CODE) -> dict[str, Any]:
        """Return what every computing stage depends on: its code, the libraries that this imports, and the kind of device.

        ``modules`` count with all that they import, ``alone`` without.
        """
        return {
            "code": [*map(module_hash, alone), code_hash(*modules)],
            "libraries": libraries(*modules),
            "device": self.setting.device,
        }


def rows_hash(split: Split) -> str:
    """Return the SHA-256 of the rows of the three parts."""
    parts = (np.ascontiguousarray(getattr(split, part), dtype="<i8").tobytes() + b"|" for part in PARTS)
    return hashlib.sha256(b"".join(parts)).hexdigest()


def _optional_settings(task: Task, arm: Arm) -> dict[str, dict[str, Any]]:
    """Return the settings that an arm alone depends on, by table; DefinitionError where the task lacks them."""
    found: dict[str, dict[str, Any]] = {"augmentations": {}, "losses": {}}
    for table, name in needed_settings(arm.augment, arm.loss):
        settings = getattr(getattr(task, table), name)
        if settings is None:
            raise DefinitionError(f"The arm {arm.info.id!r} needs [{table}.{name}], which the task {task.name} lacks.")
        found[table][name] = asdict(settings)
    return found


@cache
def _pretrained(tag: str | None) -> dict[str, str]:
    """Return the SHA-256 of the pretrained weights that a recipe starts from; missing weights are an error now, not later."""
    if tag is None:
        return {}
    return {"weights": hashlib.sha256(pretrained_file(tag).read_bytes()).hexdigest()}


def space_module(name: str) -> str:
    """Return the module that holds the space called ``name``."""
    return f"{SPACES_CODE}.{name.replace('-', '_')}"
