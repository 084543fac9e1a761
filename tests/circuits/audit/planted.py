"""Small networks of ours with the defects found in published code, each beside its healthy version.

Where a network runs its circuit without a ``Block``, as the published ones do, the circuit's parameters are its own.
"""

from __future__ import annotations

import math

import torch
from torch import nn

from qaugbench.circuits.ansatz import qldm_circuit
from qaugbench.circuits.block import QuantumBlock
from qaugbench.circuits.circuit import Angle, Circuit, Gate
from qaugbench.circuits.readout import Readout
from qaugbench.circuits.statevector import StateVector

WIRES = 4


class QuantumConvolution(nn.Module):
    """Images [n, 1, 4, 4] to patches of 2x2, each through a circuit. Defect: the patches never reach the circuit."""

    def __init__(self, *, healthy: bool) -> None:
        super().__init__()
        self.healthy = healthy
        self.before = nn.Conv2d(1, 1, 3, padding=1)
        self.block = QuantumBlock(qldm_circuit(WIRES, 1))

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        patches = nn.functional.unfold(self.before(images), 2, stride=2).transpose(1, 2).flatten(0, 1)
        outputs = self.block(patches) if self.healthy else 2 * patches - 1
        return outputs.unflatten(0, (len(images), -1)).flatten(1)


class UncalledCircuit(QuantumConvolution):
    """The same with a circuit of its own instead of a block, in a module that is called and only rescales."""

    def __init__(self, *, healthy: bool) -> None:
        super().__init__(healthy=healthy)
        self.block = OwnCircuit(qldm_circuit(WIRES, 1), runs=healthy)
        self.healthy = True


class OwnCircuit(nn.Module):
    """A circuit that is run by hand, as a QNode would be: ``angles`` may be more than the circuit uses."""

    def __init__(self, circuit: Circuit, *, runs: bool = True, n_angles: int = 0) -> None:
        super().__init__()
        self.circuit, self.runs = circuit, runs
        self.angles = nn.Parameter(2 * math.pi * torch.rand(n_angles or circuit.n_weights))
        self.simulator = StateVector(circuit)

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        if not self.runs:
            return 2 * inputs - 1
        simulator = self.simulator.to(inputs.dtype)
        return simulator(inputs[None], self.angles[None, : self.circuit.n_weights].to(inputs.dtype))[0]


class EmptyLoop(nn.Module):
    """Twelve wires and 28 angles a layer. Defect: a loop over ``len(wires) % 4`` wires makes 24 of the gates vanish."""

    def __init__(self, *, healthy: bool) -> None:
        super().__init__()
        wires = range(12)
        turned = wires if healthy else range(len(wires) % 4)
        gates = [Gate("RY", [wire], [Angle.input(wire)]) for wire in wires]
        angle = iter(range(28))
        gates += [Gate("RX", [w], [Angle.weight(next(angle))]) for w in range(0, 12, 3)]
        gates += [Gate(name, [w], [Angle.weight(next(angle))]) for w in turned for name in ("RX", "RY")]
        gates += [Gate("CNOT", [w, w + 1]) for w in wires[:-1]]
        self.quantum = OwnCircuit(Circuit(12, gates, Readout.each_wire(12)), n_angles=28)
        self.after = nn.Linear(12, 3)

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        return self.after(self.quantum(inputs))


class TwoCircuits(nn.Module):
    """Two circuits one after the other. Defect: the second one is computed, and the first one's output is used again."""

    def __init__(self, *, healthy: bool) -> None:
        super().__init__()
        self.healthy = healthy
        self.first, self.second = (QuantumBlock(qldm_circuit(WIRES, 1)) for _ in range(2))
        self.after = nn.Linear(WIRES, WIRES)

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        first = self.first(inputs)
        second = self.second(math.pi * first)
        return inputs + self.after(second if self.healthy else first)


class PatchMixer(nn.Module):
    """Five patches a sample, in another order. Defect: the order is one of all patches of the batch."""

    def __init__(self, *, healthy: bool) -> None:
        super().__init__()
        self.healthy = healthy
        self.block = QuantumBlock(qldm_circuit(WIRES, 1), copies=5, share_inputs=True)
        self.register_buffer("order", torch.randperm(5))

    def forward(self, noise: torch.Tensor) -> torch.Tensor:
        patches = self.block(noise).unflatten(1, (5, WIRES))
        if self.healthy:
            return patches[:, self.order].flatten(1)
        places = (torch.arange(len(noise))[:, None] + len(noise) * self.order).flatten()
        return patches.flatten(0, 1)[places].unflatten(0, (len(noise), 5)).flatten(1)


