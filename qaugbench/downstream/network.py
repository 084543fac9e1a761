"""The recipe's network: built, initialised from one seed, hashed, and applied to images."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any, Literal

import numpy as np
import timm
import torch
from safetensors import safe_open
from torch import nn

from qaugbench import seeds
from qaugbench.downstream.slots import to_unit_range
from qaugbench.downstream.weights import pretrained_file
from qaugbench.errors import DataError, DefinitionError, first_offenders, near_names

Precision = Literal["float32", "bfloat16"]


def build_network(model: str, pretrained: str | None, *, channels: int, n_labels: int, seed: int) -> nn.Module:
    """Return the timm network ``model``, ``channels`` in and ``n_labels`` logits out, initialised under ``seed``.

    With ``pretrained`` (a timm weight tag such as "resnet50.a1_in1k") all weights but the head's come from that pinned file, the
    first convolution summed over colours for one channel. Raises DefinitionError for a model timm does not know,
    DataError if the weights are missing, changed, or belong to another model.
    """
    if not timm.is_model(model):
        near = near_names(model, timm.list_models()).partition(" Known:")[0]
        raise DefinitionError(f"timm has no model {model!r}.{near}")
    if pretrained is None:
        with seeds.torch_seeded(seed):
            return timm.create_model(model, pretrained=False, in_chans=channels, num_classes=n_labels)
    file = pretrained_file(pretrained)
    with seeds.torch_seeded(seed):
        try:
            network = timm.create_model(
                model,
                pretrained=True,
                pretrained_cfg_overlay={"file": str(file)},
                in_chans=channels,
                num_classes=n_labels,
            )
        except RuntimeError as error:
            raise DataError(f"The weights {file} do not fit the model {model!r}: {error}") from error
    _check_all_loaded(network, file, model)
    return network


def _check_all_loaded(network: nn.Module, file: Path, model: str) -> None:
    """Refuse a file that lacks weights of ``network``: timm would leave those at their random initial values."""
    with safe_open(file, framework="pt") as weights:
        given = set(weights.keys())
    needed = [name for name in network.state_dict() if not name.endswith("num_batches_tracked")]
    missing = sorted(set(needed) - given - _head_names(network))
    if missing:
        raise DataError(f"The weights {file} do not fit the model {model!r}: it lacks {first_offenders(missing)}.")


def _head_names(network: Any) -> set[str]:
    head = {id(parameter) for parameter in network.get_classifier().parameters()}
    return {name for name, parameter in network.named_parameters() if id(parameter) in head}


def state_sha256(network: nn.Module) -> str:
    """Return the sha256 of all parameters and buffers of ``network``, with their names, types and shapes."""
    digest = hashlib.sha256()
    for name, tensor in sorted(network.state_dict().items()):
        digest.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}\n".encode())
        digest.update(tensor.detach().cpu().contiguous().numpy().tobytes())
    return digest.hexdigest()


class Standardise(nn.Module):
    """Images in [0, 1] -> images of mean 0 and standard deviation 1 per channel over the given training images."""

    mean: torch.Tensor
    std: torch.Tensor

    def __init__(self, images: np.ndarray) -> None:
        """``images``: uint8 [N, H, W, C], the real training subset (so the constants are the same in every arm)."""
        super().__init__()
        counts = [np.bincount(np.asarray(images[..., c]).ravel(), minlength=256) for c in range(images.shape[-1])]
        levels = np.arange(256) / 255.0
        shares = np.stack([count / count.sum() for count in counts])
        means = shares @ levels
        deviations = np.sqrt((shares * (levels - means[:, None]) ** 2).sum(axis=1))
        self.register_buffer("mean", torch.tensor(means, dtype=torch.float32).view(1, -1, 1, 1))
        self.register_buffer("std", torch.tensor(deviations, dtype=torch.float32).clamp_min(1e-3).view(1, -1, 1, 1))

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return (images - self.mean) / self.std


def predict(
    network: nn.Module, images: np.ndarray, *, precision: Precision, device: str, batch: int = 256
) -> np.ndarray:
    """Return float32 logits [N, K] of uint8 ``images`` [N, H, W, C], in evaluation mode."""
    network.eval()
    logits = []
    with torch.inference_mode(), autocast(precision, device):
        for start in range(0, len(images), batch):
            inputs = to_unit_range(images[start : start + batch], device)
            logits.append(network(inputs).float().cpu().numpy())
    return np.concatenate(logits)


def autocast(precision: Precision, device: str) -> torch.autocast:
    """Return the context in which the forward pass runs: bfloat16 if requested, else plain float32."""
    return torch.autocast(torch.device(device).type, dtype=torch.bfloat16, enabled=precision == "bfloat16")
