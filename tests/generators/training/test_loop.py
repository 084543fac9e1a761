"""The training loop: learning rates, average weights, divergence, resuming, and what a fit says of itself."""

from __future__ import annotations

import contextlib
import math
from itertools import chain
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from qaugbench.cards import Training
from qaugbench.generators.contract import Batch, DivergedError, Optimizers, adamw, descend
from qaugbench.generators.training.checkpoint import Checkpoint
from qaugbench.generators.training.diagnostics import FitDiagnostics, curve, trend
from qaugbench.generators.training.loop import Course, joined, learning_rate_factor, train
from qaugbench.generators.training.points import Encoded

POINTS = Encoded(torch.arange(20.0)[:, None])
LABELS = np.zeros((20, 1), np.float32)


class Line(nn.Module):
    """Learns the mean of its points by gradient descent; dropout and noise make every step random."""

    def __init__(self, fails_at: int = -1) -> None:
        super().__init__()
        self.value = nn.Parameter(torch.zeros(1))
        self.register_buffer("seen", torch.zeros(()))
        self.fails_at = fails_at
        self.rates: list[float] = []
        self.course = Course([], FitDiagnostics(0, 0.0, {}, {}))

    def optimizers(self, training: Training) -> dict[str, torch.optim.Optimizer]:
        return {"adamw": adamw(self, training)}

    def step(self, batch: Batch, optimizers: Optimizers, random: torch.Generator) -> dict[str, torch.Tensor]:
        self.seen += len(batch.points)
        self.rates.append(optimizers["adamw"].param_groups[0]["lr"])
        noisy = nn.functional.dropout(batch.points, 0.2) + torch.randn(batch.points.shape, generator=random)
        loss = (noisy - self.value).square().mean()
        if batch.step == self.fails_at:
            loss = loss * math.nan
        return {"square": descend(optimizers["adamw"], loss)}


def fit(line: Line, *, checkpoint: Checkpoint | None = None, stop_at: int = -1, **settings: float) -> Line:
    training = Training(**{"steps": 12, "batch_size": 4, "learning_rate": 0.5, **settings})  # type: ignore[arg-type]

    def tell(step: int, total: int, loss: float) -> None:
        if step == stop_at:
            raise KeyboardInterrupt

    line.course = train(line, POINTS, LABELS, training=training, seed=3, progress=tell, checkpoint=checkpoint)
    return line


