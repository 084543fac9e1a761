"""Presets beside a snapshot that stands for an installed one."""

from __future__ import annotations

import datetime
import tomllib
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from qaugbench.circuits.noise import refresh
from qaugbench.circuits.noise.presets import preset
from qaugbench.circuits.noise.refresh import FILE, Change, changes_of, changes_text, figures, with_changes
from qaugbench.errors import CircuitError


class Target(dict[str, Any]):
    """Gates by name, each with what is reported by qubits."""

    qubit_properties = [SimpleNamespace(t1=t1, t2=100e-6) for t1 in (100e-6, 200e-6, 400e-6)]

    @property
    def operation_names(self) -> list[str]:
        return list(self)


class FakeMade:
    """Three qubits; the second coupler does not work."""

    name, num_qubits = "fake_made", 3

    def __init__(self) -> None:
        at = lambda error, seconds: SimpleNamespace(error=error, duration=seconds)  # noqa: E731
        self.target = Target(
            sx={(0,): at(2e-4, 32e-9), (1,): at(3e-4, 32e-9), (2,): at(1.0, 32e-9)},
            cz={(0, 1): at(4.5e-3, 68e-9), (1, 2): at(1.0, 500e-9)},
            measure={(k,): at(error, 2.2e-6) for k, error in enumerate((1e-2, 2e-2, 3e-2))},
        )

    def properties(self) -> Any:
        def of(qubit: int) -> dict[str, tuple[float, None]]:
            return {"prob_meas1_prep0": (0.01 * (qubit + 1), None)}

        return SimpleNamespace(last_update_date=datetime.datetime(2026, 11, 30, 12), qubit_property=of)

    def configuration(self) -> Any:
        return SimpleNamespace(default_rep_delay=250e-6)


def test_figures_are_medians_where_gates_work() -> None:
    assert figures(FakeMade()) == {
        "date": '"2026-11-30"',
        "n_qubits": "3",
        "one_qubit_error": "2.50e-4",
        "two_qubit_error": "4.50e-3",
        "readout_error": "2.00e-2",
        "readout_0_to_1": "2.00e-2",  # the other one is not reported
        "t1_s": "200.0e-6",
        "t2_s": "100.0e-6",
        "one_qubit_duration_s": "32e-9",
        "two_qubit_duration_s": "68e-9",
        "readout_duration_s": "2200e-9",
        "rep_delay_s": "250e-6",
    }


def test_changes_are_what_differs_and_are_written_in_their_place() -> None:
    known = preset("ibm_heron_r1")
    found = tuple(changes_of(known, FakeMade()))
    facts = {change.fact: change.after for change in found}
    assert facts["two_qubit_error"] == "4.50e-3"
    assert "two_qubit_duration_s" not in facts  # 68 ns before and after
    assert facts["source"].startswith('"FakeMade of qiskit-ibm-runtime ')
    before = FILE.read_text(encoding="utf-8")
    after = with_changes(before, found)
    kept, changed = tomllib.loads(before), tomllib.loads(after)
    assert {name for name in kept if kept[name] != changed[name]} == {"ibm_heron_r1"}
    assert changed["ibm_heron_r1"]["date"] == "2026-11-30"
    assert len(after.splitlines()) == len(before.splitlines())
    text = changes_text(found, 100)
    assert "two_qubit_error" in text
    assert "4.50e-3" in text


def test_a_fact_that_was_missing_is_added_to_its_preset() -> None:
    known = replace(preset("ibm_heron_r1"), t2_s=None)
    (change,) = [one for one in changes_of(known, FakeMade()) if one.fact == "t2_s"]
    assert change.before is None
    text = "[ibm_heron_r1]\nt1_s = 1e-6\n\n[other]\nt1_s = 2e-6\n"
    assert with_changes(text, [change]) == ("[ibm_heron_r1]\nt1_s = 1e-6\nt2_s = 100.0e-6\n\n[other]\nt1_s = 2e-6\n")


def test_nothing_is_written_unless_asked(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    path = tmp_path / "presets.toml"
    path.write_text(FILE.read_text(encoding="utf-8"), encoding="utf-8")
    refresh.write([Change("ibm_heron_r1", "date", '"2025-02-26"', '"2026-11-30"')], path)
    assert tomllib.loads(path.read_text(encoding="utf-8"))["ibm_heron_r1"]["date"] == "2026-11-30"
    assert "Every preset is as" in changes_text((), 100)


def test_presets_without_a_snapshot_and_devices_without_the_gates_are_refused() -> None:
    with pytest.raises(CircuitError, match="quantinuum_helios is not from a snapshot"):
        tuple(changes_of(preset("quantinuum_helios")))
    made = FakeMade()
    del made.target["cz"]
    with pytest.raises(CircuitError, match="fake_made has no sx or none of cz, ecr, cx"):
        figures(made)
    with pytest.raises(CircuitError, match="There is no \\[nowhere\\]"):
        with_changes("", [Change("nowhere", "date", None, '"2026-11-30"')])
