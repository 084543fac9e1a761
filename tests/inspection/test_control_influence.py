"""What 'show controls' says of the circuits' influence: on a trial fit, or from the record of a run."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from qaugbench.errors import DefinitionError
from qaugbench.inspection import control_influence
from qaugbench.inspection.control_influence import recorded_influence, trial_influence
from qaugbench.record import BlockInfluence, read_record, record_text
from tests.board.factory import write_run
from tests.experiment.test_cli import call

FOUND = BlockInfluence(
    seed_difference=20.5,
    controls={"twin": 0.123},
    mean_replaced=0.0004,
    noise_replaced=0.021,
    parameter_share=0.0016,
    n_images=128,
    n_replicates=2,
)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a run folder whose record has an influence."""
    folder = tmp_path_factory.mktemp("influence")
    write_run(folder, replicates=2)
    record = read_record(folder)
    measured = record.model_copy(update={"influence": {record.fractions[0].key: {"qldm": FOUND}}})
    (folder / "record.json").write_text(record_text(measured), encoding="utf-8")
    return folder


def test_a_trial_compares_the_generator_with_each_of_its_controls() -> None:
    found = trial_influence("qldm", track="smoke")
    assert set(found.controls) == {"twin", "no-entanglement", "frozen"}
    assert found.seed_difference > 1
    assert 0 < found.parameter_share < 0.01
    assert found == trial_influence("qldm", track="smoke")


def test_a_run_without_it_says_which_it_has(run: Path) -> None:
    record = read_record(run)
    assert recorded_influence(record, "qldm") == {record.fractions[0].key: FOUND}
    with pytest.raises(DefinitionError, match=r"no influence of circuits for 'qldn'.*Did you mean 'qldm'"):
        recorded_influence(record, "qldn")


def test_show_controls_of_a_run(run: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(control_influence, "tried", lambda *args, **options: pytest.fail("nothing is fitted"))
    assert call("show", "controls", "qldm", "--run", run, monkeypatch=monkeypatch) == 0
    printed = capsys.readouterr().out
    record = read_record(run)
    assert f"track {record.board.track} of {record.board.task_id}" in printed
    assert f"{record.id}, {record.fractions[0].key}" in printed
    assert [line.split()[-2] for line in printed.splitlines() if line.startswith("qldm  ")][-3:] == [
        "0.04",
        "2.1",
        "12",
    ]
    assert "20.5 grey levels" in " ".join(printed.split())
    assert "qldm: the circuit hardly reaches the images; attribution cannot be tested." in printed


def test_show_controls_of_a_trial_says_that_it_is_barely_trained(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(control_influence, "trial_influence", lambda *args, **options: FOUND)
    assert call("show", "controls", "qldm", "--track", "smoke", monkeypatch=monkeypatch) == 0
    assert "barely trained" in capsys.readouterr().out
    assert call("show", "controls", "qldm", "--track", "smoke", "--json", monkeypatch=monkeypatch) == 0
    (table,) = json.loads(capsys.readouterr().out)["results"]
    (found,) = table["influence"].values()
    assert BlockInfluence.model_validate(found) == FOUND
