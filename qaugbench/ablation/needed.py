"""What a device would need, by cause of its errors, and whether the expected number of errors is one axis for all of them."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from qaugbench.ablation.levels import DEVICES, SCALE, Sweep
from qaugbench.ablation.study import RECIPE, LevelResult, StudyResult
from qaugbench.ablation.tolerance import LOST, NEGATED, SCORES, Curve, comparator, curve_of, is_complete, values_of
from qaugbench.circuits.noise.model import NoiseModel
from qaugbench.errors import StatisticsError
from qaugbench.formatting import unsigned
from qaugbench.stats.noise_curves import Collapse, Improvement, NoiseAxis, collapse, needed_improvements
from qaugbench.stats.thresholds import Threshold, degradation_threshold, tolerated_noise

TOGETHER = "together"
LOSE_LITTLE, TWIN, REAL_ONLY = f"lose under {unsigned(LOST)}", "reach the clean twin", "reach R+"
"""What is wanted of a device: little of the own noiseless score lost, or another score reached."""
CAUSES = ("two-qubit gates", "one-qubit gates", "readout", "waiting")
"""The causes of errors in the order in which they are listed, whatever the order in a file."""


@dataclass(frozen=True)
class Need:
    """By what factors a device's errors would have to fall for a ``target`` of one measure, each cause alone and all together.

    ``tolerated`` says in words how many expected errors of one run of the circuit the target allows, read off the sweep ``curve``.
    Without improvements the target is missed even without noise, for the ``reason``.
    """

    device: str
    measure: str
    target: str
    curve: str
    tolerated: str
    improvements: tuple[Improvement, ...]
    reason: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain data; a factor that no number is, because not even zero errors would do, is None."""
        return {
            "device": self.device,
            "measure": self.measure,
            "target": self.target,
            "curve": self.curve,
            "tolerated": self.tolerated,
            "reason": self.reason,
            "improvements": [
                {
                    "what": one.what,
                    "words": one.words,
                    "factor": _finite(one.factor),
                    "low": _finite(one.low),
                    "high": _finite(one.high),
                }
                for one in self.improvements
            ],
        }


def needs(found: StudyResult) -> list[Need]:
    """Return what every device of a finished study would need; nothing of a snapshot, whose errors are those of each qubit.

    How many errors are tolerated is read off the device's own sweep where it has three levels with a number of errors, else off
    the first axis that has. Whether the device reaches a target is not read off a curve: its own level was measured.
    """
    if not is_complete(found):
        return []
    return [need for sweep in found.study.sweeps for need in _of_device(found, sweep)]


def collapses(found: StudyResult) -> dict[str, Collapse]:
    """Return by measure how well the expected errors bring all sweeps of a finished study onto one curve.

    Nothing for fewer than two sweeps with expected errors.
    """
    if not is_complete(found):
        return {}
    tested = {}
    for measure in (*NEGATED, *SCORES):
        axes = list(_axes(found, measure))
        if len(axes) >= 2:
            try:
                tested[measure] = collapse(axes)
            except StatisticsError:  # such as replicates that differ between sweeps because a level failed
                continue
    return tested


def device_errors(found: StudyResult, device: str) -> dict[str, float]:
    """Return a device's expected errors of one run of the circuit by cause, those that it has; empty where unknown."""
    own = next((one for one in found.levels if one.sweep == device and one.level.value == 1.0), None)
    causes = own.errors_by_cause if own is not None and own.errors_by_cause is not None else {}
    return {what: causes[what] for what in CAUSES if causes.get(what, 0.0) > 0}


def _of_device(found: StudyResult, sweep: Sweep) -> Iterator[Need]:
    parts = device_errors(found, sweep.name) if sweep.kind in (DEVICES, SCALE) else {}
    if not parts:
        return
    for measure in SCORES:
        read = _read_off(found, sweep, measure)
        if read is None:
            continue
        curve, name = read
        for target, tolerated in _targets(found, measure, curve):
            factors = _as_measured(
                needed_improvements(tolerated, parts), (*parts, TOGETHER), _reaches(found, sweep, measure, target)
            )
            reason = "" if factors else tolerated.reason or ""
            yield Need(sweep.name, measure, target, name, tolerated.words, factors, reason)


