"""Speed of drawing under noise against qiskit-aer's density matrix and PennyLane's default.mixed, after checking the outputs.

    OMP_NUM_THREADS=1 python benchmarks/noise.py [--quick]

Circuits of three generators as they draw images: weights are fixed, inputs differ from row to row, expectations are
read. Every gate is followed by depolarising on each of its wires, and bits are misread. Every figure is a ratio of
processor times of one thread, the median of paired runs that alternate in one process, with the 10th and 90th
percentile; outputs must first agree to 1e-5. Ours computes in single precision like Aer, default.mixed in double. At 8
wires the two others are timed on 8 of the rows, times their number. Ours is timed once a first batch is drawn: what
depends on the circuit alone is kept then (``qaugbench.circuits.noise.fixed_evolution``).
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")

import argparse
from collections.abc import Callable
from dataclasses import replace

import torch
from simulators import backend
from simulators.aer import aer
from simulators.measure import Call, NotAvailable, compare, disagreement
from simulators.ours import ours
from simulators.pennylane_devices import default_mixed
from simulators.workloads import Workload, style_generator

from qaugbench.circuits.ansatz import qldm_circuit
from qaugbench.circuits.circuit import Angle, Circuit, Gate
from qaugbench.generators.qlatent_wgan import latent_circuit
from qaugbench.seeds import torch_generator

ROWS = 64
FEWER_ROWS, WIDE = 8, 8  # rows on which the others are timed, from so many wires on


def with_fixed_weights(circuit: Circuit) -> Circuit:
    """Return a circuit whose weights are numbers, drawn once, and whose general rotations are three of one axis."""
    weights = (6.28 * torch.rand(circuit.n_weights, generator=torch_generator(0), dtype=torch.float64)).tolist()
    gates = []
    for gate in circuit.gates:
        names = ("RZ", "RY", "RZ") if gate.name == "Rot" else (gate.name,) * len(gate.angles)
        angles = [Angle(angle.value([0.0] * circuit.n_inputs, weights), (), angle.inputs) for angle in gate.angles]
        gates += [Gate(name, gate.wires, (angle,)) for name, angle in zip(names, angles, strict=True)] or [gate]
    return replace(circuit, gates=tuple(gates))


WORKLOADS = tuple(
    Workload(name, title, circuit, ROWS, backward=False, noisy=True)
    for name, title, circuit in (
        ("qlatent-wgan", "4 wires, 2 layers, inputs first", with_fixed_weights(latent_circuit(4, 2))),
        ("qldm:narrow", "8 wires, 3 layers, inputs first", with_fixed_weights(qldm_circuit(8, 3))),
        ("style generator", "6 wires, 4 layers, inputs in every layer", style_generator(6, 4, "Z")),
    )
)


def against(make: Callable[[Workload], Call], workload: Workload, mine: Call, seconds: float) -> str:
    """Return the time of another simulator relative to ours, once it has given the same outputs."""
    part = replace(workload, batch=FEWER_ROWS if workload.circuit.n_wires >= WIDE else ROWS)
    try:
        theirs = make(part)
        wrong = disagreement(theirs(), default_mixed(part, torch.float64)(), None)
    except NotAvailable as reason:
        return str(reason)
    if wrong:
        raise SystemExit(f"{workload.name}: {wrong}")
    return str(compare(mine, theirs, seconds, share=part.batch / workload.batch))


def main() -> None:
    """Print the measurements."""
    torch.set_num_threads(1)
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="half a second per comparison instead of three")
    seconds = 0.5 if parser.parse_args().quick else 3.0
    print(f"| circuit | ours, {ROWS} rows (ms) | Aer density matrix / ours | default.mixed / ours |")
    print("|---|---|---|---|", flush=True)
    for workload in WORKLOADS:
        part = replace(workload, batch=FEWER_ROWS)
        wrong = disagreement(ours(part)(), default_mixed(part, torch.float64)(), None)
        if wrong:
            raise SystemExit(f"ours on {workload.name}: {wrong}")
        mine = ours(workload)
        mine()
        cells = [against(make, workload, mine, seconds) for make in (aer, default_mixed)]
        alone = compare(mine, mine, seconds / 4).our_ms
        print(f"| {workload.name}: {workload.title} | {alone:.1f} | {' | '.join(cells)} |", flush=True)
    try:
        mine, theirs = backend.ours_on_backend(), backend.aer_on_backend()
    except NotAvailable as reason:
        print(f"full noise of {backend.BACKEND}: {reason}")
        return
    wrong = disagreement(mine(), theirs(), None)
    if wrong:
        raise SystemExit(f"ours and Aer on {backend.BACKEND}: {wrong}")
    ratio = compare(mine, theirs, seconds)
    title = f"{backend.WORKLOAD.batch} rows of the style generator, routed, with all noise of {backend.BACKEND}"
    print(f"| {title} | {ratio.our_ms:.1f} | {ratio} | |")


if __name__ == "__main__":
    main()
