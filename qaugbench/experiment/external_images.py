"""Images that something else made, held against the images that a run is scored on: copies of those are no synthetic images."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from qaugbench.datasets.audit.image_facts import DETAIL, THUMBNAIL, grey_and_stored, small_copy
from qaugbench.datasets.audit.near_duplicates import same_pictures
from qaugbench.datasets.audit.turned_copies import turned_hash
from qaugbench.datasets.formats.pictures import read_picture, reason
from qaugbench.datasets.prepared import UNREADABLE, PreparedData, open_prepared, refuse_unpacking
from qaugbench.datasets.preprocess import square_pixels
from qaugbench.datasets.splits import Split
from qaugbench.errors import DataError, shown
from qaugbench.experiment.arms import GeneratorChoice
from qaugbench.experiment.plan import Plan
from qaugbench.experiment.usable_images import asked_label_vectors, refuse_unusable
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


def check_external(plan: Plan) -> list[str]:
    """Return what is to be said of the folders of images among the generators of a run.

    Raises DataError where one cannot be used: a file that cannot be read, no image of a class that the run asks for, images that
    the run is scored on. An image is a copy where it has the pixels of the other, as stored or at the size of the track, in any of
    the eight orientations. Copies of training images and near-duplicates of held-out ones are allowed, counted and said; blank
    images are compared with nothing.
    """
    folders = [choice for choice in plan.generators if choice.images is not None]
    if not folders:
        return []
    size, task, source = plan.track.image_size, plan.task, plan.source
    asked = asked_label_vectors(plan)
    readable = [_read(choice, asked, task, size) for choice in folders]
    known = _known(source.prepared, source.split, size, task.channels)
    real = source.prepared.labels[source.split.train].sum(axis=0)
    return [note for folder in readable for note in _folder_notes(folder, known, real)]


@dataclass(frozen=True)
class Folder:
    """A folder of images whose files were all read: ``seen`` holds (row, image) of those that are not blank."""

    name: str
    path: Path
    prepared: PreparedData
    seen: list[tuple[int, Seen]]


def _read(choice: GeneratorChoice, asked: np.ndarray, task: Task, size: int) -> Folder:
    """Return the folder of a choice; DataError names all its unreadable files and the label vectors ``asked`` that it lacks."""
    path = choice.folder or Path(str(choice.images))
    external = open_prepared(choice.images or path, task.labels, given=path)
    refuse_unpacking(external, range(len(external)))
    seen: list[tuple[int, Seen]] = []
    unreadable: list[str] = []
    for i in range(len(external)):
        try:
            image = _seen(external, i, size, task.channels)
        except UNREADABLE as error:
            unreadable.append(f"{external.called[i]} ({reason(error)})")
            continue
        seen.extend([] if image is None else [(i, image)])
    refuse_unusable(path, external, unreadable, asked, task.labels)
    return Folder(choice.card.id, path, external, seen)


def _folder_notes(folder: Folder, known: Known, real: np.ndarray) -> list[str]:
    name, external = folder.name, folder.prepared
    where: dict[str, list[str]] = {part: [] for part in PARTS}
    for i, seen in folder.seen:
        found = known.stored.get(seen.stored) or known.square.get(seen.square)
        if found is not None:
            where[found[0]].append(f"{shown(external.called[i])} = {shown(found[1])} ({found[0]})")
    _refuse_held_out(folder.path, where, len(external))
    repeated = len(folder.seen) - len({seen.square for _, seen in folder.seen})
    near = _near(known.held_out, [seen.small for _, seen in folder.seen])
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
            try:
                seen = _seen(prepared, i, size, channels)
            except UNREADABLE:
                continue  # the first step of the run names every such file
            if seen is not None:
                known.stored.setdefault(seen.stored, (part, prepared.called[i]))
                known.square.setdefault(seen.square, (part, prepared.called[i]))
                known.held_out.extend([seen.small] if part != "train" else [])
    return known


def _seen(prepared: PreparedData, i: int, size: int, channels: int) -> Seen | None:
    """Return an image as it is compared, as stored and at the size of the track; None where it is blank."""
    image = read_picture(prepared.archive.read(prepared.files[i]))
    square = square_pixels(image, size, channels)
    if np.ptp(square) == 0:
        return None
    _, stored, _ = grey_and_stored(image)
    plane = Image.fromarray(np.ascontiguousarray(np.squeeze(square)))
    return Seen(
        turned_hash(stored), turned_hash(square), Small(small_copy(plane, THUMBNAIL), small_copy(plane, DETAIL))
    )
