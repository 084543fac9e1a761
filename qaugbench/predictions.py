"""Every prediction of a run on real held-out images, by arm, fraction and replicate, and the file that keeps them."""

from __future__ import annotations

import math
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from pydantic import BaseModel, ConfigDict

from qaugbench.errors import EntryError
from qaugbench.files import npz_bytes

Role = Literal["real-only", "augmented", "compute-matched", "oversampling", "oracle", "synthetic", "control"]
GeneratorKind = Literal["quantum", "hybrid", "quantum-inspired", "classical", "external"]
CLASSICAL_KINDS: tuple[GeneratorKind, ...] = ("classical",)
QUANTUM_KINDS: tuple[GeneratorKind, ...] = ("quantum", "hybrid")
REFERENCE_ROLES: tuple[Role, ...] = ("augmented", "compute-matched", "oversampling")
"""Roles of the arms that train on the real images alone and compete to be the reference, in the order that settles ties."""


class Facts(BaseModel):
    """Base of every part of a record: unknown keys are refused, values never change."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class ArmInfo(Facts):
    """What the frozen classifier was trained on in one arm; ``control`` is ``none`` for the generator itself."""

    id: str
    role: Role
    generator: str | None = None
    control: str | None = None
    kind: GeneratorKind | None = None
    fidelity: str | None = None


@dataclass(frozen=True)
class FractionPredictions:
    """Logits at one fraction, float32; NaN where a cell failed. Shapes [A, R, N_test, K] and [A, R, N_val, K]."""

    test_logits: np.ndarray
    val_logits: np.ndarray


@dataclass(frozen=True)
class PredictionSet:
    """Every prediction of a run on real held-out images; ``fractions`` is keyed as in ``FractionFacts.key`` ("10%")."""

    arms: tuple[str, ...]
    test_ids: np.ndarray
    test_labels: np.ndarray
    test_groups: np.ndarray
    val_ids: np.ndarray
    val_labels: np.ndarray
    val_groups: np.ndarray
    fractions: Mapping[str, FractionPredictions]

    def to_bytes(self) -> bytes:
        """Return the bytes of ``predictions.npz``; equal predictions give equal bytes."""
        arrays: dict[str, np.ndarray] = {"arms": np.array(self.arms)}
        for part in ("test", "val"):
            arrays[f"{part}_ids"] = np.asarray(getattr(self, f"{part}_ids")).astype(np.str_)
            arrays[f"{part}_labels"] = np.asarray(getattr(self, f"{part}_labels"), dtype=np.uint8)
            arrays[f"{part}_groups"] = np.asarray(getattr(self, f"{part}_groups"), dtype=np.int64)
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
    """Return the percentage that a fraction key says, by which fractions are sorted; ``EntryError`` for any other text.

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


def read_predictions(path: Path) -> PredictionSet:
    """Return the predictions of a run or an entry; a damaged or incomplete file raises ``EntryError`` naming it."""
    try:
        with np.load(path, allow_pickle=False) as archive:
            arrays = {name: archive[name] for name in archive.files}
        keys = sorted({name.partition("/")[0] for name in arrays if name.endswith("/test_logits")})
        return PredictionSet(
            arms=tuple(str(arm) for arm in arrays["arms"]),
            **{
                f"{part}_{what}": arrays[f"{part}_{what}"]
                for part in ("test", "val")
                for what in ("ids", "labels", "groups")
            },
            fractions={
                key: FractionPredictions(arrays[f"{key}/test_logits"], arrays[f"{key}/val_logits"]) for key in keys
            },
        )
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        raise EntryError(
            f"{path} is not a usable predictions file: {error}. Write it again with 'qaugbench run'."
        ) from error
