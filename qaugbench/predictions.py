"""Every prediction of a run on real held-out images, by arm, fraction and replicate, and the file that stores them."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict

from qaugbench.errors import EntryError, first_offenders, shown
from qaugbench.files import npz_bytes
from qaugbench.kinds import Kind
from qaugbench.npz_archive import Header, Member, check_headers, members, unpacked
from qaugbench.untrusted import MIB, read_bytes

# Far above any real board; larger files are refused unread.
MOST_ARMS, MOST_FRACTIONS, MOST_REPLICATES, MOST_CLASSES = 200, 20, 1_000, 500
MOST_IMAGES = 500_000
MOST_LOGITS = 500_000_000
MOST_BYTES = 1024 * MIB
LARGEST_LOGIT = 1e6
LARGEST_GROUP = 2**53
SubgroupColumn = Literal["age", "sex", "site"]
SUBGROUP_COLUMNS: tuple[SubgroupColumn, ...] = ("age", "sex", "site")
"""Columns of a source by which scores are told."""
UNSTATED = "not stated"
MOST_SUBGROUPS = 50
FRACTION = re.compile(r"\d{1,3}(\.\d{1,9})?(e-\d{1,2})?%")
Role = Literal[
    "real-only",
    "augmented",
    "compute-matched",
    "oversampling",
    "oracle",
    "augmentation",
    "loss",
    "synthetic",
    "control",
    "placebo",
    "duplicate",
    "resolution",
    "copycat",
    "reconstruction",
    "oracle-true",
    "noisy",
]
REFERENCE_ROLES: tuple[Role, ...] = ("augmented", "compute-matched", "oversampling")
"""Roles of the arms that train on real images alone and may become the reference, in the order that resolves ties."""
CHECK_ROLES: tuple[Role, ...] = ("placebo", "duplicate", "resolution", "copycat", "reconstruction", "oracle-true")
"""Roles of the optional arms that check the benchmark itself: no verdict rests on one, and none becomes R* or C*."""
GENERATED_ROLES: tuple[Role, ...] = ("synthetic", "control", "noisy")
"""Roles of the arms of generators: as they are, with a circuit replaced, and drawn under noise from the same fits."""


class Facts(BaseModel):
    """Base of every part of a record: unknown keys are refused, values never change."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class ArmInfo(Facts):
    """The training data of the locked classifier in one arm; ``control`` is ``none`` for the generator itself.

    ``space_arm`` names the arm that trains on real images sent through the generator's space, where the run has one.
    ``space_twin_of`` names the generator from which this one differs in nothing else than that classical twins stand for the
    circuits of its space. ``execution`` names what the circuits were drawn on where that was not exact; the fit is the one of
    the arm without it.
    """

    id: str
    role: Role
    generator: str | None = None
    control: str | None = None
    kind: Kind | None = None
    fidelity: str | None = None
    space_arm: str | None = None
    space_twin_of: str | None = None
    execution: str | None = None


@dataclass(frozen=True)
class FractionPredictions:
    """Logits at one fraction, float32; NaN if a cell failed. Shapes [A, R, N_test, K] and [A, R, N_val, K]."""

    test_logits: np.ndarray
    val_logits: np.ndarray


@dataclass(frozen=True)
class PredictionSet:
    """Every prediction of a run on real held-out images; ``fractions`` is keyed as in ``FractionFacts.key`` ("10%").

    A run whose test scores are withheld has no test images. The subgroups are the group [N] of every image by each of
    ``SUBGROUP_COLUMNS`` that the source has; older runs do not have them.
    """

    arms: tuple[str, ...]
    test_ids: np.ndarray
    test_labels: np.ndarray
    test_groups: np.ndarray
    val_ids: np.ndarray
    val_labels: np.ndarray
    val_groups: np.ndarray
    fractions: Mapping[str, FractionPredictions]
    test_subgroups: Mapping[SubgroupColumn, np.ndarray] = field(default_factory=dict)
    val_subgroups: Mapping[SubgroupColumn, np.ndarray] = field(default_factory=dict)

    def on_validation(self) -> PredictionSet:
        """Return the predictions with the validation images in the place of the test images, of which nothing is left."""
        return replace(
            self,
            test_ids=self.val_ids,
            test_labels=self.val_labels,
            test_groups=self.val_groups,
            test_subgroups=self.val_subgroups,
            fractions={key: FractionPredictions(one.val_logits, one.val_logits) for key, one in self.fractions.items()},
        )

    def without_test(self) -> PredictionSet:
        """Return the predictions without a test image."""
        return replace(
            self,
            test_ids=self.test_ids[:0],
            test_labels=self.test_labels[:0],
            test_groups=self.test_groups[:0],
            test_subgroups={column: names[:0] for column, names in self.test_subgroups.items()},
            fractions={
                key: FractionPredictions(one.test_logits[:, :, :0], one.val_logits)
                for key, one in self.fractions.items()
            },
        )

    def without_validation(self) -> PredictionSet:
        """Return the predictions without a validation image."""
        return replace(
            self,
            val_ids=self.val_ids[:0],
            val_labels=self.val_labels[:0],
            val_groups=self.val_groups[:0],
            val_subgroups={column: names[:0] for column, names in self.val_subgroups.items()},
            fractions={
                key: FractionPredictions(one.test_logits, one.val_logits[:, :, :0])
                for key, one in self.fractions.items()
            },
        )

    def to_bytes(self) -> bytes:
        """Return the bytes of ``predictions.npz``; equal predictions give equal bytes."""
        arrays: dict[str, np.ndarray] = {"arms": np.array(self.arms)}
        for part in ("test", "val"):
            arrays[f"{part}_ids"] = np.asarray(getattr(self, f"{part}_ids")).astype(np.str_)
            arrays[f"{part}_labels"] = np.asarray(getattr(self, f"{part}_labels"), dtype=np.uint8)
            arrays[f"{part}_groups"] = np.asarray(getattr(self, f"{part}_groups"), dtype=np.int64)
            for column, names in getattr(self, f"{part}_subgroups").items():
                arrays[f"{part}_{column}"] = np.asarray(names).astype(np.str_)
        for key, predictions in self.fractions.items():
            arrays[f"{key}/test_logits"] = np.asarray(predictions.test_logits, dtype=np.float32)
            arrays[f"{key}/val_logits"] = np.asarray(predictions.val_logits, dtype=np.float32)
        return npz_bytes(arrays)


