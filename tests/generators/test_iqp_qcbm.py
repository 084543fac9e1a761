"""The Born machine of commuting gates: its circuits, its loss, exact and surrogate draws; its bits, and its classical peer."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from qaugbench.cards import Training
from qaugbench.circuits.iqp.walsh import walsh_hadamard
from qaugbench.circuits.iqp.words import bits_of, low_order_words, states_of
from qaugbench.errors import DefinitionError, NoControlError
from qaugbench.generators.circuit_layers import CircuitLayers
from qaugbench.generators.contract import Batch
from qaugbench.generators.iqp_qcbm import IqpQcbm
from qaugbench.generators.rbm import Rbm
from qaugbench.generators.row_random import RowRandom
from qaugbench.generators.shared.dichotomised import gaussian_of_signs
from qaugbench.generators.shared.model import trainable_parameters
from qaugbench.generators.shared.one_of_labels import one_of_each, with_none
from qaugbench.generators.shared.quantile_bits import QuantileBits
from qaugbench.seeds import torch_generator, torch_seeded
from tests.generators.published import published

ROWS = 4000


def born_machine(components: int, hyper: IqpQcbm.Hyper, n_labels: int = 2) -> IqpQcbm:
    with torch_seeded(1):
        return IqpQcbm((components,), n_labels, hyper, CircuitLayers(seed=1))


def correlated(n: int, seed: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Return points [n, 4] and labels [n, 2]: of the first label, coordinates are alike; of the second, opposite in pairs."""
    random = torch_generator(seed)
    labels = torch.eye(2)[torch.arange(n) % 2]
    common, own = torch.randn(n, 1, generator=random), 0.3 * torch.randn(n, 4, generator=random)
    signs = torch.tensor([[1.0, 1.0, 1.0, 1.0], [1.0, -1.0, 1.0, -1.0]])[torch.arange(n) % 2]
    return common * signs + own, labels


def fitted(hyper: IqpQcbm.Hyper, steps: int) -> tuple[IqpQcbm, list[float]]:
    made = born_machine(4, hyper)
    optimizers = made.optimizers(Training(learning_rate=0.2))
    losses = []
    for step in range(steps):
        points, labels = correlated(256, step)
        losses.append(float(made.step(Batch(points, labels, step, steps), optimizers, torch_generator(step))["mmd"]))
    return made, losses


