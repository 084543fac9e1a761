"""How every classifier is trained: on the rows and batches of the recipe, with its choice of a checkpoint; a training can resume.

Nothing here is the locked recipe, whose numbers do not depend on it; the batches of real images are the recipe's to the bit. Step k
draws all else from (seed, k) alone, so a training that resumes at any step gives the same bits as one that was never interrupted.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypedDict

import numpy as np
import torch

from qaugbench.classifiers.build import Bound, blocks_of, parameter_counts
from qaugbench.classifiers.contract import Known, Solved, Trained
from qaugbench.classifiers.network import BATCH, WholeNetwork, predicted
from qaugbench.classifiers.stream import batches_from
from qaugbench.downstream.loss import Loss, classification_loss
from qaugbench.downstream.network import autocast
from qaugbench.downstream.recipe import (
    ClassifierDiverged,
    Progress,
    evaluation_steps,
    learning_rate_factor,
    parameter_groups,
)
from qaugbench.downstream.slots import Batch, to_unit_range
from qaugbench.downstream.validation import validation_auroc
from qaugbench.errors import DataError, DefinitionError
from qaugbench.generators.training.checkpoint import Checkpoint
from qaugbench.recipe import LabelKind, Recipe
from qaugbench.seeds import child_seed, torch_generator, torch_seeded

if TYPE_CHECKING:
    from qaugbench.datasets.labelled_images import LabelledImages

LOOKS = 20
"""How often a training is scored on validation images, to see how fast it learns; a checkpoint is one of the recipe's few."""


class Look(TypedDict):
    """Mean training loss since the look before, and macro-AUROC on validation images; whether the result may be taken from here."""

    step: int
    train_loss: float
    val_metric: float
    checkpoint: bool


@dataclass(frozen=True)
class Sets:
    """The images of a training: real ones, what fills the further slots of each batch, validation and test images."""

    real: LabelledImages
    fill: LabelledImages | None
    val: LabelledImages
    test: LabelledImages

    def check(self) -> None:
        """Raise DataError for an empty set and for sets that do not fit together."""
        expected = (*self.real.images.shape[1:], self.real.labels.shape[1])
        for name, data in {"real": self.real, "fill": self.fill, "validation": self.val, "test": self.test}.items():
            if data is None:
                continue
            found = (*data.images.shape[1:], data.labels.shape[1])
            if len(data) == 0 or found != expected:
                told = (
                    "is empty" if len(data) == 0 else f"has (height, width, channels, labels) = {found}, not {expected}"
                )
                raise DataError(
                    f"The {name} set of the classifier {told}. Prepare all sets alike, with at least one image."
                )


@dataclass(frozen=True)
class Seeds:
    """The seeds of a replicate that a training uses, which are the recipe's."""

    init_seed: int
    order_seed: int
    augment_seed: int
    fill_order_seed: int
    fill_augment_seed: int


@dataclass(frozen=True, eq=False)
class Outcome:
    """The result of one training: logits of the best checkpoint, the state that gave them, and the course of training.

    ``step_wall_s`` and ``step_cpu_s`` are of one step of training, without the looks at validation images; None for a classifier
    that takes no steps.
    """

    val_logits: np.ndarray
    test_logits: np.ndarray
    state: dict[str, torch.Tensor]
    looks: list[Look]
    best_step: int
    steps: int
    parameters: dict[str, int]
    block_movement: float | None
    step_wall_s: float | None
    step_cpu_s: float | None

    @property
    def facts(self) -> dict[str, Any]:
        """What is noted of a training beside its predictions, as plain data."""
        names = ("best_step", "steps", "parameters", "block_movement", "step_wall_s", "step_cpu_s")
        return {name: getattr(self, name) for name in names}


def train(
    bound: Bound,
    recipe: Recipe,
    label_kind: LabelKind,
    sets: Sets,
    *,
    seeds: Seeds,
    ratio: float = 1.0,
    device: str = "cpu",
    below: dict[str, torch.Tensor] | None = None,
    progress: Progress | None = None,
    checkpoint: Checkpoint | None = None,
) -> Outcome:
    """Return what a classifier that is trained on ``sets`` predicts of their validation and test images.

    ``recipe`` is that of the track, whose settings the classifier's own replace. ``ratio`` is fill images per real one in a batch.
    A ``Solved`` classifier needs ``below``, the state of a network that was trained with the plain last layer. The same arguments
    give the same bits on one CPU thread, also where the training resumed from ``checkpoint``. Raises DataError for sets that do not
    fit together and ClassifierDiverged for a loss that is not finite.
    """
    sets.check()
    used = bound.training.of(recipe)
    network = WholeNetwork(bound, used, sets.real.images, sets.real.labels.shape[1], seeds.init_seed).to(device)
    job = _Job(bound, used, label_kind, sets, seeds, ratio, device)
    with torch.backends.cudnn.flags(deterministic=True):
        if isinstance(network.classifier, Solved):
            return _solved(network, job, below)
        return _trained(network, job, progress, checkpoint)


