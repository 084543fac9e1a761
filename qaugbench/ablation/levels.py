"""The levels of a study: every sweep along an axis, every device, and every device made stronger and weaker."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from qaugbench.ablation.axes import ALL, DEFAULT_DEVICE, SCALES, Axis, asked_axis
from qaugbench.circuits.execution import Execution
from qaugbench.circuits.noise.model import NoiseModel
from qaugbench.circuits.noise.named import NamedDevice, named_device
from qaugbench.circuits.noise.presets import Preset, preset
from qaugbench.circuits.written import without_idle_noise, written
from qaugbench.errors import CircuitError, DefinitionError

DEVICES, SCALE = "device", "scale"
DEFAULT_AXIS = "two_qubit"
DEVICE_UNIT = "times the device's errors"
FIT_SCALES = (0.0, 1.0, 3.0)
"""The strengths of a device under which generators are fitted anew, each of which takes a fit; of a snapshot the first two."""
RECIPE_SCALES = (0.0, 1.0, 3.0, 10.0)
"""The strengths of a device at which the classifier itself is trained, where that is asked for."""


@dataclass(frozen=True)
class Level:
    """One strength of noise: ``value`` on its axis, ``strength`` that orders it (0: none), and how circuits are evaluated.

    ``trains``: whether the classifier is trained on its images.
    """

    label: str
    value: float
    strength: float
    execution: Execution
    trains: bool = False

    @property
    def is_clean(self) -> bool:
        """Whether it is the ideal sample of a run."""
        return self.execution.is_ideal

    def to_dict(self) -> dict[str, Any]:
        """Return what it is as plain data."""
        value = None if math.isinf(self.value) else self.value
        return {"label": self.label, "value": value, "strength": self.strength, "execution": written(self.execution)}


@dataclass(frozen=True)
class Sweep:
    """Levels of one kind: an ``axis``, ``scale`` of a device, or ``device``, where the only level with noise is that device."""

    name: str
    kind: str
    title: str
    unit: str
    levels: tuple[Level, ...]
    reference: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return what it is as plain data, without its levels."""
        return {
            "name": self.name,
            "kind": self.kind,
            "title": self.title,
            "unit": self.unit,
            "reference": self.reference,
        }


def axis_label(name: str, value: float) -> str:
    """Return what a level of an axis is called.

    >>> axis_label("gates", 0.001)
    'gates 0.001'
    """
    return f"{name} {value:g}"


def device_label(name: str, times: float) -> str:
    """Return what a level of a device is called.

    >>> device_label("ibm_heron_r3", 1.0), device_label("ibm_heron_r3", 3.0)
    ('ibm_heron_r3', '3 x ibm_heron_r3')
    """
    return name if times == 1.0 else f"{times:g} x {name}"


def asked_sweeps(
    axes: Sequence[str],
    devices: Sequence[str],
    *,
    scaled: bool,
    recipe_levels: bool,
    acts_on: str = "qubits",
    fitted: bool = False,
) -> tuple[Sweep, ...]:
    """Return the sweeps that were asked for; along the two-qubit error where neither an axis nor a device was named.

    ``acts_on`` is what the circuits are made of, "qubits" or "photons". With ``scaled`` every device is a sweep over its strength,
    and with ``recipe_levels`` the classifier is trained at the strengths 0, 1, 3 and 10 of every device. Where generators are
    ``fitted`` under noise, each device has the strengths 0, 1 and 3 alone, a snapshot, which cannot be made stronger, 0 and 1.

    Raises:
        DefinitionError, CircuitError: an unknown axis or device, one that acts on other circuits, strengths without a device.
    """
    if fitted:
        _check_fitted(axes, devices, scaled=scaled, acts_on=acts_on)
    known = [named_device(name) for name in dict.fromkeys(devices)]
    if (scaled or recipe_levels) and not known:
        option = "--scale" if scaled else "--recipe-levels"
        raise DefinitionError(f"{option} needs a device whose strengths it goes through; add --device NAME.")
    if known and acts_on == "photons":
        raise DefinitionError(
            f"The device {known[0].name} has qubits, and the circuits are photonic; give --axis instead."
        )
    if not axes and not known:
        if acts_on == "photons":
            raise DefinitionError(f"Name what to vary, for example --axis {_of('photons')}.")
        axes = (DEFAULT_AXIS,)
    asked = [asked_axis(text) for text in axes]
    twice = [axis.name for k, (axis, _) in enumerate(asked) if axis in [one for one, _ in asked[:k]]]
    if twice:
        raise DefinitionError(f"--axis {twice[0]} is given twice; give all of its values in one.")
    for axis, _ in asked:
        if axis.acts_on not in ("any", acts_on):
            raise DefinitionError(
                f"--axis {axis.name} acts on {axis.acts_on}, and the circuits are made of {acts_on}; for these there are "
                f"{_of(acts_on)}."
            )
    _check_apart([axis.name for axis, _ in asked], known)
    reference = _reference(known)
    sweeps = [_along(axis, grid, reference) for axis, grid in asked]
    sweeps += [_of_device(device, scaled=scaled, trains=recipe_levels, fitted=fitted) for device in known]
    for sweep in sweeps:
        if all(level.is_clean for level in sweep.levels):
            remedy = f"give --axis {sweep.name} a value" if sweep.kind == "axis" else "give a device"
            raise DefinitionError(
                f"{sweep.name} has no level with noise, so there is nothing to study; {remedy} with some."
            )
    return tuple(sweeps)


