"""The course of the learning rate."""

from __future__ import annotations

import pytest
import torch
from qaugbench.generators.shared.optimisation import warm_up_then_cosine


def test_the_rate_rises_then_falls_to_zero_as_a_half_cosine() -> None:
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=2.0)
    schedule = warm_up_then_cosine(optimizer, 100)
    rates = []
    for _ in range(100):
        rates.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        schedule.step()
    assert rates[:5] == pytest.approx([0.4, 0.8, 1.2, 1.6, 2.0])
    assert max(rates) == 2.0
    assert rates[5 + 19 * 2 + 10] < rates[5 + 19 * 2]
    assert rates[99] < 0.01
