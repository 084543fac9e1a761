"""A generator in its space: fitted to labelled images, it draws labelled images. What every generator needs, written once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch

from qaugbench.cards import Training
from qaugbench.circuits.block import Block, QuantumBlock
from qaugbench.circuits.execution import IDEAL, Execution
from qaugbench.datasets.labelled_images import LabelledImages
from qaugbench.errors import QaugbenchError
from qaugbench.generators.circuit_layers import CircuitLayers
from qaugbench.generators.contract import (
    Batch,
    DivergedError,
    Generator,
    InfeasibleError,
    NotFittedError,
    Progress,
    Solved,
)
from qaugbench.generators.row_random import RowRandom
from qaugbench.generators.shared.one_per_label import FEWEST, OnePerLabel
from qaugbench.generators.spaces.space import Space
from qaugbench.generators.training.checkpoint import Checkpoint
from qaugbench.generators.training.diagnostics import FitDiagnostics
from qaugbench.generators.training.loop import Course, joined, train
from qaugbench.generators.training.tensors import tensors_of
from qaugbench.kinds import Kind
from qaugbench.seeds import child_seed, torch_generator, torch_seeded

CHUNK = 250
NO_COURSE = Course([], FitDiagnostics(0, 0.0, {}, {}))


@dataclass(frozen=True)
class Recipe:
    """What is fitted: the generator's class, its hyper-parameters, training, control, and whether one is fitted per label."""

    kind: type[Generator]
    hyper: Any
    training: Training
    control: str = "none"
    per_label: bool = False


class Model:
    """A generator made by ``recipe`` in a fitted ``space``, for label vectors of width ``n_labels``."""

    def __init__(self, recipe: Recipe, space: Space, n_labels: int) -> None:
        self.recipe = recipe
        self.space = space
        self.n_labels = n_labels
        self.generator = self._new(seed=0)
        self._fitted = False

    @property
    def kind(self) -> Kind:
        """The kind of the generator, such as ``hybrid``."""
        return self.recipe.kind.kind

    @property
    def blocks(self) -> list[Block]:
        """The layers that run circuits, or stand where one would under a control."""
        return [module for module in self.generator.modules() if isinstance(module, Block)]

    @property
    def circuits(self) -> list[QuantumBlock]:
        """The layers that run circuits: none for a classical generator, or if a control replaced them all."""
        return [block for block in self.blocks if isinstance(block, QuantumBlock)]

    def fit(
        self,
        data: LabelledImages,
        *,
        seed: int,
        training: Training | None = None,
        progress: Progress | None = None,
        checkpoint: Checkpoint | None = None,
    ) -> Course:
        """Fit a new generator to real training images and return the course of the fit.

        The same data, recipe and seed give the same bits on one CPU thread, also if the fit resumed from ``checkpoint``.
        ``training`` replaces that of the recipe. Raises ``DivergedError`` for a loss that is not finite and
        ``InfeasibleError`` for data that the generator cannot be fitted to.
        """
        labels = require_labels(data.labels, self.n_labels)
        self.generator, self._fitted = self._new(seed), False
        how = self.recipe.training if training is None else training
        points = self.space.points(data.images)
        if isinstance(self.generator, OnePerLabel):
            course = _fit_members(self.generator, points, labels, how, seed, progress, checkpoint)
        else:
            course = _fit_one(self.generator, points, labels, how, seed, progress, checkpoint)
        self.generator.eval()
        self._fitted = True
        return course

    @torch.no_grad()
    def sample(self, labels: np.ndarray, *, seed: int, execution: Execution = IDEAL) -> np.ndarray:
        """Return one uint8 image [n, height, width, channels] for each float32 label vector [n, n_labels]; n may be 0.

        Image i depends on ``seed``, i and its own label vector alone, not on the other images; circuits are evaluated under
        ``execution``. Raises ``NotFittedError`` before a fit, ``DivergedError`` when an image is not finite.
        """
        return self.space.decode(self.points(labels, seed=seed, execution=execution))

    @torch.no_grad()
    def points(self, labels: np.ndarray, *, seed: int, execution: Execution = IDEAL) -> torch.Tensor:
        """Return the points [n, *shape] of the images that ``sample`` returns."""
        self._require_fit()
        wanted = torch.from_numpy(require_labels(labels, self.n_labels)).to(self.space.device)
        for number, block in enumerate(self.blocks):
            block.run_under(execution, torch_generator(child_seed(seed, "shots", number)))
        parts = [torch.empty(0, *self.space.shape, device=self.space.device)]
        for start in range(0, len(wanted), CHUNK):
            chunk = wanted[start : start + CHUNK]
            parts.append(self._drawn(chunk, RowRandom(seed, range(start, start + len(chunk)), self.space.device)))
        return torch.cat(parts)

    def state(self) -> dict[str, torch.Tensor]:
        """Return all that the generator learned, without its space, as contiguous CPU tensors that share no memory."""
        self._require_fit()
        return tensors_of(self.generator)

    def load(self, state: Mapping[str, torch.Tensor]) -> None:
        """Restore a state; samples are then bit for bit those of the model it came from."""
        self.generator = self._new(seed=0)
        load_tensors(self.generator, state)
        self.generator.eval()
        self._fitted = True

    def parameter_counts(self) -> dict[str, int]:
        """Return the trainable parameters: ``total`` without the space, ``block`` those of circuits or what replaces them."""
        return {
            "total": trainable_parameters(self.generator),
            "block": sum(trainable_parameters(block) for block in self.blocks),
        }

    def _new(self, seed: int) -> Generator:
        with torch_seeded(child_seed(seed, "weights")):
            circuits = CircuitLayers(self.recipe.control, seed)

            def make() -> Generator:
                return self.recipe.kind(self.space.shape, self.n_labels, self.recipe.hyper, circuits)

            made = OnePerLabel(make, self.space.shape, self.n_labels) if self.recipe.per_label else make()
        return made.to(self.space.device)

    def _drawn(self, labels: torch.Tensor, random: RowRandom) -> torch.Tensor:
        points = self.generator.draw(labels, random)
        expected = (len(labels), *self.space.shape)
        if tuple(points.shape) != expected:
            raise QaugbenchError(
                f"{type(self.generator).__name__}.draw returns the shape {list(points.shape)}, not {list(expected)}."
            )
        if not torch.isfinite(points).all():
            raise DivergedError("A drawn point is not finite: the generator diverged; lower its learning rate.")
        return points

    def _require_fit(self) -> None:
        if not self._fitted:
            raise NotFittedError("This generator has been neither fitted nor loaded; call fit or load first.")


