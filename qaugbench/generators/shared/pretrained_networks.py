"""Pretrained diffusion networks read from a folder: U-Net, noise schedule and, for latent diffusion, autoencoder.

The folder has the form in which diffusers saves an unconditional or class-conditional pipeline: ``unet/``, ``scheduler/`` and,
if it works on latents, ``vae/`` or ``vqvae/``, or all files of a U-Net alone at its top. A network of MONAI, which has no such
form of its own, is a folder with ``model.safetensors`` and ``config.json``, the latter with its class as "_class_name"
("monai.DiffusionModelUNet" or "monai.AutoencoderKL") and the arguments of its constructor.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from diffusers import AutoencoderKL, DDIMScheduler, DDPMScheduler, UNet2DModel, VQModel
from safetensors.torch import load_file
from torch import nn

from qaugbench.errors import DataError, near_names, require, shown

AUTOENCODER_FOLDERS = ("vae", "vqvae", "autoencoder")
PREDICTIONS = ("epsilon", "v_prediction", "sample")


class LatentCodec(nn.Module):
    """A pretrained autoencoder, frozen: pixels [n, c, s, s] in [-1, 1] to latents of about unit scale and back."""

    def __init__(self, network: nn.Module, scaling: float, factor: int, channels: int) -> None:
        super().__init__()
        self.network = network.requires_grad_(False)
        self.scaling, self.factor, self.channels = scaling, factor, channels

    def encode(self, pixels: torch.Tensor) -> torch.Tensor:
        """Return the latents of ``pixels``: of a distribution, its mean."""
        return self.scaling * _latents(self.network.encode(pixels))  # type: ignore[operator]

    def decode(self, latents: torch.Tensor) -> torch.Tensor:
        """Return the pixels of ``latents``."""
        found: Any = self.network.decode(latents / self.scaling)  # type: ignore[operator]
        pixels: torch.Tensor = found if isinstance(found, torch.Tensor) else found.sample
        return pixels


def _latents(encoded: Any) -> torch.Tensor:
    """Return the latents in what an encoder returns: MONAI's mean and deviation, or an output of diffusers."""
    if isinstance(encoded, tuple):
        return encoded[0]
    found: torch.Tensor = encoded.latents if hasattr(encoded, "latents") else encoded.latent_dist.mode()
    return found


@dataclass(frozen=True)
class PretrainedDiffusion:
    """A U-Net that takes an embedding [n, ``width``] added to its time embedding, at first about ``usual_embedding``.

    ``channels`` and ``side`` are those of the grid that it denoises; ``side`` is None where any will do. ``schedule`` holds
    the settings of its noise schedule, as diffusers' schedulers take them.
    """

    unet: nn.Module
    width: int
    usual_embedding: torch.Tensor
    channels: int
    side: int | None
    schedule: Mapping[str, Any]
    codec: LatentCodec | None

    def training_schedule(self) -> DDPMScheduler:
        """Return the scheduler that adds noise."""
        return DDPMScheduler.from_config(dict(self.schedule))

    def sampling_schedule(self, steps: int) -> DDIMScheduler:
        """Return the scheduler that removes it in ``steps`` steps; pixels are clipped to [-1, 1], latents are not."""
        clips = self.codec is None
        spacing = {
            "timestep_spacing": "trailing",
            "clip_sample": clips,
            "clip_sample_range": 1.0,
            "thresholding": False,
        }
        scheduler = DDIMScheduler.from_config({**self.schedule, **spacing})
        scheduler.set_timesteps(steps)
        return scheduler


def load_pretrained(folder: Path) -> PretrainedDiffusion:
    """Return the networks in ``folder``; DataError says which part cannot be used and why."""
    place = folder / "unet" if (folder / "unet").is_dir() else folder
    unet, configuration = _network(place, UNETS)
    schedule = _schedule(folder)
    codec = next((_codec(folder / name) for name in AUTOENCODER_FOLDERS if (folder / name).is_dir()), None)
    time_embedding: Any = unet.time_embed[-1] if hasattr(unet, "time_embed") else unet.time_embedding.linear_2  # type: ignore[index, union-attr]
    channels_in, channels_out = configuration["in_channels"], configuration["out_channels"]
    if channels_in != channels_out:
        raise DataError(f"{place}: its U-Net maps {channels_in} channels to {channels_out}; equal numbers are needed.")
    width = int(time_embedding.out_features)
    usual = _opened_for_embeddings(unet, width, place)
    side = configuration.get("sample_size")
    return PretrainedDiffusion(unet, width, usual, channels_in, _one_side(side, place), schedule, codec)


