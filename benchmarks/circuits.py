"""Speed of circuits against hand-written limits and other simulators, after checking values and gradients.

    OMP_NUM_THREADS=1 python benchmarks/circuits.py [--quick] [--only W1,W3,gan] [--against hand-written,default.qubit]

Every figure is a ratio of processor times (one thread, forward and backward unless stated): the median of paired runs
that alternate in one process, with the 10th and 90th percentile. Ours is a ``QuantumBlock``, its overhead included, in
single precision like the others, except that default.qubit and default.mixed keep their states in double precision.
Before it is timed, every candidate is compared with one of these two, all in double precision: values to 1e-5,
gradients to 1e-4 of the largest entry, estimates from shots by their standard errors. A simulator that loops over the
samples is timed on one of them, times their number.

``simulators/limits.py`` holds the hand-written limits. README.md in this folder says how to install the simulators that
are not dependencies of this package; the table marks those that are not installed.
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("XLA_FLAGS", "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1")  # one thread

import argparse
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache

import torch
from simulators import backend, memory, patch_gan, photons
from simulators.aer import aer
from simulators.limits import limit
from simulators.measure import Call, NotAvailable, Ratio, compare, disagreement, torch_call
from simulators.ours import ours
from simulators.pennylane_devices import default_mixed, default_qubit, lightning
from simulators.tensor_circuit import tensorcircuit, tensorcircuit_from_torch
from simulators.torch_quantum import torchquantum
from simulators.workloads import WORKLOADS, Workload


@dataclass(frozen=True)
class Rival:
    """Another way to compute a workload; ``samples``: how many of them are timed where it loops over the batch."""

    name: str
    make: Callable[[Workload], Call]
    samples: int | None = None


LIMIT = Rival("hand-written", limit)
RIVALS = (
    LIMIT,
    Rival("default.qubit", default_qubit),
    Rival("default.mixed", default_mixed),
    Rival("lightning.qubit", lightning, samples=1),
    Rival("Aer", aer),
    Rival("torchquantum", torchquantum),
    Rival("tensorcircuit-ng from torch", tensorcircuit_from_torch),
    Rival("tensorcircuit-ng in jax", tensorcircuit),
)


@cache
def reference(workload: Workload) -> Sequence[torch.Tensor]:
    """Return exact outputs and gradients in double precision."""
    make = default_mixed if workload.noisy else default_qubit
    return make(replace(workload, shots=None), torch.float64)()


def table(workloads: Sequence[Workload], rivals: Sequence[Rival], seconds: float) -> None:
    """Print our time of each workload, as a multiple of the limit, and the time of the others as a multiple of ours."""
    others = [rival for rival in rivals if rival is not LIMIT]
    print(f"| workload | ours (ms) | ours / limit | {' | '.join(f'{rival.name} / ours' for rival in others)} |")
    print(f"|{'---|' * (3 + len(others))}", flush=True)
    for workload in workloads:
        mine = ours(workload)
        check("ours", mine, workload)
        found = {rival.name: against(rival, workload, mine, seconds) for rival in rivals}
        our_ms = [f"{ratio.our_ms:.1f}" for ratio in found.values() if isinstance(ratio, Ratio)]
        limit_ratio = found.get(LIMIT.name, "")
        cells = [*our_ms, ""][:1]
        cells.append(limit_ratio.of_theirs if isinstance(limit_ratio, Ratio) else limit_ratio)
        cells += [str(found[rival.name]) for rival in others]
        print(f"| {workload.name} {workload.title} | {' | '.join(cells)} |", flush=True)


def against(rival: Rival, workload: Workload, mine: Call, seconds: float) -> Ratio | str:
    """Return how another simulator compares, or why it cannot be compared."""
    part = replace(workload, batch=min(rival.samples or workload.batch, workload.batch))
    try:
        theirs = rival.make(part)
        check(rival.name, theirs, part)
    except NotAvailable as reason:
        return str(reason)
    return compare(mine, theirs, seconds, share=part.batch / workload.batch)


def check(name: str, call: Call, workload: Workload) -> None:
    """Stop if results are wrong: only equal results can be compared in speed."""
    stop_if(disagreement(call(), reference(workload), workload.shots), f"{name} on {workload.name}")


def stop_if(wrong: str, what: str) -> None:
    """Stop if something is wrong."""
    if wrong:
        raise SystemExit(f"{what}: {wrong}")


def memory_report(seconds: float) -> Iterator[str]:
    """Yield peak memory against depth."""
    depths = ", ".join(map(str, memory.DEPTHS))
    yield f"Peak memory of forward and backward, {memory.N_WIRES} wires, batch {memory.BATCH}, {depths} layers (MB):"
    for which in ("ours", "hand-written"):
        yield f"{which} {', '.join(f'{peak:,.0f}' for peak in memory.peaks_mb(which))}"


def backend_report(seconds: float) -> Iterator[str]:
    """Yield the speed of W1 under the full noise of a backend."""
    yield f"W1 under the full noise of {backend.BACKEND}, forward:"
    try:
        mine, theirs = backend.ours_on_backend(), backend.aer_on_backend()
    except NotAvailable as reason:
        yield str(reason)
        return
    stop_if(disagreement(mine(), theirs(), None), "ours and Aer on a backend")
    ratio = compare(mine, theirs, seconds)
    yield f"ours {ratio.our_ms:.1f} ms, Aer density matrix / ours {ratio}"


def photonic_report(seconds: float) -> Iterator[str]:
    """Yield the speed of a photonic circuit."""
    workload = photons.WORKLOAD
    exact = torch_call(photons.PermanentSum(torch.float64), workload, torch.float64)()
    mine, theirs = ours(workload), torch_call(photons.PermanentSum(), workload)
    for call in (mine, theirs):
        stop_if(disagreement(call(), exact, None), "photons")
    ratio = compare(mine, theirs, seconds)
    yield f"Photons, {workload.title}, batch {workload.batch}:"
    yield f"ours {ratio.our_ms:.1f} ms, plain permanent sum / ours {ratio}"


def gan_report(seconds: float) -> Iterator[str]:
    """Yield the speed of a training step."""
    yield "Training step of a patch GAN, W2 with a critic of width 64, both updates:"
    quantum, hand_written, perceptron = patch_gan.quantum(), patch_gan.hand_written(), patch_gan.classical()
    latent = patch_gan.WORKLOAD.tensors().inputs
    with torch.no_grad():
        stop_if(disagreement([quantum(latent)], [hand_written(latent)], None), "patch generators")
    for name, generator in (("hand-written", hand_written), ("perceptron", perceptron)):
        ratio = compare(patch_gan.step_of(quantum), patch_gan.step_of(generator), seconds)
        yield f"ours {ratio.our_ms:.1f} ms, ours / {name} {ratio.of_theirs}"


# Memory comes first: it forks, which is unsafe once another library has started threads.
REPORTS = {"memory": memory_report, "backend": backend_report, "photonic": photonic_report, "gan": gan_report}


def main() -> None:
    """Print the measurements."""
    torch.set_num_threads(1)
    given = arguments()
    seconds = 0.5 if given.quick else 3.0
    chosen = [report for name, report in REPORTS.items() if name in given.only]
    for report in chosen[: "memory" in given.only]:
        print("\n".join(report(seconds)), flush=True)
    workloads = [workload for workload in WORKLOADS if workload.name in given.only]
    if workloads:
        table(workloads, [rival for rival in RIVALS if rival.name in given.against], seconds)
    for report in chosen["memory" in given.only :]:
        print("\n".join(report(seconds)), flush=True)


def arguments() -> argparse.Namespace:
    """Return the options of the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parts = [*(workload.name for workload in WORKLOADS), *REPORTS]
    rivals = [rival.name for rival in RIVALS]
    parser.add_argument("--only", type=names_of(parts), default=parts, help=f"of {', '.join(parts)}")
    parser.add_argument("--against", type=names_of(rivals), default=rivals, help=f"of {', '.join(rivals)}")
    parser.add_argument("--quick", action="store_true", help="half a second per comparison instead of three")
    return parser.parse_args()


def names_of(known: Sequence[str]) -> Callable[[str], list[str]]:
    """Return a parser of lists of ``known`` names."""

    def read(text: str) -> list[str]:
        unknown = set(text.split(",")) - set(known)
        if unknown:
            raise argparse.ArgumentTypeError(f"{', '.join(sorted(unknown))}: not one of {', '.join(known)}")
        return text.split(",")

    return read


if __name__ == "__main__":
    main()