@pytest.mark.parametrize(("name", "qubits"), [("iqp-qcbm", 16), ("iqp-qcbm:surrogate", 16), ("iqp-qcbm:wide", 200)])
def test_each_label_and_none_has_a_circuit_with_a_weight_per_qubit_and_pair(name: str, qubits: int) -> None:
    made = published(name, track="lite")
    assert made.qubits == qubits
    assert made.block.copies == 3 + 1
    assert trainable_parameters(made) == 4 * (qubits + qubits * (qubits - 1) // 2)


@pytest.mark.parametrize("surrogate", [False, True])
def test_drawn_bits_learn_how_those_of_each_label_hang_together(surrogate: bool) -> None:
    made, losses = fitted(IqpQcbm.Hyper(surrogate=surrogate), steps=150)
    assert sum(losses[-10:]) < sum(losses[:10]) / 4
    with torch.no_grad():
        drawn = [made.draw(torch.eye(2)[[k]].expand(1000, -1), RowRandom(k, range(1000))) for k in range(2)]
    first, second = (points[:, 0].sign() * points[:, 1].sign() for points in drawn)
    assert first.mean() > 0.4
    assert second.mean() < -0.4


def test_the_loss_is_the_mean_squared_difference_of_correlators_under_the_kernel() -> None:
    made = born_machine(3, IqpQcbm.Hyper(bodies=(1.5,)))
    points, labels = torch.randn(6, 3, generator=torch_generator(1)), torch.eye(2)[torch.arange(6) % 2]
    with torch.no_grad():
        drawn = walsh_hadamard(made.block(torch.zeros(1, 0)).view(3, 8))
    found = float(made.step(Batch(points, labels), made.optimizers(Training()), torch_generator(1))["mmd"])
    signs = 1.0 - 2.0 * made.code.encoded(points)
    chance, expected = 1.5 / 3, 0.0
    for word in range(1, 8):
        letters = bits_of(torch.tensor([word]), 3)[0]
        share = (chance ** letters.sum() * (1 - chance) ** (3 - letters.sum())) / (1 - (1 - chance) ** 3)
        real = (signs**letters).prod(dim=1)
        expected += float(sum(share * (drawn[k, word] - real[k::2].mean()) ** 2 for k in range(2)) / 2)
    assert found == pytest.approx(expected, rel=1e-4)


def test_beyond_twenty_qubits_correlators_are_estimated_and_drawn_by_the_surrogate() -> None:
    made = born_machine(24, IqpQcbm.Hyper(width=0.05))
    assert not made.exact
    labels = torch.eye(2)[torch.arange(8) % 2]
    losses = made.step(Batch(torch.randn(8, 24), labels), made.optimizers(Training()), torch_generator(1))
    assert losses["mmd"].isfinite()
    with torch.no_grad():
        together = made.draw(labels, RowRandom(1, range(8)))
        alone = made.draw(labels[5:], RowRandom(1, range(5, 8)))
    torch.testing.assert_close(together[5:], alone)


def test_exact_draws_have_the_probabilities_of_the_circuit() -> None:
    made = born_machine(3, IqpQcbm.Hyper(width=1.0))
    with torch.no_grad():
        probabilities = made.block(torch.zeros(1, 0)).view(3, 8)
        bits = made._measured(probabilities, torch.ones(ROWS, dtype=torch.int64), RowRandom(1, range(ROWS)))
    frequencies = torch.bincount(states_of(bits), minlength=8) / ROWS
    assert (frequencies - probabilities[1]).abs().max() < 4 * (0.25 / ROWS) ** 0.5


def test_signs_of_the_gaussian_have_the_correlators_that_were_asked_for() -> None:
    random = torch_generator(2)
    signs = (torch.randn(50_000, 4, generator=random) @ torch.randn(4, 4, generator=random) + 0.4).sign()
    upper, lower = torch.triu_indices(4, 4, 1)
    singles, pairs = signs.mean(dim=0)[None], (signs[:, upper] * signs[:, lower]).mean(dim=0)[None]
    threshold, factor = gaussian_of_signs(singles, pairs)
    drawn = (threshold + torch.randn(50_000, 4, generator=random).double() @ factor[0].T).sign()
    assert (drawn.mean(dim=0) - singles).abs().max() < 0.03
    assert ((drawn[:, upper] * drawn[:, lower]).mean(dim=0) - pairs).abs().max() < 0.03


@pytest.mark.parametrize("bits", [1, 2, 3])
def test_levels_are_equally_frequent_and_come_back_from_their_bits(bits: int) -> None:
    code, points = QuantileBits(2, bits), torch.randn(640, 2, generator=torch_generator(1)).exp()
    code.follow(points, step=0)
    encoded = code.encoded(points)
    counts = torch.bincount(states_of(encoded[:, :bits]), minlength=2**bits)
    assert (counts - 640 / 2**bits).abs().max() <= 2
    again = code.decoded(encoded, torch.rand(640, 2, generator=torch_generator(2)))
    torch.testing.assert_close(code.encoded(again), encoded)
    torch.testing.assert_close(again.mean(dim=0), points.mean(dim=0), rtol=0.1, atol=0)


def test_neighbouring_levels_differ_in_one_bit() -> None:
    code = QuantileBits(1, 3)
    encoded = code.encoded(torch.linspace(-1.9, 1.9, 200)[:, None])
    steps = (encoded[1:] != encoded[:-1]).sum(dim=1)
    assert steps.max() == 1
    assert steps.sum() == 7


def test_numbers_of_bits_of_labels_and_of_words() -> None:
    bits = bits_of(torch.arange(16), 4)
    assert torch.equal(states_of(bits), torch.arange(16))
    assert low_order_words(3).tolist() == [4, 2, 1, 6, 5, 3]
    present = with_none(torch.tensor([[0.0, 1.0, 1.0], [0.0, 0.0, 0.0]]))
    assert one_of_each(present[[0, 0, 1]], torch.tensor([[0.1], [0.9], [0.9]])).tolist() == [1, 2, 3]


def test_what_cannot_be_is_refused() -> None:
    with pytest.raises(DefinitionError, match="1 to 6 bits"):
        born_machine(4, IqpQcbm.Hyper(components=5))
    for control in ("random", "permuted"):
        with pytest.raises(NoControlError):
            published("iqp-qcbm", control=control)


def test_the_boltzmann_machine_draws_bits_that_follow_its_labels() -> None:
    points, labels = correlated(400, 1)
    with torch_seeded(1), torch.no_grad():
        made = Rbm((4,), 2, replace(Rbm.Hyper(), hidden=32, passes=400, rate=0.1), CircuitLayers())
        made.solve(Batch(points, labels), torch_generator(1))
        drawn = [made.draw(torch.eye(2)[[k]].expand(300, -1), RowRandom(k, range(300))) for k in range(2)]
    first, second = ((p[:, 0].sign() * p[:, 1].sign()).mean() for p in drawn)
    assert first > 0.3
    assert second < -0.3
