"""What the circuits of the classifiers cost, and how that compares with the way PennyLane's users write them.

    OMP_NUM_THREADS=1 python benchmarks/classifiers.py [--quick] [--only hqcnn,qkernel]

Each row is what one step of the track lite runs (batches of 16 grey images of 64 pixels, four labels): the circuits forward,
and backward to their weights, where they have any, and to their inputs where something below them learns. Ours is the
classifier's own ``QuantumBlock``; theirs are QNodes on default.qubit with backpropagation, called for one sample after another,
and broadcast over as many samples as have 2^20 amplitudes, 1,024 at most.
Of ``qkernel`` it is the kernel of 500 with 1,500 rows at 12 qubits: theirs runs a circuit for each pair. A loop is timed on a
few of its samples, times their number. Values are compared before anything is timed, to 1e-5. Figures are processor times of
one thread: medians of alternating runs, ratios with the 10th and 90th percentile. ``--quick`` takes the fewest runs.
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")

import argparse
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

import torch
from simulators.measure import VALUES, compare

from qaugbench.circuits.block import Block, QuantumBlock
from qaugbench.circuits.circuit import Circuit
from qaugbench.circuits.export.pennylane import import_pennylane, to_qnode
from qaugbench.circuits.kernels import fidelity_kernel
from qaugbench.circuits.pure_states import pure_states
from qaugbench.classifiers.build import blocks_of, new_classifier
from qaugbench.classifiers.qkernel import embedding
from qaugbench.classifiers.qumi import qumi_circuit
from qaugbench.seeds import torch_generator, torch_seeded

Node = Callable[..., list[torch.Tensor]]
LOOPED, BROADCAST, AMPLITUDES = 3, 1024, 2**20
"""Samples of the batch on which a loop is timed, and a broadcast call at most."""
FIRST, SECOND, QUBITS = 500, 1500, 12


@dataclass(frozen=True)
class Work:
    """Circuits that a step runs: ``blocks``, each on ``rows`` samples; whether layers below them learn."""

    name: str
    blocks: tuple[QuantumBlock, ...]
    rows: int
    below: bool = False


def workloads() -> dict[str, Callable[[], Work]]:
    """Return what is timed, by name."""
    patches = 16 * 32 * 32
    return {
        "hqcnn": lambda: Work("hqcnn, 2 circuits of 4 qubits", _blocks("hqcnn", (1, 64, 64)), patches),
        "daqcnn": lambda: Work("daqcnn, 4 circuits of 4 qubits, fixed", _blocks("daqcnn", (1, 64, 64)), patches),
        "qcbnn": lambda: Work("qcbnn, 8 circuits of 4 qubits, 65 draws", _blocks("qcbnn", (96,)), 65),
        "qumi": lambda: Work("qumi, 4 qubits", _blocks("qumi", (96,)), 16, below=True),
        "qumi-19": lambda: Work("qumi, 19 qubits", (QuantumBlock(qumi_circuit(19, 3)),), 16, below=True),
    }


def _blocks(name: str, shape: tuple[int, ...]) -> tuple[QuantumBlock, ...]:
    found: list[Block] = blocks_of(new_classifier(name, shape=shape))
    return tuple(block for block in found if isinstance(block, QuantumBlock))


def main() -> None:
    """Print one row per classifier."""
    names = [*workloads(), "qkernel"]
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", type=lambda text: text.split(","), default=names)
    parser.add_argument("--quick", action="store_true")
    chosen = parser.parse_args()
    unknown = sorted(set(chosen.only) - set(names))
    if unknown:
        parser.error(f"no workload {', '.join(unknown)}; there are {', '.join(names)}")
    torch.set_num_threads(1)
    seconds = 0.0 if chosen.quick else 20.0
    print("| workload | ours (ms) | one sample at a time / ours | broadcast / ours |\n|---|---|---|---|")
    with torch_seeded(0):
        for name in chosen.only:
            row = kernel_row(seconds) if name == "qkernel" else step_row(workloads()[name](), seconds)
            print(f"| {' | '.join(row)} |", flush=True)


def step_row(work: Work, seconds: float) -> Iterator[str]:
    """Yield the cells of what a step runs."""
    batches = [torch.rand(work.rows, block.in_features, generator=torch_generator(1)) for block in work.blocks]
    ours = partial(_called, work, batches)
    few, many = (min(most, AMPLITUDES >> work.blocks[0].circuit.n_wires, work.rows) for most in (LOOPED, BROADCAST))
    nodes = [to_qnode(block.circuit) for block in work.blocks]
    loop = partial(_looped, work, nodes, [batch[:few] for batch in batches])
    broadcast = partial(_broadcast, work, nodes, [batch[:many] for batch in batches])
    for other, n in ((loop, few), (broadcast, many)):
        exact = torch.cat([block(batch[:n]) for block, batch in zip(work.blocks, batches, strict=True)], dim=1)
        _require_equal(other()[0], exact)
    ratios = [compare(ours, loop, seconds, few / work.rows), compare(ours, broadcast, seconds, many / work.rows)]
    yield from (work.name, f"{ratios[0].our_ms:,.1f}", *map(str, ratios))


def kernel_row(seconds: float) -> Iterator[str]:
    """Yield the cells of a kernel."""
    circuit = embedding(QUBITS, 2)
    points = 0.4 * torch.randn(FIRST + SECOND, QUBITS, generator=torch_generator(1))
    rows = torch.cat([points, points[:, :-1] * points[:, 1:]], dim=1)

    def ours() -> list[torch.Tensor]:
        states = pure_states(circuit, rows)
        return [fidelity_kernel(states[:FIRST], states[FIRST:])]

    node = pair_node(circuit)
    pairs = [(i, FIRST + i) for i in range(LOOPED)]

    def theirs() -> list[torch.Tensor]:
        return [torch.stack([node(rows[one], rows[other])[0] for one, other in pairs])]

    _require_equal(theirs()[0], ours()[0].diagonal()[:LOOPED])
    ratio = compare(ours, theirs, seconds, LOOPED / (FIRST * SECOND))
    yield from (f"qkernel, {FIRST} x {SECOND:,} at {QUBITS} qubits", f"{ratio.our_ms:,.0f}", str(ratio), "")


def pair_node(circuit: Circuit) -> Callable[[torch.Tensor, torch.Tensor], torch.Tensor]:
    """Return the QNode of two rows: the circuit of one, the inverse of that of the other, probabilities of all basis states."""
    qml = import_pennylane()
    names = {"H": "Hadamard", "RZZ": "IsingZZ"}

    def embed(inputs: torch.Tensor) -> None:
        for gate in circuit.gates:
            angles = [angle.value(inputs, ()) for angle in gate.angles]
            getattr(qml, names.get(gate.name, gate.name))(*angles, wires=list(gate.wires))

    @qml.qnode(qml.device("default.qubit", wires=circuit.n_wires), interface="torch", diff_method=None)
    def pair(one: torch.Tensor, other: torch.Tensor) -> object:
        embed(one)
        qml.adjoint(embed)(other)
        return qml.probs(wires=range(circuit.n_wires))

    return pair


def _called(work: Work, batches: list[torch.Tensor]) -> list[torch.Tensor]:
    def outputs(batches: list[torch.Tensor]) -> torch.Tensor:
        return torch.cat([block(batch) for block, batch in zip(work.blocks, batches, strict=True)], dim=1)

    return _with_gradients(outputs, work, batches)


def _looped(work: Work, nodes: list[Node], batches: list[torch.Tensor]) -> list[torch.Tensor]:
    def of(block: QuantumBlock, node: Node, row: torch.Tensor) -> torch.Tensor:
        parts = row.view(block.copies, -1)
        return torch.cat([torch.stack(node(x, w)) for x, w in zip(parts, block.weights, strict=True)])

    def outputs(batches: list[torch.Tensor]) -> torch.Tensor:
        together = zip(work.blocks, nodes, batches, strict=True)
        return torch.cat(
            [torch.stack([of(block, node, row) for row in batch]) for block, node, batch in together], dim=1
        )

    return _with_gradients(outputs, work, batches)


def _broadcast(work: Work, nodes: list[Node], batches: list[torch.Tensor]) -> list[torch.Tensor]:
    def outputs(batches: list[torch.Tensor]) -> torch.Tensor:
        found = []
        for block, node, batch in zip(work.blocks, nodes, batches, strict=True):
            parts = batch.view(len(batch), block.copies, -1).unbind(1)
            found += [torch.stack(node(x, w), dim=1) for x, w in zip(parts, block.weights, strict=True)]
        return torch.cat(found, dim=1)

    return _with_gradients(outputs, work, batches)


def _with_gradients(
    outputs: Callable[[list[torch.Tensor]], torch.Tensor], work: Work, batches: list[torch.Tensor]
) -> list[torch.Tensor]:
    given = [batch.clone().requires_grad_(work.below) for batch in batches]
    found = outputs(given)
    sources = [block.weights for block in work.blocks if block.weights.numel()] + given * work.below
    return [found.detach(), *(torch.autograd.grad(found.sum(), sources) if sources else ())]


def _require_equal(found: torch.Tensor, exact: torch.Tensor) -> None:
    difference = float((found.double() - exact.detach().double()).abs().max())
    if not difference <= VALUES:
        raise SystemExit(f"PennyLane's values differ from ours by {difference:.0e}, so nothing is timed.")


if __name__ == "__main__":
    main()
