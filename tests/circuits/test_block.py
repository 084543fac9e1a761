from __future__ import annotations

import copy
import math
from collections.abc import Callable

import pytest
import torch

from qaugbench.circuits.ansatz import qldm_circuit
from qaugbench.circuits.block import QuantumBlock
from qaugbench.circuits.execution import Execution
from qaugbench.circuits.noise.model import NoiseModel
from qaugbench.errors import CircuitError
from qaugbench.seeds import torch_generator, torch_seeded


def test_copies_equal_separate_blocks_side_by_side() -> None:
    circuit = qldm_circuit(3, 2)
    block = QuantumBlock(circuit, copies=2, dtype=torch.float64)
    inputs = torch.randn(5, 6, generator=torch_generator(0), dtype=torch.float64)
    alone = []
    for number in range(2):
        single = QuantumBlock(circuit, dtype=torch.float64)
        single.weights.data = block.weights.data[number : number + 1]
        alone.append(single(inputs[:, 3 * number : 3 * number + 3]))
    torch.testing.assert_close(block(inputs), torch.cat(alone, dim=1), atol=1e-12, rtol=0)


def test_weights_are_uniform_angles_drawn_from_the_seed() -> None:
    blocks = []
    for seed in (1, 1, 2):
        with torch_seeded(seed):
            blocks.append(QuantumBlock(qldm_circuit(6, 4), copies=8))
    assert torch.equal(blocks[0].weights, blocks[1].weights)
    assert not torch.equal(blocks[0].weights, blocks[2].weights)
    assert 0 <= blocks[0].weights.min() < 0.2 < 2 * math.pi - 0.2 < blocks[0].weights.max() < 2 * math.pi


def test_state_is_the_weights_alone_and_survives_a_round_trip() -> None:
    block, other = (QuantumBlock(qldm_circuit(3, 2)) for _ in range(2))
    assert list(block.state_dict()) == ["weights"]
    other.load_state_dict(block.state_dict())
    inputs = torch.randn(4, 3, generator=torch_generator(0))
    assert torch.equal(block(inputs), other(inputs))
    assert torch.equal(block(inputs), copy.deepcopy(block)(inputs))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Execution(shots=0), "at least one shot"),
        (lambda: Execution(device="aer"), "give their number"),
        (lambda: Execution(shots=10, device="aer", noise="any"), "not both"),
    ],
)
def test_contradictory_executions_are_refused(make: Callable[[], object], message: str) -> None:
    with pytest.raises(CircuitError, match=message):
        make()


def test_copies_that_share_inputs_read_the_same_columns() -> None:
    shared, separate = (QuantumBlock(qldm_circuit(3, 2), copies=2, share_inputs=share) for share in (True, False))
    separate.load_state_dict(shared.state_dict())
    inputs = torch.randn(5, 3, generator=torch_generator(0))
    assert (shared.in_features, shared.out_features) == (3, 6)
    torch.testing.assert_close(shared(inputs), separate(inputs.repeat(1, 2)))


def test_input_of_another_width_is_refused() -> None:
    block = QuantumBlock(qldm_circuit(2, 1), copies=2)
    with pytest.raises(CircuitError, match=r"\[batch, 4\], given \[3, 2\]"):
        block(torch.zeros(3, 2))


def test_bad_arguments_are_refused() -> None:
    with pytest.raises(CircuitError, match="at least one copy"):
        QuantumBlock(qldm_circuit(2, 1), copies=0)
    with pytest.raises(CircuitError, match="float32 or float64"):
        QuantumBlock(qldm_circuit(2, 1), dtype=torch.float16)


def test_standard_errors_are_those_of_trajectories() -> None:
    block = QuantumBlock(qldm_circuit(3, 1), copies=2)
    assert block.standard_error is None
    noise = NoiseModel(two_qubit_error=0.1, trajectories=50)
    block.run_under(Execution(noise=noise), torch_generator(1))
    with torch.no_grad():
        outputs = block(torch.zeros(4, 6))
    assert block.standard_error.shape == outputs.shape
    assert 0 < block.standard_error.max() < 1 / 50**0.5 + 0.05


def test_an_empty_batch_gives_an_empty_output() -> None:
    block = QuantumBlock(qldm_circuit(4, 1), copies=2)
    assert block(torch.zeros(0, 8)).shape == (0, 8)
