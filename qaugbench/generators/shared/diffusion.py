"""Diffusion on a small grid of latents, conditional on a label vector: the network, its training and its sampling.

Denoising diffusion with a cosine schedule (arXiv 2006.11239, 2102.09672) in the latents of an autoencoder (arXiv
2112.10752), sampled with the deterministic DDIM rule (arXiv 2010.02502). The network predicts the velocity, sqrt(a) noise -
sqrt(1 - a) clean with a the signal's share of the variance (arXiv 2202.00512), instead of the noise. Both parametrise
the same model, but at the noisiest steps a small error in the noise is a large one in the image: after fits as short as
those of the smoke track, noise prediction drew latents with twice the standard deviation of the real ones, and velocity
prediction with the right one. Sampling starts at the last timestep (arXiv 2305.08891).
"""

from __future__ import annotations

import copy
from itertools import islice, repeat

import numpy as np
import torch
from diffusers.models.unets.unet_2d import UNet2DModel
from diffusers.schedulers.scheduling_ddim import DDIMScheduler
from diffusers.schedulers.scheduling_ddpm import DDPMScheduler
from torch import nn
from torch.nn import functional

from qaugbench.errors import DefinitionError
from qaugbench.generators.contract import Budget, DivergedError, Progress
from qaugbench.generators.shared.optimisation import report_loss, warm_up_then_cosine
from qaugbench.seeds import child_seed, torch_generator

TRAIN_TIMESTEPS = 1000
NOISE_SCHEDULE = "squaredcos_cap_v2"
PREDICTION = "v_prediction"
BOTTLENECK_SIZE = 2


