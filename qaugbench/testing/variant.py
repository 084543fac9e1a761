"""A generator under one control for the checks: small, fitted for two steps, with a shared autoencoder if it needs one."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache, cached_property
from typing import Any

import numpy as np
import torch

from qaugbench.cards import GeneratorCard, split_settings
from qaugbench.datasets.labelled_images import LabelledImages
from qaugbench.generators.contract import Budget, Codec, Generator
from qaugbench.generators.shared.autoencoder import LatentAutoencoder
from qaugbench.testing.images import N_LABELS, SIZE, bright_quadrants

TRACK = "smoke"
STEPS = 2
BATCH_SIZE = 8
FIT_SEED = 11
FEWER = {"sampling_steps": 4}  # settings that cost time but matter to no check, made small where a class has them


class WatchedCodec:
    """An autoencoder that counts how often it is asked to encode images."""

    def __init__(self, codec: Codec) -> None:
        self.codec = codec
        self.latent_shape = codec.latent_shape
        self.encoded = 0

    def encode(self, images: np.ndarray) -> np.ndarray:
        """Return the latents of ``images``."""
        self.encoded += 1
        return self.codec.encode(images)

    def decode(self, latents: np.ndarray) -> np.ndarray:
        """Return the images of ``latents``."""
        return self.codec.decode(latents)

    def state(self) -> dict[str, torch.Tensor]:
        """Return the autoencoder's state."""
        return self.codec.state()


@dataclass(frozen=True)
class ObservedFit:
    """A fitted generator, and what was observed during its fit."""

    generator: Generator
    data: LabelledImages
    told: list[tuple[int, int, float]]
    encoded: int
    touched: tuple[str, ...]


@dataclass(frozen=True)
class Variant:
    """A generator under a control, with the hyper-parameters of the smoke track."""

    card: GeneratorCard
    kind: type[Generator]
    control: str = "none"
    fits: dict[int, ObservedFit] = field(default_factory=dict, compare=False, repr=False)

    @property
    def name(self) -> str:
        """The variant as a run writes it: ``qldm``, ``qldm:twin``."""
        return self.card.id if self.control == "none" else f"{self.card.id}:{self.control}"

    @cached_property
    def budget(self) -> Budget:
        """Two steps, or none for a generator whose fit takes no steps."""
        return self.budget_of(STEPS) if self.takes_steps else Budget(0, 0)

    @property
    def takes_steps(self) -> bool:
        """Whether the facts give a budget."""
        return split_settings(self.card.settings(TRACK))[0]["steps"] > 0

    def budget_of(self, steps: int) -> Budget:
        """Return a budget of ``steps`` steps."""
        return Budget(steps=steps, batch_size=BATCH_SIZE)

    def under(self, control: str) -> Variant:
        """Return the same generator under another control."""
        return Variant(self.card, self.kind, control)

    def new(self, channels: int = 1) -> Generator:
        """Return the generator, not fitted, with a shared autoencoder attached if it uses one."""
        _, hyper = split_settings(self.card.settings(TRACK))
        hyper |= {key: value for key, value in FEWER.items() if key in hyper}
        arguments: dict[str, Any] = {"control": self.control, "device": "cpu", **hyper}
        generator = self.kind((SIZE, SIZE, channels), N_LABELS, **arguments)
        if generator.uses_autoencoder:
            generator.attach_autoencoder(WatchedCodec(_autoencoder(channels)))
        return generator

    def fit(self, channels: int = 1, *, budget: Budget | None = None) -> ObservedFit:
        """Return a fresh generator fitted to 64 images, and what was observed during the fit."""
        generator, data = self.new(channels), bright_quadrants(channels)
        told: list[tuple[int, int, float]] = []
        with touched_globals() as touched:
            generator.fit(
                data,
                budget=budget or self.budget,
                seed=FIT_SEED,
                progress=lambda step, total, loss: told.append((step, total, loss)),
            )
        codec = generator.autoencoder
        encoded = codec.encoded if isinstance(codec, WatchedCodec) else 0
        return ObservedFit(generator, data, told, encoded, tuple(touched))

    def fitted(self, channels: int = 1) -> ObservedFit:
        """Return the first fit of this variant to images of ``channels`` channels; it is fitted once."""
        if channels not in self.fits:
            self.fits[channels] = self.fit(channels)
        return self.fits[channels]


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
def _autoencoder(channels: int) -> LatentAutoencoder:
    autoencoder = LatentAutoencoder((SIZE, SIZE, channels))
    autoencoder.fit(bright_quadrants(channels), Budget(STEPS, BATCH_SIZE), seed=1)
    return autoencoder
