"""A generator under one control for the checks: small, and fitted for two steps in a barely trained space."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cache, cached_property
from pathlib import Path

import numpy as np
import torch

from qaugbench import definitions
from qaugbench.cards import GeneratorCard, Training
from qaugbench.datasets.labelled_images import LabelledImages
from qaugbench.generators.contract import Generator, Stepped
from qaugbench.generators.shared.binding import bound
from qaugbench.generators.shared.model import Model, Recipe
from qaugbench.generators.spaces.named import new_space
from qaugbench.generators.spaces.space import Space
from qaugbench.generators.training.checkpoint import Checkpoint
from qaugbench.testing.images import LABEL_VECTORS, N_LABELS, ONE_LABEL_EACH, SIZE, bright_quadrants

TRACK = "smoke"
ANY_TASK = "brainmri"
STEPS = 2
BATCH_SIZE = 8
FIT_SEED = 11
FEWER = {"sampling_steps": 4}  # settings that cost time but matter to no check, made small where a class has them
FEWER_OF_SPACE = {"components": 32}  # settings that 64 images do not allow, made small where a space has them


@dataclass(frozen=True)
class ObservedFit:
    """A fitted model, and what was observed during its fit."""

    model: Model
    data: LabelledImages
    told: list[tuple[int, int, float]]
    touched: tuple[str, ...]


@dataclass(frozen=True)
class ObservedDraw:
    """Images, and the global random generators that changed while they were drawn."""

    images: np.ndarray
    touched: tuple[str, ...]


@dataclass(frozen=True)
class Variant:
    """A generator under a control, with the hyper-parameters of the smoke track and, if it needs any, pretrained ``weights``."""

    card: GeneratorCard
    kind: type[Generator]
    control: str = "none"
    weights: Path | None = None
    fits: dict[tuple[int, int], ObservedFit] = field(default_factory=dict, compare=False, repr=False)
    draws: list[ObservedDraw] = field(default_factory=list, compare=False, repr=False)

    @property
    def name(self) -> str:
        """The variant as a run writes it: ``qldm``, ``qldm:twin``."""
        return self.card.id if self.control == "none" else f"{self.card.id}:{self.control}"

    @property
    def takes_steps(self) -> bool:
        """Whether it learns step by step."""
        return issubclass(self.kind, Stepped)

    @property
    def members(self) -> int:
        """How many generators are fitted one after another: one, or one per label and one for images without any."""
        return N_LABELS + self.kind.multi_label if self.card.per_label else 1

    @property
    def labels(self) -> np.ndarray:
        """Label vectors to request: none, one, several and all of the labels, or one each where that is all it can do."""
        return LABEL_VECTORS if self.kind.multi_label else ONE_LABEL_EACH

    @cached_property
    def recipe(self) -> Recipe:
        """What is fitted: the settings of the smoke track, with fewer steps of sampling."""
        recipe = bound(self.card, self.kind, TRACK, self.control, self.weights)
        fewer = {name: value for name, value in FEWER.items() if hasattr(recipe.hyper, name)}
        return replace(recipe, hyper=replace(recipe.hyper, **fewer))

    def training_of(self, steps: int) -> Training:
        """Return a training of ``steps`` steps; none for a generator that takes no steps."""
        return self.recipe.training.lasting(steps, BATCH_SIZE) if self.takes_steps else Training()

    def under(self, control: str) -> Variant:
        """Return the same generator under another control."""
        return Variant(self.card, self.kind, control, self.weights)

    def data(self, channels: int = 1) -> LabelledImages:
        """Return the images to fit to."""
        return bright_quadrants(channels, several=self.kind.multi_label)

    def new(self, channels: int = 1) -> Model:
        """Return the model, not fitted, in a fitted space."""
        return Model(self.recipe, _space(self.card, channels), N_LABELS)

    def fit(
        self, channels: int = 1, *, steps: int = STEPS, checkpoint: Checkpoint | None = None, stop_at: int | None = None
    ) -> ObservedFit:
        """Return a fresh model fitted to 64 images, and what was observed during the fit; ``stop_at`` breaks it off.

        Raises:
            Interrupted: the fit has reached the step ``stop_at``.
        """
        model, data = self.new(channels), self.data(channels)
        told: list[tuple[int, int, float]] = []

        def tell(step: int, total: int, loss: float) -> None:
            told.append((step, total, loss))
            if step == stop_at:
                raise Interrupted

        with touched_globals() as touched:
            model.fit(data, seed=FIT_SEED, training=self.training_of(steps), progress=tell, checkpoint=checkpoint)
        return ObservedFit(model, data, told, tuple(touched))

    def fitted(self, channels: int = 1, *, steps: int = STEPS) -> ObservedFit:
        """Return the first fit of this variant to images of ``channels`` channels; it is fitted once."""
        if (channels, steps) not in self.fits:
            self.fits[channels, steps] = self.fit(channels, steps=steps)
        return self.fits[channels, steps]

    def drawn(self) -> ObservedDraw:
        """Return the first images of the fitted model for all ``labels``, with the seed 1; they are drawn once."""
        if not self.draws:
            model = self.fitted().model
            with touched_globals() as touched:
                images = model.sample(self.labels, seed=1)
            self.draws.append(ObservedDraw(images, tuple(touched)))
        return self.draws[0]


class Interrupted(Exception):
    """A fit was broken off on purpose."""


@contextmanager
def touched_globals() -> Iterator[list[str]]:
    """Yield a list that afterwards names the global random generators that changed; their states are restored."""
    before = torch.random.get_rng_state(), np.random.get_state(), random.getstate()
    touched: list[str] = []
    try:
        yield touched
    finally:
        after = torch.random.get_rng_state(), np.random.get_state(), random.getstate()
        if not torch.equal(before[0], after[0]):
            touched.append("torch")
        if repr(before[1]) != repr(after[1]):
            touched.append("NumPy")
        if before[2] != after[2]:
            touched.append("Python")
        torch.random.set_rng_state(before[0])
        np.random.set_state(before[1])
        random.setstate(before[2])


@contextmanager
def one_thread() -> Iterator[None]:
    """Limit torch to one thread, for which bit-for-bit equality is required."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


@cache
def _spaces() -> dict[tuple[str, str, int], Space]:
    return {}


def _space(card: GeneratorCard, channels: int) -> Space:
    """Return the generator's space, fitted once per kind of space to the 64 images, without training."""
    settings = definitions.space_of(card, ANY_TASK, TRACK)
    settings.update({name: min(settings[name], fewer) for name, fewer in FEWER_OF_SPACE.items() if name in settings})
    place = (card.space, repr(sorted(settings.items())), channels)
    if place not in _spaces():
        space, _ = new_space(card.space, (SIZE, SIZE, channels), settings, origin=card.origin)
        space.fit(bright_quadrants(channels).images, training=Training(steps=STEPS, batch_size=BATCH_SIZE), seed=1)
        _spaces()[place] = space.eval()
    return _spaces()[place]
