"""IQP Born machine: bits measured from commuting gates, trained by their correlators, which classical computers can compute.

After "Train on classical, deploy on quantum" (Recio-Armengol, Ahmed & Bowles, arXiv 2503.02934): the squared maximum mean
discrepancy between drawn and real bits is a mean of squared differences of correlators of Z, and those of an IQP circuit need no
state. Here, each label has a circuit of its own.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import nn

from qaugbench.cards import Training
from qaugbench.circuits.execution import IDEAL
from qaugbench.circuits.iqp.circuit import MOST_EXACT, iqp_circuit
from qaugbench.circuits.iqp.walsh import walsh_hadamard
from qaugbench.circuits.iqp.words import bits_of, low_order_words, states_of, word_shares_of
from qaugbench.errors import DefinitionError, NoControlError
from qaugbench.generators.contract import Batch, Circuits, Optimizers, Stepped, descend
from qaugbench.generators.row_random import RowRandom
from qaugbench.generators.shared.dichotomised import gaussian_of_signs
from qaugbench.generators.shared.one_of_labels import one_of_each, with_none
from qaugbench.generators.shared.quantile_bits import QuantileBits
from qaugbench.kinds import Kind
from qaugbench.seeds import name_key, torch_generator


class IqpQcbm(Stepped):
    """A Born machine over the bits of points [components], ``bits`` of each, with one circuit per label and one for none.

    The bits of a point with several labels come from the circuit of one of them. Up to 20 qubits all probabilities are computed,
    every correlator is compared, and bits are drawn from the circuit. Beyond, correlators of one and two qubits are estimated from
    random strings, and bits are drawn from a surrogate that has these.
    """

    @dataclass(frozen=True)
    class Hyper:
        """The kernels' words have ``bodies`` letters in the mean; ``width`` * pi is the largest angle of a pair at the start.

        The first ``components`` of a point are drawn (0: all), the others are 0. With ``surrogate`` bits are always drawn from the
        correlators of one and two qubits.
        """

        components: int = 0
        bits: int = 1
        bodies: tuple[float, ...] = (1.0, 2.0, 4.0)
        width: float = 0.1
        surrogate: bool = False

    kind: ClassVar[Kind] = "quantum"
    hyper: Hyper
    kernel: torch.Tensor
    low_order: torch.Tensor

    def __init__(self, shape: tuple[int, ...], n_labels: int, hyper: Hyper, circuits: Circuits) -> None:
        super().__init__(shape, n_labels, hyper, circuits)
        if len(shape) != 1 or not 1 <= hyper.bits <= 6 or not 0 <= hyper.components <= shape[0]:
            raise DefinitionError(
                f"1 to 6 bits of 1 or more of the components of {list(shape)} can be drawn, not {hyper}."
            )
        self.components = hyper.components or shape[0]
        self.qubits = n = self.components * hyper.bits
        self.exact = n <= MOST_EXACT
        self.code = QuantileBits(self.components, hyper.bits)
        self.block = circuits.block(iqp_circuit(n, width=hyper.width), copies=n_labels + 1)
        if self.block.ignores_inputs:
            raise NoControlError(
                "Noise in the place of probabilities averages out in the bits that are drawn from them."
            )
        kernels = [word_shares_of(n, bodies, exact=self.exact) for bodies in hyper.bodies]
        kernel = torch.stack([each / each.sum() for each in kernels]).mean(dim=0)
        self.register_buffer("kernel", kernel, persistent=False)
        self.register_buffer("low_order", low_order_words(n if self.exact else 0), persistent=False)

    def optimizers(self, training: Training) -> dict[str, torch.optim.Optimizer]:
        return {"adam": torch.optim.Adam(self.parameters(), lr=training.learning_rate)}

    def step(self, batch: Batch, optimizers: Optimizers, random: torch.Generator) -> dict[str, torch.Tensor]:
        points = batch.points[:, : self.components]
        self.code.follow(points, batch.step)
        present = with_none(batch.labels)
        having = (
            present.T / present.sum(dim=0).clamp_min(1)[:, None]
        )  # means over the points that have each label [labels, n]
        shares = having @ (present / present.sum(dim=1, keepdim=True))  # how often each circuit draws for each label
        real = self._real_correlators(self.code.encoded(points), having)
        first, second = (shares @ drawn - real for drawn in self._two_estimates(random))
        loss = (first * second @ self.kernel).sum() / present.any(dim=0).sum()
        return {
            "mmd": descend(optimizers["adam"], loss) if loss.requires_grad else loss
        }  # a frozen circuit learns nothing

    def _two_estimates(self, random: torch.Generator) -> list[torch.Tensor]:
        """Return each circuit's correlators [labels, words] twice: if estimates, independent ones, whose product is unbiased."""
        if self.exact:
            return [walsh_hadamard(self._outputs())] * 2
        self.block.run_under(IDEAL, random)
        estimates = [self._outputs(), self._outputs()]
        self.block.run_under(IDEAL)
        return estimates

    def _outputs(self) -> torch.Tensor:
        """Return the probabilities or correlators of the circuit of each label, [labels, ...]."""
        outputs: torch.Tensor = self.block(self.kernel.new_zeros(1, 0)).view(self.n_labels + 1, -1)
        return outputs

    def _real_correlators(self, bits: torch.Tensor, having: torch.Tensor) -> torch.Tensor:
        """Return the mean correlators of bits [n, qubits] under each row of ``having`` [labels, n], [labels, words]."""
        if self.exact:
            frequencies = having.new_zeros(len(having), 2**self.qubits).index_add(1, states_of(bits), having)
            return walsh_hadamard(frequencies)
        signs = 1 - 2 * bits.to(having)
        upper, lower = torch.triu_indices(self.qubits, self.qubits, 1, device=bits.device)
        return having @ torch.cat([signs, signs[:, upper] * signs[:, lower]], dim=1)

    def draw(self, labels: torch.Tensor, random: RowRandom) -> torch.Tensor:
        if not self.exact:  # the same strings whatever was drawn before
            self.block.run_under(self.block.execution, torch_generator(name_key("strings of draws")))
        outputs = self._outputs()
        chosen = one_of_each(with_none(labels), random.uniform(1))
        if self.exact and not self.hyper.surrogate:
            bits = self._measured(outputs, chosen, random)
        else:
            bits = self._signs(outputs, chosen, random)
        points = self.code.decoded(bits, random.uniform(self.components))
        return nn.functional.pad(points, (0, self.shape[0] - self.components))

    def _measured(self, probabilities: torch.Tensor, chosen: torch.Tensor, random: RowRandom) -> torch.Tensor:
        """Return bit strings [n, qubits], each drawn from the probabilities [labels, 2^qubits] of its circuit."""
        below = probabilities.double().cumsum(dim=1)
        wanted = random.uniform(1)[:, 0].double() * below[chosen, -1]
        states = torch.searchsorted(below, wanted.expand(len(below), -1).contiguous())
        drawn = states.gather(0, chosen[None])[0].clamp(max=below.shape[1] - 1)
        return bits_of(drawn, self.qubits)

    def _signs(self, outputs: torch.Tensor, chosen: torch.Tensor, random: RowRandom) -> torch.Tensor:
        """Return bit strings [n, qubits] of which correlators of one and two bits are those of their circuits."""
        words = walsh_hadamard(outputs)[:, self.low_order] if self.exact else outputs
        threshold, factor = gaussian_of_signs(words[:, : self.qubits], words[:, self.qubits :])
        normal = random.normal(self.qubits).double()
        drawn = torch.zeros_like(normal)
        for circuit in range(len(words)):
            own = chosen == circuit
            drawn[own] = threshold[circuit] + normal[own] @ factor[circuit].T
        return (drawn < 0).long()
