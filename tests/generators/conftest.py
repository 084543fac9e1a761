"""Labelled images to fit on, and every generator under every control, fitted for two steps."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest

from qaugbench import definitions
from qaugbench.circuits.controls.build import CONTROLS
from qaugbench.datasets.prepared import LabelledImages
from qaugbench.generators.contract import Budget, Generator
from qaugbench.generators.shared.discovery import generator_class

SIZE = 32
N_LABELS = 3
BUDGET = Budget(steps=2, batch_size=8)
CARDS = [definitions.generator_card(name) for name in definitions.generator_names()]
VARIANTS = [
    (card.id, control)
    for card in CARDS
    if card.kind != "external"
    for control in (CONTROLS if card.kind != "classical" else ("none",))  # every control of any circuit, listed or not
]


def bright_quadrants(n: int, size: int, channels: int = 1) -> LabelledImages:
    """Return images of noise; label k brightens one quadrant, and an image may have any of the labels or none."""
    random = np.random.default_rng(7)
    labels = random.integers(0, 2, (n, N_LABELS)).astype(np.float32)
    images = random.integers(0, 60, (n, size, size, channels))
    half = size // 2
    for k, (top, left) in enumerate([(0, 0), (0, half), (half, 0)]):
        images[:, top : top + half, left : left + half] += (150 * labels[:, k]).astype(int)[:, None, None, None]
    return LabelledImages(images.astype(np.uint8), labels, np.arange(n, dtype=np.int64))


@dataclass(frozen=True)
class Variant:
    """A generator under a control, with the hyper-parameters of the smoke track."""

    name: str
    control: str

    def new(self, channels: int = 1) -> Generator:
        """Return it, not fitted."""
        settings = definitions.generator_card(self.name).settings("smoke")
        hyper = {key: value for key, value in settings.items() if key not in ("steps", "batch_size")}
        shape = (SIZE, SIZE, channels)
        return generator_class(self.name)(shape, N_LABELS, control=self.control, **{**hyper, "sampling_steps": 4})

    def fitted(self, data: LabelledImages) -> Generator:
        """Return it after two steps on ``data``."""
        generator = self.new(data.images.shape[3])
        generator.fit(data, budget=BUDGET, seed=11)
        return generator


@pytest.fixture(scope="session")
def data() -> LabelledImages:
    return bright_quadrants(24, SIZE)


@pytest.fixture(scope="session", params=VARIANTS, ids=lambda variant: ":".join(variant))
def variant(request: pytest.FixtureRequest) -> Variant:
    return Variant(*request.param)


@pytest.fixture(scope="session")
def fitted(variant: Variant, data: LabelledImages) -> Generator:
    return variant.fitted(data)
