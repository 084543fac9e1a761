"""Recording what blocks put out, and putting other numbers in its place."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from qaugbench.circuits.ansatz import qldm_circuit
from qaugbench.circuits.block import QuantumBlock
from qaugbench.errors import CircuitError
from qaugbench.generators.shared.replaced_outputs import (
    Moments,
    outputs_replaced_by_mean,
    outputs_replaced_by_noise,
    recorded_outputs,
)
from qaugbench.seeds import torch_generator, torch_seeded

WIRES, COPIES = 3, 2
WIDTH = WIRES * COPIES


@pytest.fixture
def block() -> QuantumBlock:
    with torch_seeded(5):
        return QuantumBlock(qldm_circuit(WIRES, 1), copies=COPIES)


def inputs(rows: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(rows, WIDTH, generator=torch_generator(seed))


def recorded(block: QuantumBlock) -> Moments:
    with recorded_outputs([block]) as found, torch.no_grad():
        for rows in (7, 40, 1):
            block(inputs(rows, seed=rows))
    return found


def test_moments_are_those_of_all_rows_of_all_calls(block: QuantumBlock) -> None:
    with torch.no_grad():
        everything = torch.cat([block(inputs(rows, seed=rows)) for rows in (7, 40, 1)]).double().numpy()
    moments = recorded(block)[block]
    moments.add(torch.empty(0, WIDTH))
    assert moments.rows == 48
    np.testing.assert_allclose(moments.mean.numpy(), everything.mean(axis=0), rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(moments.variance.numpy(), everything.var(axis=0), rtol=1e-10, atol=1e-12)


def test_the_mean_takes_the_place_of_every_row(block: QuantumBlock) -> None:
    found = recorded(block)
    with outputs_replaced_by_mean(found):
        replaced = block(inputs(5))
    assert replaced.dtype == torch.float32
    torch.testing.assert_close(replaced, found[block].mean.float().expand(5, -1))


def test_noise_has_the_mean_and_the_variance_of_the_outputs(block: QuantumBlock) -> None:
    found, n = recorded(block), 20_000
    with outputs_replaced_by_noise(found, seed=1):
        drawn = block(torch.zeros(n, WIDTH)).double()
    moments = found[block]
    assert ((drawn.mean(0) - moments.mean).abs() < 5 * (moments.variance / n).sqrt()).all()
    assert ((drawn.var(0) / moments.variance - 1).abs() < 5 * (2 / n) ** 0.5).all()
    assert np.abs(np.corrcoef(drawn.T) - np.eye(WIDTH)).max() < 5 / n**0.5


def test_a_row_of_noise_does_not_feel_its_neighbours(block: QuantumBlock) -> None:
    found = recorded(block)
    with outputs_replaced_by_noise(found, seed=1):
        many = [block(inputs(100)) for _ in range(2)]
    with outputs_replaced_by_noise(found, seed=1):
        few = [block(inputs(9, seed=3)) for _ in range(2)]
    assert torch.equal(many[0][:9], few[0])
    assert torch.equal(many[1][:9], few[1])
    assert not torch.equal(many[0], many[1])
    assert not torch.equal(many[0][:9], many[0][9:18])


def test_noise_follows_its_seed_and_its_block(block: QuantumBlock) -> None:
    with recorded_outputs([block, other := QuantumBlock(qldm_circuit(WIRES, 1), copies=COPIES)]) as found:
        block(inputs(9))
    found[other].__dict__.update(found[block].__dict__)
    drawn = []
    for seed in (1, 2):
        with outputs_replaced_by_noise(found, seed):
            drawn += [block(inputs(4)), other(inputs(4))]
    assert all(not torch.equal(one, two) for i, one in enumerate(drawn) for two in drawn[:i])


@pytest.mark.parametrize(
    "replaced",
    [recorded_outputs, outputs_replaced_by_mean, lambda found: outputs_replaced_by_noise(found, 1)],
    ids=["recorded", "mean", "noise"],
)
def test_the_block_is_itself_again_even_after_an_error(block: QuantumBlock, replaced: object) -> None:
    found, before = recorded(block), block(inputs(5))
    with pytest.raises(CircuitError, match="takes inputs of shape"), replaced(found):
        block(torch.zeros(5, WIDTH + 1))
    assert not block._forward_hooks
    assert torch.equal(block(inputs(5)), before)
