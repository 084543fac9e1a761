"""A generator that fails: the run goes on, says so, counts it, and tries again the next time."""

from __future__ import annotations

from pathlib import Path
from unittest import mock

import numpy as np
import pytest

from qaugbench.board.verify import verify
from qaugbench.generators.contract import DivergedError
from qaugbench.predictions import read_predictions
from tests.experiment.tiny import tiny_run


def test_a_diverged_sample_is_an_outcome_and_is_tried_again(tmp_path: Path) -> None:
    with mock.patch("qaugbench.generators.qldm.Qldm.sample", side_effect=DivergedError("not finite")):
        failed = tiny_run(tmp_path)
    sampled = [failure for failure in failed.record.failures if failure.stage == "sample"]
    assert {(failure.outcome, failure.reason) for failure in sampled} == {("diverged", "DivergedError: not finite")}
    assert len(sampled) == 8
    assert "failed: DivergedError" in next(f.reason for f in failed.record.failures if f.stage == "train")
    logits = read_predictions(failed.folder / "predictions.npz").fractions["50%"].test_logits
    assert np.isnan(logits[5:]).all()
    assert np.isfinite(logits[:5]).all()
    verify(failed.folder)
    again = tiny_run(tmp_path)
    assert not again.failed
    assert again.record.cost["fit"].computed_now == 0
    assert not list((tmp_path / "store" / "failed").iterdir())


def test_an_unexpected_error_leaves_its_traceback_in_the_log(tmp_path: Path) -> None:
    with mock.patch("qaugbench.downstream.recipe.train_classifier", side_effect=[RuntimeError("odd")] * 99):
        failed = tiny_run(tmp_path)
    assert {failure.reason for failure in failed.record.failures} == {"RuntimeError: odd"}
    assert "Traceback" in (failed.folder / "log.txt").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("error", "outcome"), [(MemoryError(), "infeasible"), (RuntimeError("CUDA out of memory"), "infeasible")]
)
def test_too_little_memory_is_infeasible(tmp_path: Path, error: Exception, outcome: str) -> None:
    with mock.patch("qaugbench.generators.shared.autoencoder.LatentAutoencoder.fit", side_effect=error):
        failed = tiny_run(tmp_path)
    assert {failure.outcome for failure in failed.record.failures} == {outcome}
