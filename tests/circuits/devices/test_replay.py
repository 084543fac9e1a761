"""What is kept of a device's answers, taken up again and replayed."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import torch

from qaugbench.circuits.ansatz import angle_embedding, nearest_neighbour_layers
from qaugbench.circuits.circuit import Circuit
from qaugbench.circuits.devices import calls, jobs
from qaugbench.circuits.devices.device import Device
from qaugbench.circuits.devices.executor import DeviceExecutor
from qaugbench.circuits.execution import Execution
from qaugbench.circuits.readout import Readout
from qaugbench.errors import CircuitError, StoreError
from qaugbench.seeds import torch_generator

CIRCUIT = Circuit(2, angle_embedding(2) + nearest_neighbour_layers(2, 1), Readout.each_wire(2, "ZX"))
INPUTS = torch.randn(2, 6, 2, generator=torch_generator(0))
WEIGHTS = torch.randn(2, 6, generator=torch_generator(1))


def on(device: Device, circuit: Circuit = CIRCUIT, shots: int = 20, **others: Callable[[str], None]) -> DeviceExecutor:
    return DeviceExecutor(circuit, Execution(shots=shots, device=device), **others)


@pytest.fixture
def four_jobs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a job hold 8 of the 12 samples, in each of two settings."""
    monkeypatch.setattr(jobs, "MAX_EXECUTIONS", 8 * 20)


@dataclass(frozen=True)
class Answered:
    """A folder with the answers to two calls, ``call`` naming that of the first, and the outputs of both."""

    folder: Path
    call: str
    first: torch.Tensor
    second: torch.Tensor


@pytest.fixture(scope="module")
def answered(tmp_path_factory: pytest.TempPathFactory) -> Answered:
    folder = tmp_path_factory.mktemp("answers")
    executor, generator = on(Device.parse("aer", folder)), torch_generator(7)
    first = executor(INPUTS, WEIGHTS, generator)
    (call,) = (path.name for path in folder.iterdir())
    return Answered(folder, call, first, executor(2 * INPUTS, WEIGHTS, generator))


@pytest.fixture
def copied(answered: Answered, tmp_path: Path) -> Path:
    """Return a copy of the folder, to be spoilt."""
    return Path(shutil.copytree(answered.folder, tmp_path / "answers"))


def test_replayed_outputs_are_identical_without_qiskit(answered: Answered, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [
        name for name in sys.modules if name.partition(".")[0] in {"qiskit", "qiskit_aer", "qiskit_ibm_runtime"}
    ]:
        monkeypatch.setitem(sys.modules, name, None)
    monkeypatch.setitem(sys.modules, "qiskit", None)
    executor, generator = on(Device.parse(f"replay:{answered.folder}")), torch_generator(7)
    assert torch.equal(executor(INPUTS, WEIGHTS, generator), answered.first)
    assert torch.equal(executor(2 * INPUTS, WEIGHTS, generator), answered.second)
    assert torch.equal(executor(INPUTS + 1e-6, WEIGHTS, torch_generator(7)), answered.first)


def test_calls_may_be_replayed_in_jobs_of_any_size(four_jobs: None, tmp_path: Path) -> None:
    told: list[str] = []
    outputs = on(Device.parse("aer", tmp_path), progress=told.append)(INPUTS, WEIGHTS, torch_generator(7))
    assert [line.split(", ")[1:3] for line in told] == [
        ["setting 1", "samples 1 to 8 of 12"],
        ["setting 1", "samples 9 to 12 of 12"],
        ["setting 2", "samples 1 to 8 of 12"],
        ["setting 2", "samples 9 to 12 of 12"],
    ]
    assert torch.equal(on(Device.parse(f"replay:{tmp_path}"))(INPUTS, WEIGHTS, torch_generator(7)), outputs)


def test_each_job_runs_its_own_samples(four_jobs: None) -> None:
    circuit = Circuit(1, angle_embedding(1), Readout.each_wire(1))
    halves = torch.tensor([0, 1, 1, 0, 1, 0, 0, 0, 1, 1, 0, 1] * 2)
    outputs = on(Device.parse("aer"), circuit)(torch.pi * halves[None, :, None], torch.zeros(1, 0), torch_generator(0))
    assert outputs.flatten().tolist() == (1 - 2 * halves).tolist()


def test_a_local_job_that_was_interrupted_is_run_again(
    four_jobs: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    circuit = Circuit(2, CIRCUIT.gates, Readout.each_wire(2))
    whole = on(Device.parse("aer"), circuit)(INPUTS, WEIGHTS, torch_generator(7))
    waited: list[int] = []

    def collect(handle, request, job):  # type: ignore[no-untyped-def]
        waited.append(job.index)
        if waited == [0, 1]:
            raise KeyboardInterrupt
        return jobs.collect(handle, request, job)

    monkeypatch.setattr(calls, "collect", collect)
    with pytest.raises(KeyboardInterrupt):
        on(Device.parse("aer", tmp_path), circuit)(INPUTS, WEIGHTS, torch_generator(7))
    with pytest.raises(CircuitError, match=r"not complete \(setting 1 lacks samples\)"):
        on(Device.parse(f"replay:{tmp_path}"), circuit)(INPUTS, WEIGHTS, torch_generator(7))
    assert torch.equal(on(Device.parse("aer", tmp_path), circuit)(INPUTS, WEIGHTS, torch_generator(7)), whole)
    assert waited == [0, 1, 1]


def test_an_interrupted_run_is_taken_up_where_it_stopped(
    four_jobs: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = on(Device.parse("aer"))(INPUTS, WEIGHTS, torch_generator(7))
    submitted: list[int] = []

    def submit(machine, routed, request, job, angles):  # type: ignore[no-untyped-def]
        submitted.append(job.index)
        if submitted == [0, 1, 2]:
            raise KeyboardInterrupt
        return jobs.submit(machine, routed, request, job, angles)

    monkeypatch.setattr(calls, "submit", submit)
    with pytest.raises(KeyboardInterrupt):
        on(Device.parse("aer", tmp_path))(INPUTS, WEIGHTS, torch_generator(7))
    with pytest.raises(CircuitError, match=r"not complete .*finish the run on its device"):
        on(Device.parse(f"replay:{tmp_path}"))(INPUTS, WEIGHTS, torch_generator(7))
    assert torch.equal(on(Device.parse("aer", tmp_path))(INPUTS, WEIGHTS, torch_generator(7)), whole)
    assert submitted == [0, 1, 2, 2, 3]
    assert torch.equal(on(Device.parse("aer", tmp_path))(INPUTS, WEIGHTS, torch_generator(7)), whole)
    assert len(submitted) == 5
    assert not list(tmp_path.rglob(".*"))


def test_the_store_says_what_was_run_and_how(answered: Answered) -> None:
    folder = answered.folder / answered.call
    request = json.loads((folder / "request.json").read_text())
    job = json.loads((folder / "job-0001.json").read_text())
    assert Circuit.from_dict(request["circuit"]) == CIRCUIT
    assert (request["shots"], request["samples"], request["backend"]) == (20, 12, "aer_simulator")
    assert job["versions"].keys() == {"qiskit", "qiskit-aer", "qiskit-ibm-runtime"}
    assert job["settings"] == [1]
    assert len(job["job_id"]) > 8
    assert job["costs"][0]["two_qubit_gates"] == 2
    with np.load(folder / "job-0001.npz", allow_pickle=False) as arrays:
        assert arrays["setting_1"].shape == (12, 20, 1)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"shots": 30}, r"nearest of 2 has shots 20 \(asked: 30\)"),
        ({"circuit": Circuit(2, CIRCUIT.gates, Readout.each_wire(2))}, "nearest of 2 has another circuit"),
    ],
)
def test_another_request_is_refused(answered: Answered, changes: dict, message: str) -> None:
    executor = on(Device.parse(f"replay:{answered.folder}"), **changes)
    with pytest.raises(CircuitError, match=message):
        executor(INPUTS, WEIGHTS, torch_generator(7))


