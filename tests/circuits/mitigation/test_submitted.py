"""What a device would run: the shots that the run itself charged, in programs that can be priced."""

from __future__ import annotations

import pytest
import torch

from qaugbench.circuits.ansatz import qldm_circuit
from qaugbench.circuits.block import QuantumBlock
from qaugbench.circuits.circuit import Circuit
from qaugbench.circuits.execution import Execution
from qaugbench.circuits.mitigation.mitigated import Mitigation, mitigated
from qaugbench.circuits.mitigation.readout_inversion import ReadoutInversion
from qaugbench.circuits.mitigation.submitted import submitted
from qaugbench.circuits.mitigation.tally import tally_of
from qaugbench.circuits.mitigation.zero_noise import ZeroNoise
from qaugbench.circuits.noise.model import NoiseModel
from qaugbench.circuits.readout import Readout
from qaugbench.circuits.resources.counts import count_gates
from qaugbench.errors import CircuitError
from qaugbench.seeds import torch_generator

CIRCUIT = Circuit(2, qldm_circuit(2, 1).gates, Readout.each_wire(2, "ZX"))


@pytest.mark.parametrize(
    "mitigation", [ReadoutInversion(70), ZeroNoise(), ZeroNoise((1, 3), readout=ReadoutInversion(70))]
)
def test_programs_take_the_shots_that_the_run_charged(mitigation: Mitigation) -> None:
    block = QuantumBlock(CIRCUIT, copies=2)
    noise = NoiseModel(two_qubit_error=0.01, readout_0_to_1=0.02, readout_1_to_0=0.02)
    block.run_under(mitigated(Execution(shots=50, noise=noise), mitigation), torch_generator(0))
    with torch.no_grad():
        block(torch.zeros(3, 4))
    charged = tally_of(block)
    assert charged is not None
    planned = submitted(CIRCUIT, mitigation, 50, runs=2 * 3)
    assert sum(one.programs * one.shots for one in planned) == charged.charged


def test_folded_programs_have_the_gates_of_their_scale_and_calibration_its_own() -> None:
    planned = submitted(CIRCUIT, ZeroNoise((1, 5), readout=ReadoutInversion(10)), 20, runs=1)
    calibration = ["calibration of 0", "calibration of 1"]
    assert [one.what for one in planned] == [*calibration, "scale 1", *calibration, "scale 5"]
    assert [count_gates(one.circuit).two_qubit for one in planned] == [0, 0, 2, 0, 0, 10]
    assert count_gates(planned[1].circuit).by_name == {"X": 2}
    assert [one.programs for one in planned] == [1, 1, 2, 1, 1, 2]


def test_what_does_not_apply_has_no_programs() -> None:
    born = Circuit(2, CIRCUIT.gates, Readout.samples())
    with pytest.raises(CircuitError, match="not applicable: only expectation values"):
        submitted(born, ZeroNoise(), 10, runs=1)
    with pytest.raises(CircuitError, match="at least one shot"):
        submitted(born, ReadoutInversion(), 0, runs=1)
