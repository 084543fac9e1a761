"""Executions that mitigate their noise: what they need, where they do not apply, and their names on the command line."""

from __future__ import annotations

from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any

from torch import nn

from qaugbench.circuits.circuit import Circuit
from qaugbench.circuits.execution import Execution, Noise
from qaugbench.circuits.mitigation.names import full_name
from qaugbench.circuits.mitigation.readout_inversion import InvertedReadout, ReadoutInversion
from qaugbench.circuits.mitigation.zero_noise import ZeroNoise, ZeroNoiseExtrapolation, why_not_extrapolated
from qaugbench.circuits.noise.executor import executor_under
from qaugbench.circuits.noise.model import NoiseModel
from qaugbench.errors import CircuitError

Mitigation = ReadoutInversion | ZeroNoise
MITIGATIONS: MappingProxyType[str, Mitigation] = MappingProxyType(
    {
        "readout": ReadoutInversion(),
        "zero-noise": ZeroNoise(),
        "zero-noise-exponential": ZeroNoise(fit="exponential"),
        "readout-and-zero-noise": ZeroNoise(readout=ReadoutInversion()),
    }
)


@dataclass(frozen=True)
class MitigatedNoise:
    """Noise of qubits of which a part is mitigated: an execution runs under it as under the noise alone.

    Raises:
        CircuitError: noise that is none of qubits, or is mitigated already; and, for an extrapolation, any but a ``NoiseModel``.
    """

    noise: Noise
    mitigation: Mitigation

    def __post_init__(self) -> None:
        if isinstance(self.noise, MitigatedNoise):
            raise CircuitError(f"This noise is mitigated already, by {self.noise.mitigation}; give the noise itself.")
        if not isinstance(self.noise, Noise):
            raise CircuitError(
                f"Mitigation is for the noise of qubits, a NoiseModel or a BackendNoise, given {self.noise!r}."
            )
        if isinstance(self.mitigation, ZeroNoise) and not isinstance(self.noise, NoiseModel):
            raise CircuitError(
                "Zero-noise extrapolation folds gates, and the compiler of a backend would cancel what was folded; use a "
                f"NoiseModel, such as preset(...).noise_model(), in place of {self.noise!r}."
            )

    @property
    def trajectories(self) -> int | None:
        """As the noise itself."""
        return self.noise.trajectories


@executor_under.register
def _of_mitigated(noise: MitigatedNoise, circuit: Circuit, shots: int | None) -> nn.Module:
    if isinstance(noise.mitigation, ZeroNoise):
        return ZeroNoiseExtrapolation(circuit, noise.noise, shots, noise.mitigation)
    return InvertedReadout(circuit, noise.noise, shots, noise.mitigation)


def mitigated(execution: Execution, mitigation: Mitigation) -> Execution:
    """Return ``execution`` with its noise mitigated, for ``QuantumBlock.run_under`` and ``Generator.sample``.

    Raises:
        CircuitError: an execution without noise, on a device, or under noise that cannot be mitigated in this way.

    >>> mitigated(Execution(noise=NoiseModel(two_qubit_error=0.01)), ZeroNoise()).kind
    'noise'
    """
    if execution.device is not None:
        raise CircuitError(
            "Circuits on a device are not mitigated here: its compiler would cancel folded gates and calibrate other qubits; "
            "simulate it with BackendNoise or the noise model of a preset."
        )
    if execution.noise is None:
        raise CircuitError("There is nothing to mitigate: the execution has no noise; give Execution(noise=...).")
    return replace(execution, noise=MitigatedNoise(execution.noise, mitigation))  # type: ignore[arg-type]


def mitigation_named(name: str) -> Mitigation:
    """Return the mitigation of this name, with its default settings; raises CircuitError for an unknown one."""
    return MITIGATIONS[full_name(name)]


def name_of(mitigation: Mitigation) -> str:
    """Return the name of a mitigation that has its default settings.

    Raises:
        CircuitError: other settings, which no name stands for.
    """
    for name, known in MITIGATIONS.items():
        if known == mitigation:
            return name
    raise CircuitError(f"No name stands for {mitigation!r}; give a mitigation with its default settings.")


def why_not_applicable(circuit: Any, mitigation: Mitigation) -> str | None:
    """Return why ``mitigation`` does not apply to what ``circuit`` reads, for a table, or None where it does."""
    if isinstance(mitigation, ZeroNoise):
        return why_not_extrapolated(circuit)
    return None if isinstance(circuit, Circuit) else "readout inversion is for circuits of qubits"
