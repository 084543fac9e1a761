"""Checks of how a generator learns, and of what a control must not change."""

from __future__ import annotations

import contextlib
import tempfile
from pathlib import Path

import numpy as np
import torch

from qaugbench.circuits.block import Block
from qaugbench.circuits.controls.build import CONTROLS
from qaugbench.generators.shared.author_code import place_written
from qaugbench.generators.shared.model import Model
from qaugbench.generators.training.checkpoint import Checkpoint
from qaugbench.inspection.generator_audit import LEARNS, audit_generator
from qaugbench.kinds import is_quantum
from qaugbench.testing.variant import FIT_SEED, STEPS, Interrupted, Variant
from qaugbench.testing.verdict import does_not_apply, require

PARAMETER_TOLERANCE = 0.05
RESUMED_STEPS = 4


def fits(variant: Variant) -> None:
    """It can be fitted to 64 images, some with several labels and some with none, and does not change them."""
    observed, given = variant.fitted(), variant.data()
    same = np.array_equal(observed.data.images, given.images) and np.array_equal(observed.data.labels, given.labels)
    require(same, "fit changes the images or labels that it was given; work on a copy.")


def fits_the_same_again(variant: Variant) -> None:
    """The same data, budget and seed give the same state, bit for bit."""
    state, again = variant.fitted().model.state(), variant.fit().model.state()
    require(state.keys() == again.keys(), "Two fits with one seed return states with different names.")
    differing = [name for name in state if not torch.equal(state[name], again[name])]
    require(not differing, f"Two fits with one seed differ in {len(differing)} tensors, {differing[:1]} among them.")


def tells_every_step(variant: Variant) -> None:
    """Progress is called at every step, with a finite loss."""
    if not variant.takes_steps:
        does_not_apply("its fit takes no steps")
    told = variant.fitted().told
    steps = [(step, total) for step, total, _ in told]
    total = STEPS * variant.members
    expected = [(step, total) for step in range(1, total + 1)]
    require(
        steps == expected,
        f"progress was called with (step, total) = {steps} in a fit of {total} steps, not {expected}.",
    )
    require(all(np.isfinite(loss) for _, _, loss in told), "progress was called with a loss that is not finite.")


def learns(variant: Variant) -> None:
    """Training changes the parameters, and the loss is not one number at every step."""
    if not variant.takes_steps:
        does_not_apply("its fit takes no steps")
    observed, before = variant.fitted(), variant.fitted(steps=0).model
    last, first = _learned(observed.model), _learned(before)
    if not first:
        does_not_apply("no parameter is trained under this control")
    place = place_written(variant.kind, "step") or variant.kind.__name__
    moved = [name for name in first if not torch.equal(first[name], last[name])]
    require(
        moved,
        f"Not one of {len(first)} parameters changes in {STEPS} steps. A step has to lower its loss: descend(optimizers['adamw'], "
        f"loss), or backward() and the optimiser's step(), with a loss that depends on the parameters ({place}).",
    )
    losses = {loss for _, _, loss in observed.told}
    require(
        len(losses) > 1 or variant.control != "none",
        f"The first loss is {min(losses, default=0):g} at every one of {len(observed.told)} steps, although their batches differ: "
        f"return the loss itself ({place}).",
    )


def _learned(model: Model) -> dict[str, torch.Tensor]:
    """Return the parameters that are trained; of a generator without any, the rest of its state."""
    trained = {name for name, parameter in model.generator.named_parameters() if parameter.requires_grad}
    state = model.state()
    return {name: state[name] for name in trained} or (state if model.recipe.control == "none" else {})


