"""Speed of the batched state vector against PennyLane's default.qubit: ``python benchmarks/circuits.py``.

Forward and backward in CPU time, one thread, float32 parameters, after checking that values and gradients agree. Both
run the same circuit: ours as a QuantumBlock, PennyLane's as the exported QNode with broadcasting and backpropagation
(default.qubit itself computes in double precision). Ratios travel between machines, milliseconds do not.
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass

import torch

from qaugbench.circuits.ansatz import angle_embedding, qldm_circuit, ring, strongly_entangling_layers
from qaugbench.circuits.block import QuantumBlock
from qaugbench.circuits.circuit import Circuit
from qaugbench.circuits.pennylane_export import to_qnode
from qaugbench.circuits.readout import Readout
from qaugbench.seeds import torch_generator, torch_seeded

REPEATS = 7
AGREEMENT = 1e-4  # float32 against double precision


@dataclass(frozen=True)
class Workload:
    """A circuit, and how many copies and samples of it run at once."""

    name: str
    circuit: Circuit
    copies: int
    batch: int


def style_generator(n_wires: int, layers: int) -> Circuit:
    """Return RY and RZ by inputs on each wire, then a ring of CZ, ``layers`` times; <Z> and <X> of each wire."""
    gates = []
    for layer in range(layers):
        first = 2 * n_wires * layer
        gates += angle_embedding(n_wires, "RY", first_input=first)
        gates += angle_embedding(n_wires, "RZ", first_input=first + n_wires)
        gates += ring(n_wires, "CZ")
    return Circuit(n_wires, tuple(gates), Readout.each_wire(n_wires, "ZX"))


def hybrid_layer(n_wires: int, layers: int) -> Circuit:
    """Return an RY embedding, ``layers`` strongly entangling layers and <Z> of each wire."""
    gates = angle_embedding(n_wires, "RY") + strongly_entangling_layers(n_wires, layers)
    return Circuit(n_wires, tuple(gates), Readout.each_wire(n_wires))


WORKLOADS = (
    Workload("W1 style generator, 6 wires, 4 layers", style_generator(6, 4), 1, 64),
    Workload("W3 hybrid layer, 10 wires, 3 layers", hybrid_layer(10, 3), 1, 128),
    Workload("latent diffusion, 8 wires, 3 layers", qldm_circuit(8, 3), 4, 64),
    Workload("latent diffusion, 12 wires, 3 layers", qldm_circuit(12, 3), 4, 64),
)


def in_pennylane(block: QuantumBlock) -> Callable[[torch.Tensor], torch.Tensor]:
    """Return the block's function, computed by default.qubit copy by copy."""
    qnode = to_qnode(block.circuit)

    def run(inputs: torch.Tensor) -> torch.Tensor:
        by_copy = inputs.chunk(block.copies, dim=1)
        columns = [value for x, w in zip(by_copy, block.weights, strict=True) for value in qnode(x, w)]
        return torch.stack(columns, dim=1)

    return run


def forward_backward(
    run: Callable[[torch.Tensor], torch.Tensor], inputs: torch.Tensor, weights: torch.Tensor
) -> tuple[torch.Tensor, ...]:
    """Return outputs and the gradients of the sum of their cosines."""
    given = inputs.clone().requires_grad_()
    outputs = run(given)
    sources = [given, weights] if weights.numel() else [given]
    return outputs.detach(), *torch.autograd.grad(outputs.cos().sum(), sources)


def cpu_ms(call: Callable[[], object]) -> float:
    """Return the CPU time of one call in milliseconds."""
    start = time.process_time()
    call()
    return 1e3 * (time.process_time() - start)


def measure(workload: Workload) -> tuple[float, float, float]:
    """Return our milliseconds, default.qubit's, and the median ratio of paired runs."""
    with torch_seeded(0):
        block = QuantumBlock(workload.circuit, copies=workload.copies)
    inputs = torch.randn(workload.batch, block.in_features, generator=torch_generator(0))
    runs = (block, in_pennylane(block))
    ours, theirs = (forward_backward(run, inputs, block.weights) for run in runs)  # also the warm-up
    for mine, reference in zip(ours, theirs, strict=True):
        torch.testing.assert_close(mine.double(), reference.double(), atol=AGREEMENT, rtol=AGREEMENT)
    pairs = [
        tuple(cpu_ms(lambda run=run: forward_backward(run, inputs, block.weights)) for run in runs)
        for _ in range(REPEATS)
    ]
    our_ms, their_ms = (statistics.median(column) for column in zip(*pairs, strict=True))
    return our_ms, their_ms, statistics.median(reference / mine for mine, reference in pairs)


def main() -> None:
    torch.set_num_threads(1)
    print(f"| {'workload':<38} | copies x batch | ours (ms) | default.qubit (ms) | times faster |")
    print(f"|{'-' * 40}|{'-' * 16}|{'-' * 11}|{'-' * 20}|{'-' * 14}|")
    for workload in WORKLOADS:
        our_ms, their_ms, ratio = measure(workload)
        size = f"{workload.copies} x {workload.batch}"
        print(f"| {workload.name:<38} | {size:>14} | {our_ms:9.2f} | {their_ms:18.1f} | {ratio:12.1f} |", flush=True)


if __name__ == "__main__":
    main()