def fraction_key(fraction: float) -> str:
    """Return a fraction of the training patients as the key that records and tables use.

    >>> fraction_key(0.05), fraction_key(1.0)
    ('5%', '100%')
    """
    return f"{100 * fraction:g}%"


def percent(key: str) -> float:
    """Return the percentage in a fraction key, by which fractions are sorted; ``EntryError`` for any other text.

    >>> percent("12.5%")
    12.5
    """
    try:
        value = float(key.removesuffix("%"))
    except ValueError:
        value = math.nan
    if not (key.endswith("%") and 0 < value <= 100):
        raise EntryError(f"A fraction key is a percentage above 0 and at most 100, such as '10%'; given {key!r}.")
    return value


@dataclass(frozen=True)
class PredictionShape:
    """The size of a predictions file, as a record implies or as the file itself declares it.

    Raises ValueError for sizes beyond any board, and for no test or validation image at all. A run whose test scores are
    ``withheld`` has validation images alone; those on validation images may be ``left_out`` where only test scores are kept.
    """

    n_arms: int
    replicates: int
    n_test: int
    n_val: int
    n_classes: int
    fractions: tuple[str, ...]
    withheld: bool = False
    subgroups: tuple[SubgroupColumn, ...] = ()
    left_out: bool = False

    def __post_init__(self) -> None:
        if self.withheld and self.n_test:
            raise ValueError(f"{self.n_test:,} test images, although the test scores are withheld")
        sizes = {
            "arms": (self.n_arms, MOST_ARMS),
            "replicates": (self.replicates, MOST_REPLICATES),
            "test images": (self.n_test, MOST_IMAGES),
            "validation images": (self.n_val, MOST_IMAGES),
            "classes": (self.n_classes, MOST_CLASSES),
            "fractions": (len(self.fractions), MOST_FRACTIONS),
            "logits": (self.n_logits, MOST_LOGITS),
        }
        may_lack = {"test images": self.withheld, "validation images": self.left_out}
        for what, (size, most) in sizes.items():
            if not may_lack.get(what, False) and not 1 <= size <= most:
                raise ValueError(f"{size:,} {what}; there must be 1 to {most:,}")
        if not all(FRACTION.fullmatch(key) and 0 < float(key[:-1]) <= 100 for key in self.fractions):
            raise ValueError(f"the fractions {first_offenders(self.fractions)}; each must be like '10%'")

    @property
    def n_logits(self) -> int:
        """The number of logits on test and validation images."""
        return self.n_arms * self.replicates * (self.n_test + self.n_val) * self.n_classes * len(self.fractions)

    @classmethod
    def declared(cls, found: Mapping[str, Member], *, without_validation: bool = False) -> PredictionShape:
        """Return the shape that the headers of a file declare; a file that lacks required arrays raises ValueError.

        With ``without_validation``, there may be no validation images.
        """
        fractions = sorted({name.partition("/")[0] for name in found if "/" in name})
        logits = [shape for name in found for shape in [found[name].header.shape] if "/" in name]
        needed = ("arms", "test_labels", "val_labels")
        if any(name not in found or len(found[name].header.shape) < 1 + (name != "arms") for name in needed):
            raise ValueError(f"it lacks {' or '.join(needed)}, or they have too few dimensions")
        if not logits or any(len(shape) != 4 for shape in logits):
            raise ValueError("it holds no logits of shape [arms, replicates, images, classes]")
        n_test, n_classes = found["test_labels"].header.shape[:2]
        n_arms, n_val = found["arms"].header.shape[0], found["val_labels"].header.shape[0]
        stated = tuple(column for column in SUBGROUP_COLUMNS if f"val_{column}" in found)
        shape = (n_arms, logits[0][1], n_test, n_val, n_classes, tuple(fractions))
        left_out = without_validation and n_val == 0
        return cls(*shape, withheld=n_test == 0, subgroups=stated, left_out=left_out)

    def headers(self) -> dict[str, Header]:
        """Return the arrays of such a file."""
        found = {"arms": Header("<U", (self.n_arms,))}
        for part, n_images in (("test", self.n_test), ("val", self.n_val)):
            found[f"{part}_ids"] = Header("<U", (n_images,))
            found[f"{part}_labels"] = Header("|u1", (n_images, self.n_classes))
            found[f"{part}_groups"] = Header("<i8", (n_images,))
            found |= {f"{part}_{column}": Header("<U", (n_images,)) for column in self.subgroups}
            for key in self.fractions:
                found[f"{key}/{part}_logits"] = Header("<f4", (self.n_arms, self.replicates, n_images, self.n_classes))
        return found


