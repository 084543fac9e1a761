"""A study whose losses are planted: every score falls with the expected number of errors of the circuit, and with nothing else."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from qaugbench.ablation.levels import asked_sweeps
from qaugbench.ablation.study import Charge, LevelResult, Mitigated, Side, StudyResult
from qaugbench.circuits.ansatz import qldm_circuit
from qaugbench.circuits.noise.expected_errors import errors_by_cause
from qaugbench.circuits.noise.model import NoiseModel
from tests.ablation.made_up import made_up

REPLICATES = 5
CIRCUIT = qldm_circuit(8, 3)
PROBE, TWIN, REAL_ONLY = 0.80, 0.77, 0.60
LOST_AN_ERROR = 0.10
"""Of the probe and the classifier, for each expected error."""


def side(random: np.random.Generator, probe: float, *, kid: float = 1.0, recipe: float | None = None) -> Side:
    """Return replicates close around these values."""
    rows = []
    for _ in range(REPLICATES):
        row = {"kid": {"value": kid + random.normal(0, 0.01)}, "probe": {"value": probe + random.normal(0, 0.0005)}}
        row |= {} if recipe is None else {"recipe": {"value": recipe + random.normal(0, 0.0005)}}
        rows.append(row)
    return Side("ok", "", tuple(rows))


def planted(*devices: str, twin: float = TWIN, replicates: int = REPLICATES) -> StudyResult:
    """Return a finished study of two axes and of ``devices`` in all strengths, with a mitigation that undoes half of the loss."""
    random = np.random.default_rng(2)
    axes = ("two_qubit=1e-3,1e-2,1e-1", "readout=0.01,0.1,0.4")  # up to three errors, as ten times the device
    sweeps = asked_sweeps(axes, devices, scaled=bool(devices), recipe_levels=bool(devices))
    levels = []
    for sweep in sweeps:
        for level in sweep.levels:
            causes = errors_by_cause(CIRCUIT, level.execution.noise or NoiseModel())  # type: ignore[arg-type]
            errors = sum(causes.values())
            score, recipe = PROBE - LOST_AN_ERROR * errors, 0.7 - LOST_AN_ERROR * errors if level.trains else None
            mended = () if level.is_clean else _mended(random, PROBE - LOST_AN_ERROR * errors / 2)
            charge = None if level.is_clean else Charge(54_000, 1024, assumed=True, calibration=0)
            own = side(random, score, kid=1 + errors, recipe=recipe)
            noisy = None if level.is_clean else side(random, twin)
            levels.append(
                LevelResult(sweep.name, level, own, noisy, (errors,), errors / 9, 3.0, charge, mended, None, causes)
            )
    study = replace(made_up().study, replicates=replicates, sweeps=sweeps, mitigations=("zero-noise", "readout"))
    rows = tuple({"recipe": {"value": REAL_ONLY + random.normal(0, 0.0005)}} for _ in range(REPLICATES))
    real = Side("ok", "", rows) if devices else None
    return StudyResult(study, side(random, twin, recipe=0.68), tuple(levels), real)


def _mended(random: np.random.Generator, probe: float) -> tuple[Mitigated, ...]:
    charge = Charge(162_000, 1024, assumed=True, calibration=0, clipped=0.021, not_fitted=0.0)
    done = Mitigated("zero-noise", side(random, probe), 0.01, charge)
    return done, Mitigated("readout", reason="no bit is misread at this level")
