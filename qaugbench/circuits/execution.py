"""How circuits are evaluated: exactly, with finitely many shots, under a noise model, or on a device."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from qaugbench.errors import CircuitError

if TYPE_CHECKING:
    from qaugbench.circuits.devices.device import Device
    from qaugbench.circuits.noise.executor import Noise
    from qaugbench.circuits.photonic.noise import PhotonicNoise


@dataclass(frozen=True)
class Execution:
    """The evaluation of a circuit; without arguments, the exact and noiseless one.

    ``shots``: how often each measurement setting is read, None for exact expectations and probabilities. ``noise``: what
    acts beside the gates in our own simulation. ``device``: where circuits run instead of that simulation.

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
            raise CircuitError("A device brings its own noise; give a noise model or a device, not both.")
        if self.device is not None and self.shots is None:
            raise CircuitError("A device measures with finitely many shots; give their number.")

    @property
    def is_ideal(self) -> bool:
        """Whether this is the exact and noiseless evaluation."""
        return self == IDEAL


IDEAL = Execution()
