"""Whether the samples of a batch are independent: in evaluation mode, the output of one must not depend on the others."""

from __future__ import annotations

import torch

from qaugbench.circuits.audit.findings import Check
from qaugbench.circuits.audit.gradient_check import Point
from qaugbench.circuits.audit.instrumented_network import moved
from qaugbench.errors import first_offenders
from qaugbench.seeds import child_seed, torch_generator

APART = "samples of a batch are independent"


def samples_stay_apart(point: Point, seed: int) -> Check:
    """Return whether replacing one sample of the inputs leaves the outputs of all the others as they were."""
    probe = point.probe
    sizes = {len(leaf) for leaf in probe.inputs if leaf.ndim}
    n_samples = min(sizes, default=0)
    outputs = [place for place, tensor in enumerate(point.base.outputs) if tensor.ndim and _rows(tensor, n_samples)]
    if len(sizes) != 1 or n_samples < 2 or not outputs:
        return Check("none", APART, "inputs and outputs have no common batch of at least two samples")
    mixed = []
    for sample in range(n_samples):
        random = torch_generator(child_seed(seed, "other sample", sample))
        steps = [torch.zeros_like(leaf) for leaf in probe.inputs]
        for step in steps:
            if step.ndim:
                step[sample] = torch.randn(step[sample].shape, generator=random, dtype=step.dtype)
        with moved(probe.inputs, steps):
            after = probe.run(record=False).outputs
        others = [k for k in range(n_samples) if k != sample]
        for place in outputs:
            was, now = (_by_sample(tensors[place], n_samples) for tensors in (point.base.outputs, after))
            reached = [k for k in others if point.differ([was[k]], [now[k]])]
            mixed += [f"sample {sample} reaches {first_offenders(reached, 3)}"] if reached else []
    if mixed:
        return Check("fails", APART, f"information passes between samples of a batch: {first_offenders(mixed, 3)}")
    return Check("fine", APART, f"{n_samples} samples")


def _rows(tensor: torch.Tensor, n_samples: int) -> bool:
    return n_samples > 0 and len(tensor) > 0 and len(tensor) % n_samples == 0


def _by_sample(tensor: torch.Tensor, n_samples: int) -> torch.Tensor:
    return tensor.detach().unflatten(0, (n_samples, -1))
