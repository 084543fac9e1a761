"""Noisy drawing as arms of a run: no fit more, the noise study's own cells, and refusals before anything is computed."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from qaugbench.circuits.ansatz import chain
from qaugbench.circuits.circuit import Circuit
from qaugbench.circuits.readout import Readout
from qaugbench.errors import CircuitError, DefinitionError, EntryError, QaugbenchError
from qaugbench.experiment import execution_choice
from qaugbench.experiment.execution_choice import ExecutionChoice, choose_executions, named_executions, written_devices
from qaugbench.experiment.noise_cells import NoiseCells
from qaugbench.experiment.noisy_drawings import execution_facts
from qaugbench.experiment.plan import Plan
from qaugbench.experiment.replicate_cells import ReplicateCells
from qaugbench.experiment.run_name import run_name
from tests.experiment.small import TASK, TRACK, small_choice, small_plan, small_setting

CHOICES = (small_choice("qldm"), small_choice("ddpm", controls=()))
CIRCUIT = Circuit(4, chain(4), Readout.each_wire(4))
FACTS = {"title": "Mine", "date": "2026-11-01", "source": "measured", "coupling": "a line", "two_qubit_error": 0.02}


def device(folder: Path, name: str = "mine", **facts: Any) -> str:
    """Write a device of one's own and return its path."""
    folder.mkdir(parents=True, exist_ok=True)
    lines = [f"{key} = {value!r}" for key, value in {**FACTS, **facts}.items()]
    (folder / f"{name}.toml").write_text("\n".join(lines), encoding="utf-8")
    return str(folder / f"{name}.toml")


def chosen(*names: str) -> tuple[ExecutionChoice, ...]:
    return tuple(replace(one, circuits={"qldm": (CIRCUIT,)}) for one in named_executions(names))


def planned(*names: str, **options: Any) -> Plan:
    return small_plan(small_setting(), *CHOICES, executions=chosen(*names), **options)


PLAN, WITHOUT = planned("ibm_heron_r1", metrics=True), planned(metrics=True)
NAME = "qldm@ibm_heron_r1"


def test_an_arm_stands_beside_the_exact_one_of_each_generator_with_circuits() -> None:
    arms = [arm.info.id for arm in PLAN.arms]
    assert arms[arms.index("qldm") :][:4] == ["qldm", NAME, "qldm:twin", "qldm:frozen"]
    assert [arm for arm in arms if "@" in arm] == [NAME]
    info = next(arm.info for arm in PLAN.arms if arm.info.id == NAME)
    assert (info.role, info.generator, info.control, info.execution) == ("noisy", "qldm", "none", "ibm_heron_r1")


def test_nothing_is_fitted_for_it_and_no_other_cell_changes() -> None:
    stages = {
        stage: {c.name for c in PLAN.cells if c.stage == stage} for stage in ("fit", "sample", "train", "appraise")
    }
    before = {stage: {c.name for c in WITHOUT.cells if c.stage == stage} for stage in stages}
    assert stages["fit"] == before["fit"]
    added = {stage: len(stages[stage]) - len(before[stage]) for stage in ("sample", "train", "appraise")}
    assert added == {"sample": 2, "train": 2, "appraise": 1}  # two replicates, of which the first is appraised
    assert all(before[stage] <= stages[stage] for stage in stages)
    assert {c.name for c in PLAN.cells if c.stage == "geometry"} == {
        c.name for c in WITHOUT.cells if c.stage == "geometry"
    }


def test_sample_and_training_are_those_of_a_noise_study() -> None:
    train = PLAN.train_cells[NAME, "25%", 0]
    builder = ReplicateCells(PLAN.setting, "25%", 0.25, 0)
    study = NoiseCells(builder, CHOICES[0])
    drawn = study.drawn(chosen("ibm_heron_r1")[0].execution)
    assert train.needs["sample"].name == drawn.name
    assert train.name == study.trained(PLAN.train_cells["qldm", "25%", 0], drawn).name
    assert (
        train.needs["sample"].needs["fit"].name == PLAN.train_cells["qldm", "25%", 0].needs["sample"].needs["fit"].name
    )
    assert str(train.needs["sample"].place) == f"{NAME} 25% r0"


def test_it_is_appraised_as_any_sample_without_the_course_of_its_fit() -> None:
    own = PLAN.appraisal_cells[NAME, "25%"]
    assert own.needs["sample"].name == PLAN.train_cells[NAME, "25%", 0].needs["sample"].name
    assert "fit" not in own.needs  # what it drew on the way was drawn exactly


