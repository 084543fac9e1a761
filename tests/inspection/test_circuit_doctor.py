from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from qaugbench.circuits.audit.findings import Check, Liveness, State
from qaugbench.errors import CircuitError, DefinitionError
from qaugbench.generators.contract import DivergedError
from qaugbench.inspection import circuit_doctor
from qaugbench.inspection.circuit_doctor import GeneratorFinding, examine_circuits
from qaugbench.inspection.generator_audit import LEARNS, REACHES_IMAGES
from tests.generators.documented import PAINTER


@pytest.fixture(scope="module")
def qldm() -> GeneratorFinding:
    (finding,) = examine_circuits(["qldm:narrow"])
    return finding


def test_the_quantum_generator_is_live_and_measured(qldm: GeneratorFinding) -> None:
    assert qldm.liveness.is_live, qldm.text(all_checks=True)
    assert not qldm.fails
    lines = [line for line in qldm.text().splitlines() if not line.startswith("  note")]
    assert lines[0] == f"qldm:narrow: {qldm.verdict}, {len(qldm.liveness.checks)} checks"
    assert lines[1] == "  circuit of 2 blocks, 4 copies each: 8 wires, depth 29, 64 weights"
    assert [line.split("  ")[2] for line in lines[2:]][:1] == ["gradient variance"]
    assert any(line.startswith("    Jacobian                rank 64 of 64 weights") for line in lines)


def test_the_json_form_says_how_each_number_was_made(qldm: GeneratorFinding) -> None:
    data = json.loads(json.dumps(qldm.to_dict(), allow_nan=False))
    assert data["liveness"]["live"] is True
    entanglement = data["circuits"][0]["meters"]["entanglement"]
    assert entanglement.keys() == {"value", "se", "n", "seed"}
    assert 0.9 < entanglement["value"] < data["circuits"][0]["meters"]["entanglement_of_haar"]


def test_without_names_every_generator_with_circuits_is_examined(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    monkeypatch.setattr(circuit_doctor, "_examined", lambda name, **options: asked.append(name))
    examine_circuits()
    assert "qldm" in asked
    assert not {"ldm", "folder"} & set(asked)


def test_a_classical_generator_has_none() -> None:
    (finding,) = examine_circuits(["ldm"])
    assert finding.text() == "ldm: no circuit, it is classical"
    assert not finding.fails


def test_unknown_names_get_near_ones() -> None:
    with pytest.raises(DefinitionError, match="Did you mean 'qldm'"):
        examine_circuits(["qldn"])
    with pytest.raises(DefinitionError, match=r"no classifier 'qumy'\. Did you mean 'qumi'"):
        examine_circuits(["qumy"])
    with pytest.raises(CircuitError, match="Did you mean 'twin'"):
        examine_circuits(["qldm:twins"])


@pytest.mark.parametrize(
    ("states", "verdict"),
    [
        (("fine", "fine"), "live"),
        (("fine", "note"), "live, but hardly reaches the images"),
        (("fine", "none"), "live"),
        (("note", "fine"), "live"),
        (("fails", "note"), "not live"),
    ],
)
def test_a_small_influence_is_told_from_a_missing_gradient(
    monkeypatch: pytest.MonkeyPatch, states: tuple[State, State], verdict: str
) -> None:
    gradient, influence = states
    found = Liveness((Check(gradient, LEARNS), Check(influence, REACHES_IMAGES, "by 0.02 %")))
    monkeypatch.setattr(circuit_doctor, "audit_generator", lambda *args, **options: found)
    (finding,) = examine_circuits(["qldm"], with_meters=False)
    assert finding.verdict == verdict
    assert finding.fails is (gradient == "fails")
    assert ("by 0.02 %" in finding.text()) is (influence == "note")
    assert finding.to_dict()["verdict"] == verdict


@pytest.mark.parametrize("cause", ["defect", "error"])
def test_what_is_not_live_fails_and_says_why(monkeypatch: pytest.MonkeyPatch, cause: str) -> None:
    def audited(*args: object, **options: object) -> Liveness:
        if cause == "error":
            raise DivergedError("the loss is nan")
        return Liveness((Check("fine", "one"), Check("fails", "two", "nothing moves", "block")))

    monkeypatch.setattr(circuit_doctor, "audit_generator", audited)
    (finding,) = examine_circuits(["qldm"], with_meters=False)
    assert finding.fails
    if cause == "error":
        assert finding.text() == "qldm: cannot be examined, the loss is nan"
    else:
        assert finding.text() == "qldm: not live, 1 of 2 checks fail\n  fails  block: two: nothing moves"
        assert "  fine   one" in finding.text(all_checks=True)


def test_a_bug_in_a_step_is_one_message_with_its_line_and_what_was_meant(tmp_path: Path) -> None:
    with PAINTER.with_("self.painted(batch.labels", "self.paintd(batch.labels").registered(tmp_path):
        (finding,) = examine_circuits(["paintingcircuit"], with_meters=False)
    assert finding.fails
    assert re.fullmatch(
        r"paintingcircuit: cannot be examined, AttributeError: 'PaintingCircuit' object has no attribute 'paintd'. Did you mean: "
        r"'painted'\? \(plugged_paintingcircuit.py, line \d+, in step\)",
        finding.text(),
    )


def test_a_bug_in_a_constructor_is_one_message_too(tmp_path: Path) -> None:
    with PAINTER.with_("qubits = hyper.n_qubits", "qubits = hyper_.n_qubits").registered(tmp_path):
        (finding,) = examine_circuits(["paintingcircuit"], with_meters=False)
    assert "NameError: name 'hyper_' is not defined. Did you mean: 'hyper'? (plugged_painting" in finding.text()


def test_dead_weights_are_named_once_with_how_to_leave_them_out(tmp_path: Path) -> None:
    with PAINTER.with_(", drop_dead=True", "").registered(tmp_path):
        (finding,) = examine_circuits(["paintingcircuit"], with_meters=False)
    (failed,) = [line for line in finding.text().splitlines() if line.startswith("  fails")]
    assert "w[14] (Rot on wire 0, angle 3 of 3)" in failed
    assert "Leave these gates out (layers of the ansatz do so with drop_dead=True" in failed
    assert failed.endswith("; the same of QuantumBlock 1 (of 1 such)")


def test_the_depth_of_each_gradient_variance_is_labelled(qldm: GeneratorFinding) -> None:
    line = next(line for line in qldm.text().splitlines() if line.lstrip().startswith("by depth"))
    assert re.findall(r"\d+ \([a-z ]+\)", line) == [
        "7 (its first gates)",
        "14 (its first gates)",
        "29 (its own)",
        "57 (gates without inputs twice)",
    ]
