"""Expands a run into arms and cells. Nothing is computed here; the same arguments always give the same plan."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cache
from importlib.metadata import version
from typing import Any

import numpy as np

from qaugbench import definitions
from qaugbench.datasets.splits import Split
from qaugbench.datasets.subsets import runnable_fraction
from qaugbench.definitions import GeneratorCard
from qaugbench.downstream.weights import pretrained_file
from qaugbench.experiment.cells import Cell
from qaugbench.experiment.fingerprint import code_hash, module_hash
from qaugbench.experiment.replicate import replicate_rows
from qaugbench.record import ArmInfo, Role
from qaugbench.seeds import Streams, replicate_streams
from qaugbench.task import FRACTION_LADDER, Task, Track, canonical_hash

LIBRARIES = ("torch", "torchvision", "timm", "diffusers", "numpy", "pillow")


@dataclass(frozen=True)
class Arm:
    """What the classifier is trained on: real slots always, ``fill`` in the synthetic slots of each batch (None: no slots)."""

    info: ArmInfo
    fill: str | None
    augment: bool = True
    balance_loss: bool = True


REAL_ARMS = (
    Arm(ArmInfo(id="R", role="real-only"), fill=None, augment=False, balance_loss=False),
    Arm(ArmInfo(id="R+", role="reference"), fill=None),
    Arm(ArmInfo(id="R+cm", role="compute-matched"), fill="repeat"),
    Arm(ArmInfo(id="R+os", role="oversampling"), fill="oversample"),
    Arm(ArmInfo(id="O-real", role="oracle"), fill="oracle"),
)


@dataclass(frozen=True)
class GeneratorChoice:
    """A generator of this run.

    ``card.id`` names it in this run and ``generator`` names its class (they differ for a folder of images); ``module`` is the
    code that its numbers depend on, ``identity`` what else they depend on, and ``locator`` where outside files lie.
    """

    card: GeneratorCard
    generator: str
    module: str
    identity: Mapping[str, Any]
    locator: Mapping[str, Any]


@dataclass(frozen=True)
class FractionPlan:
    """One fraction as run: the one ``requested``, the one ``used``, and the reason where they differ; counts of replicate 0."""

    key: str
    requested: float
    used: float
    reason: str | None
    n_real: int
    n_fill: int
    oracle: bool


@dataclass(frozen=True)
class Dataset:
    """What the plan needs to know of the data: arrays of labels and groups, the split, identity and place."""

    source: str
    path: str
    rows_sha256: str
    labels: np.ndarray
    groups: np.ndarray
    split: Split


@dataclass(frozen=True)
class Plan:
    """Every arm and cell of a run. ``train_cells`` is keyed by (arm, fraction key, replicate)."""

    task: Task
    track: Track
    dataset: Dataset
    generators: tuple[GeneratorChoice, ...]
    arms: tuple[Arm, ...]
    fractions: tuple[FractionPlan, ...]
    requested: tuple[float, ...]
    replicates: int
    device: str
    train_cells: Mapping[tuple[str, str, int], Cell]
    config_sha256: str

    def cells(self) -> list[Cell]:
        """Return every cell once, upstream cells first, the costly ones of a wave first."""
        found: dict[str, Cell] = {}
        for cell in self.train_cells.values():
            for needed in _upstream(cell):
                found.setdefault(needed.name, needed)
        order = {"autoencoder": 0, "fit": 1, "sample": 2, "train": 3}
        return sorted(found.values(), key=lambda cell: (cell.depth, order.get(cell.stage, -1), cell.label))


def variant_name(generator: str, control: str) -> str:
    """Return how a variant is written: ``qldm``, ``qldm:twin``."""
    return generator if control == "none" else f"{generator}:{control}"


def make_plan(
    task: Task,
    track: Track,
    dataset: Dataset,
    generators: Sequence[GeneratorChoice],
    *,
    fractions: Sequence[float],
    replicates: int,
    device: str,
) -> Plan:
    """Return the plan of a run; fractions that the source is too small for move up the ladder and say why."""
    arms = (*REAL_ARMS, *(arm for choice in generators for arm in _variant_arms(choice)))
    planned = _fractions(task, dataset, fractions)
    cells: dict[tuple[str, str, int], Cell] = {}
    for fraction in planned:
        for replicate in range(replicates):
            builder = _ReplicateCells(task, track, dataset, fraction, replicate, device)
            for arm in arms:
                if arm.fill != "oracle" or fraction.oracle:
                    cells[arm.info.id, fraction.key, replicate] = builder.train(arm, generators)
    names = {"/".join(map(str, place)): cell.name for place, cell in cells.items()}
    config = {"task": task.track_identity(track.name), "cells": names, "source": dataset.source}
    return Plan(
        task=task,
        track=track,
        dataset=dataset,
        generators=tuple(generators),
        arms=arms,
        fractions=planned,
        requested=tuple(fractions),
        replicates=replicates,
        device=device,
        train_cells=cells,
        config_sha256=canonical_hash(config),
    )


def _variant_arms(choice: GeneratorChoice) -> Iterator[Arm]:
    card = choice.card
    for control in ("none", *card.controls):
        role: Role = "synthetic" if control == "none" else "control"
        kind = card.kind if control in ("none", "no-entanglement", "frozen") else "classical"
        info = ArmInfo(
            id=variant_name(card.id, control),
            role=role,
            generator=card.id,
            control=control,
            kind=kind,
            fidelity=card.fidelity,
        )
        yield Arm(info, fill="synthetic")


def _fractions(task: Task, dataset: Dataset, wanted: Sequence[float]) -> tuple[FractionPlan, ...]:
    train = dataset.split.train
    planned: dict[float, FractionPlan] = {}
    for requested in wanted:
        ladder = tuple(sorted({*FRACTION_LADDER, requested}))
        used, reason = runnable_fraction(dataset.labels[train], requested, ladder)
        if used in planned:
            continue
        rows = replicate_rows(dataset.labels, dataset.groups, train, _draw(task, used) | _seeds(task, dataset, used, 0))
        planned[used] = FractionPlan(
            key=fraction_key(used),
            requested=requested,
            used=used,
            reason=reason,
            n_real=len(rows.real),
            n_fill=len(rows.drawn),
            oracle=used < 1 and len(rows.oracle) > 0,
        )
    return tuple(planned.values())


def fraction_key(fraction: float) -> str:
    """Return a fraction as records write it.

    >>> fraction_key(0.1)
    '10%'
    """
    return f"{100 * fraction:g}%"


def _draw(task: Task, fraction: float) -> dict[str, Any]:
    return {"fraction": fraction, "ratio": task.ratio, "balance": task.balance, "kappa": task.balance_kappa}


def _seeds(task: Task, dataset: Dataset, fraction: float, replicate: int) -> dict[str, int]:
    return asdict(replicate_streams(task.name, dataset.source, fraction, replicate))


@cache
def _libraries() -> dict[str, str]:
    return {library: version(library) for library in LIBRARIES}


class _ReplicateCells:
    """Builds the cells of one replicate at one fraction; equal cells are built once."""

    def __init__(
        self, task: Task, track: Track, dataset: Dataset, fraction: FractionPlan, replicate: int, device: str
    ) -> None:
        self.task, self.track, self.dataset, self.device = task, track, dataset, device
        self.draw = _draw(task, fraction.used)
        self.streams: Streams = replicate_streams(task.name, dataset.source, fraction.used, replicate)
        self.where = f"{fraction.key} r{replicate}"
        self.data = self._data_cells()

    def _data_cells(self) -> dict[str, Cell]:
        split = self.dataset.split
        prepare = Cell(
            "prepare",
            {
                "rows": self.dataset.rows_sha256,
                "size": self.track.image_size,
                "channels": self.task.channels,
                "labels": self.task.labels.names,
                "code": code_hash("qaugbench.datasets.prepared"),
                "libraries": {"pillow": version("pillow"), "numpy": version("numpy")},
            },
            label=self.dataset.source,
            locator={"path": self.dataset.path, "task": self.task.id},
        )
        parts = {"train": split.train, "val": split.val, "test": split.test}
        rows = hashlib.sha256(
            b"".join(np.ascontiguousarray(part, dtype="<i8").tobytes() + b"|" for part in parts.values())
        )
        return {
            "prepare": prepare,
            "split": Cell("split", {"rows": rows.hexdigest()}, {"prepare": prepare}, label=split.name, locator=parts),
        }

    def _key(self, seeds: Sequence[str], code: Sequence[str], **facts: Any) -> dict[str, Any]:
        return {
            **facts,
            "draw": self.draw,
            "device": self.device,
            "seeds": {name: getattr(self.streams, name) for name in ("subset", "synthetic_labels", *seeds)},
            "code": [module_hash("qaugbench.experiment.stages"), code_hash("qaugbench.experiment.replicate", *code)],
            "libraries": _libraries(),
        }

    def autoencoder(self) -> Cell:
        settings = definitions.autoencoder_settings(self.track.name)
        key = self._key(["autoencoder"], ["qaugbench.generators.shared.autoencoder"], **_budgeted(settings))
        return Cell("autoencoder", key, self.data, label=f"autoencoder {self.where}")

    def fit(self, choice: GeneratorChoice, control: str) -> Cell:
        card = choice.card
        needs = {**self.data, "autoencoder": self.autoencoder()} if card.space == "latent" else self.data
        facts = {
            **_budgeted(card.settings(self.track.name)),
            **choice.identity,
            "generator": choice.generator,
            "control": control,
        }
        key = self._key(["gen_fit"], [choice.module], **facts)
        return Cell("fit", key, needs, label=f"{variant_name(card.id, control)} {self.where}", locator=choice.locator)

    def sample(self, choice: GeneratorChoice, control: str) -> Cell:
        key = self._key(["gen_sample"], [choice.module], execution="ideal")
        label = f"{variant_name(choice.card.id, control)} {self.where}"
        return Cell("sample", key, {**self.data, "fit": self.fit(choice, control)}, label=label)

    def train(self, arm: Arm, generators: Sequence[GeneratorChoice]) -> Cell:
        needs = dict(self.data)
        if arm.fill == "synthetic":
            choice = next(choice for choice in generators if choice.card.id == arm.info.generator)
            needs["sample"] = self.sample(choice, str(arm.info.control))
        key = self._key(
            ["clf_init", "clf_order", "clf_aug", "fill_order", "fill_aug"],
            ["qaugbench.downstream.recipe"],
            recipe=asdict(self.track.recipe),
            label_kind=self.task.labels.kind,
            fill=arm.fill,
            augment=arm.augment,
            balance_loss=arm.balance_loss,
            **_pretrained(self.track.recipe.pretrained),
        )
        return Cell("train", key, needs, label=f"{arm.info.id} {self.where}")


@cache
def _pretrained(tag: str | None) -> dict[str, str]:
    """Return the SHA-256 of the pretrained weights that a recipe starts from; missing weights are an error now, not later."""
    if tag is None:
        return {}
    return {"weights": hashlib.sha256(pretrained_file(tag).read_bytes()).hexdigest()}


def _budgeted(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return settings split into the budget and the hyper-parameters of the constructor."""
    hyper = dict(settings)
    return {"budget": {name: hyper.pop(name) for name in ("steps", "batch_size")}, "hyper": hyper}


def _upstream(cell: Cell) -> Iterator[Cell]:
    for needed in cell.needs.values():
        yield from _upstream(needed)
    yield cell
