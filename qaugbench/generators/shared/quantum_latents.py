"""Noise measured from a fixed quantum device: photons behind an interferometer, or qubits of a random circuit.

After "Quantum latent distributions in deep generative models" (Bacarreza et al., arXiv 2508.19857). A device is a circuit without
weights, the same in every fit; one measurement gives a pattern of photons or bits, and as many as it takes fill a noise vector.
Classical noise with the same moments is drawn in its place to tell what matters (``LAWS``).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
import torch
from torch import nn

from qaugbench.circuits.ansatz import strongly_entangling_layers
from qaugbench.circuits.circuit import Angle, Circuit
from qaugbench.circuits.iqp.circuit import iqp_circuit
from qaugbench.circuits.photonic.circuit import PhotonicCircuit
from qaugbench.circuits.photonic.meshes import triangular
from qaugbench.circuits.photonic.readout import PhotonicReadout
from qaugbench.circuits.readout import Readout
from qaugbench.errors import DefinitionError, NoControlError
from qaugbench.generators.contract import Circuits
from qaugbench.generators.row_random import RowRandom
from qaugbench.seeds import child_seed, name_key, numpy_generator

Device = Literal["boson-sampling", "iqp", "haar"]
Law = Literal["measured", "gaussian", "copula"]


@dataclass(frozen=True)
class LatentSource:
    """A ``device`` of ``width`` modes or qubits, and the law by which its numbers are drawn.

    Photons (``photons``, of boson-sampling) may be ``distinguishable``. "measured" draws what the device measures; "gaussian"
    independent normal numbers with the same means and variances; "copula" numbers with the same distribution each, coupled by a
    Gaussian copula with the same correlations between ranks.
    """

    device: Device = "boson-sampling"
    width: int = 16
    photons: int = 4
    distinguishable: bool = False
    law: Law = "measured"


class QuantumLatents(nn.Module):
    """Noise vectors of ``dimension`` numbers, each of mean 0 and variance 1, from measurements of a device.

    A row is a function of ``uniforms`` numbers in [0, 1), so that it depends on nothing else.
    """

    outcomes: torch.Tensor

    def __init__(self, dimension: int, source: LatentSource, circuits: Circuits) -> None:
        super().__init__()
        circuit = DEVICES[source.device](source)
        self.dimension, self.law, self.width = dimension, source.law, source.width
        self.measurements = math.ceil(dimension / source.width)
        self.uniforms = self.measurements * (1 if source.law == "measured" else source.width)
        self.device = circuits.block(circuit)
        if self.device.ignores_inputs:
            raise NoControlError("Noise in the place of probabilities averages out in what is drawn from them.")
        self.register_buffer("outcomes", _outcomes(circuit), persistent=False)

    @torch.no_grad()
    def vectors(self, uniform: torch.Tensor) -> torch.Tensor:
        """Return noise [n, dimension] for ``uniform`` [n, uniforms]."""
        chances = self.device(uniform.new_zeros(1, 0))[0].double().clamp(min=0)
        chances = chances / chances.sum()
        mean = chances @ self.outcomes
        deviation = (chances @ (self.outcomes - mean).square()).sqrt().clamp_min(1e-6)
        each = uniform.double().reshape(len(uniform) * self.measurements, -1)
        values = LAWS[self.law]((self.outcomes - mean) / deviation, chances, each)
        return values.reshape(len(uniform), -1)[:, : self.dimension].to(uniform)

    def training_noise(self, rows: int, random: torch.Generator) -> torch.Tensor:
        """Return ``rows`` noise vectors drawn from a stream of training."""
        return self.vectors(torch.rand(rows, self.uniforms, generator=random, device=random.device))

    def noise(self, random: RowRandom) -> torch.Tensor:
        """Return one noise vector for each row of ``random``."""
        return self.vectors(random.uniform(self.uniforms))


def measured(outcomes: torch.Tensor, chances: torch.Tensor, uniform: torch.Tensor) -> torch.Tensor:
    """Return one of ``outcomes`` [d, width], of these ``chances`` [d], for each row of ``uniform`` [m, 1]."""
    drawn = torch.searchsorted(chances.cumsum(0), uniform[:, 0].contiguous(), right=True)
    return outcomes[drawn.clamp(max=len(outcomes) - 1)]


def gaussian(outcomes: torch.Tensor, chances: torch.Tensor, uniform: torch.Tensor) -> torch.Tensor:
    """Return independent normal numbers [m, width] with the variances that standardised outcomes have, all 1 or 0."""
    return normal_numbers(uniform) * (chances @ outcomes.square()).sqrt()


def copula(outcomes: torch.Tensor, chances: torch.Tensor, uniform: torch.Tensor) -> torch.Tensor:
    """Return numbers [m, width] each distributed as the outcomes', whose ranks are coupled as those of a Gaussian.

    The Gaussian has the outcomes' correlations, which a step from ranks to few values weakens a little.
    """
    correlations = (outcomes * chances[:, None]).T @ outcomes
    values, vectors = torch.linalg.eigh(correlations)
    factor = vectors * values.clamp(min=1e-6).sqrt()
    coupled = torch.special.ndtr(normal_numbers(uniform) @ (factor / factor.norm(dim=1, keepdim=True)).T)
    columns = [_quantile(outcomes[:, k], chances, coupled[:, k]) for k in range(outcomes.shape[1])]
    return torch.stack(columns, dim=1)


def normal_numbers(uniform: torch.Tensor) -> torch.Tensor:
    """Return standard normal numbers of uniform ones in [0, 1)."""
    return torch.special.ndtri(uniform.clamp(1e-7, 1 - 1e-7))


LAWS: dict[Law, Callable[[torch.Tensor, torch.Tensor, torch.Tensor], torch.Tensor]] = {
    "measured": measured,
    "gaussian": gaussian,
    "copula": copula,
}


def boson_sampler(source: LatentSource) -> PhotonicCircuit:
    """Return photons in evenly spaced modes of an interferometer drawn from the Haar measure, whose numbers are counted.

    In a triangular mesh, a splitter on modes k and k + 1 then keeps a share of light that is Beta(1, k + 1) distributed, and phases
    are uniform (Zyczkowski & Kus, J. Phys. A 27, 4235).
    """
    modes, photons = source.width, source.photons
    if not 1 <= photons <= modes:
        raise DefinitionError(f"1 to {modes} photons enter {modes} modes one by one, not {photons}.")
    random = _stream("interferometer", modes)
    mesh = triangular(modes)
    angles = [
        random.uniform(0, 2 * math.pi)
        if part.name == "PS"
        else 2 * math.acos(math.sqrt(random.beta(1, part.modes[0] + 1)))
        for part in mesh
    ]
    fixed = tuple(replace(part, angle=Angle.constant(angle)) for part, angle in zip(mesh, angles, strict=True))
    entered = {k * modes // photons for k in range(photons)}
    state = tuple(int(mode in entered) for mode in range(modes))
    return PhotonicCircuit(modes, fixed, state, PhotonicReadout("probabilities"), source.distinguishable)


def iqp_sampler(source: LatentSource) -> Circuit:
    """Return commuting gates on each qubit and each pair, all angles uniform on the circle."""
    return _at_random_angles(iqp_circuit(source.width, exact=True), "iqp")


def haar_sampler(source: LatentSource) -> Circuit:
    """Return as many random layers of strongly entangling gates as qubits: a state that is close to a Haar-random one."""
    gates = strongly_entangling_layers(source.width, source.width)
    return _at_random_angles(Circuit(source.width, tuple(gates), Readout.probabilities()), "haar")


DEVICES: dict[Device, Callable[[LatentSource], Any]] = {
    "boson-sampling": boson_sampler,
    "iqp": iqp_sampler,
    "haar": haar_sampler,
}


def _at_random_angles(circuit: Circuit, name: str) -> Circuit:
    """Return the circuit with constant angles, uniform on the circle, in the place of its weights."""
    values = _stream(name, circuit.n_wires).uniform(0, 2 * math.pi, circuit.n_weights).tolist()
    gates = tuple(
        replace(gate, angles=tuple(Angle.constant(angle.value([], values)) for angle in gate.angles))
        for gate in circuit.gates
    )
    return replace(circuit, gates=gates)


def _stream(name: str, width: int) -> np.random.Generator:
    """Return the random numbers of one device: the same in every fit, as those of a device in a laboratory are."""
    return numpy_generator(child_seed(name_key("quantum latents"), name, width))


def _outcomes(circuit: Any) -> torch.Tensor:
    """Return what each outcome of a circuit measures, float64 [outcomes, width]: numbers of photons, or bits."""
    if isinstance(circuit, PhotonicCircuit):
        return torch.tensor(circuit.outcomes, dtype=torch.float64)
    places = torch.arange(circuit.n_wires - 1, -1, -1)
    return ((torch.arange(2**circuit.n_wires)[:, None] >> places) & 1).double()


def _quantile(values: torch.Tensor, chances: torch.Tensor, rank: torch.Tensor) -> torch.Tensor:
    """Return the smallest of ``values`` [d] below which at least a share ``rank`` [m] of the ``chances`` [d] lies."""
    order = values.argsort()
    below = chances[order].cumsum(0)
    return values[order][torch.searchsorted(below, rank.contiguous()).clamp(max=len(values) - 1)]