def test_the_rate_rises_then_falls_to_zero_as_a_half_cosine() -> None:
    factors = [learning_rate_factor(step, Training(steps=100, batch_size=1)) for step in range(100)]
    assert factors[:5] == pytest.approx([0.2, 0.4, 0.6, 0.8, 1.0])
    assert factors[5 + 95 // 2] == pytest.approx(0.5, abs=0.02)
    assert factors[99] < 0.005
    assert factors[5:] == sorted(factors[5:], reverse=True)


def test_a_constant_rate_stays() -> None:
    training = Training(steps=100, batch_size=1, schedule="constant", warm_up=0.0)
    assert {learning_rate_factor(step, training) for step in range(100)} == {1.0}


def test_the_optimisers_follow_the_schedule() -> None:
    line = fit(Line(), warm_up=0.25)
    expected = [0.5 * learning_rate_factor(step, Training(12, 4, warm_up=0.25)) for step in range(12)]
    assert line.rates == pytest.approx(expected)


def test_average_weights_are_the_stated_mean_of_the_steps() -> None:
    """Decay min(average, t / (9 + t)) after step t, written out from the weights after every step."""
    steps = [float(fit(Line(), stop_at=-1, schedule="constant", steps=n).value) for n in range(1, 5)]  # type: ignore[arg-type]
    average = 0.0
    for t, value in enumerate(steps, 1):
        decay = min(0.3, t / (9 + t))
        average = decay * average + (1 - decay) * value
    line = fit(Line(), schedule="constant", steps=4, average=0.3)  # type: ignore[arg-type]
    assert float(line.value) == pytest.approx(average, rel=1e-5)
    assert float(line.seen) == 16  # buffers are those of the last step


def test_the_loss_that_is_not_finite_is_named() -> None:
    with pytest.raises(DivergedError, match="the loss 'square' is nan at step 6 of 12"):
        fit(Line(fails_at=5))


@pytest.mark.parametrize("average", [0.0, 0.9])
@pytest.mark.parametrize("killed_at", [1, 7, 12])
def test_a_killed_fit_resumes_to_the_same_bits(killed_at: int, average: float, tmp_path: Path) -> None:
    checkpoint = Checkpoint(tmp_path / "partial", every_s=0.0)
    with contextlib.suppress(KeyboardInterrupt):
        fit(Line(), checkpoint=checkpoint, stop_at=killed_at, average=average)
    resumed = fit(Line(), checkpoint=checkpoint, average=average)
    whole = fit(Line(), average=average)
    assert torch.equal(resumed.value, whole.value)
    assert torch.equal(resumed.seen, whole.seen)
    assert [*resumed.course.earlier] == [*whole.course.earlier] == [50, 75]
    for percent, kept in whole.course.earlier.items():
        assert torch.equal(resumed.course.earlier[percent]["value"], kept["value"])
    assert len(resumed.rates) == 12 - (killed_at - 1)  # the step at which it was killed had not been written


@pytest.mark.parametrize("average", [0.0, 0.9])
def test_the_weights_kept_on_the_way_are_what_the_fit_would_have_returned(average: float) -> None:
    """Half of the steps of a constant rate are a fit of half as many steps."""
    settings = {"average": average, "schedule": "constant", "warm_up": 0.0}
    whole, half = (fit(Line(), steps=steps, **settings) for steps in (8, 4))  # type: ignore[arg-type]
    assert torch.equal(whole.course.earlier[50]["value"], half.value.detach())
    assert not torch.equal(whole.course.earlier[50]["value"], whole.course.earlier[75]["value"])


def test_weights_of_several_fits_are_kept_under_their_places() -> None:
    courses = {f"members.{k}.": fit(Line(), steps=8, learning_rate=0.1 + 0.2 * k).course for k in range(2)}
    kept = joined(courses).earlier
    names = ["members.0.seen", "members.0.value", "members.1.seen", "members.1.value"]
    assert {percent: sorted(found) for percent, found in kept.items()} == {50: names, 75: names}
    assert torch.equal(kept[75]["members.1.value"], courses["members.1."].earlier[75]["value"])


def test_a_fit_too_short_keeps_nothing_on_the_way() -> None:
    assert fit(Line(), steps=0).course.earlier == {}


def test_a_checkpoint_that_was_cut_is_thrown_away(tmp_path: Path) -> None:
    checkpoint = Checkpoint(tmp_path, every_s=0.0)
    with contextlib.suppress(KeyboardInterrupt):
        fit(Line(), checkpoint=checkpoint, stop_at=7)
    whole = (tmp_path / "fit.pt").read_bytes()
    (tmp_path / "fit.pt").write_bytes(whole[: len(whole) // 2])
    assert torch.equal(fit(Line(), checkpoint=checkpoint).value, fit(Line()).value)


def test_the_time_of_earlier_attempts_is_kept(tmp_path: Path) -> None:
    """Each attempt of a fit, or of its parts, adds the time up to the state that the next one reads."""
    first = Checkpoint(tmp_path, every_s=0.0)
    assert first.earlier == (0.0, 0.0)
    with contextlib.suppress(KeyboardInterrupt):
        fit(Line(), checkpoint=first, stop_at=7)
    second, third = Checkpoint(tmp_path, every_s=0.0), Checkpoint(tmp_path, every_s=0.0)
    with contextlib.suppress(KeyboardInterrupt):
        fit(Line(), checkpoint=second, stop_at=9)
    fit(Line(), checkpoint=third)
    assert 0 < second.earlier[0] < third.earlier[0]
    assert 0 < second.earlier[1] < third.earlier[1]
    whole = Checkpoint(tmp_path / "parts", every_s=0.0)
    fit(Line(), checkpoint=whole.part("a"))
    again = Checkpoint(tmp_path / "parts", every_s=0.0)
    part = again.part("a")
    fit(Line(), checkpoint=part)
    assert again.earlier == part.earlier > (0.0, 0.0)


def test_a_checkpoint_is_written_when_its_time_has_come(tmp_path: Path) -> None:
    fit(Line(), checkpoint=Checkpoint(tmp_path / "often", every_s=0.0))
    fit(Line(), checkpoint=Checkpoint(tmp_path / "never", every_s=3600.0))
    assert (tmp_path / "often" / "fit.pt").is_file()
    assert not (tmp_path / "never").exists()


def test_the_fit_says_what_it_did() -> None:
    line = Line()
    course = train(line, POINTS, LABELS, training=Training(100, 4, learning_rate=0.5), seed=3)
    found = course.diagnostics
    assert (found.updates, found.seen_per_image) == (100, 20.0)
    assert found.movement == {"value": pytest.approx(float(line.value.detach().abs()) / 1e-15, rel=1e-3)}
    assert course.curve[0]["step"] == 1
    assert course.curve[-1]["step"] == 100
    assert set(found.trends) == {"square"}
    assert found.to_dict()["trends"]["square"]["words"] in ("falling", "flat", "rising")
    assert found.remark.startswith("100 updates, 20 looks at each image; at the end square ")


def test_trends_are_told_in_words() -> None:
    noise = np.random.default_rng(0).standard_normal(1000)
    assert trend(list(5 + 0.1 * noise)).words == "flat"
    assert trend(list(5 + 0.01 * noise - np.linspace(0, 3, 1000))).words == "falling"
    assert trend(list(5 + 0.01 * noise + np.linspace(0, 3, 1000))).words == "rising"
    assert (
        trend(list(5 + 0.0001 * noise - np.linspace(0, 0.05, 1000))).words == "flat"
    )  # clear, but a hundredth of the loss
    assert trend([1.0, 0.5]).words == "too short"


def test_a_fit_that_was_lost_is_told_from_noise_and_from_adversaries() -> None:
    noise = np.random.default_rng(0).standard_normal((20, 1000))
    jump = np.repeat([1.0, 0.5, 1.06, 0.7], [100, 200, 300, 400])
    assert trend(list(jump + 0.1 * noise[0])).words == "lost"
    assert trend(list(jump + 0.1 * noise[0]), alone=False).words in ("flat", "falling")
    assert trend([1.0] * 500 + [0.95] * 300 + [1.0] * 200).words == "flat"  # lower by a twentieth
    assert not [row for row in noise if trend(list(1 + 0.5 * row)).words == "lost"]


def test_the_trend_is_the_least_squares_line_over_the_last_fifth() -> None:
    found = trend([0.0] * 800 + list(np.linspace(10, 0, 200)))
    assert found.mean == pytest.approx(5)
    assert found.change == pytest.approx(
        -9.045, abs=0.01
    )  # from the middle of the first block of ten to that of the last


def test_a_curve_averages_equal_stretches() -> None:
    found = curve({"a": list(range(400)), "b": [1.0] * 400})
    assert len(found) == 200
    assert found[0] == {"step": 2, "loss": 0.5, "a": 0.5, "b": 1.0}
    assert found[-1] == {"step": 400, "loss": 398.5, "a": 398.5, "b": 1.0}
    assert curve({}) == []


class Watching(Line):
    """Keeps the points of every batch, and where in its epoch it was."""

    def __init__(self) -> None:
        super().__init__()
        self.batches: list[list[float]] = []
        self.places: list[tuple[int, int]] = []

    def step(self, batch: Batch, optimizers: Optimizers, random: torch.Generator) -> dict[str, torch.Tensor]:
        self.batches.append(batch.points.flatten().tolist())
        self.places.append((batch.step, batch.epoch_steps))
        return super().step(batch, optimizers, random)


def test_an_epoch_is_one_pass_over_shuffled_images_without_the_last_part_of_a_batch() -> None:
    line = Watching()
    course = train(line, POINTS, LABELS, training=Training(epochs=2, batch_size=6, learning_rate=0.1), seed=3)
    assert [len(points) for points in line.batches] == [6] * 6  # 20 images hold three batches of six
    first, second = (list(chain(*line.batches[start : start + 3])) for start in (0, 3))
    assert len(set(first)) == len(set(second)) == 18
    assert first != second
    assert line.places == [(step, 3) for step in range(6)]
    assert course.diagnostics.updates == 6


def test_updates_grow_with_the_images_and_few_images_are_one_batch() -> None:
    training = Training(epochs=80, batch_size=64)
    assert [training.on(n).steps for n in (482, 964, 2412, 9650)] == [560, 1200, 2960, 12000]
    assert (training.on(40).steps, training.on(40).batch_size) == (80, 40)
    assert Training(steps=7, batch_size=64).on(482) == Training(steps=7, batch_size=64)


def test_a_fit_in_epochs_resumes_to_the_bit(tmp_path: Path) -> None:
    counted = {"steps": 0, "epochs": 3, "batch_size": 6}
    with contextlib.suppress(KeyboardInterrupt):
        fit(Line(), checkpoint=Checkpoint(tmp_path, every_s=0.0), stop_at=5, **counted)
    resumed = fit(Line(), checkpoint=Checkpoint(tmp_path, every_s=0.0), **counted)
    assert len(resumed.rates) < 9
    assert torch.equal(resumed.value, fit(Line(), **counted).value)
