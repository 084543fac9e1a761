"""From components to the matrix that maps a photon's incoming mode to the amplitudes of its outgoing modes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import nn

from qaugbench.circuits.angles import AngleTable
from qaugbench.circuits.circuit import Angle, Terms
from qaugbench.circuits.noise.photons import PhotonicNoise
from qaugbench.circuits.photonic.circuit import PhotonicCircuit
from qaugbench.circuits.photonic.components import Component

# For each mode of a component: it keeps (a cos + i b sin) of its amplitude, and takes (c + i d) sin of the other's; (a, b, c, d)
_MIXES: dict[str, tuple[tuple[int, int, int, int], ...]] = {
    "PS": ((1, 1, 0, 0),),
    "BS.Rx": ((1, 0, 0, 1), (1, 0, 0, 1)),
    "BS.Ry": ((1, 0, -1, 0), (1, 0, 1, 0)),
    "BS.H": ((1, 0, 1, 0), (-1, 0, 1, 0)),
}


@dataclass(frozen=True)
class Layer:
    """Components on disjoint modes: the angle, the mix (see above) and the partner of each mode."""

    angles: tuple[Angle, ...]
    mixes: tuple[tuple[float, ...], ...]
    partners: tuple[int, ...]

    @classmethod
    def of(cls, n_modes: int, components: Sequence[Component], survival: float, idle: Angle) -> Layer:
        """Return the layer of ``components``, whose amplitudes ``survival`` multiplies; other modes have ``idle`` angles."""
        angles, partners = [idle] * n_modes, list(range(n_modes))
        mixes: list[tuple[float, ...]] = [(1, 0, 0, 0)] * n_modes
        for component in components:
            for place, mode in enumerate(component.modes):
                angles[mode] = _turn(component)
                mixes[mode] = tuple(survival * factor for factor in _MIXES[component.name][place])
                partners[mode] = component.modes[-1 - place]
        return cls(tuple(angles), tuple(mixes), tuple(partners))


class Interferometer(nn.Module):
    """Maps inputs [copies, batch, n_inputs] and weights [copies, n_weights] to complex [copies, n_modes, columns, batch].

    Entry [c, i, j, b] is the amplitude that a photon entering in mode ``columns[j]`` leaves in mode i; the last
    dimension is 1 where no angle uses inputs. A transmission multiplies amplitudes by its square root, so with loss
    the matrix is a contraction: what is missing from norm 1 in its columns is lost.
    """

    columns: torch.Tensor
    efficiency: torch.Tensor

    def __init__(self, circuit: PhotonicCircuit, columns: Sequence[int], noise: PhotonicNoise) -> None:
        super().__init__()
        survival = math.sqrt(noise.component_transmission)
        sections = _sections(circuit, survival)
        self.shared = SharedSections(circuit.n_modes, sections[0::2])
        self.sampled = nn.ModuleList([SampledSection(section) for section in sections[1::2]])
        sampled_angles = [angle for section in sections[1::2] for layer in section for angle in layer.angles]
        self.section_sizes = [len(section) * circuit.n_modes for section in sections[1::2]]
        self.table = AngleTable([*self.shared.angles, *sampled_angles], circuit.n_inputs, circuit.n_weights)
        self.register_buffer("columns", torch.tensor(list(columns)), persistent=False)
        efficiency = torch.tensor(noise.detectors(circuit.n_modes), dtype=torch.float64).sqrt()
        self.is_efficient = bool((efficiency == 1).all())
        self.register_buffer("efficiency", efficiency[:, None, None], persistent=False)

    def forward(self, inputs: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
        angles = self.table(inputs, weights)
        unitaries = self.shared(angles.shared)
        transfer = unitaries[0].index_select(2, self.columns).unsqueeze(-1)
        by_section = angles.sampled.split(self.section_sizes, dim=1)
        for section, turned, unitary in zip(self.sampled, by_section, unitaries[1:], strict=True):
            transfer = section(transfer, turned)
            transfer = torch.bmm(unitary, transfer.flatten(2)).unflatten(2, transfer.shape[2:])
        return transfer if self.is_efficient else transfer * self.efficiency


class SharedSections(nn.Module):
    """The matrix of each run of layers whose angles all samples share, complex [copies, n_modes, n_modes] each.

    Every run gets the same number of layers, a power of two, so that all are multiplied at once and in pairs. Layers
    are in bit-reversed order: the pairs are then the two halves, in the memory order in which they are multiplied.
    """

    factors: torch.Tensor

    def __init__(self, n_modes: int, sections: Sequence[Sequence[Layer]]) -> None:
        super().__init__()
        n_bits = math.ceil(math.log2(max(1, *map(len, sections))))
        idle = Layer.of(n_modes, (), 1.0, Angle())
        order = [int(f"{number:0{n_bits}b}"[::-1], 2) for number in range(2**n_bits)]
        layers = [section[number] if number < len(section) else idle for number in order for section in sections]
        self.angles = [angle for layer in layers for angle in layer.angles]
        self.shape = (len(order), len(sections), n_modes)
        own, other = torch.eye(n_modes, dtype=torch.float64), torch.eye(n_modes, dtype=torch.float64)
        mixes = torch.tensor([layer.mixes for layer in layers], dtype=torch.float64).unsqueeze(-1).unbind(2)
        taken = torch.stack([other[list(layer.partners)] for layer in layers])
        # the matrices are cos * first + sin * second + i sin * third
        factors = torch.stack([mixes[0] * own, mixes[2] * taken, mixes[1] * own + mixes[3] * taken])
        self.register_buffer("factors", factors.unflatten(1, self.shape[:2]), persistent=False)

    def forward(self, angles: torch.Tensor) -> tuple[torch.Tensor, ...]:
        turned = angles.unflatten(1, self.shape)
        cosine, sine = turned.cos(), turned.sin()
        first, second, third = self.factors
        layers = torch.complex(torch.addcmul(cosine * first, sine, second), sine * third)
        product = layers.transpose(0, 1).flatten(0, 2)
        for _ in range(int(math.log2(self.shape[0]))):
            earlier, later = product.chunk(2)
            product = torch.bmm(later, earlier)
        return product.unflatten(0, (len(angles), -1)).unbind(1)


class SampledSection(nn.Module):
    """Layers whose angles differ from sample to sample, applied to a matrix [copies, n_modes, columns, batch]."""

    factors: torch.Tensor
    partners: torch.Tensor

    def __init__(self, layers: Sequence[Layer]) -> None:
        super().__init__()
        factors = torch.tensor([layer.mixes for layer in layers], dtype=torch.float64)
        self.register_buffer("factors", factors.transpose(1, 2)[..., None, None].contiguous(), persistent=False)
        partners = torch.tensor([layer.partners for layer in layers])
        self.register_buffer("partners", partners, persistent=False)
        self.mixes = [layer.partners != tuple(range(len(layer.partners))) for layer in layers]

    def forward(self, transfer: torch.Tensor, angles: torch.Tensor) -> torch.Tensor:
        by_layer = angles.unflatten(1, (len(self.mixes), -1)).unsqueeze(3)
        cosines, sines = by_layer.cos().unbind(1), by_layer.sin().unbind(1)
        for number, (cosine, sine) in enumerate(zip(cosines, sines, strict=True)):
            a, b, c, d = self.factors[number]
            kept = torch.complex(a * cosine, b * sine) * transfer
            if self.mixes[number]:
                partner = transfer.index_select(1, self.partners[number])
                kept = kept + torch.complex(c * sine, d * sine) * partner
            transfer = kept
        return transfer


def _turn(component: Component) -> Angle:
    """Return the angle whose cosine and sine make up a component's matrix."""
    angle, half = component.angle, 0.5 if len(component.modes) == 2 else 1.0
    return Angle(half * angle.offset, _scaled(angle.weights, half), _scaled(angle.inputs, half))


def _scaled(terms: Terms, factor: float) -> Terms:
    return tuple((index, factor * scale) for index, scale in terms)


def _sections(circuit: PhotonicCircuit, survival: float) -> list[list[Layer]]:
    """Return the components in layers of disjoint modes, and the layers in an odd number of sections.

    In sections 0, 2, ... no angle uses inputs, in the others each does. A component is placed as early as possible.
    """
    reached = [(0, -1)] * circuit.n_modes  # section and layer of the last component on each mode
    sections: list[list[list[Component]]] = [[]]
    for component in circuit.components:
        last_section, last_layer = max(reached[mode] for mode in component.modes)
        section = last_section + (last_section % 2 != bool(component.angle.inputs))
        layer = last_layer + 1 if section == last_section else 0
        while len(sections) <= section or len(sections) % 2 == 0:
            sections.append([])
        if len(sections[section]) <= layer:
            sections[section].append([])
        sections[section][layer].append(component)
        for mode in component.modes:
            reached[mode] = (section, layer)
    idle = (Angle(), Angle.input(0, scale=0.0))  # of modes without a component; the second for sampled layers
    return [
        [Layer.of(circuit.n_modes, layer, survival, idle[number % 2]) for layer in section]
        for number, section in enumerate(sections)
    ]
