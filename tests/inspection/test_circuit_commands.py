"""Commands about circuits, as a user gives them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from qaugbench.errors import DefinitionError
from qaugbench.inspection.other_forms import OTHER_FORMS, as_other_form
from tests.experiment.test_cli import call

PNG = b"\x89PNG\r\n\x1a\n"


def test_show_circuit_draws_it_in_text_and_in_a_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "qldm.png"
    assert call("show", "circuit", "qldm:narrow", "--png", path, monkeypatch=monkeypatch) == 0
    printed = capsys.readouterr().out
    assert "qldm:narrow, circuit 1 of 1: 2 blocks of 4 copies" in printed
    assert "RX(x[0])" in printed
    assert "readout: <Z0>" in printed
    assert path.read_bytes().startswith(PNG)


def test_show_circuit_exports_it_as_openqasm(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("qiskit")
    assert call("show", "circuit", "qldm:narrow", "--format", "qasm", monkeypatch=monkeypatch) == 0
    printed = capsys.readouterr().out
    assert printed.startswith("// qldm:narrow, circuit 1 of 1")
    assert "OPENQASM 3.0;" in printed
    assert "qubit[8] q;" in printed


def test_circuits_are_drawn_as_other_libraries_have_them() -> None:
    from qaugbench.circuits.ansatz import qldm_circuit

    pytest.importorskip("pennylane")
    pytest.importorskip("qiskit")
    drawn = {form: as_other_form(qldm_circuit(2, 1), form, "qldm") for form in OTHER_FORMS}
    assert "Rot" in drawn["pennylane"] or "RZ" in drawn["pennylane"]
    assert "<Z>" in drawn["pennylane"]
    assert "q_1: " in drawn["qiskit"]
    assert drawn["qiskit"].endswith("IZ, ZI")
    with pytest.raises(DefinitionError, match="The circuits of 'photonic-qgan' are photonic, and qasm is for circuits"):
        as_other_form(object(), "qasm", "photonic-qgan")


def test_show_circuit_as_data_is_the_circuit(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from qaugbench.circuits.ansatz import qldm_circuit
    from qaugbench.circuits.circuit import Circuit

    assert call("show", "circuit", "qldm:narrow", "--json", monkeypatch=monkeypatch) == 0
    (data,) = json.loads(capsys.readouterr().out)["results"]
    assert Circuit.from_dict(data) == qldm_circuit(8, 3)


def test_show_still_takes_the_name_of_a_definition(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert call("show", "ldm", "--json", monkeypatch=monkeypatch) == 0
    assert json.loads(capsys.readouterr().out)["results"][0]["id"] == "ldm"


def test_execute_keeps_what_replay_returns(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    common = ("--shots", 512, "--samples", 2, "--json")
    found = []
    for device in ("aer", f"replay:{tmp_path / 'kept'}"):
        out = ("--out", tmp_path / "kept") if device == "aer" else ()
        assert call("execute", "qldm", "--device", device, *common, *out, monkeypatch=monkeypatch) == 0
        found.append(json.loads(capsys.readouterr().out)["results"][0])
    first, replayed = found
    assert first["outputs"] == replayed["outputs"]
    assert first["report"]["job_ids"] == replayed["report"]["job_ids"]
    assert 0.5 * first["shot_noise"] < first["deviation"] < 2 * first["shot_noise"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("show", "circuit", "ldm"), "runs no circuit"),
        (("show", "circuit", "qldm", "--track", "lit"), "Did you mean 'lite'"),
        (("show", "controls", "qldn"), "Did you mean 'qldm'"),
        (("show", "resources", "qldm", "--preset", "ibm_heron_r22"), "Did you mean 'ibm_heron_r2"),
        (("doctor", "circuits", "qldm:twim"), "Did you mean 'twin'"),
        (("execute", "qldm", "--device", "fake:torin"), "Did you mean 'torino'"),
        (("execute", "qldm", "--device", "ibm:torino"), "cannot be obtained twice"),
        (("execute", "qldm", "--device", "replay:nowhere"), "no folder 'nowhere'"),
        (("execute", "ldm", "--device", "aer"), "runs no circuit"),
    ],
)
def test_wrong_names_end_with_2(
    arguments: tuple[str, ...], words: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert call(*arguments, monkeypatch=monkeypatch) == 2
    assert words in capsys.readouterr().err
