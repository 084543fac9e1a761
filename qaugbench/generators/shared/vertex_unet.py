"""The U-Net of De Falco et al. (arXiv 2402.16147): four levels of a grid, the last of 2x2 sites, its vertex.

As in the authors' public code: residual blocks with weight-standardised convolutions (Qiao et al., arXiv 1903.10520), linear
attention on every level (Shen et al., arXiv 1812.01243), full attention at the vertex, and weights that start as Flax's do.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from typing import TypeVar

import torch
from torch import nn
from torch.nn import functional

from qaugbench.errors import DefinitionError

VERTEX = 2
"""Sites per side at the vertex."""
WIDEST_LAST_KERNEL = 7
GROUPS = 10
HEADS, HEAD_WIDTH = 4, 32
SHARPNESS = 10.0
"""By which products between sites are multiplied in full attention."""
LONGEST_PERIOD = 10_000
TRUNCATED = 0.87962566103423978
"""Standard deviation of a standard normal number between -2 and 2."""

Layer = TypeVar("Layer", nn.Conv2d, nn.Linear)


def started(layer: Layer) -> Layer:
    """Return ``layer`` with weights from a normal law cut at two deviations, of variance 1 / inputs, and no biases."""
    deviation = 1 / math.sqrt(layer.weight[0].numel()) / TRUNCATED
    nn.init.trunc_normal_(layer.weight, std=deviation, a=-2 * deviation, b=2 * deviation)
    if layer.bias is not None:
        nn.init.zeros_(layer.bias)
    return layer


class StandardisedConvolution(nn.Conv2d):
    """A 3x3 convolution whose kernels have mean 0 and variance 1 for each output channel."""

    def __init__(self, width_in: int, width: int) -> None:
        super().__init__(width_in, width, 3, padding=1)
        started(self)

    def forward(self, grid: torch.Tensor) -> torch.Tensor:
        variance, mean = torch.var_mean(self.weight, dim=(1, 2, 3), correction=0, keepdim=True)
        return functional.conv2d(grid, (self.weight - mean) / (variance + 1e-5).sqrt(), self.bias, padding=1)


class ResidualBlock(nn.Module):
    """[n, width_in, s, s] and a time embedding [n, time_width] to [n, width, s, s].

    ``first`` and ``second`` transform the grid, each followed by a group norm and SiLU; time scales and shifts the first. They are
    convolutions unless given: ``first`` from ``width_in`` to ``width`` channels, ``second`` from ``width``.
    """

    def __init__(
        self,
        width_in: int,
        width: int,
        time_width: int,
        first: nn.Module | None = None,
        second: nn.Module | None = None,
    ) -> None:
        super().__init__()
        self.first = first or StandardisedConvolution(width_in, width)
        self.second = second or StandardisedConvolution(width, width)
        self.first_norm, self.second_norm = (nn.GroupNorm(GROUPS, width, eps=1e-6) for _ in range(2))
        self.time = started(nn.Linear(time_width, 2 * width))
        self.past = nn.Identity() if width_in == width else started(nn.Conv2d(width_in, width, 1))

    def forward(self, grid: torch.Tensor, time: torch.Tensor) -> torch.Tensor:
        scale, shift = self.time(functional.silu(time))[:, :, None, None].chunk(2, dim=1)
        hidden = functional.silu(self.first_norm(self.first(grid)) * (1 + scale) + shift)
        transformed: torch.Tensor = functional.silu(self.second_norm(self.after_first(hidden, grid)))
        return self.past(grid) + transformed

    def after_first(self, hidden: torch.Tensor, grid: torch.Tensor) -> torch.Tensor:
        """Return what the second transformation makes of ``hidden``, which the first one made of ``grid``."""
        transformed: torch.Tensor = self.second(hidden)
        return transformed


class Attention(nn.Module):
    """Adds to a grid [n, width, s, s] what its sites attend to: all pairs of them, or ``linear`` in their number."""

    def __init__(self, width: int, *, linear: bool) -> None:
        super().__init__()
        self.linear = linear
        self.norm = nn.LayerNorm(width, bias=False)
        self.asked = started(nn.Conv2d(width, 3 * HEADS * HEAD_WIDTH, 1, bias=False))
        self.told = started(nn.Conv2d(HEADS * HEAD_WIDTH, width, 1))
        self.told_norm = nn.LayerNorm(width, bias=False) if linear else None

    def forward(self, grid: torch.Tensor) -> torch.Tensor:
        asked = self.asked(_over_channels(self.norm, grid)).flatten(2)
        query, key, value = (
            part.unflatten(1, (HEADS, HEAD_WIDTH)) for part in asked.chunk(3, dim=1)
        )  # [n, h, d, sites]
        seen = _linear(query, key, value) if self.linear else _full(query, key, value)
        told = self.told(seen.flatten(1, 2).unflatten(2, grid.shape[2:]))
        return grid + (told if self.told_norm is None else _over_channels(self.told_norm, told))


def _linear(query: torch.Tensor, key: torch.Tensor, value: torch.Tensor) -> torch.Tensor:
    query = query.softmax(dim=2) / math.sqrt(HEAD_WIDTH)
    context = value / value.shape[3] @ key.softmax(dim=3).transpose(2, 3)
    return context @ query


def _full(query: torch.Tensor, key: torch.Tensor, value: torch.Tensor) -> torch.Tensor:
    """Each of the vectors' numbers is normalised over the sites, as in the code, not each vector."""
    products = functional.normalize(query, dim=3).transpose(2, 3) @ functional.normalize(key, dim=3)
    return value @ (SHARPNESS * products).softmax(dim=3).transpose(2, 3)


