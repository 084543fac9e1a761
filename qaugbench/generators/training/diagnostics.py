"""What a fit says of itself: whether it was trained at all, and whether it was still learning when it ended."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from typing import Any, Literal

import numpy as np
import torch
from torch import nn

CURVE_POINTS = 200
CLEAR = 3.0  # standard errors from which a trend counts
SMALL = 0.01  # of the loss's own size, over the last fifth of a fit, below which a clear trend is still called flat
LOST = 0.1  # of the loss's size at the end, by which it must have been lower before for a fit to be called lost
BLOCKS = 50

Trend = Literal["falling", "flat", "rising", "lost", "too short"]


@dataclass(frozen=True)
class LossTrend:
    """One loss over the last fifth of a fit: its mean, the fitted change over that stretch, and that change's standard error.

    ``lost`` is by how much the mean is above the lowest loss before, a mean over a fiftieth of the fit, where that is clear.
    """

    mean: float
    change: float
    error: float
    lost: float = 0.0

    @property
    def words(self) -> Trend:
        """``rising`` if it clearly does, ``lost`` if it was clearly lower before, ``falling`` if it clearly does, else ``flat``.

        What is small beside the loss does not count: 10 % of it for a fit to be lost, 1 % for a change.
        """
        if not math.isfinite(self.error):
            return "too short"
        is_clear = abs(self.change) > max(CLEAR * self.error, SMALL * abs(self.mean))
        if is_clear and self.change > 0:
            return "rising"
        if self.lost > LOST * abs(self.mean):
            return "lost"
        return "falling" if is_clear else "flat"


@dataclass(frozen=True)
class FitDiagnostics:
    """The course of one fit. ``seen_per_image``: training images drawn, per image there is.

    ``trends`` holds every loss by name (for GANs also ``gap``, a critic's mean score of real minus drawn points), and
    ``movement`` for each top-level part of the model the length of its change relative to that of its first weights.
    """

    updates: int
    seen_per_image: float
    trends: Mapping[str, LossTrend]
    movement: Mapping[str, float]

    @property
    def remark(self) -> str:
        """The fit in one line, for the log; empty for a fit without steps."""
        if not self.trends:
            return ""
        trends = ", ".join(f"{name} {trend.words}" for name, trend in self.trends.items())
        return f"{self.updates:,} updates, {self.seen_per_image:.3g} looks at each image; at the end {trends}"

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON form, with the words for every trend."""
        trends = {name: {**asdict(trend), "words": trend.words} for name, trend in self.trends.items()}
        for trend in trends.values():
            trend["error"] = trend["error"] if math.isfinite(trend["error"]) else None
        return {
            "updates": self.updates,
            "seen_per_image": self.seen_per_image,
            "trends": trends,
            "movement": dict(self.movement),
        }


def trend(losses: Sequence[float], *, alone: bool = True) -> LossTrend:
    """Return the trend of the last fifth of ``losses``, one number per step: a least-squares line through ten block means.

    Blocks make the standard error honest where neighbouring steps are correlated. Fewer than 50 steps have no error (infinite).
    The mean is clearly above the lowest block before if it is so by more than six standard deviations of a block: the lowest of
    forty is some two below their mean by chance. Losses of adversaries come and go, so a fit is ``lost`` only where it has this
    loss ``alone``.

    >>> trend([1.0] * 100).words
    'flat'
    >>> trend([100.0 - step for step in range(100)]).words
    'falling'
    >>> trend([1.0] * 50 + [0.5] * 20 + [0.7] * 30).words
    'lost'
    """
    last = np.asarray(losses[-max(len(losses) // 5, 1) :], dtype=np.float64)
    if len(last) < 10:
        return LossTrend(float(last.mean()), 0.0, math.inf)
    means = np.array([block.mean() for block in np.array_split(last, 10)])
    place = np.linspace(-0.5, 0.5, len(means))
    spread = float(place @ place)
    slope = float(place @ means) / spread
    residuals = means - means.mean() - slope * place
    error = math.sqrt(float(residuals @ residuals) / (len(means) - 2) / spread)
    before = np.array_split(np.asarray(losses[: -len(last)], dtype=np.float64), BLOCKS - 10)
    lost = float(last.mean()) - min(float(block.mean()) for block in before)
    noise = math.sqrt(float(residuals @ residuals) / (len(means) - 2))
    return LossTrend(float(last.mean()), slope, error, lost if alone and lost > 2 * CLEAR * noise else 0.0)


def mean_trend(trends: Sequence[LossTrend]) -> LossTrend:
    """Return the mean of independent trends, with the standard error of the mean change.

    >>> mean_trend([LossTrend(1.0, -2.0, 3.0), LossTrend(3.0, 0.0, 4.0)])
    LossTrend(mean=2.0, change=-1.0, error=2.5, lost=0.0)
    """
    n = len(trends)
    return LossTrend(
        mean=sum(one.mean for one in trends) / n,
        change=sum(one.change for one in trends) / n,
        error=math.sqrt(sum(one.error**2 for one in trends)) / n,
        lost=sum(one.lost for one in trends) / n,
    )


def first_weights(module: nn.Module) -> dict[str, torch.Tensor]:
    """Return a copy of every trainable parameter, to compare with later."""
    return {name: weight.detach().clone() for name, weight in module.named_parameters() if weight.requires_grad}


def movement(module: nn.Module, first: Mapping[str, torch.Tensor]) -> dict[str, float]:
    """Return, per top-level part of ``module``, the norm of the change of its weights relative to the norm of ``first``."""
    change: dict[str, float] = {}
    length: dict[str, float] = {}
    for name, weight in module.named_parameters():
        if name in first:
            part = name.partition(".")[0]
            change[part] = change.get(part, 0.0) + float((weight.detach() - first[name]).square().sum())
            length[part] = length.get(part, 0.0) + float(first[name].square().sum())
    return {part: math.sqrt(change[part] / max(length[part], 1e-30)) for part in change}


def curve(losses: Mapping[str, Sequence[float]]) -> list[dict[str, float]]:
    """Return the losses by name, averaged over equal stretches so that at most ``CURVE_POINTS`` points remain.

    The first of them is also called ``loss``.
    """
    taken = max((len(values) for values in losses.values()), default=0)
    edges = np.linspace(0, taken, min(CURVE_POINTS, taken) + 1).round().astype(int)
    named = {"loss": next(iter(losses.values())), **losses} if losses else {}
    return [
        {"step": int(end)} | {name: float(np.mean(values[start:end])) for name, values in named.items()}
        for start, end in pairwise(edges)
    ]
