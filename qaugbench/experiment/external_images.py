"""Images that something else made, held against the images that a run is scored on: copies of those are no synthetic images."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from qaugbench.appraisal.shared_images import ALMOST
from qaugbench.datasets.formats.pictures import reason
from qaugbench.datasets.prepared import UNREADABLE, PreparedData, open_prepared, refuse_unpacking
from qaugbench.datasets.spelling import spelling_words
from qaugbench.errors import DataError, shown
from qaugbench.experiment.arms import GeneratorChoice
from qaugbench.experiment.known_images import KnownImages, Seen, known_images, seen_image
from qaugbench.experiment.plan import Plan
from qaugbench.experiment.usable_images import asked_label_vectors, refuse_unusable
from qaugbench.task import Task

FIRST = 3


@dataclass(frozen=True)
class Remark:
    """What is to be said of a folder: ``note`` is kept in the record, ``names`` of files are for its user alone."""

    note: str
    names: tuple[str, ...] = ()

    @property
    def line(self) -> str:
        """The remark as it is printed, with the first of its files."""
        if not self.names:
            return self.note
        more = f" and {len(self.names) - FIRST} more" if len(self.names) > FIRST else ""
        return f"{self.note.removesuffix('.')}: {', '.join(self.names[:FIRST])}{more}."


@dataclass(frozen=True)
class Folder:
    """A folder of images whose files were all read: ``seen`` holds (row, image) of those that are not blank."""

    name: str
    path: Path
    prepared: PreparedData
    seen: list[tuple[int, Seen]]


@dataclass(frozen=True)
class Copies:
    """Which images of a folder are images of the run, as "file = its file (part)", by part: ``equal`` pixels, or ``alike``."""

    equal: dict[str, list[str]]
    alike: dict[str, list[str]]


def check_external(plan: Plan) -> list[Remark]:
    """Return what is to be said of the folders of images among the generators of a run.

    Raises DataError where one cannot be used: a file that cannot be read, no image of a class that the run asks for, images that
    the run is scored on. An image is a copy where it has the pixels of the other, as stored or at the size of the track, in any of
    the eight orientations, or shows almost its picture. Copies of training images are allowed, counted and named; blank images are
    compared with nothing.
    """
    folders = [choice for choice in plan.generators if choice.images is not None]
    if not folders:
        return []
    size, task, source = plan.track.image_size, plan.task, plan.source
    asked = asked_label_vectors(plan)
    readable = [_read(choice, asked, task, size) for choice in folders]
    known = known_images(source.prepared, source.split, size, task.channels)
    real = source.prepared.labels[source.split.train].sum(axis=0)
    return [
        remark
        for folder in readable
        for remark in (
            *_of_copies(folder, known),
            *_of_form(folder, known, task),
            *_few(folder.name, folder.prepared, real),
        )
    ]


def _read(choice: GeneratorChoice, asked: np.ndarray, task: Task, size: int) -> Folder:
    """Return the folder of a choice; DataError names all its unreadable files and the label vectors ``asked`` that it lacks."""
    path = choice.folder or Path(str(choice.images))
    external = open_prepared(choice.images or path, task.labels, given=path)
    refuse_unpacking(external, range(len(external)))
    seen: list[tuple[int, Seen]] = []
    unreadable: list[str] = []
    for i in range(len(external)):
        try:
            image = seen_image(external, i, size, task.channels)
        except UNREADABLE as error:
            unreadable.append(f"{external.called[i]} ({reason(error)})")
            continue
        seen.extend([] if image is None else [(i, image)])
    refuse_unusable(path, external, unreadable, asked, task.labels)
    return Folder(choice.card.id, path, external, seen)


def _of_copies(folder: Folder, known: KnownImages) -> list[Remark]:
    found, n = _copies(folder, known), len(folder.prepared)
    _refuse_held_out(folder.path, found, n)
    repeated = len(folder.seen) - len({seen.square for _, seen in folder.seen})
    equal, alike = found.equal.get("train", []), found.alike.get("train", [])
    said = (
        (equal, f"{len(equal)} of {n} images are training images of this run, pixel for pixel"),
        (alike, f"{len(alike)} of {n} images show almost the picture of a training image of this run ({ALMOST})"),
    )
    remarks = [Remark(f"{folder.name}: {words}.", tuple(names)) for names, words in said if names]
    return remarks + [Remark(f"{folder.name}: {repeated} of {n} images repeat another of the folder.")] * (repeated > 0)


def _copies(folder: Folder, known: KnownImages) -> Copies:
    found = Copies({}, {})
    near = known.alike([seen for _, seen in folder.seen])
    for (i, seen), alike in zip(folder.seen, near, strict=True):
        same = known.same(seen)
        for place, kept, sign in ((same, found.equal, "="), (alike if same is None else None, found.alike, "~")):
            if place is not None:
                name = f"{shown(folder.prepared.called[i])} {sign} {shown(place[1])} ({place[0]})"
                kept.setdefault(place[0], []).append(name)
    return found


def _refuse_held_out(path: Path, found: Copies, n: int) -> None:
    equal, alike = (
        {part: len(where.get(part, [])) for part in ("test", "val")} for where in (found.equal, found.alike)
    )
    names = [name for part in ("test", "val") for where in (found.equal, found.alike) for name in where.get(part, [])]
    if not names:
        return
    kinds = [f"{sum(equal.values())} pixel for pixel"] if any(equal.values()) else []
    kinds += [f"{sum(alike.values())} almost: {ALMOST}"] if any(alike.values()) else []
    raise DataError(
        f"{path}: {len(names)} of its {n} images are held-out images of this run ({equal['test'] + alike['test']} test, "
        f"{equal['val'] + alike['val']} val; {', '.join(kinds)}): {', '.join(names[:FIRST])}"
        f"{' ...' if len(names) > FIRST else ''}. A classifier trained on what it is scored on shows nothing. Remove these images "
        "from the folder, or make it without the images of the val and test parts."
    )


def _of_form(folder: Folder, known: KnownImages, task: Task) -> list[Remark]:
    """Return how classes were spelled, and which images are in colour where the run's own are grey, or the reverse."""
    spelled = spelling_words(folder.prepared, task.labels)
    remarks = [] if spelled is None else [Remark(f"{folder.name}: {spelled}.")]
    wanted = task.channels == 3
    other = tuple(shown(folder.prepared.called[i]) for i, seen in folder.seen if seen.coloured != wanted)
    if not other or any(seen.coloured != wanted for seen in known.seen):
        return remarks
    how = "are grey: they get three equal channels" if wanted else "are in colour: they are read in grey"
    own = "in colour" if wanted else "grey"
    return [
        *remarks,
        Remark(
            f"{folder.name}: {len(other)} of {len(folder.prepared)} images {how}, as the run's own are {own}.", other
        ),
    ]


def _few(name: str, external: PreparedData, real: np.ndarray) -> list[Remark]:
    """Return a remark on classes with less than a tenth as many images as the ``real`` training images, counted by class."""
    counts = zip(external.label_names, external.labels.sum(axis=0).astype(int), real, strict=True)
    few = [f"{n} of {label}" for label, n, of in counts if 0 < n < of / 10]
    note = f"{name}: only {', '.join(few)}; each is used as often as its class is asked for."
    return [Remark(shown(note, 300))] if few else []
