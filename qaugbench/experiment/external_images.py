"""Images that something else made, held against the images that a run is scored on: copies of those are no synthetic images."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from qaugbench.datasets.audit.image_facts import grey_and_stored
from qaugbench.datasets.audit.turned_copies import turned_hash
from qaugbench.datasets.prepared import UNREADABLE, PreparedData, open_prepared
from qaugbench.datasets.preprocess import square_pixels
from qaugbench.datasets.splits import PARTS, Split
from qaugbench.errors import DataError, shown
from qaugbench.experiment.plan import GeneratorChoice
from qaugbench.task import Task

FIRST = 3


@dataclass(frozen=True)
class Known:
    """The images of a run by their pixels in any orientation: as stored and at the size of the track, each -> (part, file)."""

    stored: dict[bytes, tuple[str, str]]
    square: dict[bytes, tuple[str, str]]


def check_external(
    choices: Iterable[GeneratorChoice], prepared: PreparedData, split: Split, task: Task, image_size: int
) -> list[str]:
    """Return what is to be said of the folders of images among ``choices``; raise DataError where they hold held-out images.

    An image is a copy where it has the pixels of the other, as stored or at the size of the track, in any of the eight
    orientations. Copies of training images are allowed, counted and said; blank images are compared with nothing.
    """
    paths = [choice.images for choice in choices if choice.images is not None]
    if not paths:
        return []
    known = _known(prepared, split, image_size, task.channels)
    return [note for path in paths for note in _folder_notes(path, known, task, image_size)]


def _folder_notes(path: Path, known: Known, task: Task, image_size: int) -> list[str]:
    external = open_prepared(path, task.labels)
    where: dict[str, list[str]] = {part: [] for part in PARTS}
    seen: set[bytes] = set()
    repeated = 0
    for i in range(len(external)):
        hashes = _hashes(external, i, image_size, task.channels)
        if hashes is None:
            continue
        stored, square = hashes
        found = known.stored.get(stored) or known.square.get(square)
        if found is not None:
            where[found[0]].append(f"{shown(external.files[i])} = {shown(found[1])} ({found[0]})")
        repeated += square in seen
        seen.add(square)
    _refuse_held_out(path, where, len(external))
    return _notes(path, len(where["train"]), repeated, len(external))


def _refuse_held_out(path: Path, where: dict[str, list[str]], n: int) -> None:
    held_out = [*where["test"], *where["val"]]
    if held_out:
        raise DataError(
            f"{path}: {len(held_out)} of its {n} images are held-out images of this run, pixel for pixel "
            f"({len(where['test'])} test, {len(where['val'])} val): {', '.join(held_out[:FIRST])}"
            f"{' ...' if len(held_out) > FIRST else ''}. A classifier trained on what it is scored on shows nothing. Remove "
            "these images from the folder, or make it without the images of the val and test parts."
        )


def _notes(path: Path, training: int, repeated: int, n: int) -> list[str]:
    notes = []
    if training:
        notes.append(f"folder:{path.stem}: {training} of {n} images are training images of this run, pixel for pixel.")
    if repeated:
        notes.append(f"folder:{path.stem}: {repeated} of {n} images repeat another of the folder.")
    return [shown(note, 300) for note in notes]


def _known(prepared: PreparedData, split: Split, size: int, channels: int) -> Known:
    known = Known({}, {})
    for part in ("test", "val", "train"):  # what is held out is found first
        for i in getattr(split, part).tolist():
            hashes = _hashes(prepared, i, size, channels)
            if hashes is not None:
                known.stored.setdefault(hashes[0], (part, prepared.files[i]))
                known.square.setdefault(hashes[1], (part, prepared.files[i]))
    return known


def _hashes(prepared: PreparedData, i: int, size: int, channels: int) -> tuple[bytes, bytes] | None:
    """Return the hash of an image as stored and at the size of the track; None where it is blank or cannot be read."""
    try:
        image = prepared.read(i)
        square = square_pixels(image, size, channels)
    except UNREADABLE:
        return None  # the stage that needs it names every such file
    if np.ptp(square) == 0:
        return None
    _, stored, _ = grey_and_stored(image)
    return turned_hash(stored), turned_hash(square)
