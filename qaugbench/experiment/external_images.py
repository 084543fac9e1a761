"""Images that something else made, held against the images that a run is scored on: copies of those are no synthetic images."""

from __future__ import annotations

import csv
import io
import shlex
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, NamedTuple

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
from qaugbench.files import write_whole
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


class Copy(NamedTuple):
    """A file of a folder that has the pixels of the image ``of`` of a run, or shows almost its picture."""

    file: str
    of: str
    part: str
    pixels: Literal["equal", "almost"]

    @property
    def words(self) -> str:
        """The copy as it is printed."""
        return f"{shown(self.file)} {'=' if self.pixels == 'equal' else '~'} {shown(self.of)} ({self.part})"


def check_external(plan: Plan, lists: Path) -> list[Remark]:
    """Return what is to be said of the folders of images among the generators of a run.

    What a folder holds of the run's val and test images is written to a .csv in the folder ``lists``.

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
    copies = [_copies(folder, known) for folder in readable]
    for folder, found in zip(readable, copies, strict=True):
        _refuse_held_out(folder, found, plan, lists)
    real = source.prepared.labels[source.split.train].sum(axis=0)
    return [
        remark
        for folder, found in zip(readable, copies, strict=True)
        for remark in (
            *_of_copies(folder, found),
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


def _of_copies(folder: Folder, found: Sequence[Copy]) -> list[Remark]:
    """Return what is to be said of copies of training images, and of images that are in the folder twice."""
    n = len(folder.prepared)
    repeated = len(folder.seen) - len({seen.square for _, seen in folder.seen})
    equal, alike = (tuple(one.words for one in found if one.pixels == pixels) for pixels in ("equal", "almost"))
    said = (
        (equal, f"{len(equal)} of {n} images are training images of this run, pixel for pixel"),
        (alike, f"{len(alike)} of {n} images show almost the picture of a training image of this run ({ALMOST})"),
    )
    remarks = [Remark(f"{folder.name}: {words}.", names) for names, words in said if names]
    return remarks + [Remark(f"{folder.name}: {repeated} of {n} images repeat another of the folder.")] * (repeated > 0)


def _copies(folder: Folder, known: KnownImages) -> list[Copy]:
    found: list[Copy] = []
    near = known.alike([seen for _, seen in folder.seen])
    for (i, seen), alike in zip(folder.seen, near, strict=True):
        same = known.same(seen)
        place = same or alike
        if place is not None:
            found.append(Copy(folder.prepared.called[i], place[1], place[0], "almost" if same is None else "equal"))
    return found


def _refuse_held_out(folder: Folder, found: Sequence[Copy], plan: Plan, lists: Path) -> None:
    held_out = sorted(
        (one for one in found if one.part != "train"), key=lambda one: (one.part != "test", one.pixels != "equal")
    )
    if not held_out:
        return
    listed = lists / f"{folder.name.replace(':', '-')}-held-out.csv"
    _write_list(listed, held_out)
    parts, pixels = Counter(one.part for one in held_out), Counter(one.pixels for one in held_out)
    kinds = [f"{pixels['equal']} pixel for pixel"] if pixels["equal"] else []
    kinds += [f"{pixels['almost']} almost: {ALMOST}"] if pixels["almost"] else []
    first = f"{', '.join(one.words for one in held_out[:FIRST])}{' ...' if len(held_out) > FIRST else '.'}"
    raise DataError(
        f"{folder.path}: {len(held_out)} of its {len(folder.prepared)} images are held-out images of this run "
        f"({parts['test']} test, {parts['val']} val; {', '.join(kinds)}): {first} All are listed in {listed}. A classifier "
        "trained on what it is scored on shows nothing. Remove these images from the folder, or make it from the training images "
        f"alone; which these are is written by:\n  {_splitting(plan)}"
    )


def _write_list(path: Path, copies: Sequence[Copy]) -> None:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(Copy._fields)
    writer.writerows(copies)
    try:
        write_whole(path, text.getvalue())
    except OSError as error:
        raise DataError(f"{path} cannot be written: {error.strerror}. Choose another folder with --out.") from error


def _splitting(plan: Plan) -> str:
    """Return the command that writes which images of a run are in which part."""
    split = plan.source.split
    asked = [] if split.name == "own" else ["--split", split.name, *(["--allow-leaky-split"] if split.leaky else [])]
    words = ["qaugbench", "data", "check", str(plan.source.prepared.where), "--task", plan.task.id, *asked]
    return shlex.join([*words, "--write-split", "split.csv"])


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
