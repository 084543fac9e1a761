"""A generator fitted briefly on random images, to see its size on a track and how often it runs its circuits."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from torch import nn

from qaugbench import definitions
from qaugbench.cards import split_settings
from qaugbench.circuits.block import QuantumBlock
from qaugbench.datasets.labelled_images import LabelledImages
from qaugbench.errors import DefinitionError
from qaugbench.generators.contract import Budget, Generator
from qaugbench.generators.shared.autoencoder import LatentAutoencoder
from qaugbench.inspection.build import new_generator
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


def tried(
    name: str, *, control: str = "none", track: str = "lite", task: str = "brainmri", steps: int = 0
) -> tuple[Generator, LatentAutoencoder | None]:
    """Return a generator with a track's settings after ``steps`` steps on random images of a task, and its autoencoder."""
    data = _random_images(task, track)
    generator = new_generator(
        name, control=control, track=track, image_shape=data.images.shape[1:], n_labels=data.labels.shape[1]
    )
    codec = None
    if generator.uses_autoencoder:
        _, hyper = split_settings(definitions.autoencoder_settings(track))
        codec = LatentAutoencoder(data.images.shape[1:], **hyper)
        codec.fit(data, budget=Budget(0, BATCH), seed=0)
        generator.attach_autoencoder(codec)
    generator.fit(data, budget=Budget(steps, BATCH), seed=0)
    return generator, codec


def circuit_uses(name: str, *, track: str = "lite", task: str = "brainmri") -> tuple[CircuitUse, ...]:
    """Return how the generator called ``name`` runs its circuits, counted while it fits for one step and draws two images.

    Raises:
        DefinitionError: it runs no circuit.
    """
    with counted_runs() as fitting:
        generator, _ = tried(name, track=track, task=task, steps=1)
    if not generator.circuits:
        raise DefinitionError(f"The generator {name!r} is {generator.kind} and runs no circuit.")
    with counted_runs() as drawing:
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
def counted_runs() -> Iterator[Runs]:
    """Count every row that any circuit block receives inside the context: a fit creates new blocks, so none can be watched."""
    found = Runs()

    def count(module: nn.Module, arguments: tuple[Any, ...]) -> None:
        if not isinstance(module, QuantumBlock):
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


def _random_images(task_name: str, track_name: str) -> LabelledImages:
    task = definitions.task(task_name)
    size, n_labels, n_images = definitions.track(task, track_name).image_size, len(task.labels), 4 * BATCH
    images = numpy_generator(0).integers(0, 256, (n_images, size, size, task.channels), dtype=np.uint8)
    labels = np.eye(n_labels, dtype=np.float32)[np.arange(n_images) % n_labels]
    return LabelledImages(images, labels, np.arange(n_images, dtype=np.int64))
