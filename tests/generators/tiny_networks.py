"""Pretrained networks of a few thousand weights, made on the spot and saved in the forms that can be fine-tuned."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch
from diffusers import AutoencoderKL, DDPMPipeline, DDPMScheduler, UNet2DModel
from safetensors.torch import save_file
from torch import nn

from qaugbench.seeds import torch_seeded

WIDTHS = (8, 16)


def unet(*, channels: int = 3, side: int = 8, classes: int | None = None) -> UNet2DModel:
    """Return a U-Net of two levels, the second one with attention."""
    with torch_seeded(5):
        return UNet2DModel(
            sample_size=side,
            in_channels=channels,
            out_channels=channels,
            block_out_channels=WIDTHS,
            down_block_types=("DownBlock2D", "AttnDownBlock2D"),
            up_block_types=("AttnUpBlock2D", "UpBlock2D"),
            layers_per_block=1,
            norm_num_groups=4,
            num_class_embeds=classes,
        )


def pipeline(folder: Path, *, prediction: str = "epsilon", **others: int | None) -> Path:
    """Save an unconditional pipeline (conditional on ``classes``, if given) and return its folder."""
    DDPMPipeline(unet(**others), DDPMScheduler(100, prediction_type=prediction)).save_pretrained(folder)  # type: ignore[arg-type]
    return folder


def latent_pipeline(folder: Path) -> Path:
    """Save a U-Net for 4x4 latents of 3 channels with the autoencoder that makes them of colour images of 8x8."""
    pipeline(folder, side=4)
    with torch_seeded(6):
        autoencoder = AutoencoderKL(
            in_channels=3,
            out_channels=3,
            latent_channels=3,
            block_out_channels=WIDTHS,
            down_block_types=("DownEncoderBlock2D",) * 2,
            up_block_types=("UpDecoderBlock2D",) * 2,
            norm_num_groups=4,
            scaling_factor=0.5,
        )
    autoencoder.save_pretrained(folder / "vae")
    return folder


def monai_network(folder: Path) -> Path:
    """Save a grey U-Net of MONAI, in this benchmark's form for those, and return its folder."""
    from monai.networks.nets import DiffusionModelUNet

    arguments: dict[str, Any] = {
        "spatial_dims": 2,
        "in_channels": 1,
        "out_channels": 1,
        "num_res_blocks": 1,
        "channels": list(WIDTHS),
        "attention_levels": [False, True],
        "norm_num_groups": 4,
        "num_head_channels": 4,
    }
    with torch_seeded(7):
        network = DiffusionModelUNet(**arguments)
        for weight in network.parameters():  # a fresh one ends every block in zeros, so that nothing reaches its output
            nn.init.normal_(weight, std=0.1)
    folder.mkdir(parents=True, exist_ok=True)
    save_file(network.state_dict(), folder / "model.safetensors")
    (folder / "config.json").write_text(json.dumps({"_class_name": "monai.DiffusionModelUNet", **arguments}))
    DDPMScheduler(100).save_pretrained(folder / "scheduler")
    return folder


def weights_of(module: nn.Module) -> dict[str, torch.Tensor]:
    """Return a copy of all parameters by name."""
    return {name: parameter.detach().clone() for name, parameter in module.named_parameters()}
