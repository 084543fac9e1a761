"""A generator that fails: the run goes on, says so, counts it, and tries again the next time."""

from __future__ import annotations

from unittest import mock

import numpy as np
import pytest

from qaugbench.board.verify import verify
from qaugbench.generators.contract import DivergedError
from qaugbench.predictions import read_predictions
from tests.experiment.conftest import CopyWithout
from tests.experiment.tiny import tiny_run


def test_a_diverged_sample_is_an_outcome_and_is_tried_again(copy_without: CopyWithout) -> None:
    out = copy_without("sample")
    with mock.patch("qaugbench.generators.shared.model.Model.sample", side_effect=DivergedError("not finite")):
        failed = tiny_run(out)
    sampled = [failure for failure in failed.record.failures if failure.stage == "sample"]
    assert {(failure.outcome, failure.reason) for failure in sampled} == {("diverged", "DivergedError: not finite")}
    variants = ("qldm", "qldm:twin", "qldm:no-entanglement", "qldm:frozen")
    where = {(failure.arm, failure.fraction, failure.replicate) for failure in sampled}
    assert where == {(arm, "50%", replicate) for arm in variants for replicate in (0, 1)}
    needing = {failure.reason for failure in failed.record.failures if failure.blocked}
    assert {failure.stage for failure in failed.record.failures if failure.blocked} == {"train", "influence"}
    assert "not computed: sample qldm 50% r0 failed" in needing
    assert not any("DivergedError" in reason for reason in needing)
    logits = read_predictions(failed.folder / "predictions.npz").fractions["50%"].test_logits
    assert np.isnan(logits[5:9]).all()
    assert np.isfinite(logits[[*range(5), 9]]).all()
    verify(failed.folder)
    again = tiny_run(out)
    assert not again.failed
    assert again.record.cost["fit"].computed_now == 0
    assert not list((out / "store" / "failed").iterdir())


def test_an_unexpected_error_leaves_its_traceback_in_the_log_once(copy_without: CopyWithout) -> None:
    odd = [RuntimeError(f"odd {number}") for number in range(99)]
    with mock.patch("qaugbench.downstream.recipe.train_classifier", side_effect=odd):
        failed = tiny_run(copy_without("train"))
    assert {failure.reason.partition(" odd")[0] for failure in failed.record.failures} == {"RuntimeError:"}
    log = (failed.folder / "log.txt").read_text(encoding="utf-8")
    assert log.count("RuntimeError: odd") > len(failed.record.failures)
    assert log.count("Traceback") == 1


@pytest.mark.parametrize(
    ("error", "outcome"), [(MemoryError(), "infeasible"), (RuntimeError("CUDA out of memory"), "infeasible")]
)
def test_too_little_memory_is_infeasible(copy_without: CopyWithout, error: Exception, outcome: str) -> None:
    with mock.patch("qaugbench.generators.spaces.latent.Latents.fit", side_effect=error):
        failed = tiny_run(copy_without("space", "fill", "fit", "sample"))
    assert {failure.outcome for failure in failed.record.failures} == {outcome}
