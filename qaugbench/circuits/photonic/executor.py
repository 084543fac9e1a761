"""The batched, differentiable execution of photonic circuits, exact also under loss and distinguishability."""

from __future__ import annotations

import torch
from torch import nn

from qaugbench.circuits.execution import Execution
from qaugbench.circuits.executors import build_executor
from qaugbench.circuits.noise.photons import PhotonicNoise
from qaugbench.circuits.photonic.circuit import PhotonicCircuit
from qaugbench.circuits.photonic.detection import Detection
from qaugbench.circuits.photonic.fock import IdenticalPhotons, ImperfectPhotons
from qaugbench.circuits.photonic.interferometer import Interferometer
from qaugbench.circuits.photonic.memory import check_memory
from qaugbench.circuits.photonic.patterns import Accepted, accepted_patterns
from qaugbench.circuits.shots import refuse_gradient
from qaugbench.errors import CircuitError

PERFECT = PhotonicNoise()


class PhotonicExecutor(nn.Module):
    """Maps inputs [copies or 1, batch, n_inputs] and weights [copies, n_weights] to [copies, batch, n_outputs].

    Raises:
        CircuitError: when made, an execution that does not apply to photons; in ``forward``, draws without a generator, or a
            gradient asked for with finitely many shots.
    """

    def __init__(self, circuit: PhotonicCircuit, execution: Execution) -> None:
        super().__init__()
        noise = _noise_of(execution)
        self.circuit = circuit
        self.shots = execution.shots
        occupied = [mode for mode, count in enumerate(circuit.input_state) if count]
        self.interferometer = Interferometer(circuit, occupied, noise)
        self.photons, patterns = _photons(circuit, noise)
        self.detection = Detection(circuit, patterns, execution.shots)

    def forward(
        self, inputs: torch.Tensor, weights: torch.Tensor, generator: torch.Generator | None = None
    ) -> torch.Tensor:
        if self.shots is not None:
            refuse_gradient(inputs, weights)
        transfer = self._transfer(inputs, weights)
        probabilities = self.photons(transfer).expand(-1, -1, inputs.shape[1])
        floor = self.photons.floor(transfer) if self.detection.is_conditional else 0.0
        outputs: torch.Tensor = self.detection(probabilities, floor, generator)
        return outputs

    def yields(self, inputs: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
        """Return the probability [copies, batch] that a detection is accepted; the outputs are given that it is."""
        accepted = self.detection.accepted(self.photons(self._transfer(inputs, weights)))
        return accepted.sum(-1).expand(-1, inputs.shape[1])

    def _transfer(self, inputs: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
        """Return the single photons' amplitudes [copies, n_modes, occupied modes, batch or 1], if memory suffices for the rest."""
        rows = len(weights) * (inputs.shape[1] if self.circuit.n_inputs else 1) * self.photons.n_permanents
        check_memory(rows, self.circuit.n_photons, weights, f"{rows:,} permanents of the photonic circuit")
        transfer: torch.Tensor = self.interferometer(inputs.expand(len(weights), -1, -1), weights)
        return transfer


@build_executor.register
def _of_photons(circuit: PhotonicCircuit, execution: Execution) -> nn.Module:
    return PhotonicExecutor(circuit, execution)


def _photons(circuit: PhotonicCircuit, noise: PhotonicNoise) -> tuple[IdenticalPhotons | ImperfectPhotons, Accepted]:
    """Return the module that computes the probabilities of patterns, and the patterns it computes."""
    counts = [count for count in circuit.input_state if count]
    column_of_photon = [column for column, count in enumerate(counts) for _ in range(count)]
    alike = 0.0 if circuit.distinguishable else noise.alike
    extra_photon = noise.extra_photon
    loses = not noise.is_lossless or extra_photon > 0
    n_photons = len(column_of_photon) * (2 if extra_photon else 1)
    patterns = accepted_patterns(circuit, n_photons=n_photons, loses=loses)
    if alike == 1 and not loses:
        return IdenticalPhotons(column_of_photon, circuit.n_modes, patterns.places), patterns
    imperfect = ImperfectPhotons(
        column_of_photon,
        circuit.n_modes,
        patterns.places,
        alike=alike,
        loses=loses,
        extra_photon=extra_photon,
    )
    return imperfect, patterns


def _noise_of(execution: Execution) -> PhotonicNoise:
    if execution.device is not None:
        raise CircuitError(f"A photonic circuit does not run on the device {execution.device}.")
    if not (execution.noise is None or isinstance(execution.noise, PhotonicNoise)):
        raise CircuitError(f"The noise of a photonic circuit is a PhotonicNoise, given {execution.noise!r}.")
    return execution.noise or PERFECT
