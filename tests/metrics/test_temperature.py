"""The temperature makes over-confident logits as confident as they are right, and finds the one that was planted."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import expit, softmax

from qaugbench.metrics.calibration import log_loss
from qaugbench.metrics.temperature import fitted_temperature


@pytest.mark.parametrize("planted", [0.4, 1.0, 3.0])
@pytest.mark.parametrize("kind", ["multiclass", "multilabel"])
def test_it_finds_what_was_planted(kind: str, planted: float) -> None:
    rng = np.random.default_rng(0)
    honest = rng.normal(scale=2, size=(4000, 3))
    if kind == "multilabel":
        labels = (rng.random(honest.shape) < expit(honest)).astype(float)
    else:
        chosen = [rng.choice(3, p=p) for p in softmax(honest, axis=1)]
        labels = np.eye(3)[chosen]
    found = fitted_temperature(honest * planted, labels, kind)
    assert found == pytest.approx(planted, rel=0.08)
    assert log_loss(honest * planted / found, labels, kind) <= log_loss(honest * planted, labels, kind)
