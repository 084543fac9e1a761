"""A study of noise as data: what was asked, and what was measured at each level in each replicate, with its comparators."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from qaugbench.ablation.levels import Level, Sweep

FORMAT_VERSION = 1
Measured = dict[str, Any]


@dataclass(frozen=True)
class MeasureFacts:
    """One measure: its title, which direction is better, how it is made, and whether it is a score in [0, 1]."""

    name: str
    title: str
    better: str
    how: str
    is_score: bool = True


MEASURES = (
    MeasureFacts(
        "kid",
        "KID",
        "lower",
        "squared maximum mean discrepancy with the cubic kernel, on the judge's features, to real images of other patients; its "
        "standard error by a block jackknife over patients",
        is_score=False,
    ),
    MeasureFacts(
        "diversity",
        "diversity",
        "near 1",
        "Vendi score of a class over that of as many real images, on the judge's features, the mean over classes",
        is_score=False,
    ),
    MeasureFacts(
        "consistency",
        "consistency",
        "higher",
        "share of images that the judge takes for the class that was asked for; of several findings, its macro-AUROC",
    ),
    MeasureFacts(
        "probe",
        "probe AUROC",
        "higher",
        "macro-AUROC on real images of other patients of a ridge probe on the judge's features that learned from the drawn images "
        "alone; its penalty is fixed, the number of features",
    ),
)
RECIPE = "recipe"


@dataclass(frozen=True)
class Study:
    """What is studied, on which data. ``circuits`` says what the circuits are; ``twin`` why there is none to compare with, and
    ``equal_noise`` why none gets noise as strong, where that is so; ``endpoint`` is what the classifier is scored by where it is
    trained at all. ``mode`` says where the noise acts ("sample", "both", "train"), ``mitigations`` what every level is drawn with
    besides."""

    generator: str
    task: str
    source: str
    source_sha256: str
    phantom: bool
    track: str
    fraction: str
    replicates: int
    n_drawn: int
    circuits: tuple[str, ...]
    twin: str | None
    endpoint: str
    endpoint_title: str
    sweeps: tuple[Sweep, ...]
    mode: str = "sample"
    mitigations: tuple[str, ...] = ()
    equal_noise: str | None = None


@dataclass(frozen=True)
class Side:
    """What was measured of one set of images in every replicate, in order; of one that failed, its outcome and reason.

    ``measures[r]`` are by name, ``{value, se, n, ...}``.
    """

    outcome: str
    reason: str
    measures: tuple[Measured, ...]

    def values(self, measure: str) -> list[float | None]:
        """Return a measure in every replicate; None where it has no value."""
        return [one.get(measure, {}).get("value") for one in self.measures]

    def mean(self, measure: str) -> float | None:
        """Return the mean over those replicates that have a value; None where none has."""
        known = [value for value in self.values(measure) if value is not None]
        return sum(known) / len(known) if known else None

    def error(self, measure: str) -> float | None:
        """Return the standard error of the mean over replicates; None where fewer than two have a value."""
        known = [value for value in self.values(measure) if value is not None]
        if len(known) < 2:
            return None
        mean = sum(known) / len(known)
        variance = sum((value - mean) ** 2 for value in known) / (len(known) - 1)
        return math.sqrt(variance / len(known))

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain data, with means and standard errors."""
        names = sorted({name for one in self.measures for name in one})
        means = {name: {"mean": self.mean(name), "se": self.error(name), "n": len(self.measures)} for name in names}
        return {"outcome": self.outcome, "reason": self.reason, "replicates": list(self.measures), "means": means}


@dataclass(frozen=True)
class Charge:
    """What drawing takes on a device, a mean over replicates: ``per_image`` shots in all, calibration included.

    ``each`` is how many each measurement setting has, ``assumed`` whether that is so only for counting, values being exact.
    ``clipped`` is the share of outputs that mitigation put outside [-1, 1], ``negative_mass`` what it cut from a distribution; None
    where there was neither.
    """

    per_image: float
    each: int
    assumed: bool
    calibration: int
    clipped: float | None = None
    not_fitted: float | None = None
    negative_mass: float | None = None


