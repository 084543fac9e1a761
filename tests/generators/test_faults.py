"""A generator that breaks one promise fails the check of that promise."""

from __future__ import annotations

from pathlib import Path

import pytest

from qaugbench.testing import check_generator, checks_of
from tests.generators.documented import MEAN_IMAGE, PAINTER, PRINTED
from tests.generators.registering import registered

NOISE = "random.normal(*self.shape)"
REPEATS = "The same seed draws the same bits, and another seed draws other images."
DRAWS = "One uint8 image of the training images' shape for each label vector, with several labels or none."
LEARNS = "Training changes the parameters, and the loss is not one number at every step."
FAULTS = {
    "global random state": (MEAN_IMAGE, NOISE, "torch.randn(len(labels), *self.shape)", REPEATS),
    "the global state moved": (
        MEAN_IMAGE,
        "        weights = labels / labels",
        "        torch.rand(1)\n        weights = labels / labels",
        "Fit and sample neither use nor set the global generators of random numbers.",
    ),
    "no random numbers at all": (MEAN_IMAGE, NOISE, "torch.ones(len(labels), *self.shape)", REPEATS),
    "labels ignored": (
        MEAN_IMAGE,
        '("nk,k...->n...", weights,',
        '("nk,k...->n...", torch.ones_like(weights),',
        "Every label changes the image drawn with a seed.",
    ),
    "neighbours mixed": (
        MEAN_IMAGE,
        f"self.hyper.noise * {NOISE}",
        f"0.1 * labels.sum() + self.hyper.noise * {NOISE}",
        "An image does not depend on the label vectors after it.",
    ),
    "rows that depend on earlier rows": (
        MEAN_IMAGE,
        f"self.hyper.noise * {NOISE}",
        f"self.hyper.noise * {NOISE}.cumsum(dim=0)",
        "Each point depends on its own label vector and random stream alone, whatever the batch and its order.",
    ),
    "a step that never learns": (
        PAINTER,
        'descend(optimizers["adamw"], loss)}',
        "loss.detach()}",
        LEARNS,
    ),
    "a loss that is a constant": (
        PAINTER,
        'return {"error": descend(optimizers["adamw"], loss)}',
        'descend(optimizers["adamw"], loss)\n        return {"error": torch.tensor(0.5)}',
        LEARNS,
    ),
    "only one label allowed": (
        MEAN_IMAGE,
        "weights = labels / labels.sum(dim=1, keepdim=True).clamp_min(1)",
        "assert (labels.sum(dim=1) == 1).all()\n        weights = labels",
        DRAWS,
    ),
    "points of another shape": (MEAN_IMAGE, f"* {NOISE}", "* random.normal(*self.shape, 2).sum()", DRAWS),
    "points that are not finite": (
        MEAN_IMAGE,
        "        return torch.einsum",
        "        return torch.inf * torch.einsum",
        DRAWS,
    ),
    "state incomplete": (
        MEAN_IMAGE,
        "torch.zeros(n_labels, *shape))",
        "torch.zeros(n_labels, *shape), persistent=False)",
        "The state, saved and loaded into a new generator, draws the same bits.",
    ),
    "a fit that fails": (
        MEAN_IMAGE,
        "batch.labels.sum(dim=0).clamp_min(1)",
        "batch.labels.sum(dim=0)[5]",
        "It can be fitted to 64 images, some with several labels and some with none, and does not change them.",
    ),
    "a count that no checkpoint holds": (
        PAINTER,
        "        loss = functional",
        "        self.taken = getattr(self, 'taken', 0) + 1\n        loss = self.taken * functional",
        "A fit that is broken off after a checkpoint and started again gives the state of one that was not.",
    ),
    "circuit detached": (
        PAINTER,
        "self.paint(self.block(angles))",
        "self.paint(self.block(angles).detach())",
        "Circuits, or their replacements, are live: gradients arrive and flow on, weights change, and images depend on them.",
    ),
    "frozen circuit trained": (
        PAINTER,
        "    def step(",
        "    def optimizers(self, training):\n        self.requires_grad_(True)\n"
        "        return super().optimizers(training)\n\n    def step(",
        "The weights of frozen circuits stay at their first values.",
    ),
    "circuit made past the control's seeded scope": (
        PAINTER,
        "circuits.block(Circuit(qubits, tuple(gates), Readout.each_wire(qubits)))",
        "build_block(Circuit(qubits, tuple(gates), Readout.each_wire(qubits)), circuits.control)",
        "Before the first step, everything outside the block is what it is without the control.",
    ),
    "kinds that differ": (
        MEAN_IMAGE,
        'Kind] = "classical"',
        'Kind] = "quantum-inspired"',
        "Facts and class agree on the kind, and the controls exist.",
    ),
    "a hyper-parameter that the class does not have": (
        MEAN_IMAGE,
        "noise: float = 0.1",
        "nose: float = 0.1",
        "The class takes the settings of every track.",
    ),
}
CONTROLS = {"frozen circuit trained": "frozen", "circuit made past the control's seeded scope": "twin"}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_found_and_named(fault: str, tmp_path: Path) -> None:
    generator, sound, faulty, promise = FAULTS[fault]
    changed = generator.with_(sound, faulty)
    if "build_block" in faulty:
        imported = "from qaugbench.circuits.circuit import Circuit\n"
        changed = changed.with_(imported, f"{imported}from qaugbench.circuits.controls.build import build_block\n")
    with changed.registered(tmp_path):
        name = f"{generator.name}:{CONTROLS.get(fault, 'none')}"
        broken = [result for result in check_generator(name) if result.fails]
    assert promise in [result.promise for result in broken]
    assert all(result.detail for result in broken)


def test_a_generator_that_cannot_be_loaded_fails_its_first_check(tmp_path: Path) -> None:
    with MEAN_IMAGE.with_("import torch\n", "import absent_library\n").registered(tmp_path):
        (result,) = check_generator("meanimage")
    assert result.fails
    assert "absent_library" in result.detail


@pytest.mark.parametrize(
    ("tune", "said"),
    [
        ("nose = { low = 0.1, high = 0.2 }", "no setting 'nose'"),
        ("noise = { low = 0.2, high = 0.1 }", "low must be below high"),
        ("noise = { low = 0, high = 1 }", ""),
    ],
)
def test_what_is_tuned_is_checked(tune: str, said: str, tmp_path: Path) -> None:
    facts = f"{PRINTED['meanimage.toml']}\n[tune]\n{tune}\n"
    with registered(tmp_path, "meanimage", MEAN_IMAGE.source, facts, attribute="MeanImage"):
        result = next(one for one in checks_of("meanimage") if "[tune]" in one.promise)
    assert result.state == ("fails" if said else "passes")
    assert said in result.detail
