"""Which code an execution needs, and that this code makes the executor."""

from __future__ import annotations

from typing import get_args

import pytest
import torch

from qaugbench.circuits.ansatz import angle_embedding
from qaugbench.circuits.circuit import Circuit
from qaugbench.circuits.devices.device import Device
from qaugbench.circuits.execution import IDEAL, Execution, ExecutionKind
from qaugbench.circuits.executors import EXECUTOR_MODULES, build_executor
from qaugbench.circuits.noise.model import NoiseModel
from qaugbench.circuits.readout import Readout
from qaugbench.errors import CircuitError
from qaugbench.seeds import torch_generator

EXECUTIONS = {
    "ideal": IDEAL,
    "shots": Execution(shots=4),
    "noise": Execution(noise=NoiseModel(one_qubit_error=0.1)),
}


def test_every_kind_of_execution_names_its_code() -> None:
    assert set(EXECUTOR_MODULES) == set(get_args(ExecutionKind))


@pytest.mark.parametrize("kind", EXECUTIONS)
def test_the_named_module_makes_the_executor(kind: ExecutionKind) -> None:
    execution = EXECUTIONS[kind]
    assert execution.kind == kind
    executor = build_executor(Circuit(2, angle_embedding(2), Readout.each_wire(2)), execution)
    module = type(executor).__module__
    assert module == EXECUTOR_MODULES[kind]
    outputs = executor.float()(torch.zeros(1, 3, 2), torch.zeros(1, 0), torch_generator(0))
    assert outputs.shape == (1, 3, 2)


def test_a_device_takes_precedence_over_its_shots() -> None:
    pytest.importorskip("qiskit_aer")
    execution = Execution(shots=4, device=Device.parse("aer"))
    assert execution.kind == "device"
    executor = build_executor(Circuit(1, angle_embedding(1), Readout.each_wire(1)), execution)
    assert type(executor).__module__ == EXECUTOR_MODULES["device"]


def test_noise_with_shots_is_noise() -> None:
    assert Execution(shots=4, noise=NoiseModel(one_qubit_error=0.1)).kind == "noise"


def test_what_is_no_circuit_is_refused() -> None:
    with pytest.raises(CircuitError, match="A str is not a circuit"):
        build_executor("RX 0", IDEAL)
