"""The audit of generators: one that is live, and defects outside the network that only a generator can have."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pytest
import torch
from torch import nn

from qaugbench.cards import Training
from qaugbench.circuits.ansatz import qldm_circuit
from qaugbench.circuits.audit.network import IS_CALLED
from qaugbench.circuits.audit.weights import RECEIVE
from qaugbench.generators.contract import Batch, Circuits, Optimizers, Stepped, descend
from qaugbench.generators.row_random import RowRandom
from qaugbench.generators.shared.model import Model, Recipe
from qaugbench.generators.spaces.pixels import Pixels
from qaugbench.inspection.generator_audit import (
    LEARNS,
    MOVES,
    REACHES_IMAGES,
    RUNS_IN_FIT,
    RUNS_IN_SAMPLE,
    SAMPLES_FOLLOW,
    audit_generator,
    few_images,
)
from qaugbench.kinds import Kind

SHAPE, N_LABELS, WIRES = (4, 4, 1), 3, 4


class Network(nn.Module):
    """Noise and labels to points in [-1, 1], through a block."""

    def __init__(self, circuits: Circuits) -> None:
        super().__init__()
        self.before = nn.Linear(WIRES + N_LABELS, WIRES)
        self.block = circuits.block(qldm_circuit(WIRES, 1))
        self.after = nn.Linear(WIRES, 16)

    def forward(self, noise: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        return torch.tanh(self.after(self.block(self.before(torch.cat([noise, labels], dim=1)))))


class Toy(Stepped):
    """A network fitted to map noise to images; ``defect`` names what is wrong with it."""

    @dataclass(frozen=True)
    class Hyper:
        defect: str = ""

    kind: ClassVar[Kind] = "hybrid"
    hyper: Hyper

    def __init__(self, shape: tuple[int, ...], n_labels: int, hyper: Hyper, circuits: Circuits) -> None:
        super().__init__(shape, n_labels, hyper, circuits)
        self.network = Network(circuits)
        self.spare = Network(circuits) if hyper.defect == "another network" else None

    def optimizers(self, training: Training) -> dict[str, torch.optim.Optimizer]:
        without = "block" if self.hyper.defect == "not optimised" else "nothing"
        trained = [p for n, p in self.network.named_parameters() if p.requires_grad and not n.startswith(without)]
        return {"adam": torch.optim.Adam(trained, lr=0.1)}

    def step(self, batch: Batch, optimizers: Optimizers, random: torch.Generator) -> dict[str, torch.Tensor]:
        if self.hyper.defect == "never fitted":
            return {"loss": torch.zeros(())}
        drawn = self.network(torch.randn(len(batch.points), WIRES, generator=random), batch.labels)
        loss = (drawn - batch.points.flatten(1)).square().mean()
        if self.hyper.defect == "loss cut off":
            loss = loss.detach() + self.network.after.bias.sum()
        return {"loss": descend(optimizers["adam"], loss)}

    def draw(self, labels: torch.Tensor, random: RowRandom) -> torch.Tensor:
        noise, network = random.normal(WIRES), self.spare or self.network
        drawn = network(noise, labels)
        if self.hyper.defect == "drawn and dropped":
            drawn = torch.tanh(noise.mean(dim=1, keepdim=True) + network.after.bias)
        return drawn.unflatten(1, self.shape)


def toy(control: str = "none", defect: str = "") -> Model:
    recipe = Recipe(Toy, Toy.Hyper(defect), Training(steps=1, batch_size=1), control)
    return Model(recipe, Pixels(SHAPE, Pixels.Hyper()), N_LABELS)


@pytest.mark.parametrize("control", ["none", "twin", "frozen", "random"])
def test_a_healthy_generator_is_live_under_controls(control: str) -> None:
    found = audit_generator(toy(control), few_images(SHAPE, N_LABELS))
    assert found.is_live, str(found)
    assert found.state(LEARNS) == ("none" if control == "frozen" else "fine")
    assert found.state(RUNS_IN_SAMPLE) == ("fine" if control in ("none", "frozen") else "none")
    assert found.state(REACHES_IMAGES) == ("fine" if control in ("none", "frozen") else "none")


def test_circuits_without_a_say_in_the_images_are_noted() -> None:
    found = audit_generator(toy(defect="drawn and dropped"), few_images(SHAPE, N_LABELS))
    assert found.state(REACHES_IMAGES) == "note"


def test_live_circuits_that_hardly_reach_the_images_are_noted(monkeypatch: pytest.MonkeyPatch) -> None:
    """Gradients pass, weights move, samples follow them to some digit: only the amount is small."""

    def mostly_beside(self: Network, noise: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        angles = self.before(torch.cat([noise, labels], dim=1))
        return torch.tanh(self.after(4 * angles + 0.02 * self.block(angles)))

    monkeypatch.setattr(Network, "forward", mostly_beside)
    found = audit_generator(toy(), few_images(SHAPE, N_LABELS))
    assert found.is_live, str(found)
    assert found.state(REACHES_IMAGES) == "note"


@pytest.mark.parametrize(
    ("defect", "fails"),
    [
        ("never fitted", {RUNS_IN_FIT}),
        ("not optimised", {MOVES}),
        ("loss cut off", {LEARNS, MOVES}),
        ("another network", {RUNS_IN_SAMPLE}),
        ("drawn and dropped", {SAMPLES_FOLLOW}),
    ],
)
def test_defects_of_fit_and_sample_are_caught(defect: str, fails: set[str]) -> None:
    found = audit_generator(toy(defect=defect), few_images(SHAPE, N_LABELS))
    assert {check.question for check in found.failures} == fails, str(found)


def test_a_defect_of_the_network_is_found_through_the_fit(monkeypatch: pytest.MonkeyPatch) -> None:
    def detached(self: Network, noise: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        angles = self.before(torch.cat([noise, labels], dim=1))
        return torch.tanh(self.after(self.block(angles).detach()))

    monkeypatch.setattr(Network, "forward", detached)
    found = audit_generator(toy(), few_images(SHAPE, N_LABELS))
    assert found.state(IS_CALLED) == "fine"
    assert found.state(RECEIVE, "block") == "fails"
    assert found.state(LEARNS) == "fails"


def test_images_are_brighter_with_more_labels() -> None:
    data = few_images((8, 8, 3), 4, n=40)
    assert data.images.shape == (40, 8, 8, 3)
    assert data.images.dtype == np.uint8
    brightness = data.images.mean(axis=(1, 2, 3))
    assert np.corrcoef(brightness, data.labels.sum(axis=1))[0, 1] > 0.9
