"""Whether a generator draws one image again and again: the variety of each class beside that of real images, at equal numbers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from qaugbench.appraisal.measures import measured, with_error
from qaugbench.appraisal.sets import Sets
from qaugbench.extractors.contract import PairDistance
from qaugbench.image_facts import Measure
from qaugbench.metrics.diversity import vendi_ratio
from qaugbench.metrics.image_pairs import distance_ratio, similarity_excess
from qaugbench.metrics.image_states import collapse_state

WHOLE = "all"


@dataclass(frozen=True)
class Variety:
    """The measures by class, the state in a word, and which classes it rests on."""

    measures: dict[str, Measure]
    state: str
    remarks: list[str]


def look_for_collapse(
    sets: Sets,
    synthetic: np.ndarray,
    reference: np.ndarray,
    extractor: str,
    rng: np.random.Generator,
    *,
    lpips: PairDistance | None = None,
    pairs: int = 300,
) -> Variety:
    """Return the variety of each class; ``synthetic`` [N, D] and ``reference`` [M, D] are features of the images of ``sets``.

    How far apart images are is measured where there is an ``lpips``. The state is that of ``collapse_state``. Without labels all
    images are one class.
    """
    measures: dict[str, Measure] = {}
    for name, own, real in _classes(sets):
        vendi = measured(lambda own=own, real=real: _vendi(synthetic[own], reference[real], extractor, rng))  # type: ignore[misc]
        ssim = measured(lambda own=own, real=real: _ssim(sets, own, real, rng, pairs))  # type: ignore[misc]
        measures |= {f"collapse/vendi/{name}": vendi, f"collapse/ssim/{name}": ssim}
        if lpips is not None:
            apart = measured(lambda own=own, real=real: _lpips(sets, own, real, lpips, rng, pairs))  # type: ignore[misc]
            measures[f"collapse/lpips/{name}"] = apart
    return Variety(measures, *collapse_state(measures))


def _classes(sets: Sets) -> list[tuple[str, np.ndarray, np.ndarray]]:
    """Return each class: its name, and its rows among the synthetic and the reference images."""
    own, real = sets.class_rows(sets.synthetic), sets.class_rows(sets.reference)
    if not own:
        return [(WHOLE, np.arange(len(sets.synthetic)), np.arange(len(sets.reference)))]
    return [(name, rows, real.get(name, np.zeros(0, dtype=np.int64))) for name, rows in own.items()]


def _vendi(own: np.ndarray, real: np.ndarray, extractor: str, rng: np.random.Generator) -> Measure:
    found = vendi_ratio(real, own, rng)
    return Measure(value=found.value, real=1.0, n=found.n, n_real=found.n, extractor=extractor)


def _ssim(sets: Sets, own: np.ndarray, real: np.ndarray, rng: np.random.Generator, pairs: int) -> Measure:
    found = similarity_excess(sets.reference.images[real], sets.synthetic.images[own], rng, pairs)
    scales = f"{found.scales} scales"
    return with_error(found.value, found.se, real=0.0, n=len(own), n_real=len(real), extractor=scales)


def _lpips(
    sets: Sets, own: np.ndarray, real: np.ndarray, lpips: PairDistance, rng: np.random.Generator, pairs: int
) -> Measure:
    found = distance_ratio(sets.reference.images[real], sets.synthetic.images[own], lpips.distances, rng, pairs)
    n = found.synthetic.n
    return with_error(found.value, found.se, real=1.0, n=n, n_real=n, extractor=lpips.provenance.extractor)