def resumes_to_the_bit(variant: Variant) -> None:
    """A fit that is broken off after a checkpoint and started again gives the state of one that was not."""
    if not variant.takes_steps:
        does_not_apply("its fit takes no steps")
    with tempfile.TemporaryDirectory() as folder:
        checkpoint = Checkpoint(Path(folder), every_s=0.0)
        with contextlib.suppress(Interrupted):
            variant.fit(steps=RESUMED_STEPS, checkpoint=checkpoint, stop_at=RESUMED_STEPS - 1)
        resumed = variant.fit(steps=RESUMED_STEPS, checkpoint=checkpoint)
    taken, whole = len(resumed.told), variant.fit(steps=RESUMED_STEPS).model.state()
    require(
        taken < RESUMED_STEPS * variant.members,
        "The second fit took every step again: nothing was read from the checkpoint.",
    )
    differing = [name for name, part in resumed.model.state().items() if not torch.equal(part, whole[name])]
    require(
        not differing,
        f"The resumed fit differs in {len(differing)} tensors, {differing[:1]} among them: what a step changes has to be "
        "a parameter, a buffer or an optimiser's state.",
    )


def counts_its_parameters(variant: Variant) -> None:
    """The counts of parameters are consistent, and a control keeps their number."""
    counts, own = variant.new().parameter_counts(), variant.under("none").new().parameter_counts()
    total, block = counts["total"], counts["block"]
    require(total >= block >= 0, f"parameter_counts gives {block} parameters of the block among {total} in total.")
    outside, own_outside = total - block, own["total"] - own["block"]
    require(
        outside == own_outside,
        f"Outside the block there are {outside} parameters, but {own_outside} without the control.",
    )
    if CONTROLS[variant.control].keeps_parameters:
        expected = 0 if variant.control == "frozen" else own["block"]
        near = abs(block - expected) <= PARAMETER_TOLERANCE * expected
        require(
            near, f"The block has {block} parameters under {variant.control!r}; within 5 % of {expected} is expected."
        )


def changes_only_the_block(variant: Variant) -> None:
    """Before the first step, everything outside the block is what it is without the control."""
    if variant.control == "none":
        does_not_apply("it is the generator itself")
    if not variant.takes_steps:
        does_not_apply("its fit takes no steps")
    own, controlled = (_outside_blocks(one.fitted(steps=0).model) for one in (variant.under("none"), variant))
    names = sorted(own.keys() ^ controlled.keys())
    require(not names, f"Outside of the circuits' layers, the control adds or removes the tensors {names[:3]}.")
    differing = [name for name in own if not torch.equal(own[name], controlled[name])]
    require(not differing, f"The control changes the first values of {len(differing)} other tensors: {differing[:3]}.")


def _outside_blocks(model: Model) -> dict[str, torch.Tensor]:
    """Return the state of everything but the layers that run circuits or stand in their place."""
    inside = [f"{name}." for name, module in model.generator.named_modules() if isinstance(module, Block)]
    return {name: part for name, part in model.state().items() if not name.startswith(tuple(inside))}


def is_live(variant: Variant) -> None:
    """Circuits, or their replacements, are live: gradients arrive and flow on, weights change, and images depend on them."""
    model = variant.new()
    if not is_quantum(model.kind) and not model.circuits:
        does_not_apply("it runs no circuit")
    found = audit_generator(model, variant.data(), seed=FIT_SEED)
    require(found.is_live, "; ".join(found.reasons))
    learn = any(
        parameter.requires_grad and parameter.numel() for block in model.blocks for parameter in block.parameters()
    )
    expected: tuple[str, ...] = ("fine",) if learn else ("none",)
    if sum(block.ignores_inputs for block in model.blocks) > 1:
        expected = ("fine", "note")  # a replacement that ignores its inputs lets no gradient through to one before it
    learns = found.state(LEARNS)
    require(learns in expected, f"The check {LEARNS!r} is {learns!r}, not {' or '.join(map(repr, expected))}.")


def stays_frozen(variant: Variant) -> None:
    """The weights of frozen circuits stay at their first values."""
    if variant.control != "frozen" or not variant.new().circuits:
        does_not_apply("it has no frozen circuit")
    if not variant.takes_steps:
        does_not_apply("its fit takes no steps")
    fits = [variant.fitted(steps=steps).model for steps in (0, STEPS)]
    first, last = ([block.weights for block in model.circuits] for model in fits)
    same = len(first) == len(last) and all(torch.equal(a, b) for a, b in zip(first, last, strict=True))
    require(same, "Training changes the weights of a frozen circuit.")
