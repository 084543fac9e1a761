"""Denoising diffusion of points of any shape: a network for grids, the loss of a batch, and how points are drawn from noise.

Denoising diffusion (Ho, Jain & Abbeel, arXiv 2006.11239) with a cosine schedule (Nichol & Dhariwal, arXiv 2102.09672), velocity
prediction (Salimans & Ho, arXiv 2202.00512), DDIM sampling (Song, Meng & Ermon, arXiv 2010.02502), DPM-Solver++ (Lu et al.,
arXiv 2211.01095) and classifier-free guidance (Ho & Salimans, arXiv 2207.12598), over diffusers' U-Net and schedulers.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from diffusers import DDIMScheduler, DDPMScheduler, DPMSolverMultistepScheduler, UNet2DModel
from torch import nn
from torch.nn import functional

from qaugbench.generators.row_random import RowRandom
from qaugbench.generators.shared.levels import level_widths

TRAIN_TIMESTEPS = 1000
NOISE_SCHEDULE = "squaredcos_cap_v2"
PREDICTION = "v_prediction"
LEAST_LOG_SIGNAL = -5.1  # the cosine schedule's end has no signal at all, where the solver's logarithm diverges
BOTTLENECK_SIZE = 2
NORM_GROUPS = 8
LEAST_NOISE = 0.2

MakeUNet = Callable[[tuple[int, ...], tuple[int, ...], int, tuple[bool, ...]], nn.Module]


class LabelledUNet(nn.Module):
    """A U-Net that maps points [n, c, s, s], times [n] and label vectors [n, n_labels] to points of the same shape.

    Its levels halve the grid down to ``bottleneck`` sites per side, with self-attention where the grid has at most
    ``attention`` sites per side. A linear layer maps the label vector (one-hot, multi-hot or all zero) to a vector that is
    added to the time embedding; a further input stands for "no condition", which an all-zero vector is not.
    """

    def __init__(
        self,
        shape: tuple[int, ...],
        n_labels: int,
        channels: tuple[int, ...],
        layers_per_block: int,
        *,
        bottleneck: int = BOTTLENECK_SIZE,
        attention: int = 0,
        make_unet: MakeUNet | None = None,
    ) -> None:
        super().__init__()
        widths = level_widths(shape[-1], channels, bottleneck)
        attends = tuple(shape[-1] >> level <= attention for level in range(len(widths)))
        self.unet = (make_unet or diffusers_unet)(shape, widths, layers_per_block, attends)
        self.n_labels = n_labels
        self.bottleneck_width = widths[-1]
        self.time_width = 4 * widths[0]
        self.label_embedding = nn.Linear(n_labels + 1, self.time_width)

    def forward(
        self, points: torch.Tensor, times: torch.Tensor, labels: torch.Tensor, dropped: torch.Tensor | None = None
    ) -> torch.Tensor:
        """Return the prediction; where ``dropped`` [n] is 1, labels are not looked at."""
        return predicted_by(self.unet, points, times, self.label_embedding(label_inputs(labels, dropped)))


def label_inputs(labels: torch.Tensor, dropped: torch.Tensor | None) -> torch.Tensor:
    """Return label vectors [n, k + 1] with a last input for "no condition": where ``dropped`` [n] is 1, it alone is 1."""
    none = labels.new_zeros(len(labels), 1) if dropped is None else dropped.to(labels)[:, None]
    return torch.cat([labels * (1 - none), none], dim=1)


class VelocityOfClean(nn.Module):
    """Makes the velocity of a ``network`` that predicts clean points: (signal x - clean) / noise, at the noise level of x.

    Clean points are simpler than noise, so a small network learns them in fewer steps (Li & He, arXiv 2511.13720), while the
    loss stays that of the velocity. Noise levels below ``LEAST_NOISE`` are divided by that, which keeps their weight finite.
    """

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network
        kept = DDPMScheduler(TRAIN_TIMESTEPS, beta_schedule=NOISE_SCHEDULE).alphas_cumprod
        self.register_buffer("kept", kept, persistent=False)

    def forward(
        self, points: torch.Tensor, times: torch.Tensor, labels: torch.Tensor, dropped: torch.Tensor | None = None
    ) -> torch.Tensor:
        """Return the velocity at ``points`` [n, *shape]; times, labels and ``dropped`` are those of ``LabelledUNet``."""
        kept: torch.Tensor = self.kept[times].view(-1, *[1] * (points.ndim - 1))  # type: ignore[index]
        clean = self.network(points, times, labels, dropped)
        velocity: torch.Tensor = (kept.sqrt() * points - clean) / (1 - kept).sqrt().clamp_min(LEAST_NOISE)
        return velocity


def diffusers_unet(
    shape: tuple[int, ...], widths: tuple[int, ...], layers_per_block: int, attends: tuple[bool, ...]
) -> UNet2DModel:
    """Return diffusers' U-Net for points of ``shape``, to whose time embedding a vector of width 4 * widths[0] is added."""
    return UNet2DModel(
        sample_size=shape[-1],
        in_channels=shape[0],
        out_channels=shape[0],
        block_out_channels=widths,
        down_block_types=tuple("AttnDownBlock2D" if one else "DownBlock2D" for one in attends),
        up_block_types=tuple("AttnUpBlock2D" if one else "UpBlock2D" for one in reversed(attends)),
        layers_per_block=layers_per_block,
        norm_num_groups=NORM_GROUPS,
        class_embed_type="identity",
    )


