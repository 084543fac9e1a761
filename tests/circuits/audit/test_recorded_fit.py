"""What is seen of circuits while something else runs."""

from __future__ import annotations

import pytest
import torch
from torch import nn
from torch.nn.modules import module as hooks

from qaugbench.circuits.ansatz import qldm_circuit
from qaugbench.circuits.audit.recorded_fit import watching
from qaugbench.circuits.block import QuantumBlock
from qaugbench.circuits.controls.build import build_block


class Doubled(nn.Module):
    """A block inside a layer inside a network."""

    def __init__(self, control: str = "none") -> None:
        super().__init__()
        self.inner = nn.Sequential(nn.Linear(2, 2), build_block(qldm_circuit(2, 1), control))

    def forward(self, inputs: torch.Tensor, *, scale: float = 1.0) -> torch.Tensor:
        return scale * self.inner(inputs)


def test_the_outermost_network_with_a_block_is_kept_with_its_last_arguments() -> None:
    network, other = Doubled(), nn.Linear(2, 2)
    with watching() as seen:
        for scale in (1.0, 2.0):
            network(other(torch.full((3, 2), scale)), scale=scale)
    (call,) = seen.calls.values()
    assert call.network is network
    assert call.kwargs == {"scale": 2.0}
    assert torch.equal(call.args[0], other(torch.full((3, 2), 2.0)))
    assert not call.args[0].requires_grad
    assert list(seen.blocks.values()) == [network.inner[1]]


def test_gradients_and_first_values_of_blocks_are_noted() -> None:
    network = Doubled()
    weights, gradients = network.inner[1].weights, []
    before = weights.detach().clone()
    with watching() as seen:
        for inputs in (torch.ones(3, 2), torch.zeros(3, 2)):
            weights.grad = None
            network(inputs).sum().backward()
            gradients.append(weights.grad.abs())
            weights.data.sub_(weights.grad)
    weights.grad = None
    network(5 * torch.ones(3, 2)).sum().backward()  # no longer watched
    (learnt,) = seen.learning.values()
    assert list(seen.learning) == ["inner.1.weights"]
    assert torch.equal(learnt.first, before)
    assert learnt.parameter is weights
    assert torch.equal(learnt.largest_gradient, torch.maximum(*gradients))
    assert learnt.largest_gradient.any()


def test_frozen_blocks_learn_nothing_and_every_network_has_its_names() -> None:
    with watching() as seen:
        for control in ("frozen", "none", "none"):
            Doubled(control)(torch.ones(1, 2))
    assert list(seen.learning) == ["inner.1.weights", "inner.1.weights of network 3"]
    assert len(seen.calls) == len(seen.blocks) == 3


def test_a_block_called_alone_is_its_own_network() -> None:
    block = QuantumBlock(qldm_circuit(2, 1))
    with watching() as seen:
        block(torch.ones(1, 2))
    assert [call.network for call in seen.calls.values()] == [block]
    assert list(seen.learning) == ["weights"]


def test_nothing_is_left_behind_even_after_an_error() -> None:
    network = Doubled()
    with pytest.raises(RuntimeError, match="mat1 and mat2"), watching():
        network(torch.ones(1, 5))
    assert not hooks._global_forward_hooks
    assert not hooks._global_forward_pre_hooks
