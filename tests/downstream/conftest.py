"""One fit of the tiny recipe on stripes, with whatever arguments a test changes."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from qaugbench.downstream.recipe import ClassifierResult, train_classifier
from qaugbench.recipe import Recipe
from tests.downstream.stripes import SEEDS, TINY, striped_images


@pytest.fixture
def train_striped() -> Callable[..., ClassifierResult]:
    """Return a function that trains the tiny recipe on stripes; keywords change the recipe's arguments."""

    def train(recipe: Recipe = TINY, **changes: object) -> ClassifierResult:
        arguments = {"augment": True, "balance": True, "ratio": 1.0, **SEEDS, **changes}
        real = arguments.pop("real", striped_images(30, seed=0))
        fill = arguments.pop("fill", None)
        val = arguments.pop("val", striped_images(30, seed=1))
        return train_classifier(recipe, "multiclass", real, fill, val, striped_images(30, seed=2), **arguments)

    return train
