"""A device by what a person writes: a preset, the snapshot of a backend, or a TOML file of one's own."""

from __future__ import annotations

import math
import re
import tomllib
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from qaugbench.circuits.execution import Noise
from qaugbench.circuits.noise.presets import Preset, names, preset, preset_of
from qaugbench.errors import CircuitError, near_names

SNAPSHOT = "fake:"
SUFFIX = ".toml"
DATE = re.compile(r"\d{4}(-\d{2}){0,2}")
EXAMPLES = {
    "title": 'such as "Our device, line of 20 qubits"',
    "source": 'such as "calibration of that morning"',
    "coupling": 'such as "a line" or "all to all"',
}


@dataclass(frozen=True)
class NamedDevice:
    """``noise`` of the device ``name``; ``preset`` are its facts, None for a snapshot, whose errors are those of each qubit."""

    name: str
    title: str
    noise: Any
    preset: Preset | None = None


def named_device(text: str) -> NamedDevice:
    """Return the device that ``text`` means: ``ibm_heron_r1``, ``fake:torino`` or the path of a TOML file.

    A file has the facts of a ``Preset``, at least ``title``, ``date`` and ``source``, and is named by its stem.

    Raises:
        CircuitError: an unknown name, a file that cannot be read or says what no device has, or a snapshot without Qiskit.
    """
    if text.startswith(SNAPSHOT):
        from qaugbench.circuits.noise.backend import BackendNoise

        noise: Noise = BackendNoise(text)
        return NamedDevice(text, f"{text}, circuits compiled and routed for it", noise)
    facts = _of_file(Path(text)) if text.endswith(SUFFIX) else _known(text)
    try:
        return NamedDevice(facts.name, facts.title, facts.noise_model(), facts)
    except CircuitError as error:
        raise CircuitError(f"{text}: {error}") from error


def _known(text: str) -> Preset:
    if text in names():
        return preset(text)
    raise CircuitError(
        f"Unknown device {text!r}.{near_names(text, names())} Or give fake:NAME, a snapshot that Qiskit has, or a .toml file."
    )


def _of_file(path: Path) -> Preset:
    try:
        facts = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise CircuitError(
            f"There is no file {path}; give the facts of a device in one, or the name of a preset."
        ) from error
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise CircuitError(f"{path} cannot be read as TOML: {error}.") from error
    missing = [name for name in ("title", "date", "source", "coupling") if name not in facts]
    if missing:
        raise CircuitError(f"{path} does not say {', '.join(missing)}; a device is a dated fact with a source.")
    stated = {name: fact.isoformat() if isinstance(fact, date) else fact for name, fact in facts.items()}
    found = preset_of(path.stem, stated, str(path))
    _check(found, str(path))
    return found


def _check(found: Preset, origin: str) -> None:
    """Raise CircuitError for what no device can be said to be, of facts that no noise model has checked."""
    for name in ("title", "source", "coupling"):
        text = getattr(found, name)
        if not text.strip() or not text.isprintable():
            raise CircuitError(
                f"{origin}: {name} = {text!r} says nothing; give it in words on one line, {EXAMPLES[name]}."
            )
    if not _is_date(found.date):
        raise CircuitError(
            f"{origin}: date = {found.date!r} is no date; give the day, the month or the year of the figures, such as "
            '"2026-11-01", "2026-11" or "2026".'
        )
    if found.n_qubits is not None and found.n_qubits < 1:
        raise CircuitError(
            f"{origin}: n_qubits = {found.n_qubits} is no number of qubits; give one of at least 1, or leave it out."
        )
    for name in ("readout_duration_s", "rep_delay_s", "shots_per_s"):
        value = getattr(found, name)
        if value is not None and not 0 <= value < math.inf:
            raise CircuitError(f"{origin}: {name} = {value:g} is negative or not finite; correct it or leave it out.")


def _is_date(text: str) -> bool:
    """Return whether a text is a year, a month or a day that exists, also after "read ".

    >>> _is_date("2026-11-01"), _is_date("read 2026"), _is_date("2026-02-30"), _is_date("lately")
    (True, True, False, False)
    """
    day = text.removeprefix("read ")
    if not DATE.fullmatch(day):
        return False
    try:
        date.fromisoformat(day + "-01" * (2 - day.count("-")))
    except ValueError:
        return False
    return True
