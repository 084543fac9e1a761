"""The autoencoder with circuits in a residual block: it is that of ``latent`` elsewhere, and controls come by name."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from qaugbench.cards import Training
from qaugbench.circuits.block import Block, QuantumBlock
from qaugbench.circuits.controls.build import CONTROLS
from qaugbench.errors import DefinitionError
from qaugbench.generators.quantum_residual import QuantumHalfBlock, QuantumResidualBlock
from qaugbench.generators.spaces.latent import Latents
from qaugbench.generators.spaces.named import new_space
from qaugbench.generators.spaces.quantum_latent import SPACE_CONTROLS, QuantumLatents
from qaugbench.generators.training.checkpoint import Checkpoint
from qaugbench.seeds import torch_seeded
from qaugbench.testing.images import bright_quadrants

SHAPE = (16, 16, 1)
IMAGES = np.ascontiguousarray(bright_quadrants().images[:16, ::2, ::2])
SMALL: dict[str, Any] = {"channels": (8, 8), "residual_blocks": (0, 1), "layers": 1}
TRAINING = Training(steps=4, batch_size=8, learning_rate=1e-2)


def new(control: str = "none", seed: int = 0, **changes: Any) -> QuantumLatents:
    with torch_seeded(1):
        return QuantumLatents(SHAPE, QuantumLatents.Hyper(**{**SMALL, **changes}, control=control), seed)


def outside(space: Latents) -> dict[str, torch.Tensor]:
    """Return the state of a space without its circuits' blocks, or the blocks of ``latent`` that stand where these do."""
    blocks = [f"network.{part}.{place}." for part, place in (("encoder", 5), ("decoder", 1))]
    return {name: value for name, value in space.state_dict().items() if not name.startswith(tuple(blocks))}


def halves(space: Latents) -> list[QuantumHalfBlock]:
    return [module for module in space.modules() if isinstance(module, QuantumHalfBlock)]


def test_the_block_beside_the_code_of_encoder_and_decoder_has_the_circuits() -> None:
    network = new().network
    assert isinstance(network.encoder[5], QuantumResidualBlock)
    assert isinstance(network.decoder[1], QuantumResidualBlock)
    assert sum(isinstance(module, QuantumBlock) for module in network.modules()) == 4


def test_all_other_weights_begin_as_those_of_the_classical_autoencoder() -> None:
    with torch_seeded(1):
        classical = Latents(SHAPE, Latents.Hyper(channels=(8, 8), residual_blocks=(0, 1)))
    expected, found = outside(classical), outside(new())
    assert expected.keys() == found.keys()
    assert all(torch.equal(found[name], value) for name, value in expected.items())


@pytest.mark.parametrize("control", [name for name in SPACE_CONTROLS if name != "none"])
def test_a_control_changes_the_circuits_alone(control: str) -> None:
    own, other = new(seed=3), new(control, seed=3)
    assert all(torch.equal(value, outside(other)[name]) for name, value in outside(own).items())
    pairs = list(zip(halves(own), halves(other), strict=True))
    assert len(pairs) == 4
    assert all(torch.equal(*(half.convolution.weight for half in pair)) for pair in pairs)  # type: ignore[union-attr]
    runs = [isinstance(module, QuantumBlock) for module in other.modules() if isinstance(module, Block)]
    assert len(runs) == 4
    assert all(runs) == CONTROLS[control].runs_circuit
    assert other.title == f"quantum-latent-4x4x4-{control}"


def test_the_circuits_follow_from_the_seed_of_the_fit() -> None:
    blocks = [
        [module.weights for module in new(seed=seed).modules() if isinstance(module, QuantumBlock)]
        for seed in (1, 1, 2)
    ]
    assert all(torch.equal(*pair) for pair in zip(blocks[0], blocks[1], strict=True))
    assert not any(torch.equal(*pair) for pair in zip(blocks[0], blocks[2], strict=True))
    assert new(seed=1).title == "quantum-latent-4x4x4"


@pytest.mark.parametrize("control", ["none", "twin"])
def test_training_moves_the_circuits_or_twins_of_encoder_and_decoder(control: str) -> None:
    space = new(control)
    space.fit(IMAGES, training=TRAINING, seed=7)
    with torch_seeded(0):
        begun = space.fresh(7)
    for (name, one), (_, other) in zip(space.named_modules(), begun.named_modules(), strict=True):
        if isinstance(one, Block):
            both = zip(one.parameters(), other.parameters(), strict=True)
            changed = [not torch.equal(before, after) for before, after in both if len(before.flatten())]
            assert changed
            assert all(changed), name


class Killed(Exception):
    """Stands for the end of a process."""


@pytest.mark.parametrize("control", ["none", "frozen"])
def test_a_fit_that_was_killed_resumes_to_the_same_bits(tmp_path: Path, control: str) -> None:
    def kill(step: int, total: int, loss: float) -> None:
        if step == 3:
            raise Killed

    whole, resumed = new(control), new(control)
    whole.fit(IMAGES, training=TRAINING, seed=5)
    with pytest.raises(Killed):
        new(control).fit(IMAGES, training=TRAINING, seed=5, progress=kill, checkpoint=Checkpoint(tmp_path, every_s=0))
    assert (tmp_path / "fit.pt").is_file()
    resumed.fit(IMAGES, training=TRAINING, seed=5, checkpoint=Checkpoint(tmp_path, every_s=0))
    state = resumed.state_dict()
    assert all(torch.equal(value, state[name]) for name, value in whole.state_dict().items())


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"control": "twins"}, "no control 'twins'.*Did you mean 'twin'"),
        ({"control": "random"}, "A space has no control 'random'"),
        ({"residual_blocks": [1, 0]}, r"residual_blocks = \[1, 0\] has none there"),
        ({"q": 0.0}, "in \\(0, 1\\]; given 0.0"),
        ({"channels_per_circuit": 99}, "cannot take 99 of 8 channels"),
        ({"ansatz": "ring"}, "There is no ansatz 'ring'"),
        ({"quantum": 1}, "unknown key 'quantum'"),
        ({"channels": [8, 8, 8, 8], "residual_blocks": [0, 0, 0, 1]}, "the latent grid is 1x1"),
    ],
)
def test_wrong_settings_are_named(changed: dict[str, Any], message: str) -> None:
    with pytest.raises(DefinitionError, match=message):
        new_space("quantum-latent", SHAPE, {"steps": 1, "batch_size": 1, **SMALL, **changed})
