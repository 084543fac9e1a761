"""One set of synthetic images appraised, in the order in which people ask: copies, collapse, training, labels, then fidelity."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

import numpy as np

from qaugbench.appraisal.collapse import look_for_collapse
from qaugbench.appraisal.copies import Effort, look_for_copies
from qaugbench.appraisal.factors import KnownFactors, factor_measures
from qaugbench.appraisal.fidelity import (
    class_distances,
    classes_shown,
    detected,
    feature_distances,
    reconstruction,
    spectra,
)
from qaugbench.appraisal.labels import Judged, label_measures, probe_auroc, with_both_kinds
from qaugbench.appraisal.measures import measured
from qaugbench.appraisal.sets import ImageSet, Sets
from qaugbench.appraisal.trained import training_measures, training_state
from qaugbench.extractors.asked import LPIPS
from qaugbench.extractors.cache import RememberedExtractor
from qaugbench.extractors.contract import Extractor, PairDistance, Provenance
from qaugbench.image_facts import Appraisal, ExtractorFacts, Measure
from qaugbench.metrics.closest_pairs import ClosePair
from qaugbench.metrics.image_states import labels_state
from qaugbench.seeds import child_seed, numpy_generator

NOISE_IMAGES = 100
Tell = Callable[[str], None]


@dataclass(frozen=True, eq=False)
class Verdicts:
    """A judge's word on the synthetic images and on real ones that it did not learn from; ``judge`` names it."""

    judge: str
    synthetic: Judged
    real: Judged


@dataclass(frozen=True, eq=False)
class Appraised:
    """What is known, and the closest pairs of synthetic and training images, for a sheet of pictures."""

    appraisal: Appraisal
    pairs: list[ClosePair]


@dataclass(frozen=True)
class Options:
    """``seed`` of everything that is drawn; how much is looked at; whether pixels are registered to find copies."""

    seed: int = 0
    effort: Effort = field(default_factory=Effort)
    registered: bool = True


def appraise(
    sets: Sets,
    extractors: Sequence[Extractor],
    *,
    lpips: PairDistance | None = None,
    factors: KnownFactors | None = None,
    verdicts: Verdicts | None = None,
    trends: Mapping[str, str] | None = None,
    missing: Mapping[str, str] | None = None,
    originals: np.ndarray | None = None,
    options: Options | None = None,
    tell: Tell = lambda what: None,
) -> Appraised:
    """Return what is known of ``sets.synthetic``.

    The first of ``extractors`` is the one that copies, collapse and training are told by; distances are measured on each.
    ``lpips`` measures how far apart images of a class are, ``factors`` are those of a phantom, ``verdicts`` are a judge's,
    ``trends`` the words of the fit's losses by name, and ``missing`` extractors whose weights are not here, with what brings them.
    ``originals`` are the images that the synthetic ones are reconstructions of, row by row. The same arguments give the same
    numbers. What cannot be measured is a measure without a value and with the reason.
    """
    options = options or Options()
    remembered = [RememberedExtractor(one) for one in extractors]
    first, random = remembered[0], partial(_random, options.seed)
    own, real = first.features(sets.synthetic.images), first.features(sets.reference.images)
    tell("copies")
    copies = look_for_copies(sets, first, random("copies"), options.effort, registered=options.registered)
    tell("collapse")
    variety = look_for_collapse(sets, own, real, first.provenance.extractor, random("collapse"), lpips=lpips)
    of_factors = _factors(sets, factors, random("factors"))
    tell("training")
    training = _training(sets, first, random("training"))
    tell("labels")
    labels = _labels(sets, verdicts, first)
    held, doubt = labels_state(labels)
    fidelity = _on_each(sets, remembered, random, tell)
    if originals is not None:
        fidelity |= reconstruction(sets.synthetic.images, originals)
    provenances = [one.provenance for one in (*remembered, lpips, factors) if one is not None]
    appraisal = Appraisal(
        n_synthetic=len(sets.synthetic),
        n_reference=len(sets.reference),
        n_training=0 if sets.training is None else len(sets.training),
        extractors={one.extractor: _facts(one) for one in provenances},
        states={
            "copies": copies.state,
            "collapse": variety.state,
            "training": training_state(training.get("training/gain"), trends or {}),
            "labels": held,
        },
        remarks=[*copies.remarks, *variety.remarks, *doubt],
        measures=copies.measures | variety.measures | of_factors | training | labels | fidelity | _missing(missing),
    )
    return Appraised(appraisal, copies.pairs)


def _random(seed: int, what: str) -> np.random.Generator:
    """Return the stream of one part of an appraisal."""
    return numpy_generator(child_seed(seed, "appraisal", what))


