"""``qaugbench doctor generator NAME``: one line per check, and what it found in the exit code."""

from __future__ import annotations

import itertools
import json
import re
from contextlib import AbstractContextManager
from pathlib import Path
from typing import get_args

import pytest

from qaugbench.cli import main
from qaugbench.testing import CheckResult, checks_of
from qaugbench.testing.findings import findings_text
from qaugbench.testing.verdict import About, State
from tests.generators.documented import MEAN_IMAGE, PAINTER, PRINTED
from tests.generators.registering import registered


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
    states = ("passes", "does not apply")
    assert all(line.startswith((*states, *get_args(About))) for line in checks)
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
    def result(variant: str, promise: str, state: State, detail: str = "", about: About = "drawing") -> CheckResult:
        return CheckResult(variant, promise, state, detail, about)

    found = [
        result("g", "It has a paper.", "passes", "A. Author (2020)", "paper"),
        result("g", "It draws.", "passes"),
        result("g", "It repeats.", "fails", "Two calls differ."),
        result("g:twin", "It draws.", "passes"),
        result("g:twin", "It repeats.", "fails", "Two calls differ."),
        result("g:twin", "It has shots.", "does not apply", "no circuit", "circuits"),
    ]
    assert findings_text(found).splitlines() == [
        "fails  It repeats. -- Two calls differ. (in g, g:twin)",
        "facts     not reached: mend what fails first",
        "paper     1 of 1 check passed: A. Author (2020)",
        "settings  not reached: mend what fails first",
        "tuning    not reached: mend what fails first",
        "drawing   2 of 4 checks passed",
        "learning  not reached: mend what fails first",
        "Failed: 2 of 5 checks, for 1 reason. Begin with the first: others may follow from it. --all lists every check.",
    ]
    assert findings_text(found[:1]).endswith("Nothing fails in 1 check. --all lists them.")


def test_an_exception_that_many_checks_meet_is_said_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with MEAN_IMAGE.with_("self.hyper.noise * random", "self.nose * random").registered(tmp_path):
        assert exit_code(monkeypatch, "meanimage") == 1
    said = " ".join(capsys.readouterr().out.split())
    assert said.count("AttributeError: 'MeanImage' object has no attribute 'nose'") == 1
    assert re.search(r"\(plugged_meanimage.py, line \d+, in draw\) \(in meanimage; \d+ further checks met it\)", said)
    assert re.search(r"Failed: \d+ of \d+ checks, for 1 reason\.", said)


HYPER = "[hyper]\nnoise = 0.1\n"


def meanimage_with(folder: Path, sound: str, changed: str) -> AbstractContextManager[None]:
    facts = PRINTED["meanimage.toml"]
    assert facts.count(sound) == 1
    return registered(folder, "meanimage", MEAN_IMAGE.source, facts.replace(sound, changed), attribute="MeanImage")


@pytest.mark.parametrize(
    ("changed", "where"),
    [
        (f"{HYPER}nose = 1.0\n", "every track"),
        (f"{HYPER}[track.smoke]\n[track.lite]\nnose = 1.0\n[track.standard]\n[track.full]\nnose = 1.0\n", "the tracks lite, full"),
        (f"{HYPER}[track.smoke]\n[track.lite]\n[track.standard]\n[track.full]\nnose = 1.0\n", "the track 'full'"),
    ],
)  # fmt: skip
def test_a_wrong_key_is_said_once_with_its_tracks(tmp_path: Path, changed: str, where: str) -> None:
    with meanimage_with(tmp_path, HYPER, changed):
        failed = [result for result in checks_of("meanimage") if result.fails]
    assert [result.about for result in failed] == ["settings"]
    assert failed[0].detail.count("unknown key 'nose'") == 1
    assert f"settings of {where}: unknown key 'nose'" in failed[0].detail


def test_tracks_that_a_file_does_not_state_are_named_together(tmp_path: Path) -> None:
    with meanimage_with(tmp_path, HYPER, f"{HYPER}[track.smoke]\n[track.lite]\n"):
        (failed,) = (result for result in checks_of("meanimage") if result.fails)
    assert "no [track.standard] and [track.full]" in failed.detail


def test_the_facts_that_were_looked_at_are_shown(tmp_path: Path) -> None:
    with meanimage_with(tmp_path, 'fidelity = "original"', 'fidelity = "standard"'):
        file, kind, paper, deviations, settings, tuning = itertools.islice(checks_of("meanimage"), 6)
    assert file.detail.endswith("meanimage.toml")
    assert kind.detail == "classical, no controls"
    assert paper.detail.startswith("A. Author, B. Author (2026). The title of the paper")
    assert deviations.state == "does not apply"
    assert settings.detail == "smoke, lite, standard, full"
    assert (tuning.state, tuning.detail) == ("does not apply", "its file has no table [tune]")


def test_a_method_that_differs_from_its_paper_has_to_say_how(tmp_path: Path) -> None:
    with meanimage_with(tmp_path, 'fidelity = "original"', 'fidelity = "structure"'):
        failed = [result for result in itertools.islice(checks_of("meanimage"), 6) if result.fails]
    assert [result.about for result in failed] == ["paper"]
    assert "List it as 'deviations'" in failed[0].detail


def painter_with(folder: Path, sound: str, changed: str) -> AbstractContextManager[None]:
    facts = PRINTED["paintingcircuit.toml"]
    assert facts.count(sound) == 1
    return registered(folder, PAINTER.name, PAINTER.source, facts.replace(sound, changed), attribute=PAINTER.attribute)


@pytest.mark.parametrize(
    ("sound", "changed", "answer"),
    [
        ("learning_rate =", "learning_rte =", "unknown key 'learning_rte'. Did you mean 'learning_rate'?"),
        ("\nsteps =", "\nstps =", "or neither if the fit takes no steps. Is 'stps' misspelt?"),
        ("controls =", "contols =", "[generator]. Did you mean 'controls'? Known: controls, fidelity, id, kind, module, per_label"),
        ("side = 8", 'side = "8"', "space 'pixels', key 'side': expected int, got '8'."),
        ("side = 8", "sid = 8", "space 'pixels': unknown key 'sid'. Did you mean 'side'?"),
    ],
)  # fmt: skip
def test_a_slip_in_the_facts_is_the_one_failure_with_file_key_and_what_was_meant(
    tmp_path: Path, sound: str, changed: str, answer: str
) -> None:
    with painter_with(tmp_path, sound, changed):
        (failed,) = (result for result in checks_of("paintingcircuit") if result.fails)
    assert answer in failed.detail
    assert "paintingcircuit.toml" in failed.detail


def test_one_wrong_shape_is_one_failure(tmp_path: Path) -> None:
    sound = "self.painted(labels, random.normal(self.hyper.n_qubits))"
    with PAINTER.with_(sound, f"{sound}.flatten(1)").registered(tmp_path):
        lines = findings_text(list(checks_of("paintingcircuit:twin"))).splitlines()
    (failed,) = [line for line in lines if line.startswith("fails")]
    assert "it has to return a torch tensor of float32 with the shape [5, 1, 8, 8]" in failed
    assert failed.count("fails") == 1
    assert "for 1 reason" in lines[-1]