def _fit_one(
    generator: Generator,
    points: Any,
    labels: np.ndarray,
    training: Training,
    seed: int,
    progress: Progress | None,
    checkpoint: Checkpoint | None,
) -> Course:
    if not isinstance(generator, Solved):
        return train(generator, points, labels, training=training, seed=seed, progress=progress, checkpoint=checkpoint)
    every = points.take(np.arange(len(points)))
    step_seed = child_seed(seed, "solve")
    with torch.no_grad(), torch_seeded(step_seed):
        generator.solve(
            Batch(every, torch.from_numpy(labels).to(every.device)), torch_generator(step_seed, str(every.device))
        )
    return replace(NO_COURSE, diagnostics=FitDiagnostics(1, 1.0, {}, {}))


def _fit_members(
    generator: OnePerLabel,
    points: Any,
    labels: np.ndarray,
    training: Training,
    seed: int,
    progress: Progress | None,
    checkpoint: Checkpoint | None,
) -> Course:
    generator.remember(labels)
    fitted = {k: rows for k, rows in enumerate(generator.rows_of(labels)) if len(rows) >= FEWEST}
    if not fitted:
        raise InfeasibleError(f"No label has at least {FEWEST} training images, so no member can be fitted.")
    courses = {}
    for place, (k, rows) in enumerate(fitted.items()):
        member: Generator = generator.members[k]  # type: ignore[assignment]
        own = None if checkpoint is None else checkpoint.part(f"label-{k}")
        told = None if progress is None else _after(progress, place, len(fitted))
        courses[f"members.{k}."] = _fit_one(
            member, _Some(points, rows), labels[rows], training, child_seed(seed, "label", k), told, own
        )
    return joined(courses)


def _after(progress: Progress, place: int, of: int) -> Progress:
    """Return the progress of one of ``of`` fits in a row, the ``place``-th from 0."""

    def tell(step: int, total: int, loss: float) -> None:
        progress(place * total + step, of * total, loss)

    return tell


class _Some:
    """Some rows of a set of points."""

    def __init__(self, points: Any, rows: np.ndarray) -> None:
        self._points, self._rows = points, rows

    def __len__(self) -> int:
        return len(self._rows)

    def take(self, rows: np.ndarray) -> torch.Tensor:
        """Return the points of ``rows`` among these."""
        taken: torch.Tensor = self._points.take(self._rows[rows])
        return taken


def require_labels(labels: np.ndarray, n_labels: int) -> np.ndarray:
    """Return ``labels`` as float32 [n, n_labels], or raise naming the shape that was given."""
    if labels.ndim != 2 or labels.shape[1] != n_labels:
        raise QaugbenchError(f"Labels must have the shape [n, {n_labels}], but {list(labels.shape)} was given.")
    return labels.astype(np.float32)


def load_tensors(module: torch.nn.Module, state: Mapping[str, torch.Tensor]) -> None:
    """Set the parameters and buffers of ``module``; a buffer takes the shape that it has in ``state``."""
    for name, module_part in module.named_modules():
        for key, buffer in module_part.named_buffers(recurse=False):
            saved = state.get(f"{name}.{key}" if name else key)
            if saved is not None and buffer is not None and saved.shape != buffer.shape:
                setattr(module_part, key, torch.empty_like(saved, device=buffer.device))
    module.load_state_dict(state)


def trainable_parameters(module: torch.nn.Module) -> int:
    """Return the number of parameters of ``module`` that training changes."""
    return sum(parameter.numel() for parameter in module.parameters() if parameter.requires_grad)
