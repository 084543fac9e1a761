"""Every number of a run from its predictions: values, intervals, contrasts and verdicts, the same on any machine.

Nothing depends on the order of the arms, and what is drawn (simultaneous limits, bootstrap) is drawn from fixed seeds, so
whoever holds the predictions can check the scores.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from qaugbench.errors import StatisticsError, first_offenders, near_names
from qaugbench.predictions import percent
from qaugbench.stats.all_fractions import confirmatory, worths
from qaugbench.stats.choices import choose
from qaugbench.stats.fraction import ArmMeasurements, Fraction
from qaugbench.stats.intention_to_treat import Present
from qaugbench.stats.metric_kinds import KINDS
from qaugbench.stats.metric_on_images import Images
from qaugbench.stats.profile import Background, profile
from qaugbench.stats.results import Choice, FractionScore, Scores
from qaugbench.stats.score_fraction import score_fraction
from qaugbench.stats.secondary import secondary_metrics
from qaugbench.stats.withheld import without_claims

if TYPE_CHECKING:
    from qaugbench.predictions import ArmInfo, PredictionSet
    from qaugbench.task import Endpoint


def score(
    predictions: PredictionSet,
    arms: Sequence[ArmInfo],
    endpoints: Sequence[Endpoint],
    label_kind: str,
    class_names: Sequence[str],
    *,
    task: str | None = None,
    n_real: Mapping[str, int] | None = None,
    n_fill: Mapping[str, int] | None = None,
    n_oracle: Mapping[str, int] | None = None,
    choices: Mapping[str, Choice] | None = None,
    reference: Mapping[str, str] | None = None,
    unattributable: Mapping[str, Mapping[str, str]] | None = None,
    training_counts: Mapping[str, int] | None = None,
    test_withheld: bool = False,
    no_verdict: str | None = None,
) -> Scores:
    """Return the Scores of ``predictions``; ``endpoints[0]`` is primary and ``task`` names the task in the sentences.

    At each fraction: a replicate of a synthetic arm or control without finite logits takes the compute-matched arm's
    predictions and is flagged; any other arm that lacks one is dropped, with a reason. R* and the best classical arm are
    those of ``choices``, or chosen on validation (``choose``) at a fraction without one. Contrasts, by ``family``: every arm
    against R* (``reference``), every arm against classical augmentation alone (``augmented``; no verdict), every synthetic
    arm against the best classical arm other than itself (``best-classical``) and against each of its controls (``control``).

    ``n_real`` and ``n_fill`` are the real and the synthetic training images by fraction, which say what the latter were
    worth; ``n_oracle`` are the oracle's further real images, where it has fewer than there are synthetic ones. ``reference``
    names R* by fraction instead of choosing it: where that is not the R* of ``choices``, both are chosen anew.
    ``training_counts`` are the training images by class, by which recall is told of rare ones.
    ``unattributable`` says by fraction and generator why a gain cannot be attributed to the circuit, and ``no_verdict`` why
    there may be no verdict at all. With ``test_withheld`` the validation images are scored and nothing is claimed
    (``without_claims``). Raises StatisticsError when arms, endpoints, classes, labels and logits do not fit together.
    """
    by_id = _checked_arms(predictions.arms, arms)
    predictions = predictions.on_validation() if test_withheld else predictions
    _check_named(reference or {}, unattributable or {}, choices or {}, predictions)
    _check_endpoints(endpoints, class_names, label_kind)
    _check_ids("test", predictions.test_ids, predictions.test_labels)
    _check_ids("validation", predictions.val_ids, predictions.val_labels)
    test = Images(predictions.test_labels, predictions.test_groups, tuple(class_names), label_kind)
    validation = Images(predictions.val_labels, predictions.val_groups, tuple(class_names), label_kind)
    secondary = secondary_metrics(endpoints, validation)
    for part in predictions.fractions.values():
        _check_logits("test", part.test_logits, predictions.arms, test)
        _check_logits("validation", part.val_logits, predictions.arms, validation)
    background = Background(validation, training_counts or {}, predictions.test_subgroups, test_withheld)
    forced = reference or {}
    chosen = {key: one for key, one in (choices or {}).items() if forced.get(key) in (None, one.reference.arm)}
    if len(chosen) < len(predictions.fractions):
        chosen = choose(predictions, arms, endpoints[0], label_kind, class_names, reference=forced) | chosen
    scored: dict[str, FractionScore] = {}
    primary: dict[str, tuple[Fraction, ArmMeasurements]] = {}
    for key in sorted(predictions.fractions, key=percent):
        present = Present.of(predictions.arms, predictions.fractions[key], by_id)
        against, best = chosen[key].reference, chosen[key].best_classical
        fraction = Fraction(key, task, present, against, best, test, (unattributable or {}).get(key, {}), no_verdict)
        found, measured = score_fraction(fraction, endpoints, secondary)
        scored[key] = replace(found, profile=profile(fraction, endpoints, background))
        primary[key] = fraction, measured
    scores = Scores(scored, confirmatory(primary), worths(primary, n_real or {}, n_fill or {}, n_oracle or {}))
    return without_claims(scores) if test_withheld else scores


def _check_named(
    reference: Mapping[str, str],
    unattributable: Mapping[str, Mapping[str, str]],
    choices: Mapping[str, Choice],
    predictions: PredictionSet,
) -> None:
    for key in (*reference, *unattributable, *choices):
        if key not in predictions.fractions:
            raise StatisticsError(f"The predictions have no fraction {key!r}.{near_names(key, predictions.fractions)}")
    chosen = [arm for one in choices.values() for arm in (one.reference.arm, one.best_classical.arm) if arm is not None]
    for arm in (*chosen, *(arm for reasons in unattributable.values() for arm in reasons)):
        if arm not in predictions.arms:
            raise StatisticsError(f"The predictions have no arm {arm!r}.{near_names(arm, predictions.arms)}")


def _check_endpoints(endpoints: Sequence[Endpoint], class_names: Sequence[str], label_kind: str) -> None:
    if not endpoints:
        raise StatisticsError("There is no endpoint to score; a task names at least one.")
    for endpoint in endpoints:
        if endpoint.kind not in KINDS:
            raise StatisticsError(
                f"Endpoint {endpoint.id} has unknown kind {endpoint.kind!r}.{near_names(endpoint.kind, KINDS)}"
            )
        unknown = [name for name in endpoint.classes if name not in class_names]
        if unknown or not endpoint.classes:
            hint = near_names(unknown[0], class_names) if unknown else " Name at least one."
            raise StatisticsError(f"Endpoint {endpoint.id} names unknown classes: {first_offenders(unknown)}.{hint}")
        missing = [name for name in class_names if name not in endpoint.classes]
        if endpoint.kind == "qwk" and (label_kind == "multilabel" or (missing and not endpoint.restrict)):
            raise StatisticsError(
                f"Endpoint {endpoint.id}: kappa needs one grade per image and every grade named in order; "
                f"labels are {label_kind} and missing are: {first_offenders(missing) or 'none'}."
            )


def _checked_arms(order: Sequence[str], arms: Sequence[ArmInfo]) -> Mapping[str, ArmInfo]:
    by_id = {arm.id: arm for arm in arms}
    if len(by_id) != len(arms) or len(set(order)) != len(order) or set(by_id) != set(order):
        differing = sorted(set(by_id) ^ set(order)) or sorted(order)
        raise StatisticsError(
            f"The arms and the predictions' arms must be the same, each once: {first_offenders(differing)}."
        )
    return by_id


def _check_ids(name: str, ids: np.ndarray, labels: np.ndarray) -> None:
    unique, times = np.unique(np.asarray(ids), return_counts=True)
    if np.shape(ids) != labels.shape[:1]:
        raise StatisticsError(f"Every {name} image needs an id; given {np.size(ids)} ids for {len(labels)} images.")
    if unique.size < np.size(ids):
        raise StatisticsError(
            f"{name.capitalize()} image ids occur more than once: {first_offenders(unique[times > 1])}. "
            "An image counted twice would make every interval too short: keep one row of each."
        )


def _check_logits(name: str, logits: np.ndarray, order: Sequence[str], images: Images) -> None:
    wanted = (len(order), *images.labels.shape)
    if logits.ndim != 4 or (logits.shape[0], *logits.shape[2:]) != wanted or logits.shape[1] == 0:
        raise StatisticsError(
            f"The {name} logits must be [{wanted[0]} arms, replicates, {wanted[1]} images, {wanted[2]} classes]; "
            f"given shape {logits.shape}."
        )
