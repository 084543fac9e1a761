"""Images that something else made, held against the images that a run is scored on: copies of those are no synthetic images."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from qaugbench.datasets.audit.image_facts import DETAIL, THUMBNAIL, grey_and_stored, small_copy
from qaugbench.datasets.audit.near_duplicates import same_pictures
from qaugbench.datasets.audit.turned_copies import turned_hash
from qaugbench.datasets.prepared import UNREADABLE, PreparedData, open_prepared
from qaugbench.datasets.preprocess import square_pixels
from qaugbench.datasets.splits import Split
from qaugbench.errors import DataError, shown
from qaugbench.experiment.plan import GeneratorChoice
from qaugbench.task import PARTS, Task

FIRST = 3


@dataclass(frozen=True)
class Known:
    """The images of a run by their pixels in any orientation: as stored and at the size of the track, each -> (part, file).

    ``held_out`` are small copies of the test and val images.
    """

    stored: dict[bytes, tuple[str, str]]
    square: dict[bytes, tuple[str, str]]
    held_out: list[Small]


@dataclass(frozen=True)
class Small:
    """Two small grey copies of an image, by which near-duplicates are found."""

    thumbnail: np.ndarray
    detail: np.ndarray


@dataclass(frozen=True)
class Seen:
    """An image in the forms in which it is compared."""

    stored: bytes
    square: bytes
    small: Small


def check_external(
    choices: Iterable[GeneratorChoice], prepared: PreparedData, split: Split, task: Task, image_size: int
) -> list[str]:
    """Return what is to be said of the folders of images among ``choices``; raise DataError where they hold held-out images.

    An image is a copy where it has the pixels of the other, as stored or at the size of the track, in any of the eight
    orientations. Copies of training images and near-duplicates of held-out ones are allowed, counted and said; blank images are
    compared with nothing.
    """
    folders = [(choice.card.id, choice.images) for choice in choices if choice.images is not None]
    if not folders:
        return []
    known = _known(prepared, split, image_size, task.channels)
    real = prepared.labels[split.train].sum(axis=0)
    return [note for name, path in folders for note in _folder_notes(name, path, known, task, image_size, real)]


def _folder_notes(name: str, path: Path, known: Known, task: Task, image_size: int, real: np.ndarray) -> list[str]:
    external = open_prepared(path, task.labels)
    where: dict[str, list[str]] = {part: [] for part in PARTS}
    images = [(i, seen) for i in range(len(external)) if (seen := _seen(external, i, image_size, task.channels))]
    for i, seen in images:
        found = known.stored.get(seen.stored) or known.square.get(seen.square)
        if found is not None:
            where[found[0]].append(f"{shown(external.files[i])} = {shown(found[1])} ({found[0]})")
    _refuse_held_out(path, where, len(external))
    repeated = len(images) - len({seen.square for _, seen in images})
    near = _near(known.held_out, [seen.small for _, seen in images])
    return [*_notes(name, len(where["train"]), repeated, near, len(external)), *_few(name, external, real)]


def _few(name: str, external: PreparedData, real: np.ndarray) -> list[str]:
    """Return a note on classes with less than a tenth as many images as the ``real`` training images, counted by class."""
    counts = zip(external.label_names, external.labels.sum(axis=0).astype(int), real, strict=True)
    few = [f"{n} of {label}" for label, n, of in counts if 0 < n < of / 10]
    return (
        [shown(f"{name}: only {', '.join(few)}; each is used as often as its class is asked for.", 300)] if few else []
    )


def _near(held_out: list[Small], external: list[Small]) -> int:
    """Return how many ``external`` images show the picture of one that is held out: compressed anew, or with another contrast."""
    everything = [*held_out, *external]
    thumbnails = np.array([small.thumbnail for small in everything])
    pairs = same_pictures(thumbnails, np.array([small.detail for small in everything]))
    across = (pairs.first < len(held_out)) & (pairs.second >= len(held_out))
    return len(np.unique(pairs.second[across]))


def _refuse_held_out(path: Path, where: dict[str, list[str]], n: int) -> None:
    held_out = [*where["test"], *where["val"]]
    if held_out:
        raise DataError(
            f"{path}: {len(held_out)} of its {n} images are held-out images of this run, pixel for pixel "
            f"({len(where['test'])} test, {len(where['val'])} val): {', '.join(held_out[:FIRST])}"
            f"{' ...' if len(held_out) > FIRST else ''}. A classifier trained on what it is scored on shows nothing. Remove "
            "these images from the folder, or make it without the images of the val and test parts."
        )


def _notes(name: str, training: int, repeated: int, near: int, n: int) -> list[str]:
    notes = []
    if near:
        notes.append(
            f"{name}: {near} of {n} images show almost the picture of a held-out image of this run: if they were "
            "made from it, the scores of this arm are too high."
        )
    if training:
        notes.append(f"{name}: {training} of {n} images are training images of this run, pixel for pixel.")
    if repeated:
        notes.append(f"{name}: {repeated} of {n} images repeat another of the folder.")
    return [shown(note, 300) for note in notes]


def _known(prepared: PreparedData, split: Split, size: int, channels: int) -> Known:
    known = Known({}, {}, [])
    for part in ("test", "val", "train"):  # what is held out is found first
        for i in getattr(split, part).tolist():
            seen = _seen(prepared, i, size, channels)
            if seen is not None:
                known.stored.setdefault(seen.stored, (part, prepared.files[i]))
                known.square.setdefault(seen.square, (part, prepared.files[i]))
                known.held_out.extend([seen.small] if part != "train" else [])
    return known


def _seen(prepared: PreparedData, i: int, size: int, channels: int) -> Seen | None:
    """Return an image as it is compared, as stored and at the size of the track; None where it is blank or cannot be read."""
    try:
        image = prepared.read(i)
        square = square_pixels(image, size, channels)
    except UNREADABLE:
        return None  # the stage that needs it names every such file
    if np.ptp(square) == 0:
        return None
    _, stored, _ = grey_and_stored(image)
    plane = Image.fromarray(np.ascontiguousarray(np.squeeze(square)))
    return Seen(
        turned_hash(stored), turned_hash(square), Small(small_copy(plane, THUMBNAIL), small_copy(plane, DETAIL))
    )
