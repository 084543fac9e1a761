"""A support vector machine on quantum kernels: how alike the states are that a circuit prepares from two images' features.

After "Quantum AI for Alzheimer's disease early screening" (Cappiello and Caruso, arXiv 2405.00755), which classifies features of
handwriting with a kernel of fidelities, best with 12 qubits. Here the features are those of the recipe's network, reduced to as
many principal components as there are qubits. The embedding has commuting gates (Havlicek et al., arXiv 1804.11326); the
projected kernel (Huang et al., arXiv 2011.01938) compares the states qubit by qubit. Classical kernels go the same way.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np
import torch
from torch import nn

from qaugbench.circuits.ansatz import each_wire
from qaugbench.circuits.block import QuantumBlock
from qaugbench.circuits.circuit import Angle, Circuit, Gate
from qaugbench.circuits.kernels import fidelity_kernel, projected_kernel
from qaugbench.circuits.pure_states import states_of
from qaugbench.circuits.readout import Readout
from qaugbench.classifiers.contract import Known, Solved
from qaugbench.classifiers.shared.components import Components
from qaugbench.classifiers.shared.kernel_machine import best_setting, fitted_machine
from qaugbench.errors import DefinitionError
from qaugbench.generators.contract import Circuits
from qaugbench.kinds import Kind
from qaugbench.metrics.temperature import fitted_temperature

KernelName = Literal["fidelity", "projected", "gaussian", "linear"]


def embedding(qubits: int, repeats: int) -> Circuit:
    """Return the circuit: ``repeats`` times H, RZ(x_i) on each wire, RZZ(x_i x_j) on neighbours; X, Y and Z of each wire are read.

    Its inputs are the ``qubits`` features, then the products of neighbours.
    """
    layer = each_wire(qubits, "H")
    layer += [Gate("RZ", (wire,), (Angle.input(wire),)) for wire in range(qubits)]
    layer += [Gate("RZZ", (wire, wire + 1), (Angle.input(qubits + wire),)) for wire in range(qubits - 1)]
    return Circuit(qubits, tuple(layer * repeats), Readout.each_wire(qubits, "XYZ"))


class Qkernel(Solved):
    """Principal components of the features, their kernel, and a machine for each label, one against the rest."""

    @dataclass(frozen=True)
    class Hyper:
        """``qubits`` components are embedded ``repeats`` times.

        The bandwidth, by which all components are multiplied, and the penalty of the machine are chosen from ``bandwidths`` and
        ``penalties``. At most ``rows`` training images are used. A gaussian kernel falls off as exp(-repeats / 4 * bandwidth^2 *
        distance^2), like a product of as many uploads of the components, one by one.
        """

        kernel: KernelName = "fidelity"
        qubits: int = 12
        repeats: int = 2
        bandwidths: tuple[float, ...] = (0.05, 0.1, 0.2, 0.4, 0.8)
        penalties: tuple[float, ...] = (0.1, 1.0, 10.0, 100.0, 1000.0)
        rows: int = 2000

    kind: ClassVar[Kind] = "hybrid"
    hyper: Hyper
    known: torch.Tensor
    weights: torch.Tensor
    offsets: torch.Tensor
    chosen: torch.Tensor

    def __init__(self, shape: tuple[int, ...], n_labels: int, hyper: Hyper, circuits: Circuits) -> None:
        super().__init__(shape, n_labels, hyper, circuits)
        if not 2 <= hyper.qubits <= shape[0]:
            raise DefinitionError(
                f"{shape[0]} features have no {hyper.qubits} principal components; choose from 2 to {shape[0]} qubits."
            )
        if not hyper.bandwidths or not hyper.penalties or min(*hyper.bandwidths, *hyper.penalties, hyper.rows) <= 0:
            raise DefinitionError(
                "A kernel machine needs bandwidths, penalties and rows above 0, given "
                f"{list(hyper.bandwidths)}, {list(hyper.penalties)} and {hyper.rows}."
            )
        self.components = Components(shape[0], hyper.qubits)
        self.runs = hyper.kernel in ("fidelity", "projected")
        self.block = circuits.block(embedding(hyper.qubits, hyper.repeats)) if self.runs else nn.Identity()
        self.register_buffer("known", torch.empty(0, hyper.qubits))
        self.register_buffer("weights", torch.empty(0, n_labels))
        self.register_buffer("offsets", torch.zeros(n_labels))
        self.register_buffer("chosen", torch.tensor([1.0, 1.0, 1.0]))
        """Bandwidth, penalty and temperature."""

    def solve(self, train: Known, val: Known, random: torch.Generator) -> None:
        kept = (
            torch.randperm(len(train.inputs), generator=random, device=random.device)[: self.hyper.rows].sort().values
        )
        labels = train.labels[kept].cpu().numpy()
        patients = None if train.groups is None else train.groups[kept].cpu().numpy()
        seed = int(torch.randint(2**31, (), generator=random, device=random.device))
        self.components.fit(train.inputs)
        self.known = self.components(train.inputs[kept])

        def kernel(bandwidth: float) -> np.ndarray:
            vectors = self.embedded(self.known, bandwidth)
            return self.compared(vectors, vectors, bandwidth).double().cpu().numpy()

        bandwidths = self.hyper.bandwidths[:1] if self.hyper.kernel == "linear" else self.hyper.bandwidths
        bandwidth, penalty, _ = best_setting(bandwidths, self.hyper.penalties, kernel, labels, seed, patients)
        machine = fitted_machine(kernel(bandwidth), labels, penalty)
        self.weights, self.offsets = (
            torch.from_numpy(part).to(self.known) for part in (machine.weights, machine.offsets)
        )
        self.chosen = torch.tensor([bandwidth, penalty, 1.0]).to(self.known)
        scores = self(val.inputs, random).double().cpu().numpy()
        self.chosen[2] = fitted_temperature(scores, val.labels.cpu().numpy(), val.label_kind)

    def forward(self, inputs: torch.Tensor, random: torch.Generator) -> torch.Tensor:
        bandwidth, _, temperature = self.chosen.tolist()
        vectors = self.embedded(self.components(inputs), bandwidth)
        kernel = self.compared(vectors, self.embedded(self.known, bandwidth), bandwidth)
        return (kernel @ self.weights + self.offsets) / temperature

    def embedded(self, components: torch.Tensor, bandwidth: float) -> torch.Tensor:
        """Return what is compared: states [n, 2^qubits], expectations [n, 3 * qubits], or the components [n, qubits] themselves."""
        scaled = bandwidth * components
        if not self.runs:
            return scaled
        inputs = torch.cat([scaled, scaled[:, :-1] * scaled[:, 1:]], dim=1)
        if self.hyper.kernel == "fidelity" and isinstance(self.block, QuantumBlock):
            return states_of(self.block, inputs)
        found: torch.Tensor = self.block(inputs)
        return found

    def compared(self, first: torch.Tensor, second: torch.Tensor, bandwidth: float) -> torch.Tensor:
        """Return the kernel [n, m] of embedded rows; a control that has no states is compared by its expectations."""
        if first.is_complex():
            return fidelity_kernel(first, second)
        if self.runs:
            return projected_kernel(first, second, gamma=1.0)
        if self.hyper.kernel == "linear":
            return first @ second.T
        return torch.exp(-self.hyper.repeats / 4 * torch.cdist(first, second).square())
