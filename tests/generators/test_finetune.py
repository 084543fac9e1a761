"""Fine-tuning: what was pretrained is read as it is, made conditional, and only the chosen part of it learns."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from diffusers import DDIMScheduler

from qaugbench.cards import Training
from qaugbench.errors import DataError, DefinitionError
from qaugbench.generators.circuit_layers import CircuitLayers
from qaugbench.generators.contract import Batch
from qaugbench.generators.finetune import Finetune
from qaugbench.generators.row_random import RowRandom
from qaugbench.seeds import torch_generator
from qaugbench.testing import check_generator
from tests.generators import tiny_networks
from tests.generators.tiny_networks import latent_pipeline, monai_network, pipeline, weights_of

TRAINING = Training(steps=1, batch_size=4, learning_rate=1e-2)
LABELS = torch.tensor([[0, 0], [1, 0], [0, 1], [1, 1]], dtype=torch.float32)


def made(folder: Path, shape: tuple[int, ...] = (1, 8, 8), **hyper: Any) -> Finetune:
    settings = Finetune.Hyper(pretrained=str(folder), **{"sampling_steps": 4, **hyper})
    return Finetune(shape, 2, settings, CircuitLayers("none", 0)).eval()


def batch(shape: tuple[int, ...] = (1, 8, 8)) -> Batch:
    return Batch(torch.rand(4, *shape, generator=torch_generator(1)) * 2 - 1, LABELS)


def test_it_starts_as_the_network_that_was_saved_whatever_the_labels(tmp_path: Path) -> None:
    network = made(pipeline(tmp_path)).network
    grid = torch.randn(4, 3, 8, 8, generator=torch_generator(2))
    times = torch.tensor([0, 10, 50, 99])
    expected = tiny_networks.unet()(grid, times).sample
    assert torch.equal(network(grid, times, LABELS), expected)
    assert torch.equal(network(grid, times, LABELS, torch.ones(4)), expected)


def test_a_conditional_network_starts_at_the_mean_of_its_classes(tmp_path: Path) -> None:
    network = made(pipeline(tmp_path, classes=6)).network
    saved = tiny_networks.unet(classes=6)
    expected = saved.class_embedding.weight.mean(dim=0)
    assert torch.allclose(network.label_embedding(torch.zeros(1, 3)), expected)


@pytest.mark.parametrize("prediction", ["epsilon", "sample", "v_prediction"])
def test_the_loss_is_that_of_the_pretrained_objective(tmp_path: Path, prediction: str) -> None:
    """The noise schedule is written out: betas rise linearly from .0001 to .02 over 100 steps."""
    generator, given = made(pipeline(tmp_path, prediction=prediction)), batch()
    random = torch_generator(3)
    times = torch.randint(100, (4,), generator=random)
    noise = torch.randn(4, 3, 8, 8, generator=random)
    kept = torch.cumprod(1 - torch.linspace(1e-4, 0.02, 100), 0)[times].view(4, 1, 1, 1)
    clean = given.points.repeat(1, 3, 1, 1)
    noisy = kept.sqrt() * clean + (1 - kept).sqrt() * noise
    velocity = kept.sqrt() * noise - (1 - kept).sqrt() * clean
    target = {"epsilon": noise, "sample": clean, "v_prediction": velocity}[prediction]
    expected = (tiny_networks.unet()(noisy, times).sample - target).square().mean()
    losses = generator.step(given, generator.optimizers(TRAINING), torch_generator(3))
    assert torch.allclose(losses["denoising"], expected, rtol=1e-5)


def test_without_guidance_and_training_it_draws_as_the_pipeline_does(tmp_path: Path) -> None:
    generator = made(pipeline(tmp_path), (3, 8, 8))
    schedule = DDIMScheduler(num_train_timesteps=100, timestep_spacing="trailing")
    schedule.set_timesteps(4)
    network, expected = tiny_networks.unet(), RowRandom(1, range(2)).normal(3, 8, 8)
    with torch.no_grad():
        for time in schedule.timesteps:
            expected = schedule.step(network(expected, time).sample, time, expected).prev_sample
        drawn = generator.draw(LABELS[:2], RowRandom(1, range(2)))
    assert torch.allclose(drawn, expected, atol=1e-4)


@pytest.mark.parametrize(
    ("trains", "parts"),
    [("attention", ("attentions",)), ("last", ("up_blocks.1", "conv_norm_out", "conv_out")), ("all", ("",))],
)
def test_a_step_changes_the_chosen_part_and_the_label_embedding_alone(
    tmp_path: Path, trains: str, parts: tuple[str, ...]
) -> None:
    generator = made(pipeline(tmp_path), trains=trains, label_dropout=0.0)
    optimizers, before = generator.optimizers(TRAINING), weights_of(generator)
    generator.step(batch(), optimizers, torch_generator(3))
    changed = {name for name, weight in weights_of(generator).items() if not torch.equal(weight, before[name])}
    embedding = {name for name in before if name.startswith("network.label_embedding")}
    inside = {name for name in before if name.startswith("network.unet") and any(part in name for part in parts)}
    assert embedding <= changed
    assert changed <= inside | embedding
    assert changed & inside


def test_a_frozen_autoencoder_carries_latents(tmp_path: Path) -> None:
    folder = latent_pipeline(tmp_path)
    generator, given = made(folder, (3, 8, 8)), batch((3, 8, 8))
    assert generator.grid == (3, 4, 4)
    assert generator.codec is not None
    saved: Any = generator.codec.network
    with torch.no_grad():
        latents = generator.to_grid(given.points)
        assert torch.allclose(latents, 0.5 * saved.encode(given.points).latent_dist.mean)  # .5: its scaling factor
        assert torch.allclose(generator.to_points(latents), saved.decode(latents / 0.5).sample)
    before = weights_of(generator.codec)
    generator.step(given, generator.optimizers(TRAINING), torch_generator(3))
    assert all(torch.equal(weight, before[name]) for name, weight in weights_of(generator.codec).items())


def test_grey_images_are_repeated_over_channels_and_averaged_back(tmp_path: Path) -> None:
    generator, points = made(pipeline(tmp_path)), batch().points
    grid = generator.to_grid(points)
    assert torch.equal(grid, points.repeat(1, 3, 1, 1))
    shifted = grid + torch.tensor([-0.3, 0.0, 0.3]).view(3, 1, 1)
    assert torch.allclose(generator.to_points(shifted), points, atol=1e-6)


def test_images_of_another_size_are_resized(tmp_path: Path) -> None:
    generator = made(pipeline(tmp_path), (1, 32, 32))
    assert generator.to_grid(torch.zeros(2, 1, 32, 32)).shape == (2, 3, 8, 8)
    with torch.no_grad():
        assert generator.draw(LABELS, RowRandom(1, range(4))).shape == (4, 1, 32, 32)


def test_a_network_of_monai_is_adapted_like_one_of_diffusers(tmp_path: Path) -> None:
    for package in ("monai", "einops"):
        pytest.importorskip(package, reason="needs the extra monai")
    generator = made(monai_network(tmp_path), trains="attention")
    before = generator.network(batch().points, torch.arange(4), LABELS)
    assert torch.equal(before, generator.network(batch().points, torch.arange(4), LABELS.flip(0)))
    generator.step(batch(), generator.optimizers(TRAINING), torch_generator(3))
    after = [generator.network(batch().points, torch.arange(4), labels) for labels in (LABELS, LABELS.flip(0))]
    assert not torch.equal(*after)


def test_colour_that_a_grey_network_would_lose_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DefinitionError, match="images of 1 channels, but those of this task have 3"):
        made(pipeline(tmp_path, channels=1), (3, 8, 8))


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("unet/config.json", '{"_class_name": "UNet2DConditionModel"}', "class 'UNet2DConditionModel' cannot be used"),
        ("unet/config.json", "{", "cannot be read as JSON"),
        ("scheduler/scheduler_config.json", '{"prediction_type": "flow"}', "with flow"),
    ],
)
def test_what_cannot_be_used_is_named_with_its_file(tmp_path: Path, name: str, content: str, message: str) -> None:
    pipeline(tmp_path)
    (tmp_path / name).write_text(content)
    with pytest.raises(DataError, match=message) as caught:
        made(tmp_path)
    assert str((tmp_path / name).parent) in str(caught.value)


def test_it_holds_what_a_run_relies_on(tmp_path: Path) -> None:
    results = check_generator(f"finetune:{pipeline(tmp_path)}")
    failing = [str(result) for result in results if result.fails]
    assert not failing, "\n".join(failing)


def test_without_weights_it_is_refused() -> None:
    with pytest.raises(DefinitionError, match="starts from pretrained weights: --generator finetune:PATH"):
        check_generator("finetune")
    with pytest.raises(DefinitionError, match="needs pretrained weights"):
        Finetune((1, 8, 8), 2, Finetune.Hyper(), CircuitLayers("none", 0))


def test_samples_of_equal_seeds_are_equal(tmp_path: Path) -> None:
    generator = made(pipeline(tmp_path))
    with torch.no_grad():
        first, again, other = (generator.draw(LABELS, RowRandom(seed, range(4))).numpy() for seed in (1, 1, 2))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)
