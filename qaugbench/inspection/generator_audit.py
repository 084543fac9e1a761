"""Whether a generator's circuits take part in its training and its samples, whatever its internal structure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import torch
from torch import nn

from qaugbench.board.circuit_influence import share_text
from qaugbench.cards import Training
from qaugbench.circuits.audit.block import audit_block
from qaugbench.circuits.audit.findings import Check, Liveness
from qaugbench.circuits.audit.instrumented_network import moved
from qaugbench.circuits.audit.network import audit_network
from qaugbench.circuits.audit.recorded_fit import NetworkCall, Watched, watching
from qaugbench.circuits.block import Block
from qaugbench.datasets.labelled_images import LabelledImages
from qaugbench.errors import first_offenders
from qaugbench.generators.contract import Batch, Generator
from qaugbench.generators.shared.block_influence import influence_differences
from qaugbench.generators.shared.model import Model
from qaugbench.generators.shared.one_per_label import OnePerLabel
from qaugbench.inspection.step_audit import inputs_pass_gradient
from qaugbench.record import SMALL_INFLUENCE, hardly_reaches_images
from qaugbench.seeds import child_seed, numpy_generator, torch_generator

STEPS = 6
BATCH_SIZE = 4

RUNS_IN_FIT = "fit runs the circuits, or what replaces them"
LEARNS = "the training loss reaches the weights of each block"
MOVES = "fit changes the weights of each block"
RUNS_IN_SAMPLE = "sample runs each circuit"
SAMPLES_FOLLOW = "samples follow the weights of each block"
REACHES_IMAGES = "samples change when the outputs of the circuits are replaced"
INFLUENCE_IMAGES = 24


def audit_generator(generator: Model, data: LabelledImages, *, seed: int = 0) -> Liveness:
    """Return whether the blocks of ``generator``, in its fitted space, are live; this fits it for six steps on ``data``.

    Observes the fit from outside (which gradients arrive, which weights change), steps of it repeated from elsewhere
    (``inputs_pass_gradient``), each network called there that contains a block (``audit_network``), each kind of block alone
    (``audit_block``), and samples. If replacing the
    circuits' outputs hardly changes the samples (``REACHES_IMAGES``), that is a note: gradients flow, but with little
    effect.
    """
    training = generator.recipe.training.lasting(STEPS, BATCH_SIZE)
    with watching(apart=generator.space.modules()) as fit:
        generator.fit(data, seed=seed, training=training)
    checks = [*_in_fit(fit), _in_steps(generator, data, training, seed)]
    checks += _in_sample(generator, _every_kind_of_label(generator), seed)
    checks.append(_of_influence(generator, seed))
    precision = "float64"
    for call in fit.calls.values():
        found = audit_network(call.network, call.args, call.kwargs, seed=seed)
        checks += [_of_network(check, call, len(fit.calls)) for check in found.checks]
        precision = found.precision
    for kind, block in kinds_of_block(fit).items():
        checks += [replace(check, subject=kind) for check in audit_block(block, seed=seed).checks]
    return Liveness(tuple(checks), precision)


def few_images(image_shape: tuple[int, int, int], n_labels: int, *, n: int = 12, seed: int = 0) -> LabelledImages:
    """Return ``n`` images of noise, brighter the more labels an image has; enough to run a fit on."""
    random = numpy_generator(child_seed(seed, "few images"))
    labels = random.integers(0, 2, (n, n_labels)).astype(np.float32)
    noise = random.integers(0, 100, (n, *image_shape)) + (100 * labels.mean(axis=1)).astype(int)[:, None, None, None]
    return LabelledImages(noise.astype(np.uint8), labels, np.arange(n, dtype=np.int64))


def kinds_of_block(seen: Watched) -> dict[str, Block]:
    """Return one block of each kind among those that ran, by a name that includes their number."""
    kinds: dict[object, list[Block]] = {}
    for block in seen.blocks.values():
        kinds.setdefault((type(block), block.circuit, block.copies, block.share_inputs), []).append(block)
    return {
        f"{type(blocks[0]).__name__} {number} (of {len(blocks)} such)": blocks[0]
        for number, blocks in enumerate(kinds.values(), start=1)
    }


def _in_fit(fit: Watched) -> Iterator[Check]:
    """Yield what the fit did with the blocks, observed from outside."""
    if not fit.calls:
        yield Check("fails", RUNS_IN_FIT, "no network that contains one is called")
        return
    yield Check("fine", RUNS_IN_FIT, f"{len(fit.blocks)} blocks")
    if not fit.learning:
        yield Check("none", LEARNS, "none has a weight to train")
        return
    silent = [name for name, seen in fit.learning.items() if not seen.largest_gradient.any()]
    still = [name for name, seen in fit.learning.items() if torch.equal(seen.parameter, seen.first)]
    if set(silent) - set(still):
        yield Check("note", LEARNS, "they change without their own gradient")
    elif silent:
        yield Check("fails", LEARNS, f"no gradient arrives at {first_offenders(silent)}")
    else:
        yield Check("fine", LEARNS, f"{len(fit.learning)} tensors")
    yield Check("fails", MOVES, f"these do not change: {first_offenders(still)}") if still else Check("fine", MOVES)


def _in_steps(model: Model, data: LabelledImages, training: Training, seed: int) -> Check:
    """Return whether gradient returns from the circuits' inputs in steps on the first images."""
    rows = np.arange(min(BATCH_SIZE, len(data.images)))
    points = model.space.points(data.images).take(rows)
    batch = Batch(points, torch.from_numpy(data.labels[rows]).to(points.device))
    learner = model.generator.members[0] if isinstance(model.generator, OnePerLabel) else model.generator
    return inputs_pass_gradient(learner, batch, training, seed=seed)