def test_other_samples_tickets_and_angles_are_refused(answered: Answered) -> None:
    executor = on(Device.parse(f"replay:{answered.folder}"))
    with pytest.raises(CircuitError, match=r"has samples 12 \(asked: 10\)"):
        executor(INPUTS[:, :5], WEIGHTS, torch_generator(7))
    with pytest.raises(CircuitError, match=r"has another ticket.*a generator of the same seed"):
        executor(INPUTS, WEIGHTS, torch_generator(8))
    with pytest.raises(CircuitError, match=r"other inputs or weights \(angles differ by up to 0\.01 rad\)"):
        executor(INPUTS + 0.01, WEIGHTS, torch_generator(7))


def test_an_empty_folder_has_no_answers(tmp_path: Path) -> None:
    with pytest.raises(CircuitError, match="holds no answers of a device"):
        on(Device.parse(f"replay:{tmp_path}"))(INPUTS, WEIGHTS, torch_generator(7))


def test_answers_of_another_backend_are_not_mixed(copied: Path) -> None:
    with pytest.raises(CircuitError, match="holds answers of aer_simulator, not of fake_manila"):
        on(Device.parse("fake:manila", copied))(INPUTS, WEIGHTS, torch_generator(7))


def _flip_a_bit(folder: Path) -> None:
    path = folder / "job-0000.npz"
    content = bytearray(path.read_bytes())
    content[60] ^= 1
    path.write_bytes(content)


def _fewer_shots(folder: Path) -> None:
    path = folder / "request.json"
    path.write_text(path.read_text().replace('"shots": 20', '"shots": 10'))


def _other_angles(folder: Path) -> None:
    np.savez(folder / "angles.npz", angles=np.zeros((12, 8)))


def _cut_short(folder: Path) -> None:
    path = folder / "job-0000.json"
    path.write_text(path.read_text()[:50])


def _unknown_format(folder: Path) -> None:
    path = folder / "request.json"
    path.write_text(path.read_text().replace('"format": 1', '"format": 2'))


def _no_counts(folder: Path) -> None:
    (folder / "job-0000.npz").unlink()


def _unknown_key(folder: Path) -> None:
    path = folder / "job-0000.json"
    path.write_text(path.read_text().replace('"job_id"', '"job"'))


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (_flip_a_bit, r"job-0000\.npz was changed"),
        (_fewer_shots, "does not hold the request that its name stands for"),
        (_other_angles, r"angles\.npz was changed"),
        (_cut_short, r"job-0000\.json is not JSON"),
        (_unknown_format, "not of format 1"),
        (_no_counts, r"Cannot use .*job-0000\.npz: No such file"),
        (_unknown_key, "was not written by qaugbench"),
    ],
)
@pytest.mark.parametrize("kind", ["replay", "aer"])
def test_an_altered_store_is_refused(
    answered: Answered, copied: Path, spoil: Callable[[Path], None], message: str, kind: str
) -> None:
    spoil(copied / answered.call)
    device = Device.parse("aer", copied) if kind == "aer" else Device.parse(f"replay:{copied}")
    with pytest.raises(StoreError, match=message):
        on(device)(INPUTS, WEIGHTS, torch_generator(7))


def test_a_store_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match=r"Cannot use .*file"):
        on(Device.parse("aer", tmp_path / "file"))(INPUTS, WEIGHTS, torch_generator(7))
