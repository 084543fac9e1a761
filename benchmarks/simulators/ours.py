"""This package, through the layer that generators use."""

from __future__ import annotations

from qaugbench.circuits.block import QuantumBlock
from qaugbench.circuits.execution import Execution
from qaugbench.circuits.noise.conversions import average_infidelity
from qaugbench.circuits.noise.model import NoiseModel
from qaugbench.seeds import torch_generator, torch_seeded
from simulators.measure import Call, torch_call
from simulators.workloads import DEPOLARIZING, READOUT_ERROR, Workload

NOISE = NoiseModel(
    one_qubit_error=average_infidelity(DEPOLARIZING, 1),
    two_qubit_error=average_infidelity(1 - (1 - DEPOLARIZING) ** 2, 2),  # of DEPOLARIZING on each of the two wires
    two_qubit_channel="each wire",
    readout_0_to_1=READOUT_ERROR,
    readout_1_to_0=READOUT_ERROR,
)


def ours(workload: Workload, execution: Execution | None = None) -> Call:
    """Return the workload's call on a QuantumBlock, under the workload's execution unless another one is given."""
    own = Execution(shots=workload.shots, noise=NOISE if workload.noisy else None)
    block = block_of(workload)
    block.run_under(execution or own, torch_generator(0))
    return torch_call(lambda inputs, weights: block(inputs), workload, weights=block.weights)


def block_of(workload: Workload) -> QuantumBlock:
    """Return the workload's circuit as a layer with the workload's weights."""
    with torch_seeded(0):
        block = QuantumBlock(workload.circuit, copies=workload.copies, share_inputs=workload.share_inputs)
    block.weights.data = workload.tensors().weights
    return block
