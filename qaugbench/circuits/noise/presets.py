"""Devices as dated facts, and the noise models that follow from them."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, fields
from functools import cache
from importlib import resources
from typing import Any

from qaugbench.circuits.noise.model import NoiseModel
from qaugbench.errors import CircuitError, near_names
from qaugbench.typed import from_dict


@dataclass(frozen=True)
class Preset:
    """What is known about a device at a date; None is not known. Errors are average gate infidelities, times in seconds.

    ``backend`` names the snapshot for ``BackendNoise`` of whose calibration the figures are medians. ``caveat`` says
    what the source does not give. The resource card uses the rest: ``rep_delay_s`` passes between shots.
    """

    name: str
    title: str
    date: str
    source: str
    coupling: str
    n_qubits: int | None = None
    backend: str | None = None
    basis_gates: tuple[str, ...] = ()
    one_qubit_error: float | None = None
    two_qubit_error: float | None = None
    two_qubit_error_without_loss: float | None = None
    readout_error: float | None = None
    readout_0_to_1: float | None = None
    readout_1_to_0: float | None = None
    readout_loss: float | None = None
    t1_s: float | None = None
    t2_s: float | None = None
    one_qubit_duration_s: float | None = None
    two_qubit_duration_s: float | None = None
    readout_duration_s: float | None = None
    rep_delay_s: float | None = None
    shots_per_s: float | None = None
    free_gates: tuple[str, ...] = ()
    caveat: str | None = None

    def noise_model(self) -> NoiseModel:
        """Return the noise of the device on a circuit's own gates and wires, none being routed or decomposed.

        What is not known counts as perfect. Where only a mean readout error is known, both bits have it.
        """
        return NoiseModel(
            one_qubit_error=self.one_qubit_error or 0.0,
            two_qubit_error=self.two_qubit_error or 0.0,
            t1_s=self.t1_s,
            t2_s=self.t2_s,
            one_qubit_duration_s=self.one_qubit_duration_s or 0.0,
            two_qubit_duration_s=self.two_qubit_duration_s or 0.0,
            readout_0_to_1=self._misread(self.readout_0_to_1),
            readout_1_to_0=self._misread(self.readout_1_to_0),
            free_gates=self.free_gates,
        )

    def _misread(self, of_one_bit: float | None) -> float:
        """Return how often a bit is misread: as stated of it, zero included, else as the mean of both."""
        return (self.readout_error or 0.0) if of_one_bit is None else of_one_bit


def names() -> tuple[str, ...]:
    """Return the names of all presets."""
    return tuple(_table())


def preset(name: str) -> Preset:
    """Return the facts of a device.

    Raises:
        CircuitError: an unknown name.

    >>> preset("ibm_heron_r1").two_qubit_error
    0.00408
    """
    table = _table()
    if name not in table:
        raise CircuitError(f"Unknown device preset {name!r}.{near_names(str(name), table)}")
    return table[name]


def preset_of(name: str, facts: dict[str, Any], origin: str) -> Preset:
    """Return the preset ``name`` from facts as TOML gives them.

    Raises:
        CircuitError: a fact that no device has; ``origin`` says where it stands.
        DefinitionError: one of another type.
    """
    known = {field.name for field in fields(Preset)} - {"name"}
    for fact in facts:
        if fact not in known:
            raise CircuitError(f"{origin}: unknown fact {fact!r} of a device.{near_names(fact, known)}")
    return from_dict(Preset, {"name": name, **facts}, origin)


@cache
def _table() -> dict[str, Preset]:
    text = resources.files(__package__).joinpath("presets.toml").read_text(encoding="utf-8")
    return {name: preset_of(name, facts, "presets.toml") for name, facts in tomllib.loads(text).items()}
