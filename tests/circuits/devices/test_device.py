from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

from qaugbench.circuits.devices import device as device_module
from qaugbench.circuits.devices.device import Device, snapshots
from qaugbench.circuits.execution import Execution
from qaugbench.errors import CircuitError


def test_devices_are_written_by_kind_and_name(tmp_path: Path) -> None:
    assert Device.parse("fake:torino") == Device("fake", "torino")
    assert Device.parse("ibm:torino", tmp_path) == Device("ibm", "torino", tmp_path)
    for text in ("aer", "fake:manila", f"replay:{tmp_path}"):
        assert str(Device.parse(text)) == text
    assert {"torino", "fez", "sherbrooke", "kingston", "manila"} <= set(snapshots())


def test_executions_on_one_device_are_equal() -> None:
    executions = {Execution(shots=5, device=Device.parse("aer")) for _ in range(2)}
    assert len(executions) == 1
    assert Execution(shots=5, device=Device.parse("aer", "here")) not in executions


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("fake:torinno", "Unknown device 'fake:torinno'. Did you mean 'torino'"),
        ("fake:", "A device is written fake:NAME"),
        ("aer:fast", "A device is written aer"),
        ("ionq:forte", "Unknown device 'ionq:forte'; write one of: fake:NAME.*aer.*ibm:NAME.*replay:FOLDER"),
        ("ibm:torino", "Give a folder for the answers of ibm:torino"),
        ("replay:no/such/folder", "There is no folder 'no/such/folder' to replay"),
        ("", "Unknown device ''"),
    ],
)
def test_bad_names_are_refused_before_any_work(text: str, message: str) -> None:
    with pytest.raises(CircuitError, match=message):
        Device.parse(text)


def test_a_replay_keeps_nothing(tmp_path: Path) -> None:
    with pytest.raises(CircuitError, match="A replay runs nothing"):
        Device.parse(f"replay:{tmp_path}", tmp_path)


@pytest.mark.parametrize("text", ["aer", "fake:torino", "ibm:torino"])
def test_missing_packages_are_named(text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def without_aer(name: str) -> object:
        return None if name == "qiskit_aer" else importlib.util.find_spec(name)

    monkeypatch.setattr(device_module, "find_spec", without_aer)
    with pytest.raises(
        CircuitError, match=r"needs the package qiskit-aer, which is not installed: pip install 'qaugbench\[qiskit\]'"
    ):
        Device.parse(text, tmp_path)
    assert Device.parse(f"replay:{tmp_path}").kind == "replay"
