"""Slopes by autograd against central differences, where rectifiers turn within the first step."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from qaugbench.circuits.ansatz import qldm_circuit
from qaugbench.circuits.audit import gradient_check
from qaugbench.circuits.audit.gradient_check import Link, Point
from qaugbench.circuits.audit.instrumented_network import Probe
from qaugbench.circuits.block import QuantumBlock
from qaugbench.seeds import torch_seeded

PERIOD = 2e-6


class Zigzag(nn.Module):
    """A circuit, and rectifiers that turn every ``PERIOD`` / 2; ``detached``, half of the value passes no gradient."""

    def __init__(self, *, detached: bool = False) -> None:
        super().__init__()
        self.block, self.detached = QuantumBlock(qldm_circuit(4, 1)), detached

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        values = self.block(inputs)
        turned = (values / PERIOD).remainder(1)
        zigzag = PERIOD * torch.minimum(turned, 1 - turned)
        return zigzag + zigzag.detach() if self.detached else zigzag


def link_of(network: nn.Module) -> Link:
    """Return how the output hangs on the input, of a single value: more would turn at more places."""
    probe = Probe(network, [torch.tensor([[0.3, -0.2, 0.5, 0.1]])], {}, (), 0)
    return Point(probe, 3).link([probe.inputs[0]], lambda trace: [trace.outputs[0][:, :1]])


def zigzag(**settings: bool) -> nn.Module:
    with torch_seeded(1):
        return Zigzag(**settings)


def test_rectifiers_that_turn_within_the_first_step_pass() -> None:
    assert link_of(zigzag()).verdict == "passes"


def test_by_the_first_step_alone_they_would_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gradient_check, "STEP_BETWEEN_KINKS", gradient_check.STEP[torch.float64])
    assert link_of(zigzag()).verdict == "partly"


def test_the_finer_step_excuses_no_detached_part() -> None:
    found = link_of(zigzag(detached=True))
    assert found.verdict == "partly"
    assert "only part of the gradient comes back" in found.loss