@dataclass(frozen=True)
class _Job:
    """What stays the same during a training."""

    bound: Bound
    recipe: Recipe
    label_kind: LabelKind
    sets: Sets
    seeds: Seeds
    ratio: float
    device: str

    def predict(self, network: WholeNetwork, images: np.ndarray) -> np.ndarray:
        seed = child_seed(self.seeds.init_seed, "predict")
        return predicted(network, images, label_kind=self.label_kind, recipe=self.recipe, seed=seed, device=self.device)

    def streams(self, first: int) -> list[Iterator[Batch]]:
        """Return the streams of real and of fill images, from batch ``first`` on."""
        augment = self.recipe.augment if self.bound.training.augment == "locked" else None
        seeds, n_real = self.seeds, self.recipe.batch_real
        found = [
            batches_from(
                first,
                self.sets.real,
                n_real,
                order_seed=seeds.order_seed,
                augment_seed=seeds.augment_seed,
                augment=augment,
                device=self.device,
            )
        ]
        if self.sets.fill is not None:
            n_fill = round(self.ratio * n_real)
            if n_fill < 1:
                raise DefinitionError(
                    f"A ratio of {self.ratio} gives no fill slot beside {n_real} real ones; give a larger one."
                )
            found.append(
                batches_from(
                    first,
                    self.sets.fill,
                    n_fill,
                    order_seed=seeds.fill_order_seed,
                    augment_seed=seeds.fill_augment_seed,
                    augment=augment,
                    device=self.device,
                )
            )
        return found


@dataclass
class _Progress:
    """What a training has come to, beside the network and its optimiser; all of it is in a checkpoint."""

    done: int = 0
    losses: list[float] = field(default_factory=list)
    looks: list[Look] = field(default_factory=list)
    best: float = -math.inf
    best_step: int = 0
    best_state: dict[str, torch.Tensor] = field(default_factory=dict)
    first: dict[str, torch.Tensor] = field(default_factory=dict)
    wall_s: float = 0.0
    cpu_s: float = 0.0


def _trained(network: WholeNetwork, job: _Job, progress: Progress | None, checkpoint: Checkpoint | None) -> Outcome:
    recipe = job.recipe
    optimizer = torch.optim.AdamW(parameter_groups(network, recipe.weight_decay), lr=recipe.learning_rate)
    at = _Progress(first=_weights_of_blocks(network))
    saved = checkpoint.read(job.device) if checkpoint is not None else None
    if saved is not None:
        network.load_state_dict(saved["network"])
        optimizer.load_state_dict(saved["optimizer"])
        at = _Progress(**saved["progress"])
    streams = job.streams(at.done)
    loss = classification_loss(
        job.label_kind, job.sets.real.labels, balance=job.bound.training.loss == "balanced", device=job.device
    )
    checkpoints = set(evaluation_steps(recipe.steps, recipe.evaluations))
    looks = looks_of(recipe.steps, recipe.evaluations)
    while at.done < recipe.steps:
        factor = learning_rate_factor(at.done, steps=recipe.steps, warmup_steps=recipe.warmup_steps)
        for group in optimizer.param_groups:
            group["lr"] = recipe.learning_rate * factor
        wall, cpu = time.perf_counter(), time.process_time()
        at.losses.append(_step(network, optimizer, loss, streams, job, at.done))
        at.wall_s, at.cpu_s = at.wall_s + time.perf_counter() - wall, at.cpu_s + time.process_time() - cpu
        at.done += 1
        if progress is not None:
            progress(at.done, recipe.steps, at.losses[-1])
        if at.done in looks:
            _look(network, job, at, checkpoint=at.done in checkpoints)
        if checkpoint is not None and checkpoint.is_due:
            checkpoint.write(
                {"network": network.state_dict(), "optimizer": optimizer.state_dict(), "progress": dict(vars(at))}
            )
    network.load_state_dict(at.best_state)
    return Outcome(
        val_logits=job.predict(network, job.sets.val.images),
        test_logits=job.predict(network, job.sets.test.images),
        state=at.best_state,
        looks=at.looks,
        best_step=at.best_step,
        steps=recipe.steps,
        parameters=parameter_counts(network.classifier),
        block_movement=_movement(network, at.first),
        step_wall_s=at.wall_s / recipe.steps,
        step_cpu_s=at.cpu_s / recipe.steps,
    )


def looks_of(steps: int, evaluations: int) -> set[int]:
    """Return after which steps a training is scored on validation images.

    >>> len(looks_of(450, 15)), sorted(looks_of(4, 1))
    (30, [1, 2, 3, 4])
    """
    return {*evaluation_steps(steps, evaluations), *evaluation_steps(steps, min(LOOKS, steps))}


