"""What is asked for becomes levels: grids, devices, strengths; and what cannot be is refused with the remedy."""

from __future__ import annotations

import math
import re
from pathlib import Path
from typing import Any

import pytest

from qaugbench.ablation.axes import AXES, asked_axis
from qaugbench.ablation.levels import Sweep, asked_sweeps
from qaugbench.ablation.request import NoiseRequest, check_names
from qaugbench.circuits.noise.model import NoiseModel
from qaugbench.circuits.noise.presets import preset
from qaugbench.errors import CircuitError, DefinitionError, QaugbenchError

OWN = 'title = "Mine"\ndate = "2026-01-01"\nsource = "me"\ncoupling = "line"\ntwo_qubit_error = 0.02\n'


def sweeps(*axes: str, devices: tuple[str, ...] = (), **options: Any) -> tuple[Sweep, ...]:
    return asked_sweeps(axes, devices, **{"scaled": False, "recipe_levels": False, **options})


@pytest.mark.parametrize("name", AXES)
def test_every_axis_begins_without_noise_and_grows(name: str) -> None:
    (found,) = sweeps(name, acts_on="photons" if AXES[name].acts_on == "photons" else "qubits")
    first, *others = found.levels
    assert first.is_clean
    assert first.strength == 0.0
    assert not any(level.is_clean for level in others)
    strengths = [level.strength for level in found.levels]
    assert strengths == sorted(strengths)


def test_a_grid_of_ones_own_always_has_the_level_without_noise() -> None:
    assert asked_axis("two_qubit=0.01,0.001")[1] == (0.0, 0.001, 0.01)
    assert asked_axis("shots=64,1024")[1] == (math.inf, 1024.0, 64.0)


def test_what_a_value_stands_for() -> None:
    (gates, times, readout) = (
        one.levels[-1].execution.noise for one in sweeps("gates=0.01", "t1t2=0.5", "readout=0.03")
    )
    assert (gates.two_qubit_error, gates.one_qubit_error) == (0.01, 0.001)
    device = preset("ibm_heron_r1")
    assert (times.t1_s, times.t2_s) == (device.t1_s / 2, device.t2_s / 2)
    assert times.two_qubit_error == 0.0
    assert readout.readout_1_to_0 == pytest.approx(2 * readout.readout_0_to_1)
    assert (readout.readout_0_to_1 + readout.readout_1_to_0) / 2 == pytest.approx(0.03)


def test_a_device_is_one_level_or_a_sweep_over_its_strength(tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text(OWN)
    (own,) = sweeps(devices=(str(file),))
    assert (own.name, [level.value for level in own.levels]) == ("mine", [0.0, 1.0])
    assert own.levels[1].execution.noise == NoiseModel(two_qubit_error=0.02)
    (scaled,) = sweeps(devices=("ibm_heron_r1",), scaled=True, recipe_levels=True)
    assert [level.value for level in scaled.levels] == [0.0, 0.1, 0.3, 1.0, 3.0, 10.0]
    assert [level.value for level in scaled.levels if level.trains] == [0.0, 1.0, 3.0, 10.0]
    assert scaled.levels[-1].execution.noise == preset("ibm_heron_r1").noise_model().scaled(10)


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"axes": ("two_qbit",)}, "Did you mean 'two_qubit'"),
        ({"axes": ("two_qubit=1e-3,x",)}, "'x' is not a number"),
        ({"axes": ("two_qubit=-1",)}, "-1 is no value"),
        ({"axes": ("two_qubit=0.9",)}, "at most 0.8"),
        ({"axes": ("shots=0",)}, "0 is no value"),
        ({"axes": ("shots=1.5",)}, "whole number"),
        ({"axes": ("g2",)}, "acts on photons"),
        ({"axes": ("shots", "shots=64")}, "given twice"),
        ({"axes": ("shots=1e30",)}, r"shots=1e30: 1e\+30 shots are more than 1e\+09; give fewer, or inf"),
        ({"scaled": True}, "--scale needs a device"),
        ({"recipe_levels": True}, "--recipe-levels needs a device"),
        ({"devices": ("ibm_heron",)}, "Unknown device 'ibm_heron'. Did you mean"),
        ({"devices": ("nowhere.toml",)}, "There is no file nowhere.toml"),
        ({"devices": ("aqt_ibex",), "axes": ("two_qubit",), "acts_on": "photons"}, "has qubits"),
        ({"acts_on": "photons"}, "Name what to vary"),
    ],
)
def test_what_cannot_be_is_refused(asked: dict[str, Any], words: str) -> None:
    axes, devices = asked.pop("axes", ()), asked.pop("devices", ())
    with pytest.raises(QaugbenchError, match=words):
        sweeps(*axes, devices=devices, **asked)


