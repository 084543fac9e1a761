"""How many real images synthetic ones replace: "1,000 synthetic images were worth 120 (0 to 260) real ones".

By an oracle arm, whose slots held further real images, where it ran; else by the learning curve of the reference (R*), where
that was run with more real images. Higher values are better; negate the arrays of a metric where lower ones are.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from qaugbench.errors import StatisticsError, first_offenders
from qaugbench.stats.inversion import SINGLE
from qaugbench.stats.learning_curve import Bound, Censored, Curve, Range, learning_curve, n_equivalent
from qaugbench.stats.metric_on_images import Measurement
from qaugbench.stats.oracle_fraction import oracle_fraction

Method = Literal["oracle", "learning curve"]


@dataclass(frozen=True)
class Worth:
    """How many real images ``n_synthetic`` synthetic ones were worth, beside ``n_real`` real ones.

    ``images`` are real images, negative when the synthetic ones cost something; ``share`` is that a synthetic image;
    ``n_eq`` is n_real + images, and ``ratio`` n_eq / n_real. Nothing is cut off in them: an oracle's share above 1 is
    beyond the ``measured`` numbers (fewest, most images) and is ``censored``, as are the curve's ends. ``reason`` says why
    nothing can be said, ``note`` what else a reader should know.
    """

    method: Method | None
    n_real: int
    n_synthetic: int
    images: Range | None = None
    share: Range | None = None
    n_eq: Range | None = None
    ratio: Range | None = None
    censored: Censored = field(default_factory=Censored)
    measured: tuple[float, float] | None = None
    reason: str | None = None
    note: str | None = None


def worth(
    arm: Measurement,
    points: Mapping[int, Measurement],
    *,
    n_real: int,
    n_synthetic: int,
    oracle: Measurement | None = None,
    n_oracle: int | None = None,
    n_eff: int | None = None,
) -> Worth:
    """Return the Worth of an arm with ``n_real`` real and ``n_synthetic`` synthetic images.

    ``points`` are the reference at each measured number of real images, ``n_real`` among them. The ``oracle`` arm decides
    where it ran: it was measured near by, under the same protocol; else the learning curve. ``n_oracle`` as in
    ``worth_by_oracle``. Raises StatisticsError when
    ``n_real`` is not among the points, ``n_synthetic`` is below 1, and as ``oracle_fraction`` and ``learning_curve``.

    >>> flat = np.zeros((2, 30))
    >>> points = {100: (np.array([0.801, 0.799]), flat), 400: (np.array([0.899, 0.901]), flat)}
    >>> found = worth((np.array([0.849, 0.851]), flat), points, n_real=100, n_synthetic=100)
    >>> found.method, round(found.images.estimate)
    ('learning curve', 100)
    """
    if n_real not in points:
        raise StatisticsError(
            f"The reference with the arm's own {n_real} real images is missing; given {first_offenders(sorted(points))}."
        )
    _check_counts(n_real, n_synthetic)
    if np.size(arm[0]) == 1:
        return Worth(None, n_real, n_synthetic, reason=SINGLE)
    if oracle is not None:
        return worth_by_oracle(
            arm, points[n_real], oracle, n_real=n_real, n_synthetic=n_synthetic, n_oracle=n_oracle, n_eff=n_eff
        )
    if len(points) > 1:
        return worth_by_curve(arm, learning_curve(points), n_real=n_real, n_synthetic=n_synthetic, n_eff=n_eff)
    return Worth(None, n_real, n_synthetic, reason="there is one real-data size and no oracle arm")


def worth_by_oracle(
    arm: Measurement,
    reference: Measurement,
    oracle: Measurement,
    *,
    n_real: int,
    n_synthetic: int,
    n_oracle: int | None = None,
    n_eff: int | None = None,
) -> Worth:
    """Return the Worth by ``oracle_fraction``: the share of the oracle's gain times its ``n_oracle`` further real images.

    ``n_oracle`` is ``n_synthetic`` when not given, as in a run. The share is turned into images along a straight line; real
    gains flatten, so the number is, if anything, generous. Errors as ``oracle_fraction``.
    """
    _check_counts(n_real, n_synthetic)
    n_oracle = n_synthetic if n_oracle is None else n_oracle
    found = oracle_fraction(arm, reference, oracle, n_eff)
    if found.reason is not None or found.estimate is None:
        return Worth("oracle", n_real, n_synthetic, measured=(0.0, float(n_oracle)), reason=found.reason)
    share = Range(found.estimate, found.pieces[0][0], found.pieces[-1][1])
    beyond: list[Bound] = ["at least" if value > 1 else "" for value in (share.estimate, share.low, share.high)]
    return _worth("oracle", share.times(n_oracle), n_real, n_synthetic, Censored(*beyond), (0.0, float(n_oracle)))


def worth_by_curve(arm: Measurement, curve: Curve, *, n_real: int, n_synthetic: int, n_eff: int | None = None) -> Worth:
    """Return the Worth by ``n_equivalent``: how many more real images than ``n_real`` the reference alone would need.

    Errors as ``n_equivalent``.
    """
    _check_counts(n_real, n_synthetic)
    found = n_equivalent(arm, curve, n_eff)
    measured = float(curve.sizes[0] - n_real), float(curve.sizes[-1] - n_real)
    reason = note = None
    if measured[1] <= 0 and found.censored.high == "at least":
        reason = f"the reference was not run with more than {n_real:,} real images"
    if curve.averaged:
        sizes = "; ".join(" and ".join(f"{size:,}" for size in block) for block in curve.averaged)
        note = f"the reference did not improve at every step, and was averaged over {sizes} real images"
    images = found.n.times(1.0, -n_real)
    return _worth("learning curve", images, n_real, n_synthetic, found.censored, measured, reason, note)


def sentence(worth: Worth) -> str:
    """Return the worth in plain English; what cost something is worth 0, and digits end where the interval is wide.

    >>> found = Worth("oracle", 900, 1000, images=Range(123.4, -20.0, 262.0), measured=(0.0, 1000.0))
    >>> sentence(found)
    '1,000 synthetic images were worth 120 (0 to 260) real ones.'
    """
    synthetic = f"{worth.n_synthetic:,} synthetic images"
    if worth.reason is not None or worth.images is None or worth.measured is None:
        return f"Cannot convert {synthetic} into real ones: {worth.reason}."
    most = max(worth.measured[1], 0.0)
    low, high = (min(max(end, 0.0), most) for end in (worth.images.low, worth.images.high))
    # Two significant digits of the interval's width, never less than one image.
    step = 10.0 ** max(math.floor(math.log10(max(high - low, 1.0))) - 1, 0)

    def shown(value: float, bound: Bound) -> str:
        if value >= most > 0 and bound == "at least":
            return f"at least {most:,.0f}"
        return f"{step * round(min(max(value, 0.0), most) / step):,.0f}"

    bounds = worth.censored
    limits = f"{shown(worth.images.low, bounds.low)} to {shown(worth.images.high, bounds.high)}"
    estimate = shown(worth.images.estimate, bounds.estimate)
    cost = ": the classifier did worse with them than without" if worth.images.high < 0 else ""
    note = f" ({worth.note[0].upper()}{worth.note[1:]}.)" if worth.note else ""
    return f"{synthetic} were worth {estimate} ({limits}) real ones{cost}.{note}"


def _worth(
    method: Method,
    images: Range,
    n_real: int,
    n_synthetic: int,
    censored: Censored,
    measured: tuple[float, float],
    reason: str | None = None,
    note: str | None = None,
) -> Worth:
    n_eq = images.times(1.0, n_real)
    return Worth(
        method=method,
        n_real=n_real,
        n_synthetic=n_synthetic,
        images=images,
        share=images.times(1 / n_synthetic),
        n_eq=n_eq,
        ratio=n_eq.times(1 / n_real),
        censored=censored,
        measured=measured,
        reason=reason,
        note=note,
    )


def _check_counts(n_real: int, n_synthetic: int) -> None:
    if n_real < 1 or n_synthetic < 1:
        raise StatisticsError(
            f"Worth needs at least one real and one synthetic image; given {n_real} and {n_synthetic}."
        )
