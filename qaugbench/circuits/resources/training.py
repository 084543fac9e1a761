"""What training on hardware would take: circuit evaluations by the parameter-shift rule, and whether that is feasible."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from qaugbench.circuits.spectrum import used_angles

FEASIBLE_S = 24 * 3600.0


@dataclass(frozen=True)
class Training:
    """How a circuit is trained: ``steps`` of ``batch_size`` samples, each of which runs the circuit ``circuits_per_sample`` times.

    ``differentiates_inputs``: whether layers before the circuit train as well. ``shifted_per_sample``: how many of those
    runs pass gradients (None: all; a critic's steps, for example, need none).
    """

    steps: int
    batch_size: int
    circuits_per_sample: float = 1.0
    differentiates_inputs: bool = False
    shifted_per_sample: float | None = None


@dataclass(frozen=True)
class TrainingCost:
    """Circuit evaluations of a whole training, and the time they would take; None with a ``reason`` where unknown.

    ``shifts``: evaluations for the exact derivatives of one run, ``formula`` how they were counted.
    """

    steps: int
    batch_size: int
    shifts: int | None
    evaluations: int | None
    formula: str
    device_s: float | None
    feasible: bool | None
    reason: str


def training_cost(
    circuit: Any, training: Training, *, settings: int, shots: int, shot_s: float | None, unknown_time: str
) -> TrainingCost:
    """Return what training takes if every derivative comes from shifted angles (Wierichs et al., arXiv 2107.12390).

    One evaluation per run gives the output; each angle with a trained parameter costs two more, four on a controlled
    rotation. A weight in several angles costs once per angle; an angle with several parameters costs once.
    """
    if circuit.output_kind == "samples":
        reason = "single samples have no derivative by shifted angles; train on probabilities or expectations instead"
        return TrainingCost(training.steps, training.batch_size, None, None, "", None, None, reason)
    angles = [used for used in used_angles(circuit) if used.weights or training.differentiates_inputs]
    shifts = sum(used.shift_evaluations for used in angles)
    runs = training.steps * training.batch_size * training.circuits_per_sample
    shifted = training.circuits_per_sample if training.shifted_per_sample is None else training.shifted_per_sample
    evaluations = round(runs + training.steps * training.batch_size * shifted * shifts)
    notes = [unknown_time] if shot_s is None else []
    if training.differentiates_inputs and getattr(circuit, "start", None):
        notes.append("derivatives with respect to embedded amplitudes have no shift rule and are not counted")
    device_s = None if shot_s is None else evaluations * settings * shots * shot_s
    return TrainingCost(
        steps=training.steps,
        batch_size=training.batch_size,
        shifts=shifts,
        evaluations=evaluations,
        formula=_formula(training, shifted, shifts, len(angles)),
        device_s=device_s,
        feasible=None if device_s is None else device_s <= FEASIBLE_S,
        reason="; ".join(notes),
    )


def _formula(training: Training, shifted: float, shifts: int, n_angles: int) -> str:
    of_what = "weights and inputs" if training.differentiates_inputs else "weights"
    return (
        f"{training.steps:,} steps x {training.batch_size} samples x ({training.circuits_per_sample:g} runs + {shifted:g} x "
        f"{shifts} shifted runs, for {n_angles} angles of {of_what})"
    )
