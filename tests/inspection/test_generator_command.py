"""``qaugbench doctor generator NAME``: one line per check, and what it found in the exit code."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from qaugbench.cli import main
from tests.generators.documented import MEAN_IMAGE


def exit_code(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    monkeypatch.setattr("sys.argv", ["qaugbench", "doctor", "generator", *arguments])
    with pytest.raises(SystemExit) as stopped:
        main()
    return int(stopped.value.code or 0)


def test_a_sound_generator_ends_with_0(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with MEAN_IMAGE.registered(tmp_path):
        assert exit_code(monkeypatch, "meanimage") == 0
    lines = capsys.readouterr().out.splitlines()
    assert all(line.startswith(("passes", "does not apply")) for line in lines)
    assert any("meanimage: The same seed draws the same bits" in line for line in lines)


def test_a_fault_ends_with_1_and_says_which(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with MEAN_IMAGE.with_("        return torch.einsum", "        return torch.inf * torch.einsum").registered(
        tmp_path
    ):
        assert exit_code(monkeypatch, "meanimage", "--json") == 1
    said = json.loads(capsys.readouterr().out)
    failed = [result for result in said["results"] if result["state"] == "fails"]
    assert said["ok"] is False
    assert "A drawn point is not finite" in failed[0]["detail"]


@pytest.mark.parametrize("name", ["dpm", "qldm:twim", "folder"])
def test_what_cannot_be_checked_ends_with_2(
    name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert exit_code(monkeypatch, name) == 2
    assert capsys.readouterr().err.startswith("error: ")
