"""Checks of a fitted generator's samples."""

from __future__ import annotations

import numpy as np
import torch
from safetensors.torch import load, save

from qaugbench.circuits.controls.build import CONTROLS
from qaugbench.circuits.execution import Execution
from qaugbench.errors import NoControlError, QaugbenchError
from qaugbench.generators.contract import NotFittedError
from qaugbench.generators.row_random import RowRandom
from qaugbench.generators.shared.author_code import place_written
from qaugbench.testing.images import N_LABELS, SIZE
from qaugbench.testing.variant import Variant
from qaugbench.testing.verdict import does_not_apply, require

ROUNDING = 1e-3
"""How far a point may differ between batches, relative to the largest coordinate (or 1)."""


def draws_images(variant: Variant) -> None:
    """One uint8 image of the training images' shape for each label vector, with several labels or none."""
    images = variant.drawn().images
    expected = (len(variant.labels), SIZE, SIZE, 1)
    require(images.dtype == np.uint8, f"sample returns {images.dtype}, not uint8.")
    require(images.shape == expected, f"sample returns the shape {images.shape}, not {expected}.")
    require(images.min() < images.max(), "Every pixel of every image has the same value.")


def keeps_colour(variant: Variant) -> None:
    """Colour images keep their three channels."""
    images = variant.fitted(3).model.sample(variant.labels[:2], seed=1)
    require(images.shape == (2, SIZE, SIZE, 3), f"sample returns the shape {images.shape}, not {(2, SIZE, SIZE, 3)}.")


def draws_nothing_for_nothing(variant: Variant) -> None:
    """No label vectors give no images, in the right shape."""
    images = variant.fitted().model.sample(variant.labels[:0], seed=1)
    require(images.shape == (0, SIZE, SIZE, 1), f"sample returns the shape {images.shape}, not {(0, SIZE, SIZE, 1)}.")


def repeats_itself(variant: Variant) -> None:
    """The same seed draws the same bits, and another seed draws other images."""
    model = variant.fitted().model
    first = variant.drawn().images
    again, other = (model.sample(variant.labels, seed=seed) for seed in (1, 2))
    require(np.array_equal(first, again), "Two calls of sample with one seed return different images.")
    require(not np.array_equal(first, other), "sample returns the same images for the seeds 1 and 2.")


def draws_from_its_seed_alone(variant: Variant) -> None:
    """Fit and sample neither use nor set the global generators of random numbers."""
    for what, names in (("fit", variant.fitted().touched), ("sample", variant.drawn().touched)):
        require(
            not names,
            f"{what} changes the global random state of {' and '.join(names)}; take random numbers from the argument "
            "`random`, as in random.normal(8) in draw and torch.randn(..., generator=random) in step.",
        )


def follows_labels(variant: Variant) -> None:
    """Every label changes the image drawn with a seed."""
    if getattr(CONTROLS[variant.control].build, "ignores_inputs", False):
        does_not_apply("the circuit's replacement ignores its inputs by design, and labels may be among them")
    model, one_each = variant.fitted().model, np.eye(N_LABELS, dtype=np.float32)
    vectors = [*one_each, np.zeros(N_LABELS, np.float32)] if variant.kind.multi_label else list(one_each)
    images = [model.sample(vector[None], seed=1)[0] for vector in vectors]
    same = [(i, k) for i in range(len(images)) for k in range(i) if np.array_equal(images[i], images[k])]
    if same:
        first, second = (vectors[i].astype(int).tolist() for i in same[0])
        require(False, f"The label vectors {second} and {first} draw the same image with a seed.")


def ignores_neighbours(variant: Variant) -> None:
    """An image does not depend on the label vectors after it."""
    model = variant.fitted().model
    together, alone = variant.drawn().images, model.sample(variant.labels[:2], seed=1)
    difference = int(np.abs(together[:2].astype(int) - alone).max())  # 1: kernels round differently with the batch
    require(
        difference <= 1,
        f"The first two of five images differ by up to {difference} grey levels from those drawn alone.",
    )


def draws_each_row_alone(variant: Variant) -> None:
    """Each point depends on its own label vector and random stream alone, whatever the batch and its order."""
    model = variant.fitted().model
    if any(block.ignores_inputs for block in model.blocks):
        does_not_apply("the circuit's replacement draws numbers of its own")
    together, n = model.points(variant.labels, seed=1), len(variant.labels)
    largest, place = float(together.abs().max().clamp_min(1)), place_written(variant.kind, "draw")
    for what, batches in (("in the opposite order", [range(n)[::-1]]), ("in other batches", [[n - 1], [1, 3], [2, 0]])):
        for rows in map(list, batches):
            random = RowRandom(1, rows, model.space.device)
            with torch.no_grad():
                points = model.generator.draw(torch.from_numpy(variant.labels[rows]).to(together.device), random)
            difference = float((points - together[rows]).abs().max())
            require(
                difference <= ROUNDING * largest,  # kernels round differently with the batch
                f"Points drawn {what} differ by up to {difference:.3g} from the same points drawn together: a row of draw depends "
                f"on other rows{'' if place is None else f' ({place})'}. Take row i from labels[i] and row i of random alone.",
            )


def keeps_its_state(variant: Variant) -> None:
    """The state, saved and loaded into a new generator, draws the same bits."""
    drawn, model, copy = variant.drawn().images, variant.fitted().model, variant.new()
    copy.load(load(save(model.state())))
    same = np.array_equal(copy.sample(variant.labels, seed=1), drawn)
    require(same, "The loaded copy draws other images; something that was learned is neither a parameter nor a buffer.")


def refuses_before_a_fit(variant: Variant) -> None:
    """Before a fit, sample and state raise NotFittedError."""
    for what in ("sample", "state"):
        model = variant.new()
        try:
            model.sample(variant.labels, seed=1) if what == "sample" else model.state()
        except NotFittedError:
            continue
        require(False, f"{what}() of a generator that was not fitted returns a value; it has to raise NotFittedError.")


def refuses_other_widths(variant: Variant) -> None:
    """Label vectors of another width are refused with a message."""
    try:
        variant.fitted().model.sample(variant.labels[:, :2], seed=1)
    except NoControlError:
        raise
    except QaugbenchError as error:
        stated = f"[n, {N_LABELS}]" in str(error)
        require(
            stated,
            f"The message does not name the expected shape [n, {N_LABELS}]: {error}",
        )
        return
    require(
        False,
        f"sample accepts label vectors of width 2 where there are {N_LABELS} labels.",
    )


def follows_the_execution(variant: Variant) -> None:
    """Finite shots change the images of a generator with circuits, and repeat with the seed."""
    model = variant.fitted().model
    if not model.circuits:
        does_not_apply("it runs no circuit")
    exact = model.sample(variant.labels[:2], seed=1)
    first, again = (model.sample(variant.labels[:2], seed=1, execution=Execution(shots=16)) for _ in range(2))
    require(not np.array_equal(exact, first), "sample ignores its argument execution: 16 shots give the exact images.")
    require(np.array_equal(first, again), "Two calls with one seed and 16 shots return different images.")
    require(
        np.array_equal(exact, model.sample(variant.labels[:2], seed=1)),
        "After a call with finite shots, exact execution no longer returns the images it did before.",
    )