def _reaches(found: StudyResult, device: Sweep, measure: str, target: str) -> bool | None:
    """Return whether a device's own level reached a target in the mean over replicates; None where one of them has no value."""
    at = {one.level.value: comparator(one.generator, measure) for one in found.of(device)}
    own, wanted = at.get(1.0), at.get(0.0)
    if target != LOSE_LITTLE:
        wanted = comparator(found.twin if target == TWIN else found.real_only, measure)
    if own is None or wanted is None:
        return None
    missing = float(wanted.mean() - own.mean())
    return missing < LOST if target == LOSE_LITTLE else missing <= 0


def _as_measured(
    factors: tuple[Improvement, ...], causes: Sequence[str], reached: bool | None
) -> tuple[Improvement, ...]:
    """Return ``factors`` that do not contradict what was measured on the device itself, if it was."""
    if reached:
        return tuple(Improvement(cause, 1.0, 1.0, 1.0, measured=True) for cause in causes)
    if reached is False:  # a curve that says otherwise cannot tell by how much either
        return tuple(replace(one, at_least=True) if one.factor == 1 else one for one in factors)
    return factors


def _read_off(found: StudyResult, device: Sweep, measure: str) -> tuple[Curve, str] | None:
    """Return the curve off which tolerated errors are read, and the name of its sweep."""
    others = [sweep for sweep in found.study.sweeps if sweep.kind == "axis"]
    for sweep in (device, *others):
        curve = curve_of(found, sweep, measure)
        if curve is not None and _ascends(curve):
            return curve, sweep.name
    return None


def _ascends(curve: Curve) -> bool:
    errors = [one.errors for one in curve.levels]
    return None not in errors and bool((np.diff(_errors(curve)) > 0).all())


def _errors(curve: Curve) -> np.ndarray:
    """Return the expected errors [L] of levels that all have them."""
    return np.array([one.errors for one in curve.levels], dtype=np.float64)


def _targets(found: StudyResult, measure: str, curve: Curve) -> Iterator[tuple[str, Threshold]]:
    """Yield each target in words with the expected errors that it allows."""
    errors = _errors(curve)
    yield LOSE_LITTLE, degradation_threshold(errors, curve.theta, LOST)
    twin = comparator(found.twin, measure)
    if twin is not None:
        yield TWIN, tolerated_noise(errors, curve.theta, twin)
    real = comparator(found.real_only, measure) if measure == RECIPE else None
    if real is not None:
        yield REAL_ONLY, tolerated_noise(errors, curve.theta, real)


def _axes(found: StudyResult, measure: str) -> Iterator[NoiseAxis]:
    """Yield the sweeps that have expected errors; the level without noise, which all share, belongs to the first."""
    first = True
    for sweep in found.study.sweeps:
        levels = [one for one in found.of(sweep) if _is_placed(one, measure) and (first or not one.level.is_clean)]
        if any(one.errors for one in levels):
            sign = -1.0 if measure in NEGATED else 1.0
            theta = sign * np.array([values_of(one.generator, measure) for one in levels], dtype=np.float64)
            two_qubit = np.array([_two_qubit_error(one) for one in levels])
            yield NoiseAxis(sweep.name, two_qubit, np.array([one.errors for one in levels], dtype=np.float64), theta)
            first = False


def _is_placed(one: LevelResult, measure: str) -> bool:
    return one.errors is not None and values_of(one.generator, measure) is not None


def _two_qubit_error(one: LevelResult) -> float:
    noise = one.level.execution.noise
    return noise.two_qubit_error if isinstance(noise, NoiseModel) else 0.0


def _finite(number: float) -> float | None:
    return number if math.isfinite(number) else None