@dataclass(frozen=True)
class Mitigated:
    """A level drawn with a mitigation; of one that does not apply there is only the ``reason``."""

    name: str
    generator: Side | None = None
    deviation: float | None = None
    charge: Charge | None = None
    reason: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain data."""
        return {
            "name": self.name,
            "applies": self.generator is not None,
            "reason": self.reason,
            "deviation": self.deviation,
            "charge": None if self.charge is None else asdict(self.charge),
            "generator": None if self.generator is None else self.generator.to_dict(),
        }


@dataclass(frozen=True)
class LevelResult:
    """A level and what came of it: of the generator, and of the twin with noise as strong (None without a twin).

    ``expected_errors`` is the expected number of errors in one run of each circuit, None where the noise has no such number.
    ``deviation`` is the root mean square by which the circuits' outputs missed the ideal ones, the mean over replicates.
    ``seconds`` is the computing time of its cells that no earlier level had. ``charge`` are the shots that drawing takes,
    ``photon_yield`` the share of detections that photonic circuits keep; None where neither is known. ``errors_by_cause`` are the
    expected errors of the circuit that has most of them.
    """

    sweep: str
    level: Level
    generator: Side
    twin_with_noise: Side | None
    expected_errors: tuple[float, ...] | None
    deviation: float | None
    seconds: float
    charge: Charge | None = None
    mitigated: tuple[Mitigated, ...] = ()
    photon_yield: float | None = None
    errors_by_cause: Mapping[str, float] | None = None

    @property
    def errors(self) -> float | None:
        """The expected number of errors of the circuit that has most of them; None where the noise has no such number."""
        return max(self.expected_errors) if self.expected_errors else None

    def with_mitigation(self, name: str) -> Side | None:
        """Return what was measured with a mitigation, without noise of the generator itself; None where it does not apply."""
        if self.level.is_clean:
            return self.generator
        return next((one.generator for one in self.mitigated if one.name == name), None)

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain data."""
        return {
            **self.level.to_dict(),
            "expected_errors": None if self.expected_errors is None else list(self.expected_errors),
            "errors_by_cause": None if self.errors_by_cause is None else dict(self.errors_by_cause),
            "deviation": self.deviation,
            "generator": self.generator.to_dict(),
            "twin_with_noise": None if self.twin_with_noise is None else self.twin_with_noise.to_dict(),
            "charge": None if self.charge is None else asdict(self.charge),
            "mitigated": [one.to_dict() for one in self.mitigated],
            "photon_yield": self.photon_yield,
            "seconds": self.seconds,
        }


@dataclass(frozen=True)
class StudyResult:
    """A study, the clean twin once it is measured, and the levels that are done, in order."""

    study: Study
    twin: Side | None = None
    levels: tuple[LevelResult, ...] = ()
    real_only: Side | None = None

    def of(self, sweep: Sweep) -> tuple[LevelResult, ...]:
        """Return the levels of a sweep that are done, from no noise upwards."""
        return tuple(one for one in self.levels if one.sweep == sweep.name)

    @property
    def clean(self) -> LevelResult | None:
        """The generator without noise; None before it is measured."""
        return next((one for one in self.levels if one.level.is_clean), None)

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain data."""
        study = self.study
        planned = sum(len(sweep.levels) for sweep in study.sweeps)
        return {
            "format": FORMAT_VERSION,
            "generator": study.generator,
            "task": study.task,
            "source": study.source,
            "source_sha256": study.source_sha256,
            "phantom": study.phantom,
            "track": study.track,
            "fraction": study.fraction,
            "mode": study.mode,
            "mitigations": list(study.mitigations),
            "replicates": study.replicates,
            "images": study.n_drawn,
            "circuits": list(study.circuits),
            "measures": {one.name: {"title": one.title, "better": one.better, "how": one.how} for one in MEASURES},
            "classifier": {"endpoint": study.endpoint, "title": study.endpoint_title, "images": "test"},
            "levels": planned,
            "levels_done": len(self.levels),
            "seconds": round(sum(one.seconds for one in self.levels), 3),
            "twin_missing": study.twin,
            "equal_noise_missing": study.equal_noise,
            "twin": None if self.twin is None else self.twin.to_dict(),
            "real_only": None if self.real_only is None else self.real_only.to_dict(),
            "sweeps": [
                {
                    **sweep.to_dict(),
                    "planned": [level.to_dict() for level in sweep.levels],
                    "levels": [one.to_dict() for one in self.of(sweep)],
                }
                for sweep in study.sweeps
            ],
        }


def shown_measures(results: Sequence[LevelResult]) -> tuple[MeasureFacts, ...]:
    """Return the measures that any level has a value of, the classifier's score last."""
    found = [one for one in MEASURES if any(result.generator.mean(one.name) is not None for result in results)]
    if any(result.generator.mean(RECIPE) is not None for result in results):
        found.append(MeasureFacts(RECIPE, "classifier", "higher", "the recipe, trained with the drawn images"))
    return tuple(found)