class NewTensor(nn.Module):
    """Patches of a circuit through a fixed map of features. Defect: ``torch.tensor`` of what the circuit returned."""

    def __init__(self, *, healthy: bool) -> None:
        super().__init__()
        self.healthy = healthy
        self.before = nn.Linear(3, WIRES)
        self.block = QuantumBlock(qldm_circuit(WIRES, 2))
        self.register_buffer("components", torch.randn(WIRES, 6))

    def forward(self, noise: torch.Tensor) -> torch.Tensor:
        features = self.block(self.before(noise))
        if not self.healthy:
            features = torch.tensor(features)
        return torch.tanh(features @ self.components.to(features))


class DetachedInput(nn.Module):
    """A projection, a circuit one sample at a time, and a residual sum. Defect: the circuit gets a detached input."""

    def __init__(self, *, healthy: bool, own: bool = False) -> None:
        super().__init__()
        self.healthy = healthy
        self.trunk = nn.Linear(5, 6)
        self.project = nn.Linear(6, WIRES)
        circuit = qldm_circuit(WIRES, 1)
        self.quantum = OwnCircuit(circuit) if own else QuantumBlock(circuit)
        self.after = nn.Linear(WIRES, 6)

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        hidden = torch.tanh(self.trunk(inputs))
        angles = self.project(hidden)
        samples = [self.quantum((row if self.healthy else row.detach().cpu())[None]) for row in angles]
        return hidden + self.after(torch.cat(samples))


class HalfDetachedInput(DetachedInput):
    """The same; defect: half of the circuit's inputs are detached."""

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        hidden = torch.tanh(self.trunk(inputs))
        angles = self.project(hidden)
        half = angles[:, : WIRES // 2]
        return hidden + self.after(self.quantum(torch.cat([half if self.healthy else half.detach(), angles[:, 2:]], 1)))


class PatchGenerator(nn.Module):
    """Noise to patches by circuits whose angles lie in a list. Defect: what they return is cloned and detached."""

    def __init__(self, *, healthy: bool) -> None:
        super().__init__()
        self.healthy = healthy
        circuit = qldm_circuit(WIRES, 2)
        self.simulator = StateVector(circuit)
        self.angles = nn.ParameterList([nn.Parameter(torch.rand(circuit.n_weights)) for _ in range(2)])

    def forward(self, noise: torch.Tensor) -> torch.Tensor:
        simulator = self.simulator.to(noise.dtype)
        patches = [simulator(noise[None], angles[None].to(noise.dtype))[0] for angles in self.angles]
        return torch.cat([patch if self.healthy else patch.clone().detach() for patch in patches], dim=1)


class SkipConnection(nn.Module):
    """A latent through a circuit to an image. Defect: the skip connection and the attention that it declares are not used."""

    def __init__(self, *, healthy: bool) -> None:
        super().__init__()
        self.healthy = healthy
        self.block = QuantumBlock(qldm_circuit(WIRES, 1))
        self.decode = nn.Linear(WIRES, 8)
        self.attention = nn.Sequential(nn.Linear(8, 8), nn.Sigmoid())
        self.skip = nn.Linear(WIRES, 8)
        self.skip_scale = nn.Parameter(torch.ones(()))
        self.pool = nn.Identity()

    def forward(self, latent: torch.Tensor) -> torch.Tensor:
        image = self.decode(self.block(latent))
        if self.healthy:
            image = self.pool(image * self.attention(image) + self.skip_scale * self.skip(latent))
        return image


class NoGradient(TwoCircuits):
    """Defect: the first circuit is run without recording gradients."""

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        with torch.set_grad_enabled(self.healthy):
            first = self.first(inputs)
        return self.after(self.second(math.pi * first))


class ConstantInput(DetachedInput):
    """Defect: the circuit is always given zeros."""

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        hidden = torch.tanh(self.trunk(inputs))
        angles = self.project(hidden)
        return hidden + self.after(self.quantum(angles if self.healthy else torch.zeros_like(angles)))


class IgnoredNoise(NewTensor):
    """Defect: the image is the same whatever the noise is."""

    def forward(self, noise: torch.Tensor) -> torch.Tensor:
        return self.block(self.before(noise if self.healthy else torch.ones_like(noise))) @ self.components.to(noise)


class SecondCall(nn.Module):
    """One circuit called twice. Defect: the second call's output is not used."""

    def __init__(self, *, healthy: bool) -> None:
        super().__init__()
        self.healthy = healthy
        self.block = QuantumBlock(qldm_circuit(WIRES, 1))

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        once = self.block(inputs)
        twice = self.block(math.pi * once + inputs)
        return inputs + (once + twice if self.healthy else once)


class Rounded(NewTensor):
    """Defect: what the circuit returns is rounded, so that it changes the image and never by a slope."""

    def forward(self, noise: torch.Tensor) -> torch.Tensor:
        features = self.block(self.before(noise))
        return (features if self.healthy else torch.round(4 * features)) @ self.components.to(features)