def _opened_for_embeddings(unet: nn.Module, width: int, place: Path) -> torch.Tensor:
    """Make ``unet`` take an embedding in place of a class, and return the mean one that it knew (zero if it knew no classes)."""
    known = getattr(unet, "class_embedding", None)
    if known is not None and not isinstance(known, nn.Embedding | nn.Identity):
        raise DataError(f"{place}: its U-Net is conditional on something else than classes: {type(known).__name__}.")
    usual = known.weight.detach().mean(dim=0) if isinstance(known, nn.Embedding) else torch.zeros(width)
    unet.class_embedding = nn.Identity()
    if "num_class_embeds" in vars(unet):
        vars(unet)["num_class_embeds"] = 1  # MONAI's U-Net adds an embedding only if this is not None
    return usual


def _network(place: Path, known: Mapping[str, Callable[[Path, dict[str, Any]], nn.Module]]) -> tuple[nn.Module, Any]:
    configuration = _json(place / "config.json")
    name = str(configuration.get("_class_name"))
    if name not in known:
        raise DataError(f"{place}: a network of class {shown(name)!r} cannot be used.{near_names(name, known)}")
    try:
        return known[name](place, configuration), configuration
    except (OSError, RuntimeError, TypeError, ValueError, KeyError) as error:
        raise DataError(f"{place}: the {name} cannot be loaded: {shown(error, 300)}") from error


def _from_diffusers(kind: Any) -> Callable[[Path, dict[str, Any]], nn.Module]:
    def load(place: Path, configuration: dict[str, Any]) -> nn.Module:
        loaded: nn.Module = kind.from_pretrained(
            place, use_safetensors=True, local_files_only=True, low_cpu_mem_usage=False, torch_dtype=torch.float32
        )
        return loaded

    return load


def _from_monai(kind: str) -> Callable[[Path, dict[str, Any]], nn.Module]:
    def load(place: Path, configuration: dict[str, Any]) -> nn.Module:
        require(f"The network in {place}", "monai", "einops", extra="monai")
        from monai.networks import nets

        apart = ("_class_name", "sample_size", "scaling_factor")
        arguments = {key: value for key, value in configuration.items() if key not in apart}
        network: nn.Module = getattr(nets, kind)(**arguments)
        network.load_state_dict(load_file(place / "model.safetensors"))
        return network

    return load


UNETS = {"UNet2DModel": _from_diffusers(UNet2DModel), "monai.DiffusionModelUNet": _from_monai("DiffusionModelUNet")}
AUTOENCODERS = {
    "AutoencoderKL": _from_diffusers(AutoencoderKL),
    "VQModel": _from_diffusers(VQModel),
    "monai.AutoencoderKL": _from_monai("AutoencoderKL"),
}


def _codec(place: Path) -> LatentCodec:
    network, configuration = _network(place, AUTOENCODERS)
    widths = configuration.get("block_out_channels") or configuration["channels"]
    scaling = configuration.get("scaling_factor") or getattr(getattr(network, "config", None), "scaling_factor", 1.0)
    return LatentCodec(network, float(scaling), 2 ** (len(widths) - 1), int(configuration["in_channels"]))


def _schedule(folder: Path) -> dict[str, Any]:
    place = folder / "scheduler" if (folder / "scheduler").is_dir() else folder
    settings = _json(place / "scheduler_config.json")
    prediction = settings.get("prediction_type", "epsilon")
    if prediction not in PREDICTIONS or str(settings.get("_class_name")).startswith("FlowMatch"):
        raise DataError(
            f"{place}: only noise schedules of denoising diffusion that predict {', '.join(PREDICTIONS)} can be used, not "
            f"{shown(settings.get('_class_name'))} with {shown(prediction)}."
        )
    return {key: value for key, value in settings.items() if not key.startswith("_")}


def _one_side(side: Any, place: Path) -> int | None:
    if side is None or isinstance(side, int):
        return side
    if len(set(side)) != 1:
        raise DataError(f"{place}: its U-Net is for images of {side} sites; a square is needed.")
    return int(side[0])


def _json(file: Path) -> dict[str, Any]:
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise DataError(f"{file} is missing: give a folder in the form of diffusers' save_pretrained.") from error
    except (OSError, UnicodeDecodeError, json.JSONDecodeError) as error:
        raise DataError(f"{file} cannot be read as JSON: {shown(error, 200)}") from error
    if not isinstance(content, dict):
        raise DataError(f"{file} holds no table of settings.")
    return content
