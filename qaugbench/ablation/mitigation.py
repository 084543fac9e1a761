"""Levels with a part of their noise mitigated: which execution each stands for, or why a mitigation does not apply."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from qaugbench.circuits.execution import Execution
from qaugbench.circuits.mitigation.mitigated import Mitigation, mitigated, mitigation_named, why_not_applicable
from qaugbench.circuits.mitigation.readout_inversion import ReadoutInversion
from qaugbench.circuits.noise.model import NoiseModel
from qaugbench.circuits.written import without_idle_noise
from qaugbench.errors import CircuitError


def mitigated_level(execution: Execution, name: str, circuits: Sequence[Any]) -> Execution | str:
    """Return ``execution`` with the mitigation ``name``, or why it does not apply to these circuits or this noise."""
    mitigation, noise = mitigation_named(name), execution.noise
    if noise is None:
        return "there is no noise at this level, only shots"
    reasons = [why_not_applicable(circuit, mitigation) for circuit in circuits]
    if isinstance(noise, NoiseModel):
        reasons.append(_why_idle(noise, mitigation))
    for reason in reasons:
        if reason is not None:
            return reason
    try:
        return mitigated(execution, mitigation)
    except CircuitError as error:
        return str(error)


def _why_idle(noise: NoiseModel, mitigation: Mitigation) -> str | None:
    """Return why ``mitigation`` has nothing to mend, so that drawing again would only repeat the level."""
    misreads = noise.readout_0_to_1 > 0 or noise.readout_1_to_0 > 0
    without = Execution(noise=replace(noise, readout_0_to_1=0.0, readout_1_to_0=0.0))
    inverts = isinstance(mitigation, ReadoutInversion) or mitigation.readout is not None
    if inverts and not misreads:
        return "no bit is misread at this level"
    if not isinstance(mitigation, ReadoutInversion) and without_idle_noise(without).is_ideal:
        return "gates and waits have no errors at this level, and nothing else is extrapolated"
    return None
