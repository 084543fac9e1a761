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

Trend = Literal["falling", "flat", "rising", "too short"]


@dataclass(frozen=True)
class LossTrend:
    """One loss over the last fifth of a fit: its mean, the fitted change over that stretch, and that change's standard error."""

    mean: float
    change: float
    error: float

    @property
    def words(self) -> Trend:
        """``falling`` or ``rising`` if the change is clear and not small beside the loss, else ``flat``."""
        if not math.isfinite(self.error):
            return "too short"
        if abs(self.change) <= CLEAR * self.error or abs(self.change) <= SMALL * abs(self.mean):
            return "flat"
        return "falling" if self.change < 0 else "rising"


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


def trend(losses: Sequence[float]) -> LossTrend:
    """Return the trend of the last fifth of ``losses``, one number per step: a least-squares line through ten block means.

    Blocks make the standard error honest where neighbouring steps are correlated. Fewer than 50 steps have no error (infinite).

    >>> trend([1.0] * 100).words
    'flat'
    >>> trend([100.0 - step for step in range(100)]).words
    'falling'
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
    return LossTrend(float(last.mean()), slope, error)


def mean_trend(trends: Sequence[LossTrend]) -> LossTrend:
    """Return the mean of independent trends, with the standard error of the mean change.

    >>> mean_trend([LossTrend(1.0, -2.0, 3.0), LossTrend(3.0, 0.0, 4.0)])
    LossTrend(mean=2.0, change=-1.0, error=2.5)
    """
    n = len(trends)
    return LossTrend(
        mean=sum(one.mean for one in trends) / n,
        change=sum(one.change for one in trends) / n,
        error=math.sqrt(sum(one.error**2 for one in trends)) / n,
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