def predicted_by(unet: nn.Module, points: torch.Tensor, times: torch.Tensor, embedding: torch.Tensor) -> torch.Tensor:
    """Return what a U-Net of either library predicts, with ``embedding`` [n, width] added to its time embedding."""
    predicted = unet(points, times, class_labels=embedding)
    tensor: torch.Tensor = predicted if isinstance(predicted, torch.Tensor) else predicted.sample
    return tensor


def denoising_loss(
    network: nn.Module,
    clean: torch.Tensor,
    labels: torch.Tensor,
    random: torch.Generator,
    *,
    label_dropout: float = 0.0,
) -> torch.Tensor:
    """Return the mean squared error of the velocity that ``network`` predicts for noisy ``clean`` [n, *shape].

    Times are uniform; a share ``label_dropout`` of the batch is denoised without its labels, for guidance.
    """
    schedule = DDPMScheduler(TRAIN_TIMESTEPS, beta_schedule=NOISE_SCHEDULE, prediction_type=PREDICTION)
    times = torch.randint(TRAIN_TIMESTEPS, (len(clean),), generator=random, device=clean.device)
    noise = torch.randn(clean.shape, generator=random, device=clean.device)
    dropped = torch.rand(len(clean), generator=random, device=clean.device) < label_dropout
    predicted = network(schedule.add_noise(clean, noise, times), times, labels, dropped)
    return functional.mse_loss(predicted, schedule.get_velocity(clean, noise, times))


def drawn_by_ddim(
    network: nn.Module,
    labels: torch.Tensor,
    random: RowRandom,
    shape: tuple[int, ...],
    *,
    steps: int,
    clip: float,
    guidance: float = 1.0,
) -> torch.Tensor:
    """Return points [n, *shape], one for each label vector [n, k], by deterministic DDIM from pure noise.

    Predicted clean points are clipped to [-clip, clip]. ``guidance`` w gives without + w (with - without labels); 1 is plain.
    """
    schedule = DDIMScheduler(
        num_train_timesteps=TRAIN_TIMESTEPS,
        beta_schedule=NOISE_SCHEDULE,
        prediction_type=PREDICTION,
        timestep_spacing="trailing",
        clip_sample=True,
        clip_sample_range=clip,
    )
    schedule.set_timesteps(steps)
    points = random.normal(*shape)
    for time in schedule.timesteps:
        predicted = guided(network, points, time.to(points.device).expand(len(points)), labels, guidance)
        points = schedule.step(predicted, int(time), points, use_clipped_model_output=True).prev_sample
    return points


def drawn_by_dpm_solver(
    network: nn.Module,
    labels: torch.Tensor,
    random: RowRandom,
    shape: tuple[int, ...],
    *,
    steps: int,
    clip: float,
    guidance: float = 1.0,
) -> torch.Tensor:
    """Return points [n, *shape], one for each label vector [n, k], by DPM-Solver++ (second order, two steps) from pure noise.

    ``clip`` and ``guidance`` are those of ``drawn_by_ddim``. It takes about half as many steps for the same detail.
    """
    schedule = DPMSolverMultistepScheduler(
        num_train_timesteps=TRAIN_TIMESTEPS,
        beta_schedule=NOISE_SCHEDULE,
        prediction_type="sample",
        timestep_spacing="trailing",
        lambda_min_clipped=LEAST_LOG_SIGNAL,
    )
    schedule.set_timesteps(steps)
    kept = schedule.alphas_cumprod.tolist()
    points = random.normal(*shape)
    for time in schedule.timesteps:
        predicted = guided(network, points, time.to(points.device).expand(len(points)), labels, guidance)
        signal, noise = kept[int(time)] ** 0.5, (1 - kept[int(time)]) ** 0.5
        clean = (signal * points - noise * predicted).clamp(-clip, clip)
        points = schedule.step(clean, time, points).prev_sample
    return points.clamp(-clip, clip)


def guided(
    network: nn.Module, points: torch.Tensor, times: torch.Tensor, labels: torch.Tensor, guidance: float
) -> torch.Tensor:
    """Return the prediction of ``network`` with labels, pushed away from the one without by ``guidance`` (1: not at all)."""
    predicted: torch.Tensor = network(points, times, labels)
    if guidance == 1.0:
        return predicted
    without = network(points, times, labels, torch.ones(len(points), device=points.device))
    return without + guidance * (predicted - without)
