"""A generator is fitted while its circuits run under noise: to other weights, to the same bits again, and exact afterwards."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from qaugbench import definitions
from qaugbench.circuits.execution import Execution
from qaugbench.circuits.noise.model import NoiseModel
from qaugbench.generators.patch_qgan import PatchQgan
from qaugbench.generators.qlatent_wgan import QlatentWgan
from qaugbench.generators.shared.model import Model
from qaugbench.generators.shared.noisy_fit import NoisyModel
from qaugbench.generators.training.checkpoint import Checkpoint
from qaugbench.testing.variant import FIT_SEED, Interrupted, Variant

NOISE = Execution(noise=NoiseModel(two_qubit_error=0.05, over_rotation=0.1, over_rotation_kind="per run"))
STEPS = 6


def variant(name: str = "qlatent-wgan", kind: type = QlatentWgan) -> Variant:
    return Variant(definitions.generator_card(name), kind)


def fitted(
    of: Variant, execution: Execution, stop_at: int | None = None, checkpoint: Checkpoint | None = None
) -> Model:
    """Return a model fitted under ``execution`` in a few steps; ``stop_at`` breaks the fit off."""
    model = NoisyModel(of.new(), execution)

    def tell(step: int, total: int, loss: float) -> None:
        if step == stop_at:
            raise Interrupted

    training = of.training_of(STEPS)
    model.fit(of.data(), seed=FIT_SEED, training=training, progress=tell, checkpoint=checkpoint)
    return model


def circuits_of(model: Model) -> torch.Tensor:
    return torch.cat([block.weights.detach().flatten() for block in model.circuits])


@pytest.mark.parametrize("of", [variant(), variant("patch-qgan", PatchQgan)], ids=["one", "one per label"])
def test_noise_acts_on_the_fit_and_not_on_what_is_drawn_afterwards(of: Variant) -> None:
    noisy, plain = fitted(of, NOISE), of.new()
    plain.fit(of.data(), seed=FIT_SEED, training=of.training_of(STEPS))
    assert not torch.equal(circuits_of(noisy), circuits_of(plain))
    assert all(block.execution.is_ideal for block in noisy.circuits)
    plain.load(noisy.state())
    assert np.array_equal(noisy.sample(of.labels, seed=1), plain.sample(of.labels, seed=1))


def test_a_noisy_fit_resumes_to_the_bit(tmp_path: Path) -> None:
    checkpoint = Checkpoint(tmp_path, every_s=0)
    with pytest.raises(Interrupted):
        fitted(variant(), NOISE, stop_at=3, checkpoint=checkpoint)
    resumed, whole = fitted(variant(), NOISE, checkpoint=checkpoint).state(), fitted(variant(), NOISE).state()
    assert all(torch.equal(resumed[name], whole[name]) for name in whole)


def test_without_noise_it_is_the_fit_of_a_run() -> None:
    of = variant()
    plain = of.new()
    plain.fit(of.data(), seed=FIT_SEED, training=of.training_of(STEPS))
    assert torch.equal(circuits_of(fitted(of, Execution())), circuits_of(plain))
