"""Folders or .zip files of pictures appraised, without a run."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from qaugbench.appraisal.appraise import Appraised, Options, appraise
from qaugbench.appraisal.forms import one_form, one_spelling
from qaugbench.appraisal.sets import ImageSet, Sets
from qaugbench.appraisal.shared_images import shared_images
from qaugbench.datasets.own.plain import Pictures, one_side, open_pictures
from qaugbench.errors import DataError, first_offenders
from qaugbench.extractors.asked import Asked, asked_extractors, not_asked_for
from qaugbench.extractors.contract import Extractor, PairDistance
from qaugbench.extractors.pixels import pixel_components
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


def appraise_folders(request: FolderRequest, *, tell: Tell = lambda what: None) -> Appraised:
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
    remarks += spelled
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
    said = found.appraisal.model_copy(update={"remarks": [*remarks, *found.appraisal.remarks]})
    return Appraised(said, found.pairs)


def _without_training(real: ImageSet, training: ImageSet, opened: Mapping[str, Pictures]) -> tuple[ImageSet, list[str]]:
    """Return the real images that show no training image, and what was left out; DataError where some are training images."""
    shared = shared_images(real.images, training.images)
    files = list(opened["real"].sizes)
    if len(shared.equal):
        raise DataError(
            f"{len(shared.equal)} of {len(real)} real images in {opened['real'].path} are images of {opened['training'].path}, "
            f"pixel for pixel: {_named(files, shared.equal)}. Held against training images, copies look honest. Give real images "
            "that the generator did not see."
        )
    if not len(shared.alike):
        return real, []
    kept = np.setdiff1d(np.arange(len(real)), shared.alike)
    if not len(kept):
        where = opened["real"].path
        raise DataError(f"Every real image in {where} shows almost the picture of a training image; give others.")
    words = f"{len(shared.alike)} real images that show almost the picture of a training image were left out"
    return real.rows(kept), [f"{words}: {_named(files, shared.alike)}."]


def _named(files: list[str], rows: np.ndarray) -> str:
    return first_offenders([files[row] for row in rows.tolist()])


def _networks(asked: Sequence[Asked]) -> tuple[list[Extractor], PairDistance | None]:
    """Return the extractors that were asked for, their weights read, and LPIPS where it was."""
    if not asked:
        return [], None
    from qaugbench.extractors.cache import CachedExtractor
    from qaugbench.extractors.named import load_extractors

    loaded = load_extractors(asked)
    kept = data_home() / "features"
    return [CachedExtractor(one, kept) for one in loaded.extractors], loaded.lpips
