"""The way to a real IBM device, with a snapshot in the place of the service: nothing here reaches the network."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from qiskit.providers import JobError
from qiskit_ibm_runtime.accounts import AccountNotFoundError
from qiskit_ibm_runtime.exceptions import IBMNotAuthorizedError, IBMRuntimeError

from qaugbench.circuits.ansatz import angle_embedding
from qaugbench.circuits.circuit import Circuit
from qaugbench.circuits.devices.device import Device, snapshots
from qaugbench.circuits.devices.executor import DeviceExecutor
from qaugbench.circuits.execution import Execution
from qaugbench.circuits.readout import Readout
from qaugbench.errors import CircuitError
from qaugbench.seeds import torch_generator

CIRCUIT = Circuit(2, angle_embedding(2), Readout.each_wire(2, "ZX"))
INPUTS, WEIGHTS = torch.tensor([[[0.3, 1.0], [2.0, -0.4]]]), torch.zeros(1, 0)


class Service:
    """Stands for QiskitRuntimeService: knows one device, and the jobs that were sent to it."""

    def __init__(self) -> None:
        self.jobs: dict[str, Handle] = {}
        self.error: BaseException | None = None  # what waiting for a job raises
        self.device = snapshots()["manila"]()
        self.device.name = "ibm_manila"
        self.device.service = self

    def backends(self) -> list[Any]:
        return [self.device]

    def job(self, job_id: str) -> Handle:
        return self.jobs[job_id]


class Handle:
    """Stands for a job at the service. Our code alone waits on it; the library's threads wait on the job within."""

    def __init__(self, job: Any, service: Service) -> None:
        self.inner, self.service = job, service

    def job_id(self) -> str:
        return str(self.inner.job_id())

    def result(self) -> Any:
        if self.service.error is not None:
            raise self.service.error
        return self.inner.result()


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch) -> Service:
    made = Service()
    monkeypatch.setattr("qiskit_ibm_runtime.QiskitRuntimeService", lambda: made)
    return made


@pytest.fixture
def sent(service: Service, monkeypatch: pytest.MonkeyPatch) -> list[Handle]:
    """Return the jobs that are sent, in order; the service knows them."""
    from qiskit_ibm_runtime.executor_sampler import SamplerV2

    found: list[Handle] = []
    run = SamplerV2.run

    def remember(sampler: Any, pubs: Any, **options: Any) -> Handle:
        job = Handle(run(sampler, pubs, **options), service)
        found.append(job)
        service.jobs[job.job_id()] = job
        return job

    monkeypatch.setattr(SamplerV2, "run", remember)
    return found


def on_manila(folder: Path) -> DeviceExecutor:
    return DeviceExecutor(CIRCUIT, Execution(shots=500, device=Device.parse("ibm:manila", folder)))


def refuse_with(error: Exception, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse() -> None:
        raise error

    monkeypatch.setattr("qiskit_ibm_runtime.QiskitRuntimeService", refuse)


def test_all_settings_go_in_one_job_and_can_be_replayed(service: Service, sent: list[Handle], tmp_path: Path) -> None:
    outputs = on_manila(tmp_path)(INPUTS, WEIGHTS, torch_generator(0))
    assert len(sent) == 1
    exact = torch.stack([INPUTS.cos(), torch.zeros_like(INPUTS)], -2).flatten(-2)
    assert float((outputs - exact).abs().max()) < 0.3
    replayed = DeviceExecutor(CIRCUIT, Execution(shots=500, device=Device.parse(f"replay:{tmp_path}")))
    assert torch.equal(replayed(INPUTS, WEIGHTS, torch_generator(0)), outputs)


def test_a_job_that_was_submitted_is_fetched_and_not_paid_twice(
    service: Service, sent: list[Handle], tmp_path: Path
) -> None:
    service.error = KeyboardInterrupt()
    with pytest.raises(KeyboardInterrupt):
        on_manila(tmp_path)(INPUTS, WEIGHTS, torch_generator(0))
    service.error = None
    outputs = on_manila(tmp_path)(INPUTS, WEIGHTS, torch_generator(0))
    assert len(sent) == 1
    assert outputs.shape == (1, 2, 4)
    assert torch.equal(on_manila(tmp_path)(INPUTS, WEIGHTS, torch_generator(0)), outputs)


@pytest.mark.parametrize(
    ("error", "runs", "message"),
    [(JobError("too hot"), 2, "failed: 'too hot'"), (IBMRuntimeError("no line"), 1, "gave no answer: 'no line'")],
)
def test_failed_jobs_are_sent_again_and_lost_answers_are_not(
    service: Service,
    sent: list[Handle],
    tmp_path: Path,
    error: Exception,
    runs: int,
    message: str,
) -> None:
    service.error = error
    with pytest.raises(CircuitError, match=f"Job {'.*'} on ibm_manila {message}"):
        on_manila(tmp_path)(INPUTS, WEIGHTS, torch_generator(0))
    service.error = None
    on_manila(tmp_path)(INPUTS, WEIGHTS, torch_generator(0))
    assert len(sent) == runs


def test_names_may_leave_out_the_vendor(service: Service, tmp_path: Path) -> None:
    for name in ("ibm:manila", "ibm:ibm_manila"):
        executor = DeviceExecutor(CIRCUIT, Execution(shots=5, device=Device.parse(name, tmp_path)))
        assert executor.machine is not None
        assert executor.machine.name == "ibm_manila"
        assert not executor.machine.is_local


def test_a_device_that_the_account_does_not_see_is_refused(service: Service, tmp_path: Path) -> None:
    with pytest.raises(CircuitError, match=r"sees no device 'manilla'.* Did you mean 'ibm_manila'"):
        DeviceExecutor(CIRCUIT, Execution(shots=5, device=Device.parse("ibm:manilla", tmp_path)))


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (AccountNotFoundError("x"), r"No IBM Quantum account is saved on this machine.*save_account\(token=\.\.\.\)"),
        (IBMNotAuthorizedError("wrong key"), "cannot be used for ibm:torino: 'wrong key'"),
        (ValueError("bad channel"), "cannot be used for ibm:torino: bad channel"),
    ],
)
def test_accounts_that_do_not_work_are_refused_before_any_work(
    error: Exception, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    refuse_with(error, monkeypatch)
    with pytest.raises(CircuitError, match=message):
        DeviceExecutor(CIRCUIT, Execution(shots=5, device=Device.parse("ibm:torino", tmp_path)))
    assert not list(tmp_path.iterdir())


def test_no_account_is_looked_for_in_our_own_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Any] = []
    monkeypatch.setattr(
        "qiskit_ibm_runtime.QiskitRuntimeService",
        lambda *args, **kwargs: asked.append((args, kwargs)) or SimpleNamespace(backends=list),
    )
    with pytest.raises(CircuitError, match="sees no device"):
        DeviceExecutor(CIRCUIT, Execution(shots=5, device=Device.parse("ibm:torino", tmp_path)))
    assert asked == [((), {})]
