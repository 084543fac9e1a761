"""A pretrained network, named on the command line, goes through a whole run, and its weights are named in the record."""

from __future__ import annotations

from pathlib import Path

from tests.experiment.tiny import tiny_run
from tests.generators.tiny_networks import pipeline


def test_a_run_adapts_a_pretrained_network_and_names_its_weights(tmp_path: Path) -> None:
    pipeline(tmp_path / "weights")
    finished = tiny_run(tmp_path / "runs", generators=(f"finetune:{tmp_path / 'weights'}",))
    assert not finished.failed
    (facts,) = finished.record.generators
    assert facts.id.startswith("finetune:")
    assert any("sha256" in line.lower() for line in facts.deviations)
    assert facts.parameters["total"] > 0
    (fit,) = finished.record.fits["50%"].values()
    assert fit.updates == 3
