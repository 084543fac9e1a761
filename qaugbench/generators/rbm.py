"""A restricted Boltzmann machine over the bits of points and labels: the classical peer of a Born machine.

Scikit-learn's Bernoulli machine, trained by persistent contrastive divergence (Tieleman, ICML 2008). Labels are visible units too
and are held while bits are drawn by Gibbs sampling (Larochelle & Bengio, ICML 2008).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch
from sklearn.neural_network import BernoulliRBM
from torch import nn

from qaugbench.errors import DefinitionError
from qaugbench.generators.contract import Batch, Circuits, Solved
from qaugbench.generators.row_random import RowRandom
from qaugbench.generators.shared.quantile_bits import QuantileBits
from qaugbench.kinds import Kind

BATCH = 10


class Rbm(Solved):
    """Bits of points [components], ``bits`` of each, beside ``label_copies`` units for each label and for none."""

    @dataclass(frozen=True)
    class Hyper:
        """Learns for ``passes`` over the images; bits are drawn after ``sweeps`` of Gibbs sampling from random ones.

        The first ``components`` of a point are drawn (0: all), the others are 0.
        """

        components: int = 0
        bits: int = 1
        hidden: int = 64
        label_copies: int = 4
        passes: int = 200
        rate: float = 0.05
        sweeps: int = 200

    kind: ClassVar[Kind] = "classical"
    hyper: Hyper

    def __init__(self, shape: tuple[int, ...], n_labels: int, hyper: Hyper, circuits: Circuits) -> None:
        super().__init__(shape, n_labels, hyper, circuits)
        if len(shape) != 1 or not 1 <= hyper.bits <= 6 or not 0 <= hyper.components <= shape[0]:
            raise DefinitionError(
                f"1 to 6 bits of 1 or more of the components of {list(shape)} can be drawn, not {hyper}."
            )
        self.components = hyper.components or shape[0]
        self.n_bits = self.components * hyper.bits
        self.code = QuantileBits(self.components, hyper.bits)
        self.couplings = nn.Parameter(torch.zeros(hyper.hidden, self.n_bits + (n_labels + 1) * hyper.label_copies))
        self.visible = nn.Parameter(torch.zeros(self.couplings.shape[1]))
        self.hidden = nn.Parameter(torch.zeros(hyper.hidden))

    def solve(self, batch: Batch, random: torch.Generator) -> None:
        points, hyper = batch.points[:, : self.components], self.hyper
        self.code.follow(points, step=0)
        units = torch.cat([self.code.encoded(points).to(points), self._units(batch.labels)], dim=1)
        seed = int(torch.randint(2**31, (), generator=random, device=random.device))
        machine = BernoulliRBM(
            hyper.hidden, learning_rate=hyper.rate, batch_size=BATCH, n_iter=hyper.passes, random_state=seed
        )
        machine.fit(units.double().cpu().numpy())
        self.couplings.copy_(torch.from_numpy(machine.components_))
        self.visible.copy_(torch.from_numpy(machine.intercept_visible_))
        self.hidden.copy_(torch.from_numpy(machine.intercept_hidden_))

    def draw(self, labels: torch.Tensor, random: RowRandom) -> torch.Tensor:
        held = self._units(labels)
        bits = (random.uniform(self.n_bits) < 0.5).to(held)
        for _ in range(self.hyper.sweeps):
            chances = torch.sigmoid(torch.cat([bits, held], dim=1) @ self.couplings.T + self.hidden)
            hidden = (random.uniform(self.hyper.hidden) < chances).to(held)
            chances = torch.sigmoid(hidden @ self.couplings[:, : self.n_bits] + self.visible[: self.n_bits])
            bits = (random.uniform(self.n_bits) < chances).to(held)
        points = self.code.decoded(bits, random.uniform(self.components))
        return nn.functional.pad(points, (0, self.shape[0] - self.components))

    def _units(self, labels: torch.Tensor) -> torch.Tensor:
        """Return the units of label vectors [n, k]: those of each label and of none, each several times."""
        none = (labels.sum(dim=1, keepdim=True) == 0).to(labels)
        return torch.cat([labels, none], dim=1).repeat(1, self.hyper.label_copies)
