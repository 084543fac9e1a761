"""One set of synthetic images appraised, in the order in which people ask: copies, collapse, training, labels, then fidelity."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from qaugbench.appraisal.collapse import look_for_collapse
from qaugbench.appraisal.copies import Effort, look_for_copies
from qaugbench.appraisal.fidelity import class_distances, detected, feature_distances, reconstruction, spectra
from qaugbench.appraisal.labels import Judged, label_measures, label_state, probe_auroc
from qaugbench.appraisal.measures import measured
from qaugbench.appraisal.sets import ImageSet, Sets
from qaugbench.appraisal.trained import training_measures, training_state
from qaugbench.extractors.cache import RememberedExtractor
from qaugbench.extractors.contract import Extractor
from qaugbench.image_facts import Appraisal, ExtractorFacts, Measure
from qaugbench.metrics.closest_pairs import ClosePair
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
    verdicts: Verdicts | None = None,
    trends: Mapping[str, str] | None = None,
    missing: Mapping[str, str] | None = None,
    originals: np.ndarray | None = None,
    options: Options | None = None,
    tell: Tell = lambda what: None,
) -> Appraised:
    """Return what is known of ``sets.synthetic``.

    The first of ``extractors`` is the one that copies, collapse and training are told by; distances are measured on each.
    ``verdicts`` are a judge's, ``trends`` the words of the fit's losses by name, and ``missing`` extractors whose weights are not
    here, with what brings them. ``originals`` are the images that the synthetic ones are reconstructions of, row by row. The same
    arguments give the same numbers. What cannot be measured is a measure without a value and with the reason.
    """
    options = options or Options()
    extractors = [RememberedExtractor(one) for one in extractors]
    first = extractors[0]

    def random(what: str) -> np.random.Generator:
        return numpy_generator(child_seed(options.seed, "appraisal", what))

    tell("copies")
    copies = look_for_copies(sets, first, random("copies"), options.effort, registered=options.registered)
    name = first.provenance.extractor
    own, real = first.features(sets.synthetic.images), first.features(sets.reference.images)
    tell("collapse")
    variety = look_for_collapse(sets, own, real, name, random("collapse"))
    tell("training")
    on_the_way = {percent: first.features(of.images) for percent, of in sets.earlier.items()}
    if on_the_way:
        on_the_way[100] = own[: min(len(features) for features in on_the_way.values())]
    training = training_measures(on_the_way, real, name, random("training")) if on_the_way else {}
    tell("labels")
    known = None if sets.training is None else first.features(sets.training.images)
    labels = _labels(sets, verdicts, own, real, known, name)
    fidelity: dict[str, Measure] = {}
    for extractor in extractors:
        tell(f"fidelity on {extractor.provenance.extractor}")
        fidelity |= _fidelity(sets, extractor, extractor is first, random(f"fidelity {extractor.provenance.extractor}"))
    if originals is not None:
        fidelity |= reconstruction(sets.synthetic.images, originals)
    for extractor_name, remedy in (missing or {}).items():
        fidelity[f"fidelity/kid@{extractor_name}"] = Measure(value=None, reason=remedy, extractor=extractor_name)
    states = {
        "copies": copies.state,
        "collapse": variety.state,
        "training": training_state(training.get("training/gain"), trends or {}),
        "labels": label_state(labels.get("labels/skill")),
    }
    appraisal = Appraisal(
        n_synthetic=len(sets.synthetic),
        n_reference=len(sets.reference),
        n_training=0 if sets.training is None else len(sets.training),
        extractors={one.provenance.extractor: _facts(one) for one in extractors},
        states=states,
        remarks=[*copies.remarks, *variety.remarks],
        measures={**copies.measures, **variety.measures, **training, **labels, **fidelity},
    )
    return Appraised(appraisal, copies.pairs)


def _labels(
    sets: Sets,
    verdicts: Verdicts | None,
    own: np.ndarray,
    real: np.ndarray,
    known: np.ndarray | None,
    extractor: str,
) -> dict[str, Measure]:
    """Return a judge's word, and what a probe on features learns of real images from synthetic ones, beside training images."""
    measures: dict[str, Measure] = {}
    if verdicts is not None:
        measures = label_measures(verdicts.synthetic, verdicts.real, sets.label_names, sets.label_kind, verdicts.judge)
    labels, real_labels = sets.synthetic.labels, sets.reference.labels
    if labels is None or real_labels is None:
        return measures

    training = None if sets.training is None else sets.training.labels

    def make() -> Measure:
        value = probe_auroc(own, labels, real, real_labels)
        of_real = None if known is None or training is None else probe_auroc(known, training, real, real_labels)
        return Measure(value=value, real=of_real, n=len(own), n_real=len(real), extractor=extractor)

    return {**measures, "labels/tstr_auroc": measured(make)}


def _fidelity(sets: Sets, extractor: Extractor, is_first: bool, rng: np.random.Generator) -> dict[str, Measure]:
    """Return the distances on one extractor; those that are not on the first have its name behind theirs."""
    name = extractor.provenance.extractor
    own, real = extractor.features(sets.synthetic.images), extractor.features(sets.reference.images)
    noise = extractor.features(noise_images(sets.reference, NOISE_IMAGES, rng))
    groups = sets.reference.groups
    found = feature_distances(own, real, groups, noise, name, rng)
    found |= detected(own, real, groups, name, rng)
    if is_first:
        found |= spectra(sets.synthetic.images, sets.reference.images, groups, rng)
        real_rows = sets.class_rows(sets.reference)
        rows = {label: (rows, real_rows[label]) for label, rows in sets.class_rows(sets.synthetic).items()}
        return {**found, **class_distances(own, real, rows, name, rng)}
    return {f"{key}@{name}": one for key, one in found.items()}


def noise_images(like: ImageSet, n: int, rng: np.random.Generator) -> np.ndarray:
    """Return ``n`` images of independent pixels, each with the mean and deviation of all pixels of ``like``, uint8 [n, H, W, C]."""
    pixels = like.images.astype(np.float64)
    drawn = rng.normal(pixels.mean(), pixels.std(), size=(n, *like.images.shape[1:]))
    return np.clip(np.rint(drawn), 0, 255).astype(np.uint8)


def _facts(extractor: Extractor) -> ExtractorFacts:
    found = extractor.provenance
    return ExtractorFacts(weights_sha256=found.weights_sha256, resize=found.resize)
