"""Studies of noise in the list of runs, shown again, and refused where only a run will do."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from qaugbench.ablation.findings import study_data
from qaugbench.ablation.stored import stored_noise
from qaugbench.ablation.study import Charge, Mitigated, StudyResult
from qaugbench.ablation.text import table
from qaugbench.board.result_folders import result_folders
from qaugbench.catalogue import catalogue, catalogue_text
from qaugbench.cli import cli
from qaugbench.errors import EntryError
from qaugbench.files import json_text
from qaugbench.places import NOISE_FILE
from qaugbench.report.noise_list import listed_noise
from qaugbench.report.run_list import listed_runs
from tests.ablation.made_up import made_up
from tests.cli.test_completion import offered

FOUND = made_up()
UNFINISHED = replace(FOUND, levels=FOUND.levels[:2], real_only=None)
CHARGE = Charge(2048.0, 1024, False, 512, clipped=0.25)
MITIGATED = replace(
    FOUND,
    study=replace(FOUND.study, mode="both", mitigations=("readout", "zne")),
    levels=tuple(
        replace(
            one,
            charge=CHARGE,
            mitigated=(
                Mitigated("readout", one.generator, 0.1, CHARGE),
                Mitigated("zne", reason="it reads bit strings"),
            ),
            photon_yield=0.5,
            errors_by_cause={"two_qubit": 0.25},
        )
        for one in FOUND.levels
    ),
)


def write_noise(folder: Path, found: StudyResult = FOUND) -> None:
    folder.mkdir(parents=True)
    (folder / "log.txt").touch()
    (folder / NOISE_FILE).write_text(json_text(study_data(found)), encoding="utf-8")


@pytest.mark.parametrize("found", [FOUND, UNFINISHED, MITIGATED], ids=["finished", "unfinished", "mitigated"])
def test_a_study_read_back_says_what_was_written(tmp_path: Path, found: StudyResult) -> None:
    write_noise(tmp_path / "noise-a", found)
    again = stored_noise(tmp_path / "noise-a")
    assert study_data(again) == study_data(found)
    assert table(again) == table(found)


def test_levels_that_are_not_done_are_known_so_that_nothing_is_answered_too_early(tmp_path: Path) -> None:
    write_noise(tmp_path / "noise-a", UNFINISHED)
    sweeps = stored_noise(tmp_path / "noise-a").study.sweeps
    assert [[level.label for level in one.levels] for one in sweeps] == [
        [level.label for level in one.levels] for one in FOUND.study.sweeps
    ]


def test_a_study_of_an_earlier_version_has_the_levels_that_were_done(tmp_path: Path) -> None:
    write_noise(tmp_path / "noise-a", UNFINISHED)
    content = json.loads((tmp_path / "noise-a" / NOISE_FILE).read_text(encoding="utf-8"))
    for sweep in content["sweeps"]:
        del sweep["planned"]
    (tmp_path / "noise-a" / NOISE_FILE).write_text(json.dumps(content), encoding="utf-8")
    assert table(stored_noise(tmp_path / "noise-a")) == table(UNFINISHED)


def test_studies_are_listed_with_how_far_they_are_and_are_no_runs(tmp_path: Path) -> None:
    write_noise(tmp_path / "noise-a")
    write_noise(tmp_path / "noise-b", UNFINISHED)
    (tmp_path / "noise-c").mkdir()
    (tmp_path / "noise-c" / NOISE_FILE).write_text("{", encoding="utf-8")
    assert listed_runs(tmp_path) == []
    found = {study.path.name: study for study in listed_noise(tmp_path)}
    assert [found[name].state for name in sorted(found)] == ["finished", "not finished", "its file cannot be read"]
    listed = found["noise-b"].to_dict()
    assert listed.pop("date") is not None
    assert listed == {
        "path": str(tmp_path / "noise-b"),
        "state": "not finished",
        "task": "brainmri@2",
        "source": "made",
        "track": "lite",
        "generator": "qldm",
        "replicates": 2,
        "sweeps": ["two_qubit", "shots", "ibm_heron_r1"],
        "levels_done": 2,
        "levels": len(FOUND.levels),
    }
    text = " ".join(catalogue_text("runs", tmp_path, 80).split())
    assert "generator qldm; two_qubit, shots, ibm_heron_r1; 2 replicates; 2 of" in text
    assert list(catalogue("noise", tmp_path)) == ["noise"]
    assert "There is no study of noise" in catalogue_text("noise", tmp_path / "nowhere")


def test_show_prints_the_table_and_the_answers_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_noise(tmp_path / "runs" / "noise-a")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "110")
    for name in ("noise-a", "runs/noise-a"):
        done = CliRunner().invoke(cli, ["show", name])
        assert done.exit_code == 0
        assert done.output.rstrip("\n") == table(FOUND, 110)
    (shown,) = json.loads(CliRunner().invoke(cli, ["show", "noise-a", "--json"]).output)["results"]
    assert shown == json.loads(json.dumps(study_data(FOUND)))
    assert offered("show", "noise") == ["noise-a"]


@pytest.mark.parametrize(("text", "words"), [("{", "not usable JSON"), ("{}", "holds no study of noise")])
def test_a_damaged_file_is_named(tmp_path: Path, text: str, words: str) -> None:
    write_noise(tmp_path / "noise-a")
    (tmp_path / "noise-a" / NOISE_FILE).write_text(text, encoding="utf-8")
    with pytest.raises(EntryError, match=rf"noise\.json.*{words}"):
        stored_noise(tmp_path / "noise-a")


def test_a_study_where_a_run_is_needed_is_named_as_such(tmp_path: Path) -> None:
    write_noise(tmp_path / "noise-a")
    with pytest.raises(EntryError, match=r"is a study of noise, not a run\. 'qaugbench show"):
        result_folders([tmp_path / "noise-a"])