def _check_apart(axes: Sequence[str], devices: Sequence[NamedDevice]) -> None:
    """Raise DefinitionError for two sweeps of one name, whose levels nothing would tell apart."""
    taken = set(axes)
    for device in devices:
        if device.name in taken:
            raise DefinitionError(
                f"Another {'axis' if device.name in axes else 'device'} of this study is called {device.name!r}; rename the file "
                f"{device.name}.toml."
            )
        taken.add(device.name)


def _check_fitted(axes: Sequence[str], devices: Sequence[str], *, scaled: bool, acts_on: str) -> None:
    """Raise DefinitionError for levels at which generators are not fitted anew."""
    why = (
        "Under --mode both and train the generator is fitted anew at each level, so these are only 0, 1 and 3 times a device "
        "(fake:NAME: 0 and 1)"
    )
    if acts_on == "photons":
        raise DefinitionError(
            f"{why}, and devices have qubits: the circuits are photonic, which --mode sample studies."
        )
    given = f"--axis {axes[0].partition('=')[0]}" if axes else "--scale" if scaled else None
    if given is not None:
        raise DefinitionError(f"{why}; leave out {given}, or study it with --mode sample.")
    if not devices:
        raise DefinitionError(f"{why}: add --device NAME ('qaugbench list presets').")


def _of(acts_on: str) -> str:
    return ", ".join(axis.name for axis in ALL if axis.acts_on in ("any", acts_on))


def _reference(devices: Sequence[NamedDevice]) -> Preset:
    """Return the device that axes take times from: the first that states them, else one that the documents name."""
    timed = [one.preset for one in devices if one.preset and one.preset.two_qubit_duration_s and one.preset.t1_s]
    return timed[0] if timed else preset(DEFAULT_DEVICE)


def _along(axis: Axis, grid: Sequence[float], device: Preset) -> Sweep:
    levels = []
    for value in grid:
        try:
            execution = without_idle_noise(axis.execution(value, device))
        except CircuitError as error:
            raise CircuitError(f"--axis {axis.name}={value:g}: {error}") from error
        levels.append(Level(axis_label(axis.name, value), value, axis.strength(value), execution))
    reference = device.name if axis.refers_to_device else None
    return Sweep(axis.name, "axis", axis.title, axis.unit, tuple(levels), reference)


def _of_device(device: NamedDevice, *, scaled: bool, trains: bool, fitted: bool) -> Sweep:
    scales = sorted({0.0, 1.0, *(SCALES if scaled else ()), *(RECIPE_SCALES if trains else ())})
    if fitted and isinstance(device.noise, NoiseModel):
        scales = list(FIT_SCALES)
    if not isinstance(device.noise, NoiseModel):
        if scaled or trains:
            raise DefinitionError(
                f"{device.name} has errors of its own for every gate and qubit, which no one number makes stronger: give a preset "
                "('qaugbench list presets') or a .toml file with --scale and --recipe-levels."
            )
        scales = [0.0, 1.0]
    levels = tuple(_scaled(device, scale, trains=trains and scale in RECIPE_SCALES) for scale in scales)
    kind = SCALE if len(scales) > 2 else DEVICES
    return Sweep(device.name, kind, device.title, DEVICE_UNIT, levels, device.name)


def _scaled(device: NamedDevice, scale: float, *, trains: bool) -> Level:
    noise = device.noise if scale == 1.0 else None
    if noise is None and scale:
        try:
            noise = device.noise.scaled(scale)
        except CircuitError as error:
            raise DefinitionError(f"{device.name} cannot be {scale:g} times as strong: {error}") from error
    return Level(device_label(device.name, scale), scale, scale, without_idle_noise(Execution(noise=noise)), trains)