def test_the_name_of_a_run_says_what_it_was_drawn_on() -> None:
    assert "-on-ibm-heron-r1-" in run_name(PLAN)
    assert PLAN.config_sha256 != WITHOUT.config_sha256


def test_the_content_of_a_file_names_the_cells_and_not_its_path(tmp_path: Path) -> None:
    one, elsewhere, other = (
        planned(device(tmp_path / folder, two_qubit_error=error)).train_cells["qldm@mine", "25%", 0]
        for folder, error in (("a", 0.02), ("b", 0.02), ("c", 0.03))
    )
    assert one.name == elsewhere.name != other.name


def test_a_record_states_a_device_whole_and_it_can_be_written_again(tmp_path: Path) -> None:
    plan = planned(device(tmp_path, t1_s=1e-5, two_qubit_duration_s=1e-7, free_gates=["RZ"]), "ibm_heron_r1")
    facts = execution_facts(plan)
    assert facts["mine"].title == "Mine"
    assert (facts["mine"].date, facts["mine"].origin) == ("2026-11-01", "measured")
    assert facts["mine"].facts == {
        **{"coupling": "a line", "two_qubit_error": 0.02, "t1_s": 1e-5},
        **{"two_qubit_duration_s": 1e-7, "free_gates": ["RZ"]},
    }
    names = written_devices(SimpleNamespace(executions=facts), tmp_path / "again")  # type: ignore[arg-type]
    assert names == (str(tmp_path / "again" / "devices" / "mine.toml"), "ibm_heron_r1")
    assert named_executions(names)[0].device == named_executions([str(tmp_path / "mine.toml")])[0].device


def test_a_device_of_another_s_record_is_written_nowhere_else(tmp_path: Path) -> None:
    facts = execution_facts(planned(device(tmp_path)))["mine"]
    with pytest.raises(EntryError, match="cannot be the name of a file"):
        written_devices(SimpleNamespace(executions={"../mine": facts}), tmp_path)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda folder: ["heron"], "Unknown device 'heron'"),
        (lambda folder: ["quantinum_helios"], "Did you mean 'quantinuum_helios'"),
        (lambda folder: [str(folder / "none.toml")], "There is no file"),
        (lambda folder: [device(folder, two_qubit_error="high")], "two_qubit_error.*expected|expected.*'high'"),
        (lambda folder: [device(folder, "my device")], "would name an arm"),
        (lambda folder: [device(folder, "ibm_heron_r1")], "another device is called 'ibm_heron_r1'; rename the file"),
        (lambda folder: [device(folder / "a"), device(folder / "b")], "another device is called 'mine'"),
    ],
)
def test_names_are_refused_before_anything_is_read(make: Any, words: str, tmp_path: Path) -> None:
    with pytest.raises(QaugbenchError, match=words):
        named_executions(make(tmp_path))


class Photonic:
    """A circuit that has modes and no wires."""

    n_modes = 4


@pytest.mark.parametrize(
    ("circuit", "name", "words"),
    [
        (Photonic(), "ibm_heron_r1", "qldm cannot be drawn with --execution ibm_heron_r1: its circuits are photonic"),
        (Circuit(14, chain(14), Readout.each_wire(14)), "aqt_ibex", "qldm .* 14 wires, and aqt_ibex 12 qubits"),
    ],
)
def test_circuits_that_a_device_cannot_run_are_refused_by_their_generator(
    circuit: Any, name: str, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(execution_choice, "circuits_of", lambda *_: (circuit,))
    with pytest.raises(CircuitError, match=words):
        choose_executions([name], CHOICES, TASK, TRACK)


def test_a_device_without_an_error_and_a_run_without_circuits_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(execution_choice, "circuits_of", lambda *_: (CIRCUIT,))
    with pytest.raises(DefinitionError, match="it has no error, so its arm would be the generator's own"):
        choose_executions([device(tmp_path, two_qubit_error=0.0)], CHOICES, TASK, TRACK)
    with pytest.raises(DefinitionError, match=r"no generator of this run has circuits: ddpm \(classical\)"):
        choose_executions(["ibm_heron_r1"], CHOICES[1:], TASK, TRACK)
    found = choose_executions(["ibm_heron_r1"], CHOICES, TASK, TRACK)
    assert [set(one.circuits) for one in found] == [{"qldm"}]
