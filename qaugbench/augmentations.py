"""Settings of what only optional arms use: augmentations on top of the locked one, and the focal loss.

Every setting is optional in a task; an arm that needs one that its task lacks is refused. They are no part of a track's identity:
they change the numbers of the arms that use them and of no other. Lengths are shares of the side of an image, so that one value
serves every track. A value out of range raises ValueError, which names the setting.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

AugmentationName = Literal["none", "locked", "mixup", "cutmix", "randaugment", "trivialaugment", "elastic", "intensity"]
"""What is done to training images: nothing, the recipe's locked augmentation, or one more on top of the locked one."""
LossName = Literal["plain", "balanced", "focal"]
"""The training loss: plain or class-balanced, as the recipe has them, or class-balanced focal."""
POLICY_BINS = 31
"""Magnitudes 0 to 30 of RandAugment, as in its paper."""


@dataclass(frozen=True)
class Mixup:
    """Zhang et al. 2018, arXiv 1710.09412: a share ``probability`` of the batches, mixed by Beta(``alpha``, ``alpha``)."""

    alpha: float
    probability: float

    def __post_init__(self) -> None:
        _check("mixup", self, positive=("alpha",), shares=("probability",))


@dataclass(frozen=True)
class Cutmix:
    """Yun et al. 2019, arXiv 1905.04899: a share ``probability`` of the batches; areas from Beta(``alpha``, ``alpha``)."""

    alpha: float
    probability: float

    def __post_init__(self) -> None:
        _check("cutmix", self, positive=("alpha",), shares=("probability",))


@dataclass(frozen=True)
class Randaugment:
    """Cubuk et al. 2020, arXiv 1909.13719: ``operations`` per image, each of ``magnitude`` 0 to 30."""

    operations: int
    magnitude: int

    def __post_init__(self) -> None:
        _check("randaugment", self, positive=("operations",), magnitudes=("magnitude",))


@dataclass(frozen=True)
class Trivialaugment:
    """Müller and Hutter 2021, arXiv 2103.10158, in RandAugment's space: one operation per image, its magnitude uniform.

    Magnitudes are 0 to ``largest``, at most 30. Their wider space rotates by up to 135 degrees.
    """

    largest: int

    def __post_init__(self) -> None:
        _check("trivialaugment", self, magnitudes=("largest",))


@dataclass(frozen=True)
class Elastic:
    """Simard et al. 2003: a smooth random displacement of a share ``probability`` of the images.

    ``displacement`` is its standard deviation along each axis and ``smoothness`` that of the Gaussian which smooths it.
    """

    displacement: float
    smoothness: float
    probability: float

    def __post_init__(self) -> None:
        _check("elastic", self, positive=("smoothness",), shares=("displacement", "smoothness", "probability"))


@dataclass(frozen=True)
class Intensity:
    """Contrast curve, uneven brightness and noise, each at most as given and of random size in every image.

    ``gamma`` is the largest absolute logarithm of the exponent, ``bias_field`` that of the smooth gain, and ``noise`` the largest
    standard deviation of Gaussian noise, for images in [0, 1]. A share ``probability`` of the images is changed.
    """

    gamma: float
    bias_field: float
    noise: float
    probability: float

    def __post_init__(self) -> None:
        _check("intensity", self, shares=("gamma", "bias_field", "noise", "probability"))


@dataclass(frozen=True)
class Focal:
    """Lin et al. 2017, arXiv 1708.02002, with the weights of Cui et al. 2019, arXiv 1901.05555.

    ``gamma`` is the focusing exponent and ``beta``, in [0, 1), the hyper-parameter of the effective number of images.
    """

    gamma: float
    beta: float

    def __post_init__(self) -> None:
        _check("focal", self, shares=("beta",))
        if self.gamma < 0 or self.beta == 1:
            raise ValueError(f"focal: gamma must be at least 0 and beta below 1; got {self.gamma:g} and {self.beta:g}")


@dataclass(frozen=True)
class Augmentations:
    """The settings of each augmentation that a task offers on top of the locked one."""

    mixup: Mixup | None = None
    cutmix: Cutmix | None = None
    randaugment: Randaugment | None = None
    trivialaugment: Trivialaugment | None = None
    elastic: Elastic | None = None
    intensity: Intensity | None = None


@dataclass(frozen=True)
class Losses:
    """The settings of each loss that a task offers beside the plain and the class-balanced one."""

    focal: Focal | None = None


NO_AUGMENTATIONS = Augmentations()
NO_LOSSES = Losses()
FURTHER: tuple[AugmentationName, ...] = ("mixup", "cutmix", "randaugment", "trivialaugment", "elastic", "intensity")
"""The augmentations that are applied on top of the locked one."""


def needed_settings(augment: AugmentationName, loss: LossName) -> Iterator[tuple[str, str]]:
    """Yield (table, name) of the settings that an augmentation and a loss need.

    >>> list(needed_settings("mixup", "balanced")), list(needed_settings("locked", "focal"))
    ([('augmentations', 'mixup')], [('losses', 'focal')])
    """
    if augment in FURTHER:
        yield "augmentations", augment
    if loss == "focal":
        yield "losses", loss


def _check(
    table: str,
    settings: Any,
    *,
    positive: tuple[str, ...] = (),
    shares: tuple[str, ...] = (),
    magnitudes: tuple[str, ...] = (),
) -> None:
    """Raise ValueError for the first value out of range: ``positive`` above 0, ``shares`` 0 to 1, ``magnitudes`` 0 to 30."""
    for name in positive:
        _check_one(table, settings, name, getattr(settings, name) > 0, "above 0")
    for name in shares:
        _check_one(table, settings, name, 0 <= getattr(settings, name) <= 1, "0 to 1")
    for name in magnitudes:
        _check_one(table, settings, name, 0 <= getattr(settings, name) < POLICY_BINS, f"0 to {POLICY_BINS - 1}")


def _check_one(table: str, settings: Any, name: str, within: bool, allowed: str) -> None:
    if not within:
        raise ValueError(f"{table}: {name} must be {allowed}; got {getattr(settings, name):g}")
