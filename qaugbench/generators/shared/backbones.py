"""Whose U-Net denoises: the one of diffusers, or that of MONAI, of the same widths and levels."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from torch import nn

from qaugbench.errors import require
from qaugbench.generators.shared.diffusion import NORM_GROUPS, MakeUNet, diffusers_unet

Backbone = Literal["diffusers", "monai"]


def monai_unet(
    shape: tuple[int, ...], widths: tuple[int, ...], layers_per_block: int, attends: tuple[bool, ...]
) -> nn.Module:
    """Return MONAI's U-Net for points of ``shape``; the vector it adds to its time embedding is given, not looked up by class."""
    require("The backbone 'monai'", "monai", "einops", extra="monai")
    from monai.networks.nets import DiffusionModelUNet

    network: nn.Module = DiffusionModelUNet(
        spatial_dims=2,
        in_channels=shape[0],
        out_channels=shape[0],
        num_res_blocks=layers_per_block,
        channels=widths,
        attention_levels=attends,
        norm_num_groups=NORM_GROUPS,
        num_head_channels=NORM_GROUPS,
        num_class_embeds=1,
    )
    network.class_embedding = nn.Identity()
    return network


BACKBONES: Mapping[Backbone, MakeUNet] = {"diffusers": diffusers_unet, "monai": monai_unet}
