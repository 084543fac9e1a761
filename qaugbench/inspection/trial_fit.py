"""A generator fitted briefly on random images, to see its size on a track and how often it runs its circuits."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from torch import nn

from qaugbench import definitions
from qaugbench.circuits.block import QuantumBlock
from qaugbench.datasets.labelled_images import LabelledImages
from qaugbench.errors import DefinitionError
from qaugbench.generators.shared.model import Model
from qaugbench.inspection.build import fit_space_without_training, images_needed, new_model
from qaugbench.seeds import numpy_generator

IMAGES = 2
BATCH = 2


@dataclass(frozen=True)
class CircuitUse:
    """How a generator runs one of its circuits, over all blocks and copies that hold it.

    Runs are single evaluations of the circuit: ``per_image`` when sampling, ``per_sample`` for each sample of a training
    batch, of which ``shifted_per_sample`` pass gradients to its weights (``differentiates_inputs``: to its inputs too).
    """

    circuit: Any
    copies: int
    per_image: float
    per_sample: float
    shifted_per_sample: float
    differentiates_inputs: bool


def tried(name: str, *, control: str = "none", track: str = "lite", task: str = "brainmri", steps: int = 0) -> Model:
    """Return a generator with a track's settings, fitted for ``steps`` steps to random images of a task."""
    model, data = _with_images(name, control=control, track=track, task=task)
    model.fit(data, seed=0, training=model.recipe.training.lasting(steps, BATCH))
    return model


def _with_images(name: str, *, control: str = "none", track: str, task: str) -> tuple[Model, LabelledImages]:
    """Return a generator in a space that did not learn, with random images to fit it to."""
    found = definitions.task(task)
    size = definitions.track(found, track).image_size
    image_shape = (size, size, found.channels)
    model = new_model(
        name, control=control, track=track, image_shape=image_shape, n_labels=len(found.labels), task=task
    )
    data = random_images(image_shape, len(found.labels), max(4 * BATCH, images_needed(model)))
    fit_space_without_training(model, data.images)
    return model, data


def circuit_uses(name: str, *, track: str = "lite", task: str = "brainmri") -> tuple[CircuitUse, ...]:
    """Return how the generator called ``name`` runs its circuits, counted while it fits for one step and draws two images.

    Circuits of its space are not counted.

    Raises:
        DefinitionError: it runs no circuit.
    """
    generator, data = _with_images(name, track=track, task=task)
    with counted_runs(apart=generator.space.modules()) as fitting:
        generator.fit(data, seed=0, training=generator.recipe.training.lasting(1, BATCH))
    if not generator.circuits:
        raise DefinitionError(f"The generator {name!r} is {generator.kind} and runs no circuit.")
    with counted_runs(apart=generator.space.modules()) as drawing:
        generator.sample(np.eye(IMAGES, generator.n_labels, dtype=np.float32), seed=0)
    copies: Counter[Any] = Counter()
    for block in generator.circuits:
        copies[block.circuit] += block.copies
    return tuple(
        CircuitUse(
            circuit=circuit,
            copies=number,
            per_image=drawing.runs[circuit] / IMAGES,
            per_sample=fitting.runs[circuit] / BATCH,
            shifted_per_sample=fitting.shifted[circuit] / BATCH,
            differentiates_inputs=circuit in fitting.with_inputs,
        )
        for circuit, number in copies.items()
    )


@dataclass
class Runs:
    """Runs of each circuit, those whose weights receive gradients, and the circuits whose inputs do."""

    runs: Counter[Any] = field(default_factory=Counter)
    shifted: Counter[Any] = field(default_factory=Counter)
    with_inputs: set[Any] = field(default_factory=set)


@contextmanager
def counted_runs(apart: Iterable[nn.Module] = ()) -> Iterator[Runs]:
    """Count every row that any circuit block receives inside the context, but for modules that stand ``apart``.

    A fit creates new blocks, so none can be watched.
    """
    found = Runs()
    unseen = {id(module) for module in apart}

    def count(module: nn.Module, arguments: tuple[Any, ...]) -> None:
        if not isinstance(module, QuantumBlock) or id(module) in unseen:
            return
        rows = len(arguments[0]) * module.copies
        found.runs[module.circuit] += rows
        if torch.is_grad_enabled():
            found.shifted[module.circuit] += rows * module.weights.requires_grad
            found.with_inputs.update([module.circuit] * arguments[0].requires_grad)

    hook = nn.modules.module.register_module_forward_pre_hook(count)
    try:
        yield found
    finally:
        hook.remove()


def random_images(image_shape: tuple[int, int, int], n_labels: int, n: int) -> LabelledImages:
    """Return ``n`` images of random pixels, always the same ones, whose classes take turns."""
    images = numpy_generator(0).integers(0, 256, (n, *image_shape), dtype=np.uint8)
    labels = np.eye(n_labels, dtype=np.float32)[np.arange(n) % n_labels]
    return LabelledImages(images, labels, np.arange(n, dtype=np.int64))
