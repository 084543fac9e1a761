"""What the stages of noisy drawing compute: images drawn under noise, a twin's with noise added, measures, and photons kept."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from qaugbench.circuits.execution import Execution
from qaugbench.circuits.written import as_executed
from qaugbench.datasets.labelled_images import LabelledImages
from qaugbench.errors import StatisticsError
from qaugbench.experiment.appraisal_inputs import images_at, judges_of, verdicts_of
from qaugbench.experiment.cells import YIELD, Cell
from qaugbench.experiment.noise_fits import fit
from qaugbench.experiment.store import Store
from qaugbench.experiment.stored import drawn_images, fitted_model
from qaugbench.seeds import numpy_generator

Files = dict[str, Any]
Facts = dict[str, Any]
ADDED = "added"
"""The execution of a sample whose blocks run no circuit: Gaussian noise as strong as that of the sample ``noise`` is added."""
FIRST = "images"
"""How many images, the first ones, are drawn or measured; all without it."""


def sample(cell: Cell, store: Store) -> tuple[Files, Facts]:
    """Draw the images of a ``sample`` cell under an execution, with the seeds of the ideal sample.

    Beside the images is kept how far each output of the circuits was from the ideal one, as the mean square of each output of
    each block, and what drawing would be charged. Blocks that do not run, such as that of a label which nothing is drawn for, have
    no part in it.
    """
    from qaugbench.generators.shared.added_noise import (
        counted_evaluations,
        noise_added,
        recorded_deviations,
    )

    wanted, seed, execution = drawn_images(cell, store, "drawn"), cell.key["seeds"]["gen_sample"], cell.key["execution"]
    labels = wanted.labels[: cell.key.get(FIRST)]
    model = fitted_model(cell, store, wanted.images.shape[1:], labels.shape[1])
    files: Files = {"labels": labels}
    if ADDED in execution:
        with noise_added(model.blocks, _variances(cell.needs["noise"], store, len(model.blocks)), seed):
            files["images"] = model.sample(labels, seed=seed)
        return files, {"images": len(labels)}
    under = as_executed(execution)
    with recorded_deviations(model.blocks) as recorded, counted_evaluations(model.blocks) as counted:
        files["images"] = model.sample(labels, seed=seed, execution=under)
    squares, strength = _deviations(model.blocks, recorded)
    files |= squares
    return files, {"images": len(labels), "deviation": strength, "charge": _charged(counted, under, len(labels))}


def _deviations(blocks: Sequence[Any], recorded: Mapping[Any, Any]) -> tuple[Files, list[float]]:
    """Return the mean squares of the outputs of each block, zero where it did not run, and the strength of those that did.

    Nothing where a block has no ideal values.
    """
    from qaugbench.generators.shared.added_noise import mean_squares

    if len(recorded) < len(blocks):
        return {}, []
    squares = [mean_squares(recorded[block]) for block in blocks]
    strength = [
        float(np.sqrt(each.mean())) for block, each in zip(blocks, squares, strict=True) if recorded[block].rows
    ]
    return {f"deviation-{k}": each for k, each in enumerate(squares)}, strength


def _charged(counted: Mapping[Any, Any], under: Execution, images: int) -> dict[str, Any] | None:
    """Return the shots that drawing took of circuits of gates, and what their mitigation counted; None where none ran."""
    from qaugbench.circuits.circuit import Circuit
    from qaugbench.circuits.mitigation.charged import charge
    from qaugbench.circuits.mitigation.tally import Tally, tally_of

    ran = {block: one for block, one in counted.items() if one.rows and isinstance(block.circuit, Circuit)}
    if not ran or not images:
        return None
    charges = [charge(block.circuit, under, calls=one.calls, rows=one.rows) for block, one in ran.items()]
    shots, calibration = sum(one.shots for one in charges), sum(one.calibration for one in charges)
    tallies = [tally for tally in map(tally_of, ran) if tally is not None]
    told = sum(tallies, start=Tally())
    return {
        "shots_each": charges[0].each,
        "assumed": under.shots is None,
        "calibration_shots": calibration,
        "per_image": (shots + calibration) / images,
        "outputs": told.outputs,
        "clipped": told.clipped,
        "not_fitted": told.not_fitted,
        "negative_mass": told.negative_mass,
    }


def yields(cell: Cell, store: Store) -> tuple[Files, Facts]:
    """Measure the share of detections that photonic circuits keep while the first images of a sample are drawn."""
    from qaugbench.generators.shared.photon_yield import recorded_yields

    wanted = drawn_images(cell, store, "drawn")
    labels = wanted.labels[: cell.key[FIRST]]
    model = fitted_model(cell, store, wanted.images.shape[1:], labels.shape[1])
    with recorded_yields(model.blocks) as recorded:
        model.points(labels, seed=cell.key["seeds"]["gen_sample"], execution=as_executed(cell.key["execution"]))
    kept = [float(one.mean.mean()) for one in recorded.values() if one.rows]
    return {}, {"yield": kept, "remark": ", ".join(f"{share:.3g} of detections kept" for share in kept)}


def _variances(noise: Cell, store: Store, blocks: int) -> list[np.ndarray]:
    """Return the mean squares of the outputs of each of so many blocks that a noisy sample kept."""
    if not store.meta("sample", noise.name)["facts"]["deviation"]:
        raise StatisticsError(
            "The circuits draw single bitstrings, or none runs while images are drawn: their outputs have no ideal values about "
            "which noise has a variance."
        )
    return [store.array("sample", noise.name, f"deviation-{k}") for k in range(blocks)]


def measure(cell: Cell, store: Store) -> tuple[Files, Facts]:
    """Measure a set of drawn images against real ones of other patients, on the features of the judge.

    Each measure is ``{value, se, n, n_real, real}``; one that cannot be measured has no value and a reason.
    """
    from qaugbench.appraisal.labels import label_measures, probe_auroc

    name = cell.needs["sample"].name
    images, labels = (store.array("sample", name, part)[: cell.key.get(FIRST)] for part in ("images", "labels"))
    own = LabelledImages(images, labels, np.arange(len(images), dtype=np.int64))
    judges = judges_of(cell.needs["judge"], store, own)
    halves = [images_at(cell, store, one.reference) for one in judges]
    reference = halves[0]
    features, real = judges[0].features(own.images), judges[0].features(reference.images)
    verdicts = verdicts_of(judges, halves, own)
    names = tuple(cell.key["labels"])
    said = label_measures(verdicts.synthetic, verdicts.real, names, cell.key["label_kind"], "judge")
    seen = said.get("labels/consistency") or said["labels/trts_auroc"]
    random = numpy_generator(cell.key["seed"])
    found = {
        "kid": _measured(lambda: _kid(features, real, reference.groups, random)),
        "diversity": _measured(lambda: _diversity(features, labels, real, reference.labels, random)),
        "consistency": {
            "value": seen.value,
            "real": seen.real,
            "n": len(own),
            "n_real": seen.n_real,
            **_why(seen.reason),
        },
        "probe": _measured(
            lambda: {
                "value": probe_auroc(features, labels, real, reference.labels),
                "n": len(own),
                "n_real": len(reference),
            }
        ),
    }
    return {}, {"measures": found, "remark": _remark(found)}


def _measured(make: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    try:
        return make()
    except StatisticsError as error:
        return {"value": None, "reason": str(error)}


def _why(reason: str | None) -> dict[str, str]:
    return {"reason": reason} if reason else {}


def _kid(own: np.ndarray, real: np.ndarray, groups: np.ndarray, rng: np.random.Generator) -> dict[str, Any]:
    from qaugbench.metrics.kernel_distance import kernel_distance

    found = kernel_distance(real, own, rng, real_groups=groups)
    return {"value": found.value, "se": found.se, "n": len(own), "n_real": len(real)}


def _diversity(
    own: np.ndarray, labels: np.ndarray, real: np.ndarray, real_labels: np.ndarray, rng: np.random.Generator
) -> dict[str, Any]:
    """Return the mean over classes of the Vendi score of drawn images over that of real ones, both at equal numbers."""
    from qaugbench.metrics.diversity import vendi_ratio

    ratios = {}
    for k in range(labels.shape[1]):
        try:
            ratios[k] = vendi_ratio(real[real_labels[:, k] > 0], own[labels[:, k] > 0], rng).value
        except StatisticsError:  # too few images of a class; it is left out of every level alike
            continue
    if not ratios:
        raise StatisticsError("No class has ten drawn and ten real images, which the variety of a class needs.")
    return {"value": float(np.mean(list(ratios.values()))), "classes": len(ratios), "real": 1.0}


def _remark(found: Mapping[str, Mapping[str, Any]]) -> str:
    return ", ".join(f"{name} {one['value']:.3g}" for name, one in found.items() if one["value"] is not None)


NOISE_STAGES: Mapping[str, Callable[[Cell, Store], tuple[Files, Facts]]] = {
    "fit": fit,
    "sample": sample,
    "measure": measure,
    YIELD: yields,
}
