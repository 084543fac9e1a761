"""Whether the probabilities of every arm happen as often as they say, as trained and after temperature scaling."""

from __future__ import annotations

import numpy as np

from qaugbench.errors import StatisticsError
from qaugbench.metrics.discrimination import probabilities
from qaugbench.metrics.reliability import reliability
from qaugbench.metrics.temperature import fitted_temperature
from qaugbench.stats.intention_to_treat import Present
from qaugbench.stats.metric_kinds import EXCLUSIVE
from qaugbench.stats.metric_on_images import Images
from qaugbench.stats.results import ArmCalibration, Calibration, CalibrationScore

UNIT = "probability, 0 to 1, best 0"
STATEMENTS = {True: "the class called on each image", False: "each finding on each image"}
"""By whether classes exclude one another: what a probability is stated of."""


def calibration_score(
    present: Present, arms: list[str], images: Images, validation: Images, *, scaled: bool
) -> CalibrationScore:
    """Return the debiased calibration error of ``arms`` on ``images``; with ``scaled`` also after fitting a temperature.

    That of each replicate's model is fitted to the log loss on ``validation``. Findings that no image, or every image, has are
    left out: of these a statement is no news.
    """
    exclusive = images.label_kind in EXCLUSIVE
    counts = images.labels.sum(axis=0)
    scored = np.flatnonzero((counts > 0) & (counts < len(images.labels)) | exclusive)
    n_statements = len(images.labels) * (1 if exclusive else len(scored))
    found: dict[str, ArmCalibration] = {}
    note = None
    try:
        for arm in arms:
            found[arm] = _arm(arm, present, images, validation, scored, scaled=scaled)
    except StatisticsError as error:
        found, note = {}, str(error)
    return CalibrationScore(STATEMENTS[exclusive], n_statements, len(images.labels), note, found, UNIT)


def statements(logits: np.ndarray, labels: np.ndarray, kind: str) -> tuple[np.ndarray, np.ndarray]:
    """Return (probabilities stated [M], what happened [M] 0/1) from ``logits`` [N, K] and ``labels`` [N, K].

    Where classes exclude one another, that of the most probable class of each image (M = N); else all of them (M = N K).

    >>> stated, happened = statements(np.array([[0.0, 0.0], [0.0, 9.0]]), np.array([[1, 0], [1, 0]]), "multiclass")
    >>> stated.round(3).tolist(), happened.tolist()
    ([0.5, 1.0], [1, 0])
    """
    chances = probabilities(logits, kind)
    if kind not in EXCLUSIVE:
        return chances.ravel(), labels.ravel()
    called = chances.argmax(axis=1)[:, None]
    return np.take_along_axis(chances, called, axis=1).ravel(), np.take_along_axis(labels, called, axis=1).ravel()


def _arm(
    arm: str, present: Present, images: Images, validation: Images, scored: np.ndarray, *, scaled: bool
) -> ArmCalibration:
    kind, labels = images.label_kind, images.labels[:, scored]
    logits = present.test_logits(arm)[..., scored].astype(np.float64)
    temperatures = []
    if scaled:
        known = present.val_logits(arm)[..., scored]
        temperatures = [fitted_temperature(one, validation.labels[:, scored], kind) for one in known]
    return ArmCalibration(
        arm=arm,
        as_trained=_calibration(logits, labels, kind),
        scaled=_calibration(logits / np.array(temperatures)[:, None, None], labels, kind) if scaled else None,
        temperatures=temperatures,
    )


def _calibration(logits: np.ndarray, labels: np.ndarray, kind: str) -> Calibration:
    """Return the calibration of ``logits`` [R, N, K]."""
    said = [statements(one, labels, kind) for one in logits]
    values = np.array([reliability(stated, happened).error for stated, happened in said])
    together = reliability(np.concatenate([one for one, _ in said]), np.concatenate([one for _, one in said]))
    sd = float(values.std(ddof=1)) if values.size > 1 else None
    return Calibration(values.tolist(), float(values.mean()), sd, list(together.bins))
