"""Images whose circuits ran on a device: kept, resumed, and drawn again without it."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

import numpy as np
import pytest
from safetensors.torch import load, save

from qaugbench.circuits.devices import calls
from qaugbench.errors import CircuitError, DefinitionError, QaugbenchError, StoreError
from qaugbench.experiment.order import with_upstream
from qaugbench.experiment.prepare import Definitions, prepare
from qaugbench.experiment.processes import execute
from qaugbench.experiment.replicate_cells import ReplicateCells
from qaugbench.hardware.draw import draw, replay
from qaugbench.hardware.prepare import prepare_session
from qaugbench.hardware.request import HardwareRequest
from qaugbench.hardware.session import DRAWN, SESSION, STATE, read, sha256
from qaugbench.npz_archive import members, unpacked
from tests.experiment.test_cli import call
from tests.experiment.tiny import TASK, tiny_definitions

KEPT = Path(__file__).parents[2] / "examples" / "counts-of-fake-torino"


def without_qiskit(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("qiskit", "qiskit_aer", "qiskit_ibm_runtime"):
        monkeypatch.setitem(sys.modules, name, None)


def images_in(folder: Path) -> dict[str, np.ndarray]:
    return {name: unpacked(one) for name, one in members((folder / DRAWN).read_bytes()).items()}


def test_counts_of_a_fake_backend_are_replayed_without_qiskit(monkeypatch: pytest.MonkeyPatch) -> None:
    without_qiskit(monkeypatch)
    found = replay(KEPT)
    assert found.holds
    assert found.drawn.backend == "fake_torino"
    assert (found.drawn.shots, len(found.drawn.job_ids)) == (16 * 4 * 1024, 4)
    assert 0 < found.drawn.shot_noise < found.drawn.deviation < 0.05
    assert sum(path.stat().st_size for path in KEPT.rglob("*") if path.is_file()) < 300_000


def test_the_command_replays(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    without_qiskit(monkeypatch)
    assert call("hardware", "--replay", KEPT, "--json", monkeypatch=monkeypatch) == 0
    printed = capsys.readouterr()
    assert json.loads(printed.out)["results"][0]["holds"] is True
    assert "replayed, job id" in printed.err
    other = tmp_path / "other"
    shutil.copytree(KEPT, other)
    state = load((other / STATE).read_bytes())
    name = "generator.members.0.generator.log_brightness"
    changed = save({**state, name: state[name] + 0.5})
    (other / STATE).write_bytes(changed)
    assert call("hardware", "--replay", other, monkeypatch=monkeypatch) == 2
    assert "was changed after it was written" in capsys.readouterr().err
    facts = json.loads((other / SESSION).read_text(encoding="utf-8"))
    (other / SESSION).write_text(json.dumps({**facts, "state_sha256": sha256(changed)}), encoding="utf-8")
    assert call("hardware", "--replay", other, monkeypatch=monkeypatch) == 1  # the same circuits, other images


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--task", "brainmri"), "Give --task, --generator and --backend"),
        (("--replay", "x", "--task", "brainmri"), "--replay FOLDER stands alone"),
        (("--replay", "nowhere"), "holds no session"),
        (("--task", "brainmri", "--generator", "qldm", "--backend", "replay:x"), "give --replay FOLDER alone"),
        (("--task", "brainmri", "--generator", "qldm:twin", "--backend", "aer"), "is a control"),
        (("--task", "brainmri", "--generator", "qldm", "--backend", "fake:torin"), "Did you mean 'torino'"),
        (("--task", "brainmri", "--generator", "ldm", "--backend", "aer", "--estimate"), "runs no circuit"),
        (("--replay", KEPT, "--images", 3), "--replay FOLDER stands alone"),
        (("--replay", KEPT, "--estimate"), "--replay FOLDER stands alone"),
        (
            ("--task", "brainmri", "--generator", "qldm", "--backend", "fake:torin", "--estimate"),
            "Did you mean 'torino'",
        ),
        (("--task", "brainmri", "--generator", "qldm", "--backend", "ibm_heron_r1", "--estimate"), "Unknown device"),
        (
            (
                "--task",
                "brainmri",
                "--generator",
                "photonic-qgan",
                "--backend",
                "aer",
                "--estimate",
                "--track",
                "smoke",
            ),
            "runs no circuit of qubits",
        ),
    ],
)
def test_wrong_names_end_with_2(
    arguments: tuple[object, ...],
    words: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> None:
    kept = () if "--replay" in arguments else ("--out", tmp_path)
    assert call("hardware", *arguments, *kept, monkeypatch=monkeypatch) == 2
    assert words in capsys.readouterr().err


def test_what_cannot_be_replayed_is_told_before_pytorch_is_imported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(KEPT, tmp_path / "bad", ignore=shutil.ignore_patterns(DRAWN))
    monkeypatch.setitem(sys.modules, "qaugbench.hardware.draw", None)
    assert call("hardware", "--replay", tmp_path / "bad", monkeypatch=monkeypatch) == 2
    assert f"Cannot use {tmp_path / 'bad' / DRAWN}" in capsys.readouterr().err


def request(out: Path, **options: object) -> HardwareRequest:
    given = {"task": TASK, "generator": "patch-qgan", "backend": "aer", "images": 3, "shots": 60, **options}
    return HardwareRequest(source="phantom", track="smoke", jobs=1, out=out, quiet=True, **given)


def tiny(asked: HardwareRequest) -> Definitions:
    return tiny_definitions(asked.run)


def test_a_session_draws_the_runs_own_fit_is_resumed_and_replayed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = request(tmp_path)
    folder, session = prepare_session(asked, tiny(asked))
    assert len(session.labels) == 3
    collect, lost = calls.collect, []

    def losing(*given: object) -> object:
        lost.append(given)
        if len(lost) == 2:
            raise CircuitError("the line is dead")
        return collect(*given)

    monkeypatch.setattr(calls, "collect", losing)
    with pytest.raises(CircuitError, match="the line is dead"):
        draw(folder)
    assert len(lost) == 2
    again, _ = prepare_session(asked, tiny(asked))
    told: list[str] = []
    drawn = draw(again, told.append)
    assert again == folder
    assert sum("answered before" in line for line in told) == 1
    assert (drawn.backend, drawn.shots) == ("aer_simulator", 60 * 3 * 4)
    monkeypatch.undo()
    with pytest.MonkeyPatch.context() as patch:
        without_qiskit(patch)
        replayed = replay(folder)
    assert (replayed.points_apart, replayed.levels_apart) == (0.0, 0)

    prepared = prepare(asked.run, tiny(asked))
    plan, fraction = prepared.plan, prepared.plan.fractions[0]
    sample = ReplicateCells(plan.setting, fraction.key, fraction.used, 0).sample(plan.generators[0])
    execute(with_upstream([sample]), prepared.store, jobs=1, report=lambda done: None)
    own = prepared.store.array("sample", sample.name, "images")[:3]
    assert np.array_equal(images_in(folder)["ideal"], own)

    other, many = request(tmp_path, images=2, folder=folder), request(tmp_path, images=10_000)
    with pytest.raises(StoreError, match="differs in labels"):
        prepare_session(other, tiny(other))
    with pytest.raises(DefinitionError, match="ask for as many at most"):
        prepare_session(many, tiny(many))


def test_an_account_that_does_not_work_is_told_before_anything_is_fitted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse() -> None:
        raise ValueError("no account")

    monkeypatch.setattr("qiskit_ibm_runtime.QiskitRuntimeService", refuse)
    asked = request(tmp_path / "runs", backend="ibm:torino")
    with pytest.raises(CircuitError, match="cannot be used for ibm:torino: no account"):
        prepare_session(asked, tiny(asked))
    assert not (tmp_path / "runs").exists()


def test_what_cannot_be_drawn_is_refused_before_anything_is_fitted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("qaugbench.hardware.prepare.execute", None)
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "other").touch()
    for options, words in (
        ({"images": 10_000}, "given 10000; ask for as many at most"),
        ({"folder": tmp_path / "full"}, "not empty and holds no session"),
        ({"folder": tmp_path / "full" / "other"}, "is no folder"),
        ({"generator": "photonic-qgan"}, "runs no circuit of qubits"),
    ):
        asked = request(tmp_path / "runs", **options)
        with pytest.raises(QaugbenchError, match=words):
            prepare_session(asked, tiny(asked))
    assert [path.name for path in (tmp_path / "full").iterdir()] == ["other"]


def test_what_is_no_session_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x", encoding="utf-8")
    asked = request(tmp_path / "runs", folder=tmp_path)
    with pytest.raises(QaugbenchError, match="not empty and holds no session"):
        prepare_session(asked, tiny(asked))
    (tmp_path / SESSION).write_text("{}", encoding="utf-8")
    with pytest.raises(StoreError, match="not of format 1"):
        read(tmp_path)
