"""A fixed tensor of a module."""

from __future__ import annotations

import torch
from torch import nn


class Constant(nn.Module):
    """Holds a real or complex tensor that follows device and precision: ``Module.to(dtype)`` spoils complex buffers."""

    parts: torch.Tensor

    def __init__(self, values: torch.Tensor) -> None:
        super().__init__()
        self.is_complex = values.is_complex()
        self.register_buffer("parts", torch.view_as_real(values) if self.is_complex else values, persistent=False)

    def forward(self) -> torch.Tensor:
        return torch.view_as_complex(self.parts) if self.is_complex else self.parts
