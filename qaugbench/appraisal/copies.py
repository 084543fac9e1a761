"""Whether synthetic images are copies of training images, on features and registered pixels, and what the test would have found."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np

from qaugbench.appraisal.measures import measured, of_share
from qaugbench.appraisal.sets import ImageSet, Sets
from qaugbench.errors import StatisticsError
from qaugbench.extractors.contract import Extractor
from qaugbench.image_facts import Measure
from qaugbench.metrics.closest_pairs import ClosePair, closest_pairs
from qaugbench.metrics.copies import CopyExcess, copy_excess, distance_ratios, matching_weights, second_rank
from qaugbench.metrics.image_states import TESTS, copies_state
from qaugbench.metrics.membership import membership_inference
from qaugbench.metrics.memorisation import authenticity, data_copying
from qaugbench.metrics.orientations import OrientedNeighbours, oriented_nearest
from qaugbench.metrics.planted import Planted, planted_copies, sensitivity
from qaugbench.metrics.registration import grey_candidates, registered_distances
from qaugbench.orientations import ORIENTATIONS, oriented

Search = Callable[[np.ndarray], OrientedNeighbours]


@dataclass(frozen=True)
class Effort:
    """How much is looked at: at most so many synthetic and held-out images, and planted copies of each kind."""

    images: int = 500
    registered_images: int = 200
    planted: int = 20


@dataclass(frozen=True, eq=False)
class CopiesFound:
    """The measures, the state, why in words, and the pairs to be shown."""

    measures: dict[str, Measure]
    state: str
    remarks: list[str]
    pairs: list[ClosePair]


def look_for_copies(
    sets: Sets, extractor: Extractor, rng: np.random.Generator, effort: Effort, *, registered: bool = True
) -> CopiesFound:
    """Return what is known of copies, on features and, if ``registered``, on pixels; the state is that of ``copies_state``."""
    training = sets.training
    if training is None:
        return CopiesFound({}, "not measured", [], [])
    name = extractor.provenance.extractor
    planted = planted_copies(training.images, effort.planted, rng)
    measures: dict[str, Measure] = {}
    tests: dict[str, _Test] = {}
    makers: dict[str, Callable[[np.random.Generator, Effort], _Test]] = {"": partial(_features_test, sets, extractor)}
    if registered:
        makers["_pixels"] = partial(_pixels_test, sets)
    for ending, make in makers.items():
        try:
            tests[ending] = make(rng, effort)
        except StatisticsError as error:
            measures[f"copies/excess{ending}"] = _without(error, TESTS[ending] or name)
    needed: list[str] = []
    pairs: list[ClosePair] = []
    for ending, test in tests.items():
        label = TESTS[ending] or name
        try:
            seen = test.search(sets.synthetic.images[test.synthetic])
            pairs = pairs or _pairs(seen, test.synthetic)
            found = test.excess(sets, seen)
        except StatisticsError as error:
            measures[f"copies/excess{ending}"] = _without(error, label)
            continue
        measures[f"copies/excess{ending}"] = _excess(found, label)
        measures.update(_planted(planted, test, found, ending, label))
        if found.state == "not decided" and found.n_needed is not None:
            needed.append(
                f"Copies on {label} are not decided with {found.n} images; about {found.n_needed:,} would decide."
            )
    measures.update(_companions(sets, extractor, rng, effort))
    state, remarks = copies_state(measures)
    return CopiesFound(measures, state, needed + remarks, pairs)


@dataclass(frozen=True, eq=False)
class _Test:
    """A search for the nearest training images, and the rows of synthetic and held-out images that it looks at."""

    search: Search
    synthetic: np.ndarray
    held_out: np.ndarray

    def excess(self, sets: Sets, found: OrientedNeighbours) -> CopyExcess:
        """Return the excess of copies, ``found`` being the neighbours of the synthetic images that are looked at."""
        own, real = sets.synthetic.rows(self.synthetic), sets.reference.rows(self.held_out)
        weights, kept = _weights(own, real)
        of_real = self.search(real.images[kept])
        return copy_excess(distance_ratios(found.distances), distance_ratios(of_real.distances), weights)


def _pairs(found: OrientedNeighbours, rows: np.ndarray) -> list[ClosePair]:
    """Return the closest pairs, synthetic images by their rows in the whole set."""
    return [replace(pair, synthetic=int(rows[pair.synthetic])) for pair in closest_pairs(found)]


def pair_images(
    pairs: Sequence[ClosePair], synthetic: np.ndarray, training: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return the images of pairs, [n, H, W, C] each: the synthetic ones turned as they were when they came so close."""
    turned = [
        oriented(synthetic[pair.synthetic], pair.orientation, axes=(0, 1))
        if pair.orientation
        else synthetic[pair.synthetic]
        for pair in pairs  # pictures that are not square are found as they are alone
    ]
    return np.stack(turned) if pairs else synthetic[:0], training[[pair.training for pair in pairs]]


