"""An execution is written down and read back; a noise that does nothing is none."""

from __future__ import annotations

import json

import pytest

from qaugbench.circuits.execution import IDEAL, Execution
from qaugbench.circuits.mitigation.mitigated import MITIGATIONS, mitigated
from qaugbench.circuits.mitigation.names import NAMES
from qaugbench.circuits.mitigation.zero_noise import ZeroNoise
from qaugbench.circuits.noise.model import NoiseModel
from qaugbench.circuits.noise.photons import PhotonicNoise
from qaugbench.circuits.noise.presets import names, preset
from qaugbench.circuits.written import as_executed, without_idle_noise, written
from qaugbench.errors import CircuitError

EXECUTIONS = [
    IDEAL,
    Execution(shots=64),
    Execution(noise=NoiseModel(two_qubit_error=0.01, free_gates=("RZ",), over_rotation_kind="per run"), shots=5),
    Execution(noise=PhotonicNoise(transmission=0.5, mode_transmissions=(1.0, 0.9))),
    *(Execution(noise=preset(name).noise_model()) for name in names()),
    *(mitigated(Execution(noise=preset("ibm_heron_r3").noise_model()), one) for one in MITIGATIONS.values()),
]


@pytest.mark.parametrize("execution", EXECUTIONS, ids=str)
def test_what_is_written_is_read_back(execution: Execution) -> None:
    assert as_executed(json.loads(json.dumps(written(execution)))) == execution


def test_a_noise_without_strength_is_none() -> None:
    durations = NoiseModel(one_qubit_duration_s=1e-8, two_qubit_duration_s=1e-7, free_gates=("RZ",))
    assert without_idle_noise(Execution(noise=durations)).is_ideal
    assert without_idle_noise(Execution(noise=preset("ibm_heron_r1").noise_model().scaled(0))).is_ideal
    assert without_idle_noise(Execution(noise=PhotonicNoise(), shots=8)) == Execution(shots=8)
    weak = Execution(noise=NoiseModel(readout_0_to_1=1e-9))
    assert without_idle_noise(weak) is weak


def test_an_unknown_noise_has_no_name() -> None:
    with pytest.raises(CircuitError, match="cannot be written down"):
        written(Execution(noise=object()))  # type: ignore[arg-type]


def test_every_mitigation_with_default_settings_has_a_name_and_no_other() -> None:
    assert tuple(MITIGATIONS) == NAMES
    with pytest.raises(CircuitError, match="No name stands for"):
        written(mitigated(Execution(noise=NoiseModel(two_qubit_error=0.01)), ZeroNoise((1, 5))))
