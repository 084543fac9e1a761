"""The Jacobian of generators whose Jacobian is known, and which of their random numbers are their noise."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pytest
import torch

from qaugbench.cards import Training
from qaugbench.datasets.labelled_images import LabelledImages
from qaugbench.generators.contract import Batch, Circuits, Generator, Optimizers, Stepped
from qaugbench.generators.row_random import RowRandom
from qaugbench.generators.shared.discovery import generator_class
from qaugbench.generators.shared.latent_geometry import SOME, WHOLE, NoiseJacobian, NoLatentError, noise_jacobian
from qaugbench.generators.shared.model import Model, Recipe
from qaugbench.generators.spaces.pixels import Pixels
from qaugbench.kinds import Kind
from qaugbench.metrics.geometry import jacobian_geometry

SIDE = 16
LABELS = np.eye(2, dtype=np.float32)[np.arange(20) % 2]
IMAGES = np.random.default_rng(0).integers(0, 256, (20, SIDE, SIDE, 1), dtype=np.uint8)


class Linear(Stepped):
    """An image that is a fixed linear map of ``noise`` numbers, asked for by ``ask``."""

    @dataclass(frozen=True)
    class Hyper:
        noise: int = 5
        ask: str = "normal"

    kind: ClassVar[Kind] = "classical"

    def __init__(self, shape: tuple[int, ...], n_labels: int, hyper: Hyper, circuits: Circuits) -> None:
        super().__init__(shape, n_labels, hyper, circuits)
        self.map = torch.nn.Linear(hyper.noise, SIDE * SIDE)
        self.of_label = torch.nn.Linear(n_labels, SIDE * SIDE)

    def step(self, batch: Batch, optimizers: Optimizers, random: torch.Generator) -> dict[str, torch.Tensor]:
        return {"nothing": torch.zeros(())}

    def draw(self, labels: torch.Tensor, random: RowRandom) -> torch.Tensor:
        noise = ASKS[self.hyper.ask](random, self.hyper.noise)
        return (0.1 * self.map(noise) + self.of_label(labels)).unflatten(1, self.shape)


def _chosen_first(random: RowRandom, n: int) -> torch.Tensor:
    """A choice by a uniform number, and normal noise later."""
    which = random.uniform().round()[:, None]
    return which + random.normal(n)


def _further(random: RowRandom, n: int) -> torch.Tensor:
    """Noise, and as much again in a later call."""
    return random.normal(n) + random.normal(n)


def _within(random: RowRandom, n: int) -> torch.Tensor:
    """Uniform noise, for a generator that fails on any outside of [0, 1)."""
    numbers = random.uniform(n)
    assert ((numbers >= 0) & (numbers < 1)).all()
    return numbers


ASKS: dict[str, Callable[[RowRandom, int], torch.Tensor]] = {
    "normal": lambda random, n: random.normal(n),
    "uniform": lambda random, n: random.uniform(n),
    "chosen first": _chosen_first,
    "further": _further,
    "within": _within,
    "ignored": lambda random, n: 0 * random.normal(n),
    "none": lambda random, n: torch.ones(len(random), n),
}


def fitted(kind: type[Generator], *, per_label: bool = False, **hyper: object) -> Model:
    training = Training(steps=1, batch_size=10)
    recipe = Recipe(kind, kind.Hyper(**hyper), training, per_label=per_label)
    model = Model(recipe, Pixels((SIDE, SIDE, 1), Pixels.Hyper()), 2)
    model.fit(LabelledImages(IMAGES, LABELS, np.arange(20)), seed=1)
    return model


def jacobian(model: Model, n: int = 3) -> NoiseJacobian:
    return noise_jacobian(model, LABELS[:n], seed=4)


@pytest.mark.parametrize("ask", ["normal", "uniform", "chosen first", "further"])
def test_a_linear_map_has_the_singular_values_of_its_matrix(ask: str) -> None:
    model = fitted(Linear, ask=ask)
    found = jacobian(model)
    matrix = 0.1 * model.generator.map.weight.detach().double().numpy()  # type: ignore[union-attr, operator]
    expected = np.linalg.svd(matrix, compute_uv=False)
    assert found.dimension == 5
    np.testing.assert_allclose(found.singular_values, np.tile(expected, (3, 1)), rtol=2e-3)


@pytest.mark.parametrize("noise", [WHOLE, WHOLE + 1])
def test_uniform_noise_is_not_moved_out_of_its_range(noise: int) -> None:
    assert (jacobian(fitted(Linear, ask="within", noise=noise), n=20).singular_values > 0).all()


def test_one_generator_per_label_is_looked_at_label_by_label() -> None:
    model = fitted(Linear, per_label=True)
    found = jacobian(model).singular_values
    for row, member in enumerate(model.generator.members[:2]):  # type: ignore[union-attr, index, arg-type]
        matrix = 0.1 * member.map.weight.detach().double().numpy()
        np.testing.assert_allclose(found[row], np.linalg.svd(matrix, compute_uv=False), rtol=2e-3)
    assert not np.allclose(found[0], found[1], rtol=0.01)


def test_long_noise_is_moved_along_some_random_directions() -> None:
    whole, some = (jacobian(fitted(Linear, noise=noise)) for noise in (WHOLE, WHOLE + 1))
    assert (whole.dimension, whole.singular_values.shape) == (WHOLE, (3, WHOLE))
    assert (some.dimension, some.singular_values.shape) == (WHOLE + 1, (3, SOME))
    assert not np.allclose(some.singular_values[0], some.singular_values[1], rtol=1e-3)


def test_noise_that_is_ignored_changes_nothing_and_rounding_errors_are_no_directions() -> None:
    assert (jacobian(fitted(Linear, ask="ignored")).singular_values == 0).all()
    model = fitted(Linear)
    weight = model.generator.map.weight.data  # type: ignore[union-attr]
    weight[:, 1:] = 0  # type: ignore[index]
    geometry = jacobian_geometry(jacobian(model).singular_values)
    assert geometry.effective_rank == pytest.approx(1)


def test_the_same_arguments_give_the_same_numbers_and_leave_the_model_as_it_is() -> None:
    model = fitted(generator_class("vae"))
    before = model.sample(LABELS[:3], seed=4)
    first, second = jacobian(model), jacobian(model)
    assert (first.singular_values == second.singular_values).all()
    assert (model.sample(LABELS[:3], seed=4) == before).all()


@pytest.mark.parametrize(
    ("name", "says"), [("smote", "around training images"), ("gmm", "around"), ("kde", "around"), (None, "no random")]
)
def test_what_is_no_map_of_noise_says_so(name: str | None, says: str) -> None:
    model = fitted(Linear, ask="none") if name is None else fitted(generator_class(name))
    with pytest.raises(NoLatentError, match=says):
        jacobian(model)
