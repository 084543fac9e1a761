"""A fitted generator draws images under every execution of its circuits."""

from __future__ import annotations

import numpy as np
import pytest

from qaugbench import definitions
from qaugbench.circuits.devices.device import Device
from qaugbench.circuits.execution import IDEAL, Execution
from qaugbench.circuits.noise.model import NoiseModel
from qaugbench.generators.qldm import Qldm
from qaugbench.generators.shared.model import Model
from qaugbench.testing.images import N_LABELS
from qaugbench.testing.variant import Variant

LABELS = np.eye(2, N_LABELS, dtype=np.float32)
NOISE = NoiseModel(one_qubit_error=5e-3, two_qubit_error=5e-2, readout_0_to_1=0.02, readout_1_to_0=0.05)
EXECUTIONS = {
    "shots": Execution(shots=64),
    "noise": Execution(noise=NOISE),
    "noise and shots": Execution(noise=NOISE, shots=64),
    "device": Execution(device=Device.parse("aer"), shots=64),
}


def fitted(control: str) -> Model:
    return Variant(definitions.generator_card("qldm"), Qldm, control).fitted().model


@pytest.fixture(scope="module")
def qldm() -> Model:
    return fitted("none")


@pytest.mark.parametrize("name", EXECUTIONS)
def test_images_follow_the_execution_and_the_seed_alone(name: str, qldm: Model) -> None:
    ideal = qldm.sample(LABELS, seed=1)
    first, again = (qldm.sample(LABELS, seed=1, execution=EXECUTIONS[name]) for _ in range(2))
    assert first.shape == ideal.shape
    assert not np.array_equal(first, ideal)
    assert np.array_equal(first, again)
    assert np.array_equal(qldm.sample(LABELS, seed=1, execution=IDEAL), ideal)


def test_without_circuits_the_execution_changes_nothing() -> None:
    twin = fitted("twin")
    assert np.array_equal(twin.sample(LABELS, seed=1), twin.sample(LABELS, seed=1, execution=Execution(shots=64)))
