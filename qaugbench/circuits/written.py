"""An execution as plain data and back: what names a stored result, and what a file says of how it was drawn."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, replace
from typing import Any

from qaugbench.circuits.execution import Execution
from qaugbench.circuits.noise.model import NoiseModel
from qaugbench.circuits.noise.photons import PhotonicNoise
from qaugbench.errors import CircuitError
from qaugbench.typed import from_dict

QUBITS, PHOTONS, BACKEND = "qubits", "photons", "backend"
NOISE_CODE = {
    QUBITS: "qaugbench.circuits.noise.executor",
    PHOTONS: "qaugbench.circuits.photonic.executor",
    BACKEND: "qaugbench.circuits.noise.backend",
}
"""The code that numbers under each kind of noise depend on; a noise of qubits does not depend on what compiles for a backend."""
SHOTS_CODE = "qaugbench.circuits.shots"
MITIGATION_CODE = "qaugbench.circuits.mitigation.mitigated"
_HARMLESS = ("two_qubit_channel", "over_rotation_kind", "simultaneous_factor", "free_gates", "trajectories")
_DURATIONS = ("one_qubit_duration_s", "two_qubit_duration_s")


def without_idle_noise(execution: Execution) -> Execution:
    """Return ``execution`` without a noise that does nothing, whatever durations it states: the exact one where nothing is left.

    >>> without_idle_noise(Execution(noise=NoiseModel(two_qubit_duration_s=1e-7))).is_ideal
    True
    """
    return Execution(shots=execution.shots, device=execution.device) if _is_idle(execution.noise) else execution


def written(execution: Execution) -> dict[str, Any]:
    """Return an execution as plain data, of its noise only what differs from a perfect device; ``as_executed`` reads it.

    >>> written(Execution(noise=NoiseModel(two_qubit_error=0.004), shots=256))
    {'shots': 256, 'noise': 'qubits', 'two_qubit_error': 0.004}

    Raises:
        CircuitError: a device, whose answers are no function of what is written, or a noise that has no name.
    """
    if execution.device is not None:
        raise CircuitError(f"What the device {execution.device} answers cannot be computed again; give a noise model.")
    found: dict[str, Any] = {} if execution.shots is None else {"shots": execution.shots}
    if execution.noise is None:
        return found
    if is_mitigated(execution):
        from qaugbench.circuits.mitigation.mitigated import name_of

        return {**written(unmitigated(execution)), "mitigation": name_of(execution.noise.mitigation)}  # type: ignore[union-attr]
    return {**found, "noise": kind_of(execution), **_changed(execution.noise)}


def is_mitigated(execution: Execution) -> bool:
    """Return whether a part of the execution's noise is mitigated."""
    return hasattr(execution.noise, "mitigation")


def unmitigated(execution: Execution) -> Execution:
    """Return the execution with its noise as it is, not mitigated."""
    return replace(execution, noise=execution.noise.noise) if is_mitigated(execution) else execution  # type: ignore[union-attr]


def kind_of(execution: Execution) -> str | None:
    """Return which kind of noise an execution has: of qubits, of photons, of a backend by name; None for none."""
    noise = unmitigated(execution).noise
    if noise is None:
        return None
    if isinstance(noise, NoiseModel):
        return QUBITS
    if isinstance(noise, PhotonicNoise):
        return PHOTONS
    if hasattr(noise, "backend"):
        return BACKEND
    raise CircuitError(f"The noise {noise!r} cannot be written down; give a NoiseModel or the name of a backend.")


def as_executed(facts: Mapping[str, Any]) -> Execution:
    """Return the execution that ``written`` was given."""
    rest = {name: value for name, value in facts.items() if name not in ("shots", "noise", "mitigation")}
    if "noise" not in facts:
        return Execution(shots=facts.get("shots"))
    found = Execution(shots=facts.get("shots"), noise=from_dict(_noise_class(facts["noise"]), rest, "noise"))
    if "mitigation" not in facts:
        return found
    from qaugbench.circuits.mitigation.mitigated import mitigated, mitigation_named

    return mitigated(found, mitigation_named(facts["mitigation"]))


def _noise_class(kind: str) -> type[Any]:
    if kind == QUBITS:
        return NoiseModel
    if kind == PHOTONS:
        return PhotonicNoise
    from qaugbench.circuits.noise.backend import BackendNoise

    return BackendNoise


def _changed(noise: Any) -> dict[str, Any]:
    """Return the fields of a noise that are not at their defaults; tuples as lists, as JSON has them."""
    values = {field.name: (getattr(noise, field.name), field.default) for field in fields(noise)}
    return {
        name: list(value) if isinstance(value, tuple) else value
        for name, (value, default) in values.items()
        if value != default
    }


def _is_idle(noise: Any) -> bool:
    if isinstance(noise, NoiseModel):
        return set(_changed(noise)) <= {*_HARMLESS, *_DURATIONS}
    return isinstance(noise, PhotonicNoise) and not _changed(noise)
