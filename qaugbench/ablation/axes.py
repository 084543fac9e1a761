"""The kinds of noise that a sweep goes through, one at a time: what its values mean and which execution each stands for."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

from qaugbench.circuits.execution import IDEAL, Execution
from qaugbench.circuits.noise.model import NoiseModel
from qaugbench.circuits.noise.photons import PhotonicNoise
from qaugbench.circuits.noise.presets import Preset
from qaugbench.errors import CircuitError, DefinitionError, near_names

DEFAULT_DEVICE = "ibm_heron_r1"
"""Whose durations and relaxation times an axis refers to where no device with such times is given."""
SCALES = (0.0, 0.1, 0.3, 1.0, 3.0, 10.0)
MOST_SHOTS = 1e9
"""At so many, counted values are exact ones but for the fifth digit; a device would take days for one circuit."""
TWO_QUBIT_GRID = (0.0, 1e-4, 3e-4, 1e-3, 3e-3, 1e-2, 3e-2, 1e-1)


@dataclass(frozen=True)
class Axis:
    """One kind of noise: ``grid`` are the values unless others are given, ``clean`` the one without noise.

    ``execution`` is what a value stands for; axes that ``refers_to_device`` take durations and times from a device. ``strength``
    orders values from no noise upwards, for plots and thresholds. ``above_zero``: 0 is no value. ``most``: the largest value
    besides ``clean``. ``counted`` says what the strength is where that is not the value itself.
    """

    name: str
    title: str
    unit: str
    grid: tuple[float, ...]
    execution: Callable[[float, Preset], Execution]
    clean: float = 0.0
    strength: Callable[[float], float] = float
    refers_to_device: bool = False
    above_zero: bool = False
    most: float = math.inf
    counted: str = ""
    acts_on: str = "qubits"


def _model(**facts: float) -> Execution:
    return Execution(noise=NoiseModel(**facts))  # type: ignore[arg-type]


def _relaxing(times: float, device: Preset) -> Execution:
    """Return relaxation alone, with T1 and T2 of a device ``times`` as long."""
    if math.isinf(times):
        return IDEAL
    longer = [None if one is None else one * times for one in (device.t1_s, device.t2_s)]
    return Execution(noise=replace(_durations(device), t1_s=longer[0], t2_s=longer[1]))


def _durations(device: Preset) -> NoiseModel:
    """Return a perfect device whose gates take as long as those of ``device``."""
    if not device.two_qubit_duration_s:
        raise CircuitError(f"How long gates of {device.name} take is not known; give a --device whose durations are.")
    return NoiseModel(
        one_qubit_duration_s=device.one_qubit_duration_s or 0.0,
        two_qubit_duration_s=device.two_qubit_duration_s,
        free_gates=device.free_gates,
    )


def _misreading(mean: float, device: Preset) -> Execution:
    return _model(readout_0_to_1=mean * 2 / 3, readout_1_to_0=mean * 4 / 3)


def _counted(shots: float, device: Preset) -> Execution:
    if not math.isinf(shots) and (shots < 1 or shots != int(shots)):
        raise CircuitError(f"Shots are a whole number of at least 1, or inf; given {shots:g}.")
    return IDEAL if math.isinf(shots) else Execution(shots=int(shots))


def _losing(share: float, device: Preset) -> Execution:
    if share >= 1.0:
        raise CircuitError(
            f"Where components lose {share:g} of the photons nothing is left to count; give a share below 1."
        )
    return _photonic(component_transmission=1.0 - share)


def _photonic(**facts: float) -> Execution:
    return Execution(noise=PhotonicNoise(**facts))  # type: ignore[arg-type]


ALL = (
    Axis("two_qubit", "two-qubit error", "infidelity", TWO_QUBIT_GRID, lambda r, _: _model(two_qubit_error=r)),
    Axis(
        "one_qubit",
        "one-qubit error",
        "infidelity",
        (0.0, 1e-5, 3e-5, 1e-4, 3e-4, 1e-3, 3e-3, 1e-2),
        lambda r, _: _model(one_qubit_error=r),
    ),
    Axis(
        "gates",
        "two-qubit error, that of one qubit a tenth of it",
        "infidelity",
        TWO_QUBIT_GRID,
        lambda r, _: _model(two_qubit_error=r, one_qubit_error=r / 10),
    ),
    Axis(
        "t1t2",
        "T1 and T2, in multiples of the device's",
        "times",
        (math.inf, 3.0, 1.0, 0.3),
        _relaxing,
        clean=math.inf,
        strength=lambda times: 1.0 / times,
        counted="1 over T1 and T2",
        above_zero=True,
        refers_to_device=True,
    ),
    Axis(
        "readout",
        "readout error, 1 read as 0 twice as often as 0 as 1",
        "mean probability",
        (0.0, 0.002, 0.005, 0.01, 0.02, 0.05),
        _misreading,
    ),
    Axis(
        "over_rotation",
        "over-rotation, the same of every angle",
        "share",
        (0.0, 0.005, 0.01, 0.02, 0.05),
        lambda share, _: _model(over_rotation=share),
    ),
    Axis(
        "random_rotation",
        "over-rotation, drawn for every angle and call",
        "standard deviation, share",
        (0.0, 0.005, 0.01, 0.02, 0.05),
        lambda share, _: Execution(noise=NoiseModel(over_rotation=share, over_rotation_kind="per run")),
    ),
    Axis(
        "crosstalk",
        "ZZ crosstalk of idle neighbours",
        "Hz",
        (0.0, 1e4, 5e4, 1e5),
        lambda hz, device: Execution(noise=replace(_durations(device), crosstalk_hz=hz)),
        refers_to_device=True,
    ),
    Axis(
        "shots",
        "shots of each measurement setting",
        "shots",
        (math.inf, 8192.0, 1024.0, 256.0, 64.0),
        _counted,
        clean=math.inf,
        strength=lambda shots: 1.0 / math.sqrt(shots),
        counted="1 over the root of shots",
        above_zero=True,
        most=MOST_SHOTS,
        acts_on="any",
    ),
    Axis(
        "transmission",
        "transmission of a photon, source to detector",
        "probability",
        (1.0, 0.5, 0.25, 0.1, 0.05),
        lambda share, _: _photonic(transmission=share),
        clean=1.0,
        strength=lambda share: 1.0 - share,
        counted="1 less the transmission",
        above_zero=True,
        acts_on="photons",
    ),
    Axis(
        "component_loss",
        "loss at each component",
        "probability",
        (0.0, 0.005, 0.01, 0.02, 0.05),
        _losing,
        acts_on="photons",
    ),
    Axis(
        "indistinguishability",
        "indistinguishability of photons",
        "overlap",
        (1.0, 0.98, 0.95, 0.92, 0.85),
        lambda overlap, _: _photonic(indistinguishability=overlap),
        clean=1.0,
        strength=lambda overlap: 1.0 - overlap,
        counted="1 less the overlap",
        acts_on="photons",
    ),
    Axis(
        "g2",
        "g2 of the sources",
        "g2(0)",
        (0.0, 0.005, 0.01, 0.02, 0.05),
        lambda g2, _: _photonic(g2=g2),
        acts_on="photons",
    ),
)
AXES = {axis.name: axis for axis in ALL}


def asked_axis(text: str) -> tuple[Axis, tuple[float, ...]]:
    """Return the axis and the values of ``NAME`` or ``NAME=VALUE,VALUE,...``; the value without noise always comes first.

    Values are in the order of their strength, each once.

    Raises:
        DefinitionError: an unknown axis, or a value that is not a number.

    >>> axis, grid = asked_axis("two_qubit=0.01,0.001")
    >>> axis.name, grid
    ('two_qubit', (0.0, 0.001, 0.01))
    """
    name, equals, values = text.partition("=")
    if name not in AXES:
        raise DefinitionError(f"There is no axis {name!r} of noise.{near_names(name, AXES)}")
    axis = AXES[name]
    grid = tuple(_number(value, text) for value in values.split(",")) if equals else axis.grid
    bad = [value for value in grid if value < 0 or (value == 0.0 and axis.above_zero)]
    if bad:
        raise DefinitionError(
            f"--axis {text}: {bad[0]:g} is no value of {axis.title}; without noise it is {axis.clean:g}."
        )
    many = [value for value in grid if value > axis.most and value != axis.clean]
    if many:
        raise DefinitionError(
            f"--axis {text}: {many[0]:g} {axis.name} are more than {axis.most:g}; give fewer, or {axis.clean:g} for exact values."
        )
    return axis, tuple(sorted({axis.clean, *grid}, key=axis.strength))


def _number(value: str, text: str) -> float:
    try:
        number = float(value)
    except ValueError:
        number = math.nan
    if math.isnan(number):
        raise DefinitionError(f"--axis {text}: {value!r} is not a number; write --axis NAME=0,0.001,0.01.") from None
    return number
