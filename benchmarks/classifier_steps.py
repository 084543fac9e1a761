"""What a training step of a classifier takes, with as many labels as given, and what its circuit takes in PennyLane.

    OMP_NUM_THREADS=1 python benchmarks/classifier_steps.py [--classifier qumi] [--labels 4 8 14 19] [--steps 10] [--pennylane]

A step is one of a ``--track`` of brainmri on random images: network, circuit, gradients, optimiser. Beside it stands the same step
with the plain last layer and with the bottleneck, so that what the circuit adds is seen; a training is the steps of the track. With
``--pennylane``, the circuit's forward and backward pass on a batch are timed alone, here and in PennyLane's default.qubit with
backpropagation over the batch, on the same weights. All seconds are processor time of this process, the median of the steps after
the first two.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from statistics import median
from typing import Any

import numpy as np
import torch

from qaugbench import definitions
from qaugbench.classifier_cards import classifier_card
from qaugbench.classifiers.build import blocks_of, bound
from qaugbench.classifiers.network import WholeNetwork
from qaugbench.downstream.recipe import parameter_groups
from qaugbench.seeds import numpy_generator, torch_generator

WARMING = 2


def seconds(action: Callable[[], None], times: int) -> float:
    """Return the processor time of ``action``, the median of ``times`` calls after two that are not counted."""
    taken = []
    for _ in range(times + WARMING):
        began = time.process_time()
        action()
        taken.append(time.process_time() - began)
    return median(taken[WARMING:])


def step_seconds(name: str, control: str, track: str, labels: int, times: int) -> float:
    """Return the processor time of a training step of a classifier under a control."""
    task = definitions.task("brainmri")
    side, found = task.tracks[track].image_size, bound(classifier_card(name), track, control)
    recipe = found.training.of(task.tracks[track].recipe)
    images = numpy_generator(0).integers(0, 256, (recipe.batch_real, side, side, task.channels), dtype=np.uint8)
    network = WholeNetwork(found, recipe, images, labels, seed=0).train()
    optimizer = torch.optim.AdamW(parameter_groups(network, recipe.weight_decay), lr=recipe.learning_rate)
    batch = torch.from_numpy(images).permute(0, 3, 1, 2).float() / 255
    truth = torch.eye(labels)[torch.arange(recipe.batch_real) % labels]

    def step() -> None:
        loss = torch.nn.functional.binary_cross_entropy_with_logits(network(batch, torch_generator(0)), truth)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()

    return seconds(step, times)


def circuit_seconds(name: str, track: str, labels: int, batch: int, times: int) -> tuple[float, float]:
    """Return the processor time of forward and backward pass of a classifier's circuit on a batch, here and in PennyLane."""
    from qaugbench.circuits.export.pennylane import to_qnode

    (block,) = blocks_of(bound(classifier_card(name), track).new((64,), labels, 0))
    inputs = torch.randn(batch, block.in_features, requires_grad=True)
    weights: Any = block.weights
    node = to_qnode(block.circuit)

    def ours() -> None:
        block(inputs).sum().backward()

    def theirs() -> None:
        torch.stack(list(node(inputs, weights[0]))).sum().backward()

    return seconds(ours, times), seconds(theirs, times)


def main() -> None:
    """Print a row for each number of labels."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--classifier", default="qumi")
    parser.add_argument("--labels", type=int, nargs="+", default=[4, 8, 14, 19])
    parser.add_argument("--steps", type=int, default=10)
    parser.add_argument("--track", default="lite")
    parser.add_argument("--pennylane", action="store_true")
    given = parser.parse_args()
    recipe = definitions.task("brainmri").tracks[given.track].recipe
    how = f"{recipe.model}, batches of {recipe.batch_real}, {recipe.steps} steps"
    print(f"{given.classifier} on {given.track}: {how}; processor time")
    for labels in given.labels:
        own, narrow, plain = (
            step_seconds(given.classifier, control, given.track, labels, given.steps)
            for control in ("none", "bottleneck", "linear")
        )
        print(
            f"{labels:3} labels: step {1000 * own:8.1f} ms, bottleneck {1000 * narrow:6.1f} ms, plain {1000 * plain:6.1f} ms; "
            f"training {own * recipe.steps:6.0f} s",
            flush=True,
        )
        if given.pennylane:
            ours, theirs = circuit_seconds(given.classifier, given.track, labels, recipe.batch_real, given.steps)
            times = f"{1000 * ours:.1f} ms here, {1000 * theirs:.1f} ms in PennyLane, {theirs / ours:.1f} times"
            print(f"    circuit: {times}", flush=True)


if __name__ == "__main__":
    main()
