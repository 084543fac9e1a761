"""A pretrained diffusion model, adapted with the replicate's images and made conditional on the label vector.

The network goes on with its own objective (noise, velocity or clean image, on its own noise schedule). A label embedding,
zero at first, is added to its time embedding, so the first step starts from what was pretrained. Images are resized to the
network's size; grey ones are repeated over its channels and averaged back. What it was pretrained on is outside of this
benchmark, and the run's record says so.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Literal

import torch
from torch import nn
from torch.nn import functional

from qaugbench.cards import Training
from qaugbench.errors import DefinitionError
from qaugbench.generators.contract import Batch, Circuits, Optimizers, Stepped, adamw, descend
from qaugbench.generators.row_random import RowRandom
from qaugbench.generators.shared.diffusion import guided, label_inputs, predicted_by
from qaugbench.generators.shared.pretrained_networks import PretrainedDiffusion, load_pretrained
from qaugbench.generators.spaces.space import resized
from qaugbench.kinds import Kind

PARTS = {"attention": ("attention",), "last": ("up_blocks.{last}.", "conv_norm_out.", "conv_out.", "out.")}
"""Of a U-Net, in the names of its parameters: what is trained, if not all."""


class Finetune(Stepped):
    """A pretrained diffusion model of diffusers or MONAI that goes on learning, conditional on the label vector."""

    @dataclass(frozen=True)
    class Hyper:
        """``pretrained`` is the folder of the weights, which a run names; ``trains`` the part of the U-Net that learns.

        The label embedding always learns, ``label_rate`` times as fast as the network, which is nearly done. ``label_dropout``
        and ``guidance`` are those of classifier-free guidance.
        """

        pretrained: str = ""
        trains: Literal["all", "attention", "last"] = "all"
        label_rate: float = 10.0
        label_dropout: float = 0.1
        guidance: float = 1.5
        sampling_steps: int = 50

    kind: ClassVar[Kind] = "classical"
    hyper: Hyper

    def __init__(self, shape: tuple[int, ...], n_labels: int, hyper: Hyper, circuits: Circuits) -> None:
        super().__init__(shape, n_labels, hyper, circuits)
        if not hyper.pretrained:
            raise DefinitionError("A generator that is fine-tuned needs pretrained weights: --generator finetune:PATH.")
        self.start = load_pretrained(Path(hyper.pretrained))
        self.network = ConditionalUNet(self.start, n_labels)
        choose_trained(self.network.unet, hyper.trains)
        self.codec = self.start.codec
        self.channels = self.start.channels if self.codec is None else self.codec.channels
        if shape[0] not in (1, self.channels):
            raise DefinitionError(
                f"The pretrained network makes images of {self.channels} channels, but those of this task have {shape[0]}; "
                "choose weights that were trained on such images."
            )
        factor = 1 if self.codec is None else self.codec.factor
        self.side = factor * self.start.side if self.start.side else shape[-1]
        self.grid = (self.start.channels, self.side // factor, self.side // factor)

    def optimizers(self, training: Training) -> dict[str, torch.optim.Optimizer]:
        optimizer = adamw(self.network.unet, training)
        rate = training.learning_rate * self.hyper.label_rate
        optimizer.add_param_group({"params": list(self.network.label_embedding.parameters()), "lr": rate})
        return {"adamw": optimizer}

    def step(self, batch: Batch, optimizers: Optimizers, random: torch.Generator) -> dict[str, torch.Tensor]:
        clean = self.to_grid(batch.points)
        schedule = self.start.training_schedule()
        times = torch.randint(schedule.config.num_train_timesteps, (len(clean),), generator=random, device=clean.device)
        noise = torch.randn(clean.shape, generator=random, device=clean.device)
        dropped = torch.rand(len(clean), generator=random, device=clean.device) < self.hyper.label_dropout
        predicted = self.network(schedule.add_noise(clean, noise, times), times, batch.labels, dropped)
        targets = {"epsilon": noise, "sample": clean, "v_prediction": schedule.get_velocity(clean, noise, times)}
        loss = functional.mse_loss(predicted, targets[schedule.config.prediction_type])
        return {"denoising": descend(optimizers["adamw"], loss)}

    def draw(self, labels: torch.Tensor, random: RowRandom) -> torch.Tensor:
        schedule, grid = self.start.sampling_schedule(self.hyper.sampling_steps), random.normal(*self.grid)
        for time in schedule.timesteps:
            times = time.to(grid.device).expand(len(grid))
            predicted = guided(self.network, grid, times, labels, self.hyper.guidance)
            grid = schedule.step(predicted, int(time), grid).prev_sample
        return self.to_points(grid)

    @torch.no_grad()
    def to_grid(self, points: torch.Tensor) -> torch.Tensor:
        """Return what the network denoises for ``points`` [n, c, s, s]: pixels at its size and with its channels, or latents."""
        pixels = resized(points, self.side).expand(-1, self.channels, -1, -1)
        return pixels if self.codec is None else self.codec.encode(pixels)

    def to_points(self, grid: torch.Tensor) -> torch.Tensor:
        """Return points [n, c, s, s] of what the network drew; for grey images its channels are averaged."""
        pixels = grid if self.codec is None else self.codec.decode(grid)
        if self.shape[0] != self.channels:
            pixels = pixels.mean(dim=1, keepdim=True)
        return resized(pixels, self.shape[-1])


class ConditionalUNet(nn.Module):
    """A pretrained U-Net with a linear label embedding of weight zero: before training, labels change nothing.

    Its bias starts at the mean embedding of the classes that the U-Net knew, if it knew any. A further input stands for "no
    condition", which an all-zero label vector is not.
    """

    def __init__(self, start: PretrainedDiffusion, n_labels: int) -> None:
        super().__init__()
        self.unet = start.unet
        self.label_embedding = nn.Linear(n_labels + 1, start.width)
        nn.init.zeros_(self.label_embedding.weight)
        with torch.no_grad():
            self.label_embedding.bias.copy_(start.usual_embedding)

    def forward(
        self, grid: torch.Tensor, times: torch.Tensor, labels: torch.Tensor, dropped: torch.Tensor | None = None
    ) -> torch.Tensor:
        """Return the prediction for points ``grid`` [n, c, s, s]; where ``dropped`` [n] is 1, labels are not looked at."""
        return predicted_by(self.unet, grid, times, self.label_embedding(label_inputs(labels, dropped)))


def choose_trained(unet: nn.Module, trains: str) -> None:
    """Let only the part ``trains`` of ``unet`` learn; DefinitionError if it has no such part."""
    if trains == "all":
        return
    last = len(unet.up_blocks) - 1  # type: ignore[arg-type]
    marks = tuple(mark.format(last=last) for mark in PARTS[trains])
    for name, parameter in unet.named_parameters():
        inside = any(mark in name for mark in marks) if trains == "attention" else name.startswith(marks)
        parameter.requires_grad_(inside)
    if not any(parameter.requires_grad for parameter in unet.parameters()):
        raise DefinitionError(f"The pretrained U-Net has no part {trains!r} that could be trained; set trains = 'all'.")