def _every_kind_of_label(model: Model) -> np.ndarray:
    """Return label vectors with each label alone and, where the generator can draw it, one without any."""
    one_each = np.eye(model.n_labels, dtype=np.float32)
    return np.vstack([one_each, np.zeros_like(one_each[:1])]) if model.recipe.kind.multi_label else one_each


def _in_sample(generator: Model, labels: np.ndarray, seed: int) -> Iterator[Check]:
    """Yield whether ``sample`` runs the circuits that the generator lists, and whether points follow each block's weights."""
    with watching() as seen:
        points = generator.points(labels, seed=seed)  # not images, whose grey levels round small changes away
    learning = _only_learning(generator)
    drawing = [block for block in generator.circuits if block not in learning]
    idle = [str(number) for number, block in enumerate(drawing, 1) if id(block) not in seen.blocks]
    total = len(drawing)
    if idle:
        yield Check("fails", RUNS_IN_SAMPLE, f"of {total} blocks listed, these never run: {first_offenders(idle)}")
    else:
        apart = len(generator.circuits) - total
        told = f", beside {apart} that only run while it learns" if apart else ""
        yield Check("fine" if total else "none", RUNS_IN_SAMPLE, f"{total} blocks of circuits{told}")
    without_effect, last_that_ignores = [], 0
    for number, block in enumerate(seen.blocks.values(), 1):
        last_that_ignores = number if block.ignores_inputs else last_that_ignores
        weights = [parameter for parameter in block.parameters() if parameter.numel()]
        random = torch_generator(child_seed(seed, "other weights", number))
        steps = [torch.randn(weight.shape, generator=random).to(weight) for weight in weights]
        with moved(weights, steps):
            if weights and torch.equal(points, generator.points(labels, seed=seed)):
                without_effect.append((number, f"{type(block).__name__} {number} of {len(seen.blocks)}"))
    silent = [name for _, name in without_effect]
    if without_effect and all(number < last_that_ignores for number, _ in without_effect):
        why = "by design, a replacement after it ignores its inputs"
        yield Check("note", SAMPLES_FOLLOW, f"not those of {first_offenders(silent)}: {why}")
    elif without_effect:
        yield Check("fails", SAMPLES_FOLLOW, f"not those of {first_offenders(silent)}")
    else:
        yield Check("fine" if seen.blocks else "fails", SAMPLES_FOLLOW, f"{len(seen.blocks)} blocks")


def _only_learning(model: Model) -> set[nn.Module]:
    """Return every module inside those that a generator says it never runs when it draws."""
    made = model.generator
    learners = (
        [member for member in made.members if isinstance(member, Generator)]
        if isinstance(made, OnePerLabel)
        else [made]
    )
    return {
        module
        for learner in learners
        for name in learner.only_learning
        for module in learner.get_submodule(name).modules()
    }


def _of_influence(generator: Model, seed: int) -> Check:
    """Return by how much samples change if the circuits' outputs are replaced by their means and by noise."""
    labels = np.eye(generator.n_labels, dtype=np.float32)[np.arange(INFLUENCE_IMAGES) % generator.n_labels]
    if not generator.circuits:
        return Check("none", REACHES_IMAGES, "it has no circuit")
    found = influence_differences(generator, labels, seed=seed)
    mean, noise = found.relative(found.mean_replaced), found.relative(found.noise_replaced)
    if mean is None or noise is None:
        why = (
            "no circuit runs in sample, or none whose output varies"
            if found.other_seed
            else "samples under two seeds are equal"
        )
        return Check("none", REACHES_IMAGES, why)
    detail = f"by {share_text(mean)} (means) and {share_text(noise)} (noise) of the difference between two samples"
    if hardly_reaches_images(mean, noise):
        return Check("note", REACHES_IMAGES, f"{detail}, both below {100 * SMALL_INFLUENCE:g} %, after this short fit")
    return Check("fine", REACHES_IMAGES, detail)


def _of_network(check: Check, call: NetworkCall, n_networks: int) -> Check:
    """Return ``check`` with the network's name before its subject if there are several networks."""
    if n_networks < 2:
        return check
    return replace(check, subject=" ".join(filter(None, (type(call.network).__name__, check.subject))))