def test_a_file_that_says_what_no_device_has_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text(OWN + "two_qbit_error = 0.1\n")
    with pytest.raises(CircuitError, match="unknown fact 'two_qbit_error'"):
        sweeps(devices=(str(file),))
    file.write_text('title = "Mine"\n')
    with pytest.raises(CircuitError, match="does not say date, source, coupling"):
        sweeps(devices=(str(file),))


@pytest.mark.parametrize(
    ("given", "instead", "words"),
    [
        ('"2026-01-01"', '"lately"', "date = 'lately' is no date; give the day"),
        ('"2026-01-01"', '"2026-02-30"', "date = '2026-02-30' is no date"),
        ('"line"', '" "', "coupling = ' ' says nothing; give it in words on one line, such as"),
        ('"line"', "3", "key 'coupling': expected str, got 3"),
        (
            "two_qubit_error",
            "n_qubits = -2\ntwo_qubit_error",
            "n_qubits = -2 is no number of qubits; give one of at least 1",
        ),
        ("two_qubit_error", "shots_per_s = nan\ntwo_qubit_error", "shots_per_s = nan is negative or not finite"),
    ],
)
def test_a_fact_that_cannot_be_is_refused_with_file_key_value_and_remedy(
    tmp_path: Path, given: str, instead: str, words: str
) -> None:
    file = tmp_path / "mine.toml"
    file.write_text(OWN.replace(given, instead))
    with pytest.raises(QaugbenchError, match=re.escape(str(file)) + ".*" + re.escape(words)):
        sweeps(devices=(str(file),))


def test_a_date_may_be_written_without_quotes(tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text(OWN.replace('"2026-01-01"', "2026-01-01"))
    assert sweeps(devices=(str(file),))


def test_photons_may_be_wholly_unlike_but_not_all_lost() -> None:
    (found,) = sweeps("indistinguishability=0", acts_on="photons")
    assert [level.strength for level in found.levels] == [0.0, 1.0]
    for asked, words in (("transmission=0", "0 is no value"), ("component_loss=1", "nothing is left to count")):
        with pytest.raises(QaugbenchError, match=words):
            sweeps(asked, acts_on="photons")


def test_a_sweep_without_noise_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "perfect.toml"
    file.write_text(OWN.replace("0.02", "0.0"))
    for axes, devices in ((("two_qubit=0",), ()), (("shots=inf",), ()), ((), (str(file),))):
        with pytest.raises(DefinitionError, match="has no level with noise"):
            sweeps(*axes, devices=devices)


def test_a_wrong_value_is_told_with_the_file_or_the_axis_that_it_is_from(tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text(OWN.replace("0.02", "-0.02"))
    with pytest.raises(CircuitError, match=r"mine\.toml: two_qubit_error=-0.02 is negative"):
        sweeps(devices=(str(file),))
    with pytest.raises(CircuitError, match=r"--axis readout=0\.9: readout_1_to_0=1\.2"):
        sweeps("readout=0.9")


def test_two_sweeps_of_one_name_are_refused(tmp_path: Path) -> None:
    files = [tmp_path / "a" / "mine.toml", tmp_path / "b" / "mine.toml", tmp_path / "two_qubit.toml"]
    for file in files:
        file.parent.mkdir(exist_ok=True)
        file.write_text(OWN)
    with pytest.raises(DefinitionError, match="Another device of this study is called 'mine'; rename the file"):
        sweeps(devices=(str(files[0]), str(files[1])))
    with pytest.raises(DefinitionError, match="Another axis of this study is called 'two_qubit'"):
        sweeps("two_qubit", devices=(str(files[2]),))


def test_a_bit_that_is_never_misread_is_not_given_the_mean_error(tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text(OWN + "readout_error = 0.01\nreadout_0_to_1 = 0.0\nreadout_1_to_0 = 0.02\n")
    noise = sweeps(devices=(str(file),))[0].levels[1].execution.noise
    assert (noise.readout_0_to_1, noise.readout_1_to_0) == (0.0, 0.02)


def test_times_are_those_of_a_device_that_states_them() -> None:
    assert sweeps("t1t2", devices=("aqt_ibex",))[0].reference == "ibm_heron_r1"
    assert sweeps("t1t2", devices=("ibm_heron_r2",))[0].reference == "ibm_heron_r2"


def test_a_strength_that_no_error_can_have_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "strong.toml"
    file.write_text(OWN.replace("0.02", "0.2"))
    with pytest.raises(DefinitionError, match=r"strong cannot be 10 times as strong: two_qubit_error=2\.0"):
        sweeps(devices=(str(file),), scaled=True)


def test_a_variant_can_be_studied_and_a_control_cannot() -> None:
    check_names(NoiseRequest(task="brainmri", generator="qldm:narrow"))
    with pytest.raises(DefinitionError, match="'qldm:narrow:twin' is a control"):
        check_names(NoiseRequest(task="brainmri", generator="qldm:narrow:twin"))
