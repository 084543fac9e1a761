"""``qaugbench doctor generator NAME``: one line per check, and what it found in the exit code."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from qaugbench.cli import main
from qaugbench.testing import CheckResult
from qaugbench.testing.findings import findings_text
from qaugbench.testing.suite import State
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
        assert exit_code(monkeypatch, "meanimage", "--all") == 0
    lines = capsys.readouterr().out.splitlines()
    *checks, last = [line for line in lines if not line.startswith(" ")]
    assert all(line.startswith(("passes", "does not apply")) for line in checks)
    assert any("meanimage: The same seed draws the same bits" in line for line in checks)
    assert last.startswith("Nothing fails in ")


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


def test_a_failure_of_several_variants_is_said_once_and_what_holds_is_counted() -> None:
    def result(variant: str, promise: str, state: State, detail: str = "") -> CheckResult:
        return CheckResult(variant, promise, state, detail)

    found = [
        result("g", "It draws.", "passes"),
        result("g", "It repeats.", "fails", "Two calls differ."),
        result("g:twin", "It draws.", "passes"),
        result("g:twin", "It repeats.", "fails", "Two calls differ."),
        result("g:twin", "It has shots.", "does not apply", "no circuit"),
    ]
    assert findings_text(found).splitlines() == [
        "fails  It repeats. -- Two calls differ. (in g, g:twin)",
        "Failed: 2 of 4 checks, for 1 reason. Begin with the first: others may follow from it. --all lists every check.",
    ]
    assert findings_text(found[:1]) == "Nothing fails in 1 check. --all lists them."
