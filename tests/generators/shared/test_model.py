"""A generator in its space: what is written once for all of them, and one generator per label."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest
import torch

from qaugbench.cards import Training
from qaugbench.datasets.labelled_images import LabelledImages
from qaugbench.errors import QaugbenchError
from qaugbench.generators.contract import (
    Batch,
    Circuits,
    DivergedError,
    Generator,
    InfeasibleError,
    NotFittedError,
    Optimizers,
    Solved,
    Stepped,
    descend,
)
from qaugbench.generators.row_random import RowRandom
from qaugbench.generators.shared.model import Model, Recipe
from qaugbench.generators.spaces.pixels import Pixels
from qaugbench.generators.training.checkpoint import Checkpoint
from qaugbench.kinds import Kind

SHAPE, K = (2, 2, 1), 3


class MeanPoint(Solved):
    """Draws the mean of the points it has seen, whatever the labels."""

    @dataclass(frozen=True)
    class Hyper:
        spoils: str = ""

    kind: ClassVar[Kind] = "classical"
    hyper: Hyper

    def __init__(self, shape: tuple[int, ...], n_labels: int, hyper: Hyper, circuits: Circuits) -> None:
        super().__init__(shape, n_labels, hyper, circuits)
        self.register_buffer("mean", torch.zeros(shape))
        self.register_buffer("seen", torch.zeros(0))

    def solve(self, batch: Batch, random: torch.Generator) -> None:
        self.mean = batch.points.mean(dim=0)
        self.seen = torch.arange(len(batch.points), dtype=torch.float32)

    def draw(self, labels: torch.Tensor, random: RowRandom) -> torch.Tensor:
        points = self.mean.expand(len(labels), *self.shape).clone()
        if self.hyper.spoils == "shape":
            return points.flatten(1)
        return points * torch.nan if self.hyper.spoils == "values" else points


class Climbing(Stepped):
    """Learns the mean of its points step by step."""

    @dataclass(frozen=True)
    class Hyper:
        pass

    kind: ClassVar[Kind] = "classical"

    def __init__(self, shape: tuple[int, ...], n_labels: int, hyper: Hyper, circuits: Circuits) -> None:
        super().__init__(shape, n_labels, hyper, circuits)
        self.value = torch.nn.Parameter(torch.zeros(shape))

    def step(self, batch: Batch, optimizers: Optimizers, random: torch.Generator) -> dict[str, torch.Tensor]:
        return {"square": descend(optimizers["adamw"], (batch.points - self.value).square().mean())}

    def draw(self, labels: torch.Tensor, random: RowRandom) -> torch.Tensor:
        return self.value.expand(len(labels), *self.shape).clone()


def model(kind: type[Generator] = MeanPoint, *, per_label: bool = False, steps: int = 0, **hyper: Any) -> Model:
    training = Training(steps=steps, batch_size=2, learning_rate=0.1)
    return Model(Recipe(kind, kind.Hyper(**hyper), training, per_label=per_label), Pixels(SHAPE, Pixels.Hyper()), K)


def images(rows: list[tuple[int, tuple[int, ...]]]) -> LabelledImages:
    """Return one even image of each grey level with its labels."""
    pixels = np.stack([np.full(SHAPE, grey, np.uint8) for grey, _ in rows])
    labels = np.array([label for _, label in rows], np.float32)
    return LabelledImages(pixels, labels, np.arange(len(rows)))


FINDINGS = images(
    [
        (10, (1, 0, 0)),
        (30, (1, 0, 0)),
        (20, (1, 0, 0)),
        (100, (0, 1, 0)),
        (60, (1, 1, 0)),
        (200, (0, 0, 0)),
        (220, (0, 0, 0)),
    ]
)


def greys(fitted: Model, labels: list[tuple[int, ...]]) -> list[int]:
    drawn = fitted.sample(np.array(labels, np.float32), seed=1)
    assert drawn.shape == (len(labels), *SHAPE)
    return [int(image[0, 0, 0]) for image in drawn]


def test_each_label_has_a_generator_of_its_own_and_the_rarest_label_draws() -> None:
    """Means: label 0 of 10, 30, 20, 60; label 1 of 100, 60; without labels of 200, 220; label 2 has no image."""
    fitted = model(per_label=True)
    fitted.fit(FINDINGS, seed=1)
    assert greys(fitted, [(1, 0, 0), (0, 1, 0), (1, 1, 0), (0, 0, 0), (1, 0, 0)]) == [30, 80, 80, 210, 30]


def test_generators_per_label_survive_saving_and_loading() -> None:
    fitted, copy = model(per_label=True), model(per_label=True)
    fitted.fit(FINDINGS, seed=1)
    copy.load(fitted.state())
    assert greys(copy, [(1, 0, 0), (0, 1, 0), (0, 0, 0)]) == [30, 80, 210]


def test_generators_per_label_learn_step_by_step_too() -> None:
    fitted = model(Climbing, per_label=True, steps=80)
    fitted.fit(FINDINGS, seed=1)
    found = greys(fitted, [(1, 0, 0), (0, 1, 0), (0, 0, 0)])
    assert np.allclose(found, [30, 80, 210], atol=20)


def test_a_fit_per_label_tells_of_all_its_members_and_resumes_to_the_bit(tmp_path: Path) -> None:
    """Labels 0 and 1 and the images without any have members: three fits of 20 steps. The second is broken off."""
    told: list[tuple[int, int]] = []

    def tell(step: int, total: int, loss: float) -> None:
        told.append((step, total))
        if (step, len(told)) == (30, 30):
            raise KeyboardInterrupt

    broken, whole = (model(Climbing, per_label=True, steps=20) for _ in range(2))
    checkpoint = Checkpoint(tmp_path, every_s=0.0)
    with pytest.raises(KeyboardInterrupt):
        broken.fit(FINDINGS, seed=1, progress=tell, checkpoint=checkpoint)
    course = broken.fit(FINDINGS, seed=1, progress=tell, checkpoint=checkpoint)
    expected = whole.fit(FINDINGS, seed=1)
    assert told[:30] == [(step, 60) for step in range(1, 31)]
    assert told[30:] == [
        (step, 60) for step in range(30, 61)
    ]  # the step at which it was broken off had not been written
    assert all(torch.equal(part, whole.state()[name]) for name, part in broken.state().items())
    assert course.diagnostics.updates == expected.diagnostics.updates == 60
    assert course.curve == expected.curve


def test_without_two_images_of_any_label_nothing_can_be_fitted_per_label() -> None:
    with pytest.raises(InfeasibleError, match="No label has at least 2 training images"):
        model(per_label=True).fit(images([(1, (1, 0, 0)), (2, (0, 1, 0))]), seed=1)


def test_a_vector_without_a_fitted_member_is_infeasible() -> None:
    fitted = model(per_label=True)
    fitted.fit(FINDINGS, seed=1)
    assert greys(fitted, [(1, 0, 1)]) == [30]
    with pytest.raises(InfeasibleError, match=r"no label of \[0, 0, 1\] has them"):
        greys(fitted, [(1, 0, 0), (0, 0, 1)])


def test_buffers_may_change_their_shape_in_a_fit() -> None:
    fitted, copy = model(), model()
    fitted.fit(FINDINGS, seed=1)
    copy.load(fitted.state())
    assert torch.equal(copy.state()["seen"], torch.arange(7.0))


@pytest.mark.parametrize("use", [lambda one: one.state(), lambda one: one.sample(np.zeros((1, K), np.float32), seed=1)])
def test_nothing_is_drawn_or_saved_before_a_fit(use: Any) -> None:
    with pytest.raises(NotFittedError, match="neither fitted nor loaded"):
        use(model())


@pytest.mark.parametrize(
    ("spoils", "error", "message"),
    [
        ("shape", QaugbenchError, r"MeanPoint.draw returns the shape \[1, 4\], not \[1, 1, 2, 2\]"),
        ("values", DivergedError, "A drawn point is not finite"),
    ],
)
def test_what_is_drawn_is_checked(spoils: str, error: type[Exception], message: str) -> None:
    fitted = model(spoils=spoils)
    fitted.fit(FINDINGS, seed=1)
    with pytest.raises(error, match=message):
        greys(fitted, [(1, 0, 0)])


def test_rows_of_random_numbers_do_not_feel_their_neighbours() -> None:
    many, few = RowRandom(3, range(10)), RowRandom(3, range(4, 6))
    assert torch.equal(many.normal(5)[4:6], few.normal(5))
    assert torch.equal(many.uniform(2, 2)[4:6], few.uniform(2, 2))
    assert not torch.equal(many.normal(5), RowRandom(4, range(10)).normal(5))
    assert torch.equal(RowRandom(3, range(10)).of([4, 5]).normal(5), RowRandom(3, range(4, 6)).normal(5))
    assert RowRandom(3, ()).normal(5).shape == (0, 5)
