"""How near synthetic images are to real ones, on the features of one extractor, beside what real images and noise give."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from qaugbench.appraisal.measures import measured, with_error
from qaugbench.errors import StatisticsError
from qaugbench.image_facts import Measure
from qaugbench.metrics.frechet import frechet_distance, frechet_limit, pca_frechet_distance
from qaugbench.metrics.inception_score import inception_score
from qaugbench.metrics.kernel_distance import KernelDistance, kernel_distance, rbf_distance
from qaugbench.metrics.manifold import overlap
from qaugbench.metrics.spectrum import checkerboard_power, compare_spectra
from qaugbench.metrics.structural_similarity import ms_ssim
from qaugbench.metrics.two_sample import detectability

LEAST_PER_CLASS = 20
OVERLAPS = ("precision", "recall", "density", "coverage")


def feature_distances(
    synthetic: np.ndarray,
    reference: np.ndarray,
    groups: np.ndarray | None,
    noise: np.ndarray,
    extractor: str,
    rng: np.random.Generator,
) -> dict[str, Measure]:
    """Return kernel distances, Fréchet distances and overlaps of features ``synthetic`` [N, D] with ``reference`` [M, D].

    ``groups`` [M] are the patients of the reference, ``noise`` [L, D] features of images of noise. What real images give is
    measured between two halves of the reference that share no patient.
    """
    halves = _halves(len(reference), groups, rng)
    facts: dict[str, Any] = {"n": len(synthetic), "n_real": len(reference), "extractor": extractor}

    def kernel(distance: Callable[..., KernelDistance]) -> Callable[[], Measure]:
        def make() -> Measure:
            found = distance(reference, synthetic, rng, real_groups=groups)
            real = _or_none(lambda: distance(reference[halves[0]], reference[halves[1]], rng).value)
            nothing = _or_none(lambda: distance(reference, noise, rng).value)
            return with_error(found.value, found.se, real=real, noise=nothing, **facts)

        return make

    def frechet(distance: Callable[[np.ndarray, np.ndarray], float]) -> Callable[[], Measure]:
        def make() -> Measure:
            real = _or_none(lambda: distance(reference[halves[0]], reference[halves[1]]))
            return Measure(value=distance(reference, synthetic), real=real, **facts)

        return make

    return {
        "fidelity/kid": measured(kernel(kernel_distance)),
        "fidelity/cmmd": measured(kernel(rbf_distance)),
        "fidelity/pca_fid": measured(frechet(lambda real, other: pca_frechet_distance(reference, real, other).value)),
        "fidelity/fid": measured(frechet(lambda real, other: frechet_distance(real, other).value)),
        "fidelity/fid_limit": measured(frechet(lambda real, other: frechet_limit(real, other, rng).value)),
        **_overlaps(synthetic, reference, halves, extractor, rng),
    }


def classes_shown(
    synthetic: np.ndarray, reference: np.ndarray, extractor: str, rng: np.random.Generator
) -> dict[str, Measure]:
    """Return the inception score of class scores ``synthetic`` [N, K], beside that of ``reference`` [M, K] at the same number."""
    n = min(len(synthetic), len(reference))

    def score(logits: np.ndarray) -> float:
        return inception_score(logits[rng.permutation(len(logits))[:n]]).mean

    def make() -> Measure:
        return Measure(value=score(synthetic), real=score(reference), n=n, n_real=n, extractor=extractor)

    return {"fidelity/inception_score": measured(make)}


def detected(
    synthetic: np.ndarray, reference: np.ndarray, groups: np.ndarray | None, extractor: str, rng: np.random.Generator
) -> dict[str, Measure]:
    """Return how well a linear classifier tells features ``synthetic`` [N, D] from ``reference`` [M, D]; halves of it beside."""
    first, second = _halves(len(reference), groups, rng)

    def make() -> Measure:
        found = detectability(reference, synthetic, rng, real_groups=groups)
        real = _or_none(lambda: detectability(reference[first], reference[second], rng).auroc)
        limits: dict[str, Any] = {"ci_low": found.ci_low, "ci_high": found.ci_high}
        return Measure(
            value=found.auroc, **limits, real=real, n=len(synthetic), n_real=len(reference), extractor=extractor
        )

    return {"fidelity/c2st": measured(make)}


def spectra(
    synthetic: np.ndarray, reference: np.ndarray, groups: np.ndarray | None, rng: np.random.Generator
) -> dict[str, Measure]:
    """Return distances of the spectra of images uint8 [N, H, W, C] from those of ``reference`` [M, H, W, C], in dB."""
    first, second = _halves(len(reference), groups, rng)
    facts: dict[str, Any] = {"n": len(synthetic), "n_real": len(reference), "extractor": "spectrum, dB"}

    def distance() -> Measure:
        real = _or_none(lambda: compare_spectra(reference[first], reference[second]).distance)
        return Measure(value=compare_spectra(reference, synthetic).distance, real=real, **facts)

    def fine() -> Measure:
        real = _or_none(lambda: compare_spectra(reference[first], reference[second]).high)
        return Measure(value=compare_spectra(reference, synthetic).high, real=real, **facts)

    def grid() -> Measure:
        return Measure(value=checkerboard_power(synthetic), real=checkerboard_power(reference), **facts)

    return {
        "fidelity/spectrum": measured(distance),
        "fidelity/fine_detail": measured(fine),
        "fidelity/checkerboard": measured(grid),
    }


def reconstruction(images: np.ndarray, originals: np.ndarray) -> dict[str, Measure]:
    """Return how near reconstructed ``images`` uint8 [N, H, W, C] are to their ``originals``: mean PSNR in dB, mean MS-SSIM."""

    def psnr() -> Measure:
        error = np.square(images.astype(np.float64) - originals).reshape(len(images), -1).mean(axis=1)
        return Measure(value=float((10 * np.log10(255**2 / np.maximum(error, 1e-2))).mean()), n=len(images))

    def similarity() -> Measure:
        return Measure(value=float(ms_ssim(originals, images).mean()), n=len(images))

    return {"fidelity/psnr": measured(psnr), "fidelity/ms_ssim": measured(similarity)}


def class_distances(
    synthetic: np.ndarray,
    reference: np.ndarray,
    rows: dict[str, tuple[np.ndarray, np.ndarray]],
    extractor: str,
    rng: np.random.Generator,
) -> dict[str, Measure]:
    """Return the KID of each class; ``rows`` are those of its images among ``synthetic`` [N, D] and ``reference`` [M, D]."""

    def make(own: np.ndarray, real: np.ndarray) -> Measure:
        if min(len(own), len(real)) < LEAST_PER_CLASS:
            raise StatisticsError(
                f"{len(own)} synthetic and {len(real)} real images of this class; at least {LEAST_PER_CLASS} of each are needed."
            )
        found = kernel_distance(reference[real], synthetic[own], rng)
        return with_error(found.value, found.se, n=len(own), n_real=len(real), extractor=extractor)

    return {
        f"fidelity/kid/{name}": measured(lambda own=own, real=real: make(own, real))  # type: ignore[misc]
        for name, (own, real) in rows.items()
    }


def _overlaps(
    synthetic: np.ndarray,
    reference: np.ndarray,
    halves: tuple[np.ndarray, np.ndarray],
    extractor: str,
    rng: np.random.Generator,
) -> dict[str, Measure]:
    """Return precision, recall, density and coverage over those of real images, both at half the size of the reference."""
    first, second = (reference[half] for half in halves)
    n = min(len(second), len(synthetic), len(first))
    taken = synthetic[rng.permutation(len(synthetic))[:n]]

    def make(name: str) -> Measure:
        ceiling = overlap(first[:n], second[:n])
        found = overlap(first[:n], taken)
        ratio = getattr(found.over(ceiling), name)
        return Measure(value=ratio, real=1.0, n=n, n_real=n, extractor=extractor)

    return {f"fidelity/{name}": measured(lambda name=name: make(name)) for name in OVERLAPS}  # type: ignore[misc]


def _halves(n: int, groups: np.ndarray | None, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Return the rows of two halves that share no group, as equal as whole groups allow."""
    groups = np.arange(n) if groups is None else groups
    kinds, code = np.unique(groups, return_inverse=True)
    order = rng.permutation(len(kinds))
    sizes = np.bincount(code)[order]
    first = order[: np.searchsorted(np.cumsum(sizes), n / 2) + 1] if len(kinds) > 1 else order[:0]
    inside = np.isin(code, first)
    return np.flatnonzero(inside), np.flatnonzero(~inside)


def _or_none(make: Callable[[], float]) -> float | None:
    try:
        return make()
    except StatisticsError:
        return None
