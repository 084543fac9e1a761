"""Folders or .zip files of pictures appraised, without a run."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from qaugbench.appraisal.appraise import Options, appraise
from qaugbench.appraisal.copies import pair_images
from qaugbench.appraisal.forms import one_form, one_spelling
from qaugbench.appraisal.repeats import Repeats, repeats
from qaugbench.appraisal.sets import ImageSet, Sets
from qaugbench.appraisal.shared_images import shared_images
from qaugbench.datasets.own.plain import Pictures, one_side, open_pictures
from qaugbench.errors import DataError, first_offenders
from qaugbench.extractors.asked import Asked, asked_extractors, not_asked_for
from qaugbench.extractors.contract import Extractor, PairDistance
from qaugbench.extractors.pixels import pixel_components
from qaugbench.formatting import count
from qaugbench.image_facts import Appraisal, Measure
from qaugbench.places import data_home

Tell = Callable[[str], None]


@dataclass(frozen=True)
class FolderRequest:
    """What is to be compared; the options are those of ``qaugbench metrics``."""

    real: Path
    synthetic: Path
    train: Path | None = None
    size: int | None = None
    grey: bool = False
    extractors: tuple[str, ...] = ()
    seed: int = 0


@dataclass(frozen=True)
class AppraisedFolders:
    """What is known of the synthetic images, and which of them are real or training images.

    ``pairs`` are the synthetic images closest to a training image, turned as they are when so close, and those training images,
    each uint8 [n, H, W, C], closest first; empty without training images.
    """

    appraisal: Appraisal
    repeats: list[Repeats]
    pairs: tuple[np.ndarray, np.ndarray]

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain data."""
        return {**self.appraisal.model_dump(mode="json"), "repeats": [one.to_dict() for one in self.repeats]}


def appraise_folders(request: FolderRequest, *, tell: Tell = lambda what: None) -> AppraisedFolders:
    """Return what is known of the synthetic images of a request.

    Raises DataError for folders that cannot be read or compared and for weights that are missing or another network's, and
    DefinitionError for an unknown extractor: before anything is measured.
    """
    asked = asked_extractors(request.extractors)
    networks, lpips = _networks(asked)
    tell("Looking at the files")
    paths = {"real": request.real, "synthetic": request.synthetic, "training": request.train}
    opened: Mapping[str, Pictures] = {name: open_pictures(path) for name, path in paths.items() if path is not None}
    side = one_side(opened, request.size)
    channels, remarks = one_form(opened, grey=request.grey)
    opened, names, spelled = one_spelling(opened)
    read = {}
    for name, pictures in opened.items():
        tell(f"Reading {len(pictures):,} {name} images")
        read[name] = ImageSet(pictures.squares(side, channels), pictures.labels(names) if names else None)
        if name != "synthetic":
            _refuse_one_picture(read[name].images, pictures.path)
    remarks += spelled
    tell("Looking for the other images among the synthetic ones")
    named = {name: dict(zip(opened[name].sizes, one.images, strict=True)) for name, one in read.items()}
    others = [name for name in ("training", "real") if name in named]
    repeated = [repeats(of, opened[of].path, named["synthetic"], named[of]) for of in others]
    remarks = [line for one in repeated for line in one.lines] + remarks
    if "training" in read:
        tell("Looking for training images among the real ones")
        read["real"], left_out = _without_training(read["real"], read["training"], opened)
        remarks += left_out
    sets = Sets(read["synthetic"], read["real"], read.get("training"), names)
    pixels = pixel_components(np.concatenate([one.images for one in read.values()]))
    found = appraise(
        sets,
        [*networks, pixels],
        lpips=lpips,
        missing=not_asked_for(one.name for one in asked),
        options=Options(seed=request.seed),
        tell=lambda what: tell(f"Measuring {what}"),
    )
    said = {
        "remarks": [*remarks, *found.appraisal.remarks],
        "measures": {**found.appraisal.measures, **_not_measured(opened)},
    }
    training = read["training"].images if "training" in read else sets.synthetic.images[:0]
    pairs = pair_images(found.pairs, sets.synthetic.images, training)
    return AppraisedFolders(found.appraisal.model_copy(update=said), repeated, pairs)


def _refuse_one_picture(images: np.ndarray, path: Path) -> None:
    """Raise DataError where several real or training images are one and the same: no distance to them says anything."""
    if len(images) > 1 and (images == images[0]).all():
        raise DataError(
            f"All {len(images):,} pictures in {path} are the same picture, so nothing can be held against them. Give others."
        )


def _not_measured(opened: Mapping[str, Pictures]) -> dict[str, Measure]:
    """Return measures without a value, and with the reason, of questions that the folders leave open."""
    found = {
        "training/gain": Measure(
            value=None, reason="Images that were drawn during the fit are needed, which a run draws."
        ),
        "labels/skill": Measure(
            value=None, reason="A judge is needed, which 'qaugbench run --generator folder:IMAGES' trains."
        ),
    }
    if "training" not in opened:
        remedy = "Give the images that the generator learned from: --train TRAINING."
        found["copies/excess"] = Measure(value=None, reason=remedy)
    why = [one.unlabelled for one in (opened["real"], opened["synthetic"]) if one.classes is None]
    if why:
        found["labels/skill"] = Measure(value=None, reason=f"All images count as one class: {'; '.join(why)}.")
    return found


def _without_training(real: ImageSet, training: ImageSet, opened: Mapping[str, Pictures]) -> tuple[ImageSet, list[str]]:
    """Return the real images that show no training image, and what was left out; DataError where some are training images."""
    shared = shared_images(real.images, training.images)
    files = list(opened["real"].sizes)
    if shared.equal:
        raise DataError(
            f"{len(shared.equal)} of {len(real)} real images in {opened['real'].path} are images of {opened['training'].path}, "
            f"pixel for pixel: {_named(files, shared.equal)}. Held against training images, copies look honest. Give real images "
            "that the generator did not see."
        )
    if not shared.alike:
        return real, []
    kept = np.setdiff1d(np.arange(len(real)), list(shared.alike))
    if not len(kept):
        where = opened["real"].path
        raise DataError(f"Every real image in {where} shows almost the picture of a training image; give others.")
    words = f"Left out for showing almost the picture of a training image: {count(len(shared.alike), 'real image')}"
    return real.rows(kept), [f"{words}, {_named(files, shared.alike)}."]


def _named(files: list[str], rows: Iterable[int]) -> str:
    return first_offenders(files[row] for row in rows)


def _networks(asked: Sequence[Asked]) -> tuple[list[Extractor], PairDistance | None]:
    """Return the extractors that were asked for, their weights read, and LPIPS where it was."""
    if not asked:
        return [], None
    from qaugbench.extractors.cache import CachedExtractor
    from qaugbench.extractors.named import load_extractors

    loaded = load_extractors(asked)
    kept = data_home() / "features"
    return [CachedExtractor(one, kept) for one in loaded.extractors], loaded.lpips
