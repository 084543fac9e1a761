"""How circuits are evaluated: exactly, with finitely many shots, under a noise model, or on a device."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol, runtime_checkable

from qaugbench.errors import CircuitError

if TYPE_CHECKING:
    from qaugbench.circuits.devices.device import Device
    from qaugbench.circuits.noise.photons import PhotonicNoise

ExecutionKind = Literal["ideal", "shots", "noise", "device"]


@runtime_checkable
class Noise(Protocol):
    """The noise of qubits: ``NoiseModel`` or ``BackendNoise``. It must be hashable."""

    @property
    def trajectories(self) -> int | None:
        """How many trajectories to run; None for density matrices wherever the circuit is narrow enough."""


@dataclass(frozen=True)
class Execution:
    """The evaluation of a circuit; without arguments, the exact and noiseless one.

    ``shots``: how often each measurement setting is read, None for exact expectations and probabilities. ``noise``: the
    noise added in our own simulation. ``device``: the device that runs circuits instead of that simulation.

    Raises:
        CircuitError: fewer than one shot, a noise model beside a device, or a device without shots.
    """

    shots: int | None = None
    noise: Noise | PhotonicNoise | None = None
    device: Device | None = None

    def __post_init__(self) -> None:
        if self.shots is not None and (isinstance(self.shots, bool) or self.shots < 1):
            raise CircuitError(f"Circuits need at least one shot, given shots={self.shots!r}; None means exact values.")
        if self.device is not None and self.noise is not None:
            raise CircuitError("A device has its own noise; give a noise model or a device, not both.")
        if self.device is not None and self.shots is None:
            raise CircuitError("A device measures with finitely many shots; give their number.")

    @property
    def is_ideal(self) -> bool:
        """Whether this is the exact and noiseless evaluation."""
        return self == IDEAL

    @property
    def kind(self) -> ExecutionKind:
        """What evaluates circuits: a device, else the simulation under noise, with shots, or neither."""
        if self.device is not None:
            return "device"
        if self.noise is not None:
            return "noise"
        return "ideal" if self.shots is None else "shots"


IDEAL = Execution()
