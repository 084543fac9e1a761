from __future__ import annotations

from typing import Any

import pytest

from qaugbench.circuits.execution import Execution
from qaugbench.circuits.noise.model import NoiseModel
from qaugbench.errors import CircuitError

TIMES = {"one_qubit_duration_s": 1e-8, "two_qubit_duration_s": 1e-7}


@pytest.mark.parametrize(
    ("figures", "message"),
    [
        ({"one_qubit_error": 0.7}, r"one_qubit_error=0\.7 is an average infidelity .* in \[0, 0\.6667\]"),
        ({"two_qubit_error": -0.1}, "two_qubit_error=-0.1 is negative; give 0"),
        ({"two_qubit_error": "1e-3"}, "Two_qubit_error must be a finite number, given '1e-3'"),
        ({"readout_0_to_1": 1.2}, r"readout_0_to_1=1\.2 is a probability .* in \[0, 1\]"),
        ({"readout_1_to_0": float("nan")}, "finite number, given nan"),
        ({"t1_s": 1e-5, "t2_s": 3e-5, **TIMES}, "t2_s=3e-05 is above twice t1_s=1e-05"),
        ({"t1_s": 0.0, **TIMES}, r"t1_s=0\.0 is not a time above 0 seconds; give None"),
        ({"t1_s": 1e-5}, "t1_s or t2_s acts over time; give one_qubit_duration_s"),
        ({"crosstalk_hz": 5e4}, "crosstalk_hz acts over time"),
        ({"one_qubit_duration_s": -1e-9}, "one_qubit_duration_s=-1e-09 is negative"),
        ({"two_qubit_channel": "joined"}, "Unknown two_qubit_channel='joined'. Did you mean 'joint'"),
        ({"over_rotation_kind": "per-run"}, "Did you mean 'per run'"),
        ({"free_gates": ("RZZZ",)}, "Unknown gate 'RZZZ' in free_gates. Did you mean 'RZZ'"),
        ({"free_gates": "RZ"}, "Expected a list for the free gates"),
        ({"trajectories": 1}, "trajectories=1 must be at least 2"),
        ({"simultaneous_factor": 0.5, **TIMES}, "would lower an error"),
        ({"two_qubit_error": 0.5, "simultaneous_factor": 2.0, **TIMES}, "above 0.8"),
    ],
)
def test_what_cannot_be_is_refused(figures: dict[str, Any], message: str) -> None:
    with pytest.raises(CircuitError, match=message):
        NoiseModel(**figures)


def test_an_execution_takes_it_as_a_part_of_its_name() -> None:
    first, second = (Execution(shots=10, noise=NoiseModel(two_qubit_error=r)) for r in (0.01, 0.01))
    assert first == second
    assert hash(first) == hash(second)
    assert first != Execution(shots=10, noise=NoiseModel(two_qubit_error=0.02))


def test_scaling_multiplies_every_error() -> None:
    noise = NoiseModel(
        one_qubit_error=1e-4,
        two_qubit_error=1e-3,
        t1_s=1e-4,
        t2_s=5e-5,
        readout_0_to_1=0.01,
        readout_1_to_0=0.02,
        over_rotation=0.01,
        crosstalk_hz=1e4,
        free_gates=("RZ",),
        **TIMES,
    )
    scaled = noise.scaled(10)
    assert (scaled.one_qubit_error, scaled.two_qubit_error) == pytest.approx((1e-3, 1e-2))
    assert (scaled.t1_s, scaled.t2_s) == pytest.approx((1e-5, 5e-6))
    assert (scaled.readout_0_to_1, scaled.readout_1_to_0) == pytest.approx((0.1, 0.2))
    assert (scaled.over_rotation, scaled.crosstalk_hz) == pytest.approx((0.1, 1e5))
    assert (scaled.free_gates, scaled.two_qubit_duration_s) == (("RZ",), 1e-7)
    assert noise.scaled(1) == noise


def test_scaling_by_zero_leaves_nothing() -> None:
    noise = NoiseModel(two_qubit_error=1e-3, t1_s=1e-4, readout_0_to_1=0.1, **TIMES)
    assert noise.scaled(0) == NoiseModel(**TIMES)


def test_scaling_out_of_range_is_refused() -> None:
    with pytest.raises(CircuitError, match=r"readout_0_to_1=2\.0 is a probability"):
        NoiseModel(readout_0_to_1=0.2).scaled(10)
    with pytest.raises(CircuitError, match="scaled by 0 or more, given -1"):
        NoiseModel().scaled(-1)
