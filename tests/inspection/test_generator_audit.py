"""The audit of generators: one that is live, and defects outside the network that only a generator can have."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
import pytest
import torch
from torch import nn

from qaugbench.circuits.ansatz import qldm_circuit
from qaugbench.circuits.audit.network import IS_CALLED
from qaugbench.circuits.audit.weights import RECEIVE
from qaugbench.circuits.block import QuantumBlock
from qaugbench.circuits.controls.build import build_block
from qaugbench.circuits.execution import IDEAL, Execution
from qaugbench.datasets.labelled_images import LabelledImages
from qaugbench.generators.contract import Budget, Generator, Kind, Progress
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
from qaugbench.seeds import torch_generator, torch_seeded

SHAPE, N_LABELS, WIRES = (4, 4, 1), 3, 4


class Network(nn.Module):
    """Noise and labels to images in [0, 1], through a block."""

    def __init__(self, control: str) -> None:
        super().__init__()
        self.before = nn.Linear(WIRES + N_LABELS, WIRES)
        self.block = build_block(qldm_circuit(WIRES, 1), control)
        self.after = nn.Linear(WIRES, 16)

    def forward(self, noise: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        return torch.sigmoid(self.after(self.block(self.before(torch.cat([noise, labels], dim=1)))))


class Toy(Generator):
    """A network fitted to map noise to images; ``defect`` names what is wrong with it."""

    kind: ClassVar[Kind] = "hybrid"

    def __init__(self, *, control: str = "none", defect: str = "") -> None:
        super().__init__(SHAPE, N_LABELS, control=control)
        self.defect = defect
        with torch_seeded(0):
            self.network = Network(control)
            self.spare = Network(control)
        self.circuits = [part for part in self.network.modules() if isinstance(part, QuantumBlock)]

    def fit(self, data: LabelledImages, *, budget: Budget, seed: int, progress: Progress | None = None) -> None:
        if self.defect == "never fitted":
            return
        network, random = self.network, torch_generator(seed)
        trained = [
            p for n, p in network.named_parameters() if self.defect != "not optimised" or not n.startswith("block")
        ]
        optimizer = torch.optim.Adam([p for p in trained if p.requires_grad], lr=0.1)
        images, labels = torch.from_numpy(data.images / 255).float().flatten(1), torch.from_numpy(data.labels)
        for _ in range(budget.steps):
            chosen = torch.randint(len(images), (budget.batch_size,), generator=random)
            drawn = network(torch.randn(len(chosen), WIRES, generator=random), labels[chosen])
            loss = (drawn - images[chosen]).square().mean()
            optimizer.zero_grad()
            (loss if self.defect != "loss cut off" else loss.detach() + network.after.bias.sum()).backward()
            optimizer.step()

    def sample(self, labels: np.ndarray, *, seed: int, execution: Execution = IDEAL) -> np.ndarray:
        noise = torch.randn(len(labels), WIRES, generator=torch_generator(seed))
        network = self.spare if self.defect == "another network" else self.network
        with torch.no_grad():
            drawn = network(noise, torch.from_numpy(labels))
        if self.defect == "drawn and dropped":
            drawn = torch.sigmoid(noise.mean(dim=1, keepdim=True) + network.after.bias)
        return (255 * drawn).round().to(torch.uint8).unflatten(1, SHAPE).numpy()

    def state(self) -> dict[str, torch.Tensor]:
        raise NotImplementedError

    def load(self, state: dict[str, torch.Tensor]) -> None:
        raise NotImplementedError

    def parameter_counts(self) -> dict[str, int]:
        raise NotImplementedError


@pytest.mark.parametrize("control", ["none", "twin", "frozen", "random"])
def test_a_healthy_generator_is_live_under_controls(control: str) -> None:
    found = audit_generator(Toy(control=control), few_images(SHAPE, N_LABELS))
    assert found.is_live, str(found)
    assert found.state(LEARNS) == ("none" if control == "frozen" else "fine")
    assert found.state(RUNS_IN_SAMPLE) == ("fine" if control in ("none", "frozen") else "none")
    assert found.state(REACHES_IMAGES) == ("fine" if control in ("none", "frozen") else "none")


@pytest.mark.parametrize(("defect", "state"), [("drawn and dropped", "note"), ("another network", "none")])
def test_circuits_without_a_say_in_the_images_are_noted(defect: str, state: str) -> None:
    assert audit_generator(Toy(defect=defect), few_images(SHAPE, N_LABELS)).state(REACHES_IMAGES) == state


def test_live_circuits_that_hardly_reach_the_images_are_noted(monkeypatch: pytest.MonkeyPatch) -> None:
    """Gradients pass, weights move, samples follow them to some digit: only the amount is small."""

    def mostly_beside(self: Network, noise: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        angles = self.before(torch.cat([noise, labels], dim=1))
        return torch.sigmoid(self.after(4 * angles + 0.02 * self.block(angles)))

    monkeypatch.setattr(Network, "forward", mostly_beside)
    found = audit_generator(Toy(), few_images(SHAPE, N_LABELS))
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
    found = audit_generator(Toy(defect=defect), few_images(SHAPE, N_LABELS))
    assert {check.question for check in found.failures} == fails, str(found)


def test_a_defect_of_the_network_is_found_through_the_fit(monkeypatch: pytest.MonkeyPatch) -> None:
    def detached(self: Network, noise: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        angles = self.before(torch.cat([noise, labels], dim=1))
        return torch.sigmoid(self.after(self.block(angles).detach()))

    monkeypatch.setattr(Network, "forward", detached)
    found = audit_generator(Toy(), few_images(SHAPE, N_LABELS))
    assert found.state(IS_CALLED) == "fine"
    assert found.state(RECEIVE, "block") == "fails"
    assert found.state(LEARNS) == "fails"


def test_images_are_brighter_with_more_labels() -> None:
    data = few_images((8, 8, 3), 4, n=40)
    assert data.images.shape == (40, 8, 8, 3)
    assert data.images.dtype == np.uint8
    brightness = data.images.mean(axis=(1, 2, 3))
    assert np.corrcoef(brightness, data.labels.sum(axis=1))[0, 1] > 0.9