def _step(
    network: WholeNetwork,
    optimizer: torch.optim.Optimizer,
    loss: Loss,
    streams: list[Iterator[Batch]],
    job: _Job,
    number: int,
) -> float:
    """Take one step of the optimiser and return the batch's loss before it."""
    parts = [next(stream) for stream in streams]
    images = torch.cat([images for images, _ in parts]).contiguous(memory_format=torch.channels_last)
    labels = torch.cat([labels for _, labels in parts])
    network.train()
    seed = child_seed(job.seeds.init_seed, "step", number)
    with torch_seeded(seed):  # for dropout and for library code that draws from the global state
        with autocast(job.recipe.precision, job.device):
            logits = network(images, torch_generator(seed, job.device))
        value = loss(logits.float(), labels)
        classifier = network.classifier
        penalty = classifier.penalty(len(job.sets.real)) if isinstance(classifier, Trained) else None
        value = value if penalty is None else value + penalty
        optimizer.zero_grad(set_to_none=True)
        value.backward()
    optimizer.step()
    return _finite(float(value.detach()), number + 1, job.recipe.steps)


def _look(network: WholeNetwork, job: _Job, at: _Progress, *, checkpoint: bool) -> None:
    logits = job.predict(network, job.sets.val.images)
    _finite(float(np.abs(logits).max()), at.done, job.recipe.steps)
    metric = validation_auroc(logits, job.sets.val.labels, job.label_kind)
    mean = float(np.mean(at.losses))
    at.looks.append({"step": at.done, "train_loss": mean, "val_metric": metric, "checkpoint": checkpoint})
    at.losses = []
    if checkpoint and metric > at.best:
        at.best, at.best_step = metric, at.done
        at.best_state = {name: tensor.detach().clone() for name, tensor in network.state_dict().items()}


def _solved(network: WholeNetwork, job: _Job, below: dict[str, torch.Tensor] | None) -> Outcome:
    """Learn in one computation, on features of a network that was trained with the plain last layer."""
    classifier = network.classifier
    assert isinstance(classifier, Solved)
    if network.backbone is not None:
        if below is None:
            raise DefinitionError(
                "A classifier that is solved needs the network that was trained with the plain last layer."
            )
        prefix = "backbone."
        state = {name.removeprefix(prefix): tensor for name, tensor in below.items() if name.startswith(prefix)}
        network.backbone.load_state_dict(state)
    network.eval()
    seed = child_seed(job.seeds.init_seed, "solve")
    with torch.no_grad(), torch_seeded(seed):
        known = [_known(network, data, job) for data in (job.sets.real, job.sets.val)]
        classifier.solve(known[0], known[1], torch_generator(seed, job.device))
        val, test = (job.predict(network, data.images) for data in (job.sets.val, job.sets.test))
    _finite(float(np.abs(val).max()), 1, 1)
    metric = validation_auroc(val, job.sets.val.labels, job.label_kind)
    looks: list[Look] = [{"step": 1, "train_loss": 0.0, "val_metric": metric, "checkpoint": True}]
    return Outcome(val, test, network.state_dict(), looks, 1, 1, parameter_counts(classifier), None, None, None)


def _known(network: WholeNetwork, data: LabelledImages, job: _Job) -> Known:
    parts = [
        network.inputs(to_unit_range(data.images[start : start + BATCH], job.device))
        for start in range(0, len(data), BATCH)
    ]
    labels = torch.from_numpy(np.asarray(data.labels, dtype=np.float32)).to(job.device)
    groups = torch.from_numpy(np.array(data.groups, dtype=np.int64)).to(job.device)
    return Known(torch.cat(parts), labels, job.label_kind, groups)


def _weights_of_blocks(network: WholeNetwork) -> dict[str, torch.Tensor]:
    """Return a copy of the trainable parameters of circuits, or of what stands in their place, by number."""
    weights = [
        weight for block in blocks_of(network.classifier) for weight in block.parameters() if weight.requires_grad
    ]
    return {str(number): weight.detach().clone() for number, weight in enumerate(weights)}


def _movement(network: WholeNetwork, first: dict[str, torch.Tensor]) -> float | None:
    """Return the root mean square by which parameters of circuits (radians), or of what replaces them, moved; None without any."""
    last = _weights_of_blocks(network)
    changes = [(last[name] - first[name]).flatten() for name in first]
    return float(torch.cat(changes).square().mean().sqrt()) if changes else None


def _finite(value: float, step: int, steps: int) -> float:
    if not math.isfinite(value):
        raise ClassifierDiverged(
            f"The classifier diverged: its loss or its validation logits are not finite at step {step} of {steps}. "
            "Lower its learning rate."
        )
    return value