def _factors(sets: Sets, factors: KnownFactors | None, rng: np.random.Generator) -> dict[str, Measure]:
    """Return how the factors of phantoms are distributed, where they and the labels asked for are known."""
    labels = sets.synthetic.labels
    return {} if factors is None or labels is None else factor_measures(factors, labels, rng)


def _missing(remedies: Mapping[str, str] | None) -> dict[str, Measure]:
    """Return the measures that the missing extractors would have given first, with what brings their weights."""
    remedies = remedies or {}
    names = {name: "collapse/lpips" if name == LPIPS else f"fidelity/kid@{name}" for name in remedies}
    return {names[name]: Measure(value=None, reason=remedy, extractor=name) for name, remedy in remedies.items()}


def _training(sets: Sets, extractor: Extractor, rng: np.random.Generator) -> dict[str, Measure]:
    """Return how near to real images those are that were drawn on the way of the fit, and the last ones beside them."""
    if not sets.earlier:
        return {}
    drawn = {percent: extractor.features(of.images) for percent, of in sets.earlier.items()}
    drawn[100] = extractor.features(sets.synthetic.images)[: min(map(len, drawn.values()))]
    return training_measures(drawn, extractor.features(sets.reference.images), extractor.provenance.extractor, rng)


def _labels(sets: Sets, verdicts: Verdicts | None, extractor: Extractor) -> dict[str, Measure]:
    """Return a judge's word, and what a probe on features learns of real images from synthetic ones, beside training images."""
    measures: dict[str, Measure] = {}
    if verdicts is not None:
        measures = label_measures(verdicts.synthetic, verdicts.real, sets.label_names, sets.label_kind, verdicts.judge)
    labels, real_labels = sets.synthetic.labels, sets.reference.labels
    if labels is None or real_labels is None:
        return measures
    own, real = extractor.features(sets.synthetic.images), extractor.features(sets.reference.images)

    def make() -> Measure:
        known = sets.training
        seen = known.labels if known is not None else None
        every = with_both_kinds(labels, real_labels)
        shared = every if seen is None else every & with_both_kinds(seen)
        asked = shared if shared.any() else every  # the training images tell nothing apart: no number stands beside
        value = probe_auroc(own, labels[:, asked], real, real_labels[:, asked])
        of_real = None
        if known is not None and seen is not None and shared.any():
            of_real = probe_auroc(extractor.features(known.images), seen[:, shared], real, real_labels[:, shared])
        name = extractor.provenance.extractor
        return Measure(value=value, real=of_real, n=len(own), n_real=len(real), extractor=name)

    return {**measures, "labels/tstr_auroc": measured(make)}


def _on_each(
    sets: Sets, extractors: Sequence[Extractor], random: Callable[[str], np.random.Generator], tell: Tell
) -> dict[str, Measure]:
    """Return the distances on each extractor; those that are not on the first have its name behind theirs."""
    found: dict[str, Measure] = {}
    for number, extractor in enumerate(extractors):
        name = extractor.provenance.extractor
        tell(f"fidelity on {name}")
        measures = _fidelity(sets, extractor, random(f"fidelity {name}"), whole=number == 0)
        found |= measures if number == 0 else {f"{key}@{name}": one for key, one in measures.items()}
    return found


def _fidelity(sets: Sets, extractor: Extractor, rng: np.random.Generator, *, whole: bool) -> dict[str, Measure]:
    """Return the distances on one extractor; by class as well, and those that need no extractor, where it is the ``whole``."""
    name, groups = extractor.provenance.extractor, sets.reference.groups
    own, real = extractor.features(sets.synthetic.images), extractor.features(sets.reference.images)
    noise = extractor.features(noise_images(sets.reference, NOISE_IMAGES, rng))
    found = feature_distances(own, real, groups, noise, name, rng)
    logits, real_logits = extractor.logits(own), extractor.logits(real)
    if logits is not None and real_logits is not None:
        found |= classes_shown(logits, real_logits, name, rng)
    found |= detected(own, real, groups, name, rng)
    if not whole:
        return found
    found |= spectra(sets.synthetic.images, sets.reference.images, groups, rng)
    real_rows = sets.class_rows(sets.reference)
    rows = {label: (rows, real_rows[label]) for label, rows in sets.class_rows(sets.synthetic).items()}
    return {**found, **class_distances(own, real, rows, name, rng)}


def noise_images(like: ImageSet, n: int, rng: np.random.Generator) -> np.ndarray:
    """Return ``n`` images of independent pixels, each with the mean and deviation of all pixels of ``like``, uint8 [n, H, W, C]."""
    pixels = like.images.astype(np.float64)
    drawn = rng.normal(pixels.mean(), pixels.std(), size=(n, *like.images.shape[1:]))
    return np.clip(np.rint(drawn), 0, 255).astype(np.uint8)


def _facts(found: Provenance) -> ExtractorFacts:
    return ExtractorFacts(weights_sha256=found.weights_sha256, resize=found.resize)