class LabelledUNet(nn.Module):
    """A U-Net that predicts the velocity of latents [n, c, s, s], given timesteps [n] and label vectors [n, n_labels].

    Its levels halve the grid down to 2x2 sites at the bottleneck. A linear layer maps the label vector (one-hot,
    multi-hot or all zero) to a vector that is added to the time embedding.
    """

    def __init__(
        self, latent_shape: tuple[int, int, int], n_labels: int, channels: tuple[int, ...], layers_per_block: int
    ) -> None:
        super().__init__()
        widths = level_widths(latent_shape[-1], channels)
        self.unet = UNet2DModel(
            sample_size=latent_shape[-1],
            in_channels=latent_shape[0],
            out_channels=latent_shape[0],
            block_out_channels=widths,
            down_block_types=("DownBlock2D",) * len(widths),
            up_block_types=("UpBlock2D",) * len(widths),
            layers_per_block=layers_per_block,
            norm_num_groups=8,
            class_embed_type="identity",
        )
        self.bottleneck_width = widths[-1]
        self.time_width = 4 * widths[0]
        self.label_embedding = nn.Linear(n_labels, self.time_width)

    def forward(self, latents: torch.Tensor, timesteps: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        velocity: torch.Tensor = self.unet(latents, timesteps, class_labels=self.label_embedding(labels)).sample
        return velocity


def level_widths(grid_size: int, channels: tuple[int, ...]) -> tuple[int, ...]:
    """Return one width per level, from a grid of ``grid_size`` down to 2x2; the last of ``channels`` repeats if they run out.

    >>> level_widths(8, (32, 64))
    (32, 64, 64)
    """
    levels = int(grid_size // BOTTLENECK_SIZE).bit_length()
    if grid_size < BOTTLENECK_SIZE or grid_size != BOTTLENECK_SIZE << (levels - 1):
        raise DefinitionError(
            f"Latent diffusion needs a latent grid whose side is a power of two, at least {BOTTLENECK_SIZE}, but it is "
            f"{grid_size}; choose another working_size or number of levels of the autoencoder."
        )
    return (*channels[:levels], *islice(repeat(channels[-1]), max(0, levels - len(channels))))


def train_denoiser(
    network: nn.Module,
    latents: np.ndarray,
    labels: np.ndarray,
    *,
    budget: Budget,
    learning_rate: float,
    weight_decay: float,
    ema_decay: float,
    seed: int,
    progress: Progress | None,
) -> nn.Module:
    """Return the exponential moving average of ``network``, trained in place to predict velocities of ``latents``.

    ``latents`` are float32 [n, c, s, s] of about unit variance, ``labels`` float32 [n, k]; ``network`` maps noisy latents,
    timesteps and labels to velocity. The loss is its mean squared error at uniformly drawn timesteps.
    """
    device = next(network.parameters()).device
    data, conditions = torch.from_numpy(latents).to(device), torch.from_numpy(labels).to(device)
    schedule = DDPMScheduler(
        num_train_timesteps=TRAIN_TIMESTEPS, beta_schedule=NOISE_SCHEDULE, prediction_type=PREDICTION
    )
    trained = [parameter for parameter in network.parameters() if parameter.requires_grad]
    optimizer = torch.optim.AdamW(trained, lr=learning_rate, weight_decay=weight_decay)
    learning = warm_up_then_cosine(optimizer, budget.steps)
    average = copy.deepcopy(network).eval()
    random = torch_generator(child_seed(seed, "batches"), str(device))
    network.train()
    for step in range(budget.steps):
        chosen = torch.randint(len(data), (budget.batch_size,), generator=random, device=device)
        timesteps = torch.randint(TRAIN_TIMESTEPS, (budget.batch_size,), generator=random, device=device)
        clean = data[chosen]
        noise = torch.randn(clean.shape, generator=random, device=device)
        predicted = network(schedule.add_noise(clean, noise, timesteps), timesteps, conditions[chosen])
        loss = functional.mse_loss(predicted, schedule.get_velocity(clean, noise, timesteps))
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
        learning.step()
        _follow(average, network, min(ema_decay, (1 + step) / (10 + step)))
        report_loss("The denoiser", progress, step, budget.steps, loss)
    return average


@torch.no_grad()
def _follow(average: nn.Module, network: nn.Module, decay: float) -> None:
    torch._foreach_lerp_(list(average.parameters()), list(network.parameters()), 1 - decay)


@torch.no_grad()
def draw_latents(
    network: nn.Module,
    labels: np.ndarray,
    latent_shape: tuple[int, int, int],
    *,
    seed: int,
    sampling_steps: int,
    clip: float,
    batch_size: int = 250,
) -> np.ndarray:
    """Return float32 latents [n, *latent_shape], one for each label vector [n, k], by DDIM from pure noise.

    The noise of sample i depends on ``seed`` and i alone, so ``batch_size`` and other samples change it by rounding at
    most. Predicted clean latents are clipped to [-clip, clip]. Raises ``DivergedError`` if a latent is not finite.
    """
    device = next(network.parameters()).device
    schedule = DDIMScheduler(
        num_train_timesteps=TRAIN_TIMESTEPS,
        beta_schedule=NOISE_SCHEDULE,
        prediction_type=PREDICTION,
        timestep_spacing="trailing",
        clip_sample=True,
        clip_sample_range=clip,
    )
    schedule.set_timesteps(sampling_steps)
    noise = np.empty((len(labels), *latent_shape), np.float32)
    for index in range(len(labels)):
        noise[index] = torch.randn(latent_shape, generator=torch_generator(child_seed(seed, index))).numpy()
    drawn = [torch.empty(0, *latent_shape)]
    for start in range(0, len(labels), batch_size):
        latents = torch.from_numpy(noise[start : start + batch_size]).to(device)
        conditions = torch.from_numpy(labels[start : start + batch_size]).to(device)
        for timestep in schedule.timesteps:
            predicted = network(latents, timestep.to(device).expand(len(latents)), conditions)
            latents = schedule.step(predicted, int(timestep), latents, use_clipped_model_output=True).prev_sample
        drawn.append(latents.cpu())
    finished = torch.cat(drawn).numpy()
    if not np.isfinite(finished).all():
        raise DivergedError("A sampled latent is not finite: the denoiser diverged; lower its learning rate.")
    return finished