def _over_channels(norm: nn.Module, grid: torch.Tensor) -> torch.Tensor:
    normed: torch.Tensor = norm(grid.movedim(1, -1))
    return normed.movedim(-1, 1)


class Vertex(nn.Module):
    """A residual block, full attention and another residual block: [n, width, 2, 2] and a time embedding to the same shape."""

    def __init__(self, width: int, make_block: Callable[[], nn.Module]) -> None:
        super().__init__()
        self.first, self.second = make_block(), make_block()
        self.attention = Attention(width, linear=False)

    def forward(self, grid: torch.Tensor, time: torch.Tensor) -> torch.Tensor:
        grid = self.attention(self.first(grid, time))
        transformed: torch.Tensor = self.second(grid, time)
        return transformed


class _Level(nn.Module):
    """Two residual blocks and linear attention; ``skip`` channels are joined to the grid before each block."""

    def __init__(self, width_in: int, width: int, time_width: int, *, skip: int = 0) -> None:
        super().__init__()
        self.first = ResidualBlock(width_in + skip, width, time_width)
        self.second = ResidualBlock(width + skip, width, time_width)
        self.attention = Attention(width, linear=True)

    def forward(
        self, grid: torch.Tensor, skipped: list[torch.Tensor], time: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the grid after the level, and after its first block; ``skipped`` is joined before the blocks, one for each."""
        first, second = [[one] for one in skipped] or [[], []]
        after_first = self.first(torch.cat([grid, *first], dim=1), time)
        grid = self.attention(self.second(torch.cat([after_first, *second], dim=1), time))
        return grid, after_first


class VertexUNet(nn.Module):
    """Maps points [n, c, s, s], times [n] and label vectors [n, n_labels] to points of the same shape.

    The grid is halved three times, the last time to 2x2 sites, and has the first three of ``widths`` channels after each time.
    Then come widths[3] channels and ``vertex``, classical unless it is replaced; it also gets the time embedding, [n, 4 *
    widths[0]], to which a linear layer adds the label vector.

    Raises:
        DefinitionError: a grid or widths that do not fit.
    """

    def __init__(self, shape: tuple[int, ...], n_labels: int, widths: tuple[int, ...]) -> None:
        super().__init__()
        channels, side, _ = shape
        check_grid(side, widths)
        narrow, time_width = widths[0], 4 * widths[0]
        inside = (narrow, *widths[:3])  # the level before each halving has the width that the one before gave it
        self.narrow = narrow
        self.read = started(nn.Conv2d(channels, narrow, 7, padding=3))
        self.time = nn.Sequential(
            started(nn.Linear(narrow, time_width)), nn.GELU("tanh"), started(nn.Linear(time_width, time_width))
        )
        self.labels = started(nn.Linear(n_labels, time_width))
        self.down = nn.ModuleList(_Level(width, width, time_width) for width in inside)
        last = min(WIDEST_LAST_KERNEL, side // 4)
        self.halve = nn.ModuleList(
            started(nn.Conv2d(inside[level], widths[level], kernel, stride=2, padding=1))
            for level, kernel in enumerate((4, 4, last))
        )
        self.widen = started(nn.Conv2d(widths[2], widths[3], 3, padding=1))
        self.up = nn.ModuleList(
            _Level(width, width, time_width, skip=inside[level]) for level, width in enumerate(widths)
        )
        self.enlarge = nn.ModuleList(
            started(nn.Conv2d(widths[level], inside[level], 3, padding=1)) for level in range(len(widths))
        )
        self.last = ResidualBlock(2 * narrow, narrow, time_width)
        self.write = started(nn.Conv2d(narrow, channels, 1))
        self.vertex: nn.Module = Vertex(widths[3], partial(ResidualBlock, widths[3], widths[3], time_width))

    def forward(
        self, points: torch.Tensor, times: torch.Tensor, labels: torch.Tensor, dropped: torch.Tensor | None = None
    ) -> torch.Tensor:
        """Return the prediction; ``dropped`` is not looked at, since labels are never left out."""
        grid: torch.Tensor = self.read(points)
        read, passed = grid, []
        time = self.time(sinusoids(times, self.narrow).to(points.dtype)) + self.labels(labels)
        for number, level in enumerate(self.down):
            grid, after_first = level(grid, [], time)
            passed += [after_first, grid]
            if number < len(self.halve):
                grid = self.halve[number](grid)
        grid = self.vertex(self.widen(grid), time)
        for number in reversed(range(len(self.up))):
            grid, _ = self.up[number](grid, [passed.pop(), passed.pop()], time)
            if number:
                grid = functional.interpolate(grid, size=passed[-1].shape[2:], mode="nearest-exact")
            grid = self.enlarge[number](grid)
        predicted: torch.Tensor = self.write(self.last(torch.cat([grid, read], dim=1), time))
        return predicted


def check_grid(side: int, widths: tuple[int, ...]) -> None:
    """Raise DefinitionError unless a grid of ``side`` sites can be halved twice and brought to 2x2, with four usable widths."""
    if side % 4 or not 2 * VERTEX <= side // 2 <= 16:
        raise DefinitionError(
            f"This U-Net sees a grid of 8 to 32 sites per side, a multiple of 4, but it has {side}; choose another patch."
        )
    if len(widths) != 4 or any(width < GROUPS or width % GROUPS for width in widths):
        raise DefinitionError(f"This U-Net has four widths, multiples of {GROUPS}, but was given {list(widths)}.")


def sinusoids(times: torch.Tensor, width: int) -> torch.Tensor:
    """Return sines, then cosines of ``times`` [n], at ``width`` / 2 frequencies from 1 down to 1 / 10,000: [n, width]."""
    steps = torch.arange(width // 2, device=times.device)
    phases = times[:, None] * torch.exp(-math.log(LONGEST_PERIOD) / (width // 2 - 1) * steps)
    return torch.cat([phases.sin(), phases.cos()], dim=1)
