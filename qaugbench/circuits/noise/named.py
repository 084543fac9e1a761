"""A device by what a person writes: a preset, the snapshot of a backend, or a TOML file of one's own."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from qaugbench.circuits.execution import Noise
from qaugbench.circuits.noise.presets import Preset, names, preset, preset_of
from qaugbench.errors import CircuitError, near_names

SNAPSHOT = "fake:"
SUFFIX = ".toml"


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
    return preset_of(path.stem, facts, str(path))
