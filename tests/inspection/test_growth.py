"""How the circuits of a generator grow with its images."""

from __future__ import annotations

import json

import pytest

from qaugbench.errors import DefinitionError
from qaugbench.inspection.growth import MADE, SAME, TILED, growth_text, needs_by_size
from tests.experiment.test_cli import call


def test_codes_of_fixed_length_do_not_grow() -> None:
    small, large = needs_by_size("qlatent-wgan", (28, 224), track="smoke", images=10, shots=100)
    assert (small.rule, large.rule) == (SAME, SAME)
    assert small.circuits == large.circuits
    assert (small.qubits, small.runs_per_image, small.shots) == (4, 1.0, 1000)


def test_patches_grow_into_larger_circuits_or_into_more() -> None:
    made, tiled = needs_by_size("patch-qgan", (20,), track="smoke", images=10, shots=100)
    assert (made.rule, tiled.rule) == (MADE, TILED)
    (own,) = needs_by_size("patch-qgan", (8,), track="smoke", images=10, shots=100)  # as on the track: 8 x 8 pixels
    assert (own.qubits, own.runs_per_image) == (5, 4.0)
    assert (made.qubits, made.runs_per_image) == (8, 4.0)  # 100 pixels a patch: 7 qubits and the ancilla
    assert (tiled.qubits, tiled.runs_per_image, tiled.shots) == (5, 9 * 4.0, 9 * own.shots)  # ceil(20 / 8) squared
    assert tiled.prices["braket-rigetti-ankaa"][0] == pytest.approx(9 * own.prices["braket-rigetti-ankaa"][0])
    qubits, seconds = tiled.corrected["superconducting_4"]
    assert (qubits, seconds) == (
        own.corrected["superconducting_4"][0],
        pytest.approx(9 * own.corrected["superconducting_4"][1]),
    )


def test_a_size_that_a_file_refuses_says_why() -> None:
    (made,) = needs_by_size("pqwgan", (25,), track="smoke", images=1)
    assert (made.circuits, made.qubits, made.device_s, made.prices) == ((), None, None, {})
    assert "625 pixels cannot be cut into 28 patches" in made.reason
    text = growth_text([made], None, 110)
    assert "25 px, made: 625 pixels" in text
    assert json.loads(json.dumps(made.to_dict()))["reason"] == made.reason


def test_a_generator_without_circuits_or_an_image_without_pixels_is_refused() -> None:
    with pytest.raises(DefinitionError, match="at least one pixel"):
        needs_by_size("patch-qgan", (0,), track="smoke")
    with pytest.raises(DefinitionError, match="runs no circuit"):
        needs_by_size("latent-wgan", (28,), track="smoke")


def test_the_command_prints_a_row_for_each_size(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "120")  # narrower, the table has two parts
    asked = ("show", "resources", "patch-qgan", "--track", "smoke", "--by-size", "--size", 16)
    assert call(*asked, monkeypatch=monkeypatch) == 0
    printed = capsys.readouterr().out
    assert printed.count("16 px") == 2
    assert "classically simulable" in printed
    assert call("show", "resources", "patch-qgan", "--size", 16, monkeypatch=monkeypatch) == 2
    assert "--size goes with --by-size" in capsys.readouterr().err
