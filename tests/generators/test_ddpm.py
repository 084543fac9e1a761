"""Denoising diffusion on pixels: its units, its backbones, and its samplers."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from qaugbench.cards import Training
from qaugbench.generators.circuit_layers import CircuitLayers
from qaugbench.generators.contract import Batch
from qaugbench.generators.ddpm import Ddpm
from qaugbench.generators.row_random import RowRandom
from qaugbench.seeds import torch_generator, torch_seeded

SHAPE = (3, 16, 16)
LABELS = torch.tensor([[0, 0], [1, 0], [1, 1]], dtype=torch.float32)
SMALL: dict[str, Any] = {"channels": (8, 16), "sampling_steps": 3}


def made(**hyper: Any) -> Ddpm:
    with torch_seeded(1):
        return Ddpm(SHAPE, 2, Ddpm.Hyper(**{**SMALL, **hyper}), CircuitLayers("none", 0))


def pixels() -> torch.Tensor:
    spread = torch.tensor([0.1, 0.2, 0.0]).view(3, 1, 1)
    return torch.tensor([-0.6, 0.2, 0.5]).view(3, 1, 1) + spread * torch.randn(3, *SHAPE, generator=torch_generator(3))


def test_the_first_batch_alone_sets_the_units_of_every_channel() -> None:
    generator, given = made(), pixels()
    optimizers = generator.optimizers(Training(steps=2, batch_size=3))
    generator.step(Batch(given, LABELS, step=0, steps=2), optimizers, torch_generator(1))
    generator.step(Batch(3 * given, LABELS, step=1, steps=2), optimizers, torch_generator(2))
    assert torch.allclose(generator.centre.flatten(), given.mean(dim=(0, 2, 3)))
    expected = given.std(dim=(0, 2, 3)).clamp_min(0.05)  # a channel without contrast is not blown up
    assert torch.allclose(generator.deviation.flatten(), expected)


def test_what_the_network_draws_comes_back_in_pixels(monkeypatch: pytest.MonkeyPatch) -> None:
    """A velocity that leads to a clean point of zero everywhere gives the mean of every channel."""
    generator = made(guidance=1.0, sampler="ddim")
    generator.standardise(pixels())
    monkeypatch.setattr("qaugbench.generators.ddpm.SAMPLERS", {"ddim": lambda *_, **given: torch.zeros(3, 12, 8, 8)})
    drawn = generator.draw(LABELS, RowRandom(1, range(3)))
    assert torch.allclose(drawn, generator.centre.expand(3, *SHAPE))


@pytest.mark.parametrize("sampler", ["ddim", "dpm-solver"])
@pytest.mark.parametrize("patch", [1, 2])
def test_both_samplers_draw_images_within_the_range_of_pixels(sampler: str, patch: int) -> None:
    generator = made(sampler=sampler, patch=patch).eval()
    generator.standardise(pixels())
    with torch.no_grad():
        first, again = (generator.draw(LABELS, RowRandom(1, range(3))) for _ in range(2))
    assert first.shape == (3, *SHAPE)
    assert torch.equal(first, again)
    bound = ((1 + generator.centre.abs()) / generator.deviation).max() * generator.deviation + generator.centre.abs()
    assert bool((first.abs() <= bound + 1e-4).all())


def test_the_network_of_monai_takes_the_same_labels_and_learns() -> None:
    for package in ("monai", "einops"):
        pytest.importorskip(package, reason="needs the extra monai")
    generator = made(backbone="monai")
    optimizers = generator.optimizers(Training(steps=3, batch_size=3, learning_rate=1e-2))
    for step in range(3):
        generator.step(Batch(pixels(), LABELS, step, 3), optimizers, torch_generator(step))
    points, times = torch.randn(3, *generator.grid, generator=torch_generator(4)), torch.tensor([10, 500, 900])
    labelled, other = (generator.denoiser(points, times, labels) for labels in (LABELS, LABELS.flip(0)))
    without = [generator.denoiser(points, times, labels, torch.ones(3)) for labels in (LABELS, LABELS.flip(0))]
    assert labelled.shape == points.shape
    assert not torch.equal(labelled[0], other[0])
    assert torch.equal(*without)