def read_predictions(
    path: Path, implied: PredictionShape | None = None, *, without_validation: bool = False
) -> PredictionSet:
    """Return the predictions in ``path`` (see ``parse_predictions``)."""
    return parse_predictions(read_bytes(path, MOST_BYTES), path, implied, without_validation=without_validation)


def parse_predictions(
    content: bytes, path: Path, implied: PredictionShape | None = None, *, without_validation: bool = False
) -> PredictionSet:
    """Return the predictions of a run or an entry from the bytes of ``predictions.npz``; ``path`` names it in messages.

    Sizes and types must be those that the record implies or, without a record, agree with each other. Anything else,
    damage, and values that no run writes raise EntryError, before unpacking where possible. With ``without_validation``, those on
    validation images may have been left out.
    """
    try:
        found = members(content)
        shape = implied or PredictionShape.declared(found, without_validation=without_validation)
        check_headers(found, shape.headers())
        arrays = {name: unpacked(member) for name, member in found.items()}
        for name, array in arrays.items():
            _check_values(name, array)
        for part in ("test", "val"):
            _check_unique(f"{part}_ids", arrays[f"{part}_ids"])
        _check_unique("arms", arrays["arms"])
        for column in shape.subgroups:
            _check_few(column, arrays[f"test_{column}"], arrays[f"val_{column}"])
    except ValueError as error:
        raise EntryError(
            f"{shown(path, None)} is not a usable predictions file: {shown(error, 300)}. Use the file that 'qaugbench run' wrote."
        ) from error
    parts: dict[str, Any] = {}
    for part in ("test", "val"):
        parts |= {f"{part}_{what}": arrays[f"{part}_{what}"] for what in ("ids", "labels", "groups")}
        parts[f"{part}_subgroups"] = {column: arrays[f"{part}_{column}"] for column in shape.subgroups}
    return PredictionSet(
        arms=tuple(str(arm) for arm in arrays["arms"]),
        fractions={
            key: FractionPredictions(arrays[f"{key}/test_logits"], arrays[f"{key}/val_logits"])
            for key in shape.fractions
        },
        **parts,
    )


def _check_values(name: str, array: np.ndarray) -> None:
    """Raise ValueError for values that no run writes."""
    if not array.size:
        return
    if array.dtype.kind == "U":
        letters = array.view(np.uint32).reshape(len(array), -1)
        ended = np.logical_or.accumulate(letters == 0, axis=1)
        odd = (letters < 32) | ((letters > 126) & (letters < 160)) | ((letters > 0xD7FF) & (letters < 0xE000))
        wrong = ((odd | (letters > 0x10FFFF)) & (letters != 0)) | (ended & (letters != 0))
        if wrong.any() or ended[:, 0].any():
            raise ValueError(f"{name} holds an empty text, or one with control characters")
    elif name.endswith("_labels") and array.max(initial=0) > 1:
        raise ValueError(f"{name} holds {array.max()}; labels must be 0 or 1")
    elif name.endswith("_groups") and (array.min() < 0 or array.max() > LARGEST_GROUP):
        raise ValueError(f"{name} holds {array.min()} to {array.max()}; groups are numbers from 0 to {LARGEST_GROUP}")
    elif name.endswith("_logits") and np.abs(array).max(initial=0, where=~np.isnan(array)) > LARGEST_LOGIT:
        raise ValueError(f"{name} holds infinite logits, or some beyond {LARGEST_LOGIT:,.0f}")


def _check_few(column: str, *names: np.ndarray) -> None:
    n_groups = max(np.unique(one).size for one in names)
    if n_groups > MOST_SUBGROUPS:
        raise ValueError(f"{column} holds {n_groups:,} groups; there may be {MOST_SUBGROUPS} at most")


def _check_unique(name: str, array: np.ndarray) -> None:
    values, times = np.unique(array, return_counts=True)
    if (times > 1).any():
        raise ValueError(f"{name} holds some twice: {first_offenders(values[times > 1].tolist())}")