def _weights(own: ImageSet, real: ImageSet) -> tuple[np.ndarray | None, np.ndarray]:
    """Return weights that give held-out images the synthetic mix of classes, and the rows of those whose class was asked for."""
    asked, known = own.classes, real.classes
    if asked is None or known is None:
        return None, np.arange(len(real))
    kept = np.flatnonzero(np.isin(known, asked))
    if len(np.setdiff1d(asked, known)):
        return None, np.arange(len(real))
    return matching_weights(asked, known[kept]), kept


def _features_test(sets: Sets, extractor: Extractor, rng: np.random.Generator, effort: Effort) -> _Test:
    training = sets.training
    assert training is not None
    references = extractor.features(training.images)
    rank = second_rank(len(training), _rarest(training))
    square = training.images.shape[1] == training.images.shape[2]

    def search(images: np.ndarray) -> OrientedNeighbours:
        turns = range(len(ORIENTATIONS)) if square else range(1)
        views = [oriented(images, turn, axes=(1, 2)) if square else images for turn in turns]
        return oriented_nearest([extractor.features(np.ascontiguousarray(view)) for view in views], references, rank)

    return _Test(search, _some(len(sets.synthetic), effort.images, rng), _some(len(sets.reference), effort.images, rng))


def _pixels_test(sets: Sets, rng: np.random.Generator, effort: Effort) -> _Test:
    training = sets.training
    assert training is not None
    rank = second_rank(len(training), _rarest(training))

    def search(images: np.ndarray) -> OrientedNeighbours:
        return registered_distances(images, training.images, grey_candidates(images, training.images, rank).rows)

    n = effort.registered_images
    return _Test(search, _some(len(sets.synthetic), n, rng), _some(len(sets.reference), n, rng))


def _planted(planted: Planted, test: _Test, found: CopyExcess, ending: str, label: str) -> dict[str, Measure]:
    ratios = distance_ratios(test.search(planted.images).distances)
    shares = sensitivity(ratios, planted.kinds, found.threshold)
    return {f"copies/found{ending}/{kind}": of_share(one, extractor=label) for kind, one in shares.items()}


def _companions(sets: Sets, extractor: Extractor, rng: np.random.Generator, effort: Effort) -> dict[str, Measure]:
    """Return C_T, AuthPct against that of real images, and membership inference: companions that also react to shrinkage."""
    training = sets.training
    assert training is not None
    name = extractor.provenance.extractor
    own, real, known = (
        extractor.features(of.images[_some(len(of), effort.images, rng)])
        for of in (sets.synthetic, sets.reference, training)
    )
    facts: dict[str, Any] = {"n": len(own), "n_real": len(real), "extractor": name}

    def copying() -> Measure:
        found = data_copying(own, real, known, rng)
        return Measure(value=found.z, ci_low=found.z - 1.96, ci_high=found.z + 1.96, real=0.0, **facts)

    def authentic() -> Measure:
        found = authenticity(own, real, known)
        return Measure(value=found.difference, ci_low=found.ci_low, ci_high=found.ci_high, real=0.0, **facts)

    def membership(value: str) -> Measure:
        found = membership_inference(own, known, real)
        if value == "tpr":
            return of_share(found.called, real=found.false_positives, n_real=len(real), extractor=name)
        return Measure(value=found.auc, ci_low=found.ci_low, ci_high=found.ci_high, real=0.5, **facts)

    return {
        "copies/data_copying_z": measured(copying),
        "copies/authentic": measured(authentic),
        "copies/membership_auc": measured(lambda: membership("auc")),
        "copies/membership_tpr": measured(lambda: membership("tpr")),
    }


def _without(error: StatisticsError, label: str) -> Measure:
    return Measure(value=None, reason=str(error), extractor=label)


def _excess(found: CopyExcess, label: str) -> Measure:
    facts: dict[str, Any] = {"n": found.n, "n_real": found.n_held_out, "extractor": label}
    return Measure(value=found.excess, ci_low=found.ci_low, ci_high=found.ci_high, real=0.0, **facts)


def _rarest(training: ImageSet) -> int | None:
    """Return the number of training images of the rarest class, where each image has one."""
    classes = training.classes
    return None if classes is None else int(np.bincount(classes)[np.unique(classes)].min())


def _some(n: int, most: int, rng: np.random.Generator) -> np.ndarray:
    """Return at most ``most`` of ``n`` rows, in order."""
    return np.arange(n) if n <= most else np.sort(rng.permutation(n)[:most])
