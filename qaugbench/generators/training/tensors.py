"""What a module has learned, as tensors to store."""

from __future__ import annotations

import torch


def tensors_of(module: torch.nn.Module) -> dict[str, torch.Tensor]:
    """Return a module's parameters and buffers as contiguous tensors on the CPU that share no memory."""
    return {name: tensor.detach().cpu().contiguous().clone() for name, tensor in module.state_dict().items()}
