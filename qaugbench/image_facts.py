"""What is known of a set of synthetic images: measures by name, each with what it rests on, and four states in words.

These describe and gate; nothing ranks by them. ``MEASURES`` says of every name what it is, in the order in which it is asked: are
these copies, is it the same image everywhere, was the generator trained, does the label hold, and only then how near the sets are.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field

from qaugbench.predictions import Facts

Section = Literal["copies", "collapse", "training", "labels", "fidelity"]
SECTIONS: Mapping[Section, str] = {
    "copies": "Are these copies of training images?",
    "collapse": "Is it the same image everywhere?",
    "training": "Was the generator trained?",
    "labels": "Do the labels hold?",
    "fidelity": "How near are the synthetic images to real ones?",
}

COPY_WORDS = ("pixel for pixel", "almost the picture", "copies")
"""By one of these a note on data says that images are copies of others."""


class Measure(Facts):
    """One number: None with the ``reason`` where there is none.

    ``real`` is the same number with real images, of no patient of the reference, in place of the synthetic ones, and ``noise`` with
    noise in their place. ``n`` counts synthetic images, ``n_real`` the real ones they were held against; ``extractor`` is one of
    ``Appraisal.extractors``.
    """

    value: float | None
    ci_low: float | None = None
    ci_high: float | None = None
    real: float | None = None
    noise: float | None = None
    n: int | None = None
    n_real: int | None = None
    extractor: str | None = None
    reason: str | None = None


class ExtractorFacts(Facts):
    """What features come from: the SHA-256 of the weights, and how images got the size that they are taken at."""

    weights_sha256: str
    resize: str


class LatentGeometry(Facts):
    """In how many directions a generator's images change with the noise they are drawn from; or the ``reason`` why nobody can say.

    Means over ``points`` images of numbers from the r = ``directions`` singular values of the Jacobian, with standard errors:
    ``effective_rank`` and ``participation_ratio`` in [1, r], ``first_share``, that of the largest direction in the variance, in
    [1 / r, 1]. The noise has ``dimension`` numbers; where r is less, the directions are random ones.
    """

    effective_rank: float | None = None
    effective_rank_se: float | None = None
    participation_ratio: float | None = None
    participation_ratio_se: float | None = None
    first_share: float | None = None
    first_share_se: float | None = None
    directions: int | None = None
    dimension: int | None = None
    points: int | None = None
    reason: str | None = None


class Appraisal(Facts):
    """What is known of one set of synthetic images.

    ``states`` has a word per section: copies ``releasable``, ``memorising`` or ``not decided``; collapse ``collapsed`` or
    ``varied``; training ``converged``, ``undertrained`` or ``unstable``; labels ``held``, ``weak``, ``lost`` or ``not decided``;
    or "not measured". ``remarks`` say why, one sentence each. ``measures`` are named SECTION/NAME or SECTION/NAME/PART, a class or
    a kind; those on further extractors end in @EXTRACTOR.
    """

    n_synthetic: Annotated[int, Field(ge=0)]
    n_reference: Annotated[int, Field(ge=0)]
    n_training: Annotated[int, Field(ge=0)]
    extractors: dict[str, ExtractorFacts]
    states: dict[str, str]
    remarks: list[str] = Field(default_factory=list)
    measures: dict[str, Measure]

    def section(self, section: Section) -> dict[str, Measure]:
        """Return the measures of one section in the order of ``MEASURES``, those on further extractors last."""
        names = [name for name in self.measures if name.startswith(f"{section}/")]
        return {name: self.measures[name] for name in sorted(names, key=_place)}


@dataclass(frozen=True)
class MeasureInfo:
    """What a measure is called and means; ``better`` is the direction for a set that should look like real images."""

    title: str
    better: Literal["higher", "lower", "like real"]
    meaning: str
    digits: int = 3


MEASURES: Mapping[str, MeasureInfo] = {
    "copies/excess": MeasureInfo(
        "copy excess",
        "lower",
        "share of images much nearer to one training image than to others, beyond that of real images",
    ),
    "copies/excess_pixels": MeasureInfo(
        "copy excess, registered pixels", "lower", "the same on pixels, after registration in eight orientations"
    ),
    "copies/found": MeasureInfo(
        "planted copies found", "higher", "share of planted copies that the test finds, by kind"
    ),
    "copies/found_pixels": MeasureInfo(
        "planted copies found, registered pixels", "higher", "the same of the test on registered pixels"
    ),
    "copies/data_copying_z": MeasureInfo(
        "C_T", "like real", "below 0: nearer to training images than real ones; also shrinkage", 1
    ),
    "copies/authentic": MeasureInfo(
        "AuthPct minus that of real images",
        "like real",
        "below 0: fewer images farther than training images are from each other",
    ),
    "copies/membership_auc": MeasureInfo(
        "membership AUC", "like real", ".5: the images do not tell training images from held-out ones"
    ),
    "copies/membership_tpr": MeasureInfo(
        "members found at 1 % false alarms", "lower", "share of training images recognised where 1 % of others are"
    ),
    "collapse/vendi": MeasureInfo(
        "Vendi ratio", "like real", "effective number of different images of a class, over that of real ones"
    ),
    "collapse/ssim": MeasureInfo(
        "MS-SSIM excess", "like real", "mean similarity of two images of a class, minus that of real ones"
    ),
    "collapse/lpips": MeasureInfo(
        "LPIPS ratio",
        "like real",
        "mean perceptual distance of two images of a class, over that of real ones; below 1: more alike",
    ),
    "collapse/factor": MeasureInfo(
        "distance of a factor", "lower", "of its distribution from that of fresh phantom images, in standard deviations"
    ),
    "collapse/modes": MeasureInfo(
        "modes reached", "like real", "share of ten equally likely ranges of its true values that the images reach"
    ),
    "collapse/skill": MeasureInfo(
        "skill of a factor's estimates", "higher", "share of its variance explained in images whose truth is known", 2
    ),
    "training/kid": MeasureInfo(
        "KID after 50, 75, 100 % of the steps", "lower", "distance to real images on the way", 4
    ),
    "training/gain": MeasureInfo(
        "KID at 75 % minus at 100 %", "like real", "above 0: samples still improved at the end", 4
    ),
    "labels/consistency": MeasureInfo(
        "judged as asked for", "higher", "share of images in which a judge sees the class asked for"
    ),
    "labels/skill": MeasureInfo("label skill", "higher", "1 as real images, 0 if labels mean nothing"),
    "labels/judge": MeasureInfo(
        "judge on real images",
        "higher",
        "how often it is right, over the same mix of classes (for findings, its AUROC); noise: by chance",
    ),
    "labels/rate": MeasureInfo("judged as asked for, by class", "higher", "of the images asked for as this class"),
    "labels/judged": MeasureInfo(
        "rate by the judge",
        "like real",
        "share of all images that a judge takes for one of several classes, such as gradable ones",
    ),
    "labels/grade_kappa": MeasureInfo(
        "requested against judged grade", "higher", "quadratic weighted kappa of requested and judged grades"
    ),
    "labels/trts_auroc": MeasureInfo("TRTS AUROC", "higher", "judge trained on real images, tested on synthetic ones"),
    "labels/tstr_auroc": MeasureInfo(
        "TSTR AUROC (probe)", "higher", "linear probe trained on synthetic images, tested on real ones"
    ),
    "fidelity/psnr": MeasureInfo("PSNR to the original", "higher", "of reconstructed images, in dB", 1),
    "fidelity/ms_ssim": MeasureInfo("MS-SSIM to the original", "higher", "of reconstructed images, 1 if equal"),
    "fidelity/kid": MeasureInfo("KID", "lower", "unbiased kernel distance of features; 0 for equal distributions", 4),
    "fidelity/cmmd": MeasureInfo("Gaussian kernel distance", "lower", "unbiased, on features of length 1, times 1000"),
    "fidelity/fid": MeasureInfo("FID", "lower", "Fréchet distance of features, from 5,000 images on", 1),
    "fidelity/fid_limit": MeasureInfo(
        "FID for many images", "lower", "extrapolated to infinitely many images, from 2,000 on; may fall below 0", 1
    ),
    "fidelity/pca_fid": MeasureInfo("PCA-FID", "lower", "Fréchet distance along the first principal axes"),
    "fidelity/precision": MeasureInfo(
        "precision ratio", "like real", "share of synthetic images among real ones, over that of real images"
    ),
    "fidelity/recall": MeasureInfo(
        "recall ratio", "like real", "share of real images among synthetic ones, over that of real images"
    ),
    "fidelity/density": MeasureInfo(
        "density ratio", "like real", "real images around a synthetic one, over that of real images"
    ),
    "fidelity/coverage": MeasureInfo(
        "coverage ratio", "like real", "share of real images with a synthetic neighbour, over that of real images"
    ),
    "fidelity/c2st": MeasureInfo(
        "told from real images", "lower", "AUROC of a linear classifier of real against synthetic; .5: not"
    ),
    "fidelity/inception_score": MeasureInfo(
        "inception score", "like real", "how many classes of ImageNet are shown clearly; looks at no real image", 2
    ),
    "fidelity/spectrum": MeasureInfo(
        "spectrum distance", "lower", "difference of mean power over spatial frequencies, in dB"
    ),
    "fidelity/fine_detail": MeasureInfo(
        "power of fine detail",
        "like real",
        "at the highest frequencies, synthetic minus real, in dB; below 0: blurred",
        1,
    ),
    "fidelity/checkerboard": MeasureInfo(
        "checkerboard", "like real", "power at the finest grid over its surroundings, in dB"
    ),
}


def _place(name: str) -> tuple[int, bool, bool, str]:
    """Return what sorts the names of measures."""
    bare, _, extractor = name.partition("@")
    parts = bare.split("/")
    return list(MEASURES).index("/".join(parts[:2])), bool(extractor), parts[2:] == ["all"], name


def measure_info(name: str) -> MeasureInfo:
    """Return what the measure ``name`` is, whatever its part and extractor; KeyError for a name that does not exist.

    >>> measure_info("fidelity/kid/glioma").title, measure_info("fidelity/kid@inception").title
    ('KID', 'KID')
    """
    return MEASURES["/".join(name.partition("@")[0].split("/")[:2])]
