"""A circuit that a generator calls from a method of its own: what goes into it must pass gradient where it was computed."""

from __future__ import annotations

from pathlib import Path

import pytest

from qaugbench.inspection.step_audit import FED
from tests.experiment.test_cli import call
from tests.generators.documented import PAINTER, Documented

BLOCK = "self.paint(self.block(angles))"
ANGLES = "angles = torch.pi * torch.tanh(self.embed(torch.cat([labels, noise], dim=1)))"
CUT = {
    "detached": PAINTER.with_(BLOCK, "self.paint(self.block(angles.detach()))"),
    "copied": PAINTER.with_(BLOCK, "self.paint(self.block(torch.tensor(angles.tolist())))"),
    "rounded": PAINTER.with_(BLOCK, "self.paint(self.block(torch.round(angles, decimals=1)))"),
    "beside a skip connection": PAINTER.with_(BLOCK, "self.paint(self.block(angles.detach()) + angles)"),
}
SOUND = {
    "fed with noise": (
        PAINTER.with_(ANGLES, "angles = noise"),
        "0 of 1 block; the others are fed with nothing trainable",
    ),
    "in one step of three": (
        PAINTER.with_(
            '        return {"error": descend(optimizers["adamw"], loss)}',
            "        if batch.step % 3 < 2:\n"
            "            with torch.no_grad():\n"
            "                drawn = self.painted(batch.labels, noise)\n"
            "            loss = functional.mse_loss(drawn + self.paint.bias.mean(), batch.points)\n"
            '        return {"error": descend(optimizers["adamw"], loss)}',
        ),
        "1 of 1 block",
    ),
    "as printed": (PAINTER, "1 of 1 block"),
}


def line_of_block(generator: Documented) -> int:
    return next(number for number, line in enumerate(generator.source.splitlines(), 1) if "self.block(" in line)


@pytest.mark.parametrize("defect", CUT)
def test_doctor_circuits_names_the_line_that_feeds_a_circuit_without_gradient(
    defect: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with CUT[defect].registered(tmp_path):
        assert call("doctor", "circuits", "paintingcircuit", monkeypatch=monkeypatch) == 1
    said = " ".join(capsys.readouterr().out.split())
    assert "paintingcircuit: not live" in said
    assert f"fails {FED}: what goes into block is computed from trainable layers" in said
    assert f"(plugged_paintingcircuit.py, line {line_of_block(CUT[defect])}, in painted)" in said


@pytest.mark.parametrize("kind", SOUND)
def test_noise_data_and_a_step_without_gradient_are_no_defect(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    generator, said = SOUND[kind]
    with generator.registered(tmp_path):
        call("doctor", "circuits", "paintingcircuit", "--all", monkeypatch=monkeypatch)
    assert f"fine {FED}: {said}" in " ".join(capsys.readouterr().out.split())


def test_doctor_generator_fails_a_detached_circuit_under_every_control(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with CUT["detached"].registered(tmp_path):
        assert call("doctor", "generator", "paintingcircuit", monkeypatch=monkeypatch) == 1
    said = " ".join(capsys.readouterr().out.split())
    assert said.count("no gradient comes back to them") == 1
    assert "in paintingcircuit, paintingcircuit:twin, paintingcircuit:no-entanglement" in said
