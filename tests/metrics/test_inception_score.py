"""The inception score at its ends and against torch-fidelity."""

from __future__ import annotations

import numpy as np
import pytest

from qaugbench.errors import StatisticsError
from qaugbench.metrics.inception_score import inception_score


def test_it_is_the_number_of_classes_shown_and_one_without_any() -> None:
    sure = 1000.0 * np.eye(5)[np.arange(40) % 5]
    assert inception_score(sure, splits=4).mean == pytest.approx(5)
    assert inception_score(np.zeros((40, 5)), splits=4).mean == pytest.approx(1)


def test_it_is_torch_fidelitys() -> None:
    torch = pytest.importorskip("torch")
    metric_isc = pytest.importorskip("torch_fidelity.metric_isc")
    logits = 3 * np.random.default_rng(0).normal(size=(103, 7))
    theirs = metric_isc.isc_features_to_metric(torch.from_numpy(logits), splits=10, shuffle=False)
    ours = inception_score(logits)
    assert ours.mean == pytest.approx(theirs["inception_score_mean"], rel=1e-4)
    assert ours.sd == pytest.approx(theirs["inception_score_std"], rel=1e-4)


def test_fewer_images_than_parts_are_refused() -> None:
    with pytest.raises(StatisticsError, match="at least 10 images; given 9"):
        inception_score(np.zeros((9, 3)))
