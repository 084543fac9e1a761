"""How the values of several arms, and differences between them, vary together: OR-Hillis in matrix form.

Arms share patients, and replicates share seeds, so their values are correlated. The same sums that give the variance of
one difference (``mrmc``) give, as A x A matrices, the covariance of all of them; arrays of contrasts x replicates x
patients are never formed.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from qaugbench.errors import StatisticsError, first_offenders
from qaugbench.stats.joint import Joint, rows_of_length, symmetric_root
from qaugbench.stats.mrmc import Components, standard_error, variance_components

# A difference that keeps less than this share of its arms' own variance is computed from the differences themselves:
# the subtraction of matrix elements would have lost digits.
CANCELLATION = 1e-3


@dataclass(frozen=True)
class Covariance:
    """The covariance [A, A] of the arms' mean values, and its parts: sampling of replicates, and of patients."""

    replicates: np.ndarray
    patients: np.ndarray
    total: np.ndarray


def covariance(theta: np.ndarray, influence: np.ndarray) -> Covariance:
    """Return the Covariance of the arms' mean values: ``theta`` [A, R] with ``influence`` [A, R, C].

    Sigma = C_S + clip(C_P - C_R): C_S is the replicates' covariance over R, C_P that of the influence of each arm's mean,
    and C_R what of it replicates alone explain. The last difference may have negative eigenvalues by chance; they are
    set to 0, as the variance of one difference is floored at 0. So contrast @ total @ contrast is never below what
    ``mrmc.compare`` finds, and equal to it where nothing was clipped. One replicate: patients only. Obuchowski &
    Rockette 1995; Hillis 2007. Raises StatisticsError for shapes that differ, NaN, and fewer than two patients.

    >>> theta = np.array([[0.8, 0.8], [0.7, 0.7]])
    >>> patient = np.array([0.01, -0.01, 0.0])
    >>> covariance(theta, np.stack([[patient, patient], [2 * patient, 2 * patient]])).total.round(6).tolist()
    [[0.0003, 0.0006], [0.0006, 0.0012]]
    """
    theta, influence = _checked(theta, influence)
    return _covariance(theta, *_patient_grams(influence))


def contrast_covariance(
    theta: np.ndarray, influence: np.ndarray, contrasts: np.ndarray, n_eff: int | np.ndarray
) -> Joint:
    """Return the Joint of ``contrasts`` [M, A] of the arms' values ``theta`` [A, R] with ``influence`` [A, R, C].

    Estimate, se and df of every contrast are those of ``mrmc.compare``; correlations are those of ``covariance``.
    ``n_eff`` is one number for all contrasts or [M]. A contrast that never varies (two identical arms) has se 0 and an
    infinite df. Memory beyond the arguments: a few [A, C] arrays. Raises StatisticsError as ``mrmc.compare``.

    >>> theta = np.array([[0.81, 0.83], [0.80, 0.80]])
    >>> influence = np.array([[[1.0, -1.0, 0.0], [1.0, 0.0, -1.0]], np.zeros((2, 3))])
    >>> joint = contrast_covariance(theta, influence, np.array([[1, -1], [1, 0]]), n_eff=3)
    >>> joint.estimate.round(6).tolist(), (joint.se**2).round(6).tolist()
    ([0.02, 0.82], [1.5001, 1.5001])
    """
    theta, influence = _checked(theta, influence)
    contrasts = np.asarray(contrasts, dtype=np.float64)
    if contrasts.ndim != 2 or contrasts.shape[1] != theta.shape[0] or contrasts.shape[0] == 0:
        raise StatisticsError(f"Contrasts must be [M, A] with A={theta.shape[0]} arms; given shape {contrasts.shape}.")
    empty = np.flatnonzero(~contrasts.any(axis=1))
    if empty.size or not np.isfinite(contrasts).all():
        raise StatisticsError(
            f"A contrast needs finite weights, one of them not 0; contrasts without: {first_offenders(empty)}."
        )
    every_n_eff = _checked_n_eff(n_eff, contrasts.shape[0])

    persistent, single = _patient_grams(influence)
    parts = _components(theta, influence, contrasts, persistent, single)
    pairs = [standard_error(part, theta.shape[1], int(n)) for part, n in zip(parts, every_n_eff, strict=True)]
    se, df = (np.array(column) for column in zip(*pairs, strict=True))
    root = symmetric_root(_covariance(theta, persistent, single).total)
    return Joint(
        estimate=(contrasts @ theta).mean(axis=1),
        se=se,
        df=df,
        factor=rows_of_length(se, contrasts @ root),
        board=np.zeros(se.size, dtype=np.int64),
    )


def _checked(theta: np.ndarray, influence: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    theta, influence = np.asarray(theta, dtype=np.float64), np.asarray(influence)
    if theta.ndim != 2 or influence.ndim != 3 or influence.shape[:2] != theta.shape or theta.size == 0:
        raise StatisticsError(f"Needed are theta [A, R], influence [A, R, C]; given {theta.shape}, {influence.shape}.")
    if influence.shape[2] < 2:
        raise StatisticsError(f"An interval needs at least two patients; given {influence.shape[2]}.")
    if not np.isfinite(theta).all():
        raise StatisticsError("Values are NaN or infinite: give every arm and replicate, or leave the arm out.")
    return theta, influence


def _checked_n_eff(n_eff: int | np.ndarray, n_contrasts: int) -> np.ndarray:
    if np.ndim(n_eff) > 0 and np.shape(n_eff) != (n_contrasts,):
        raise StatisticsError(f"n_eff must be one number or [M] with M={n_contrasts}; given shape {np.shape(n_eff)}.")
    every = np.broadcast_to(np.asarray(n_eff), (n_contrasts,))
    if (every < 2).any():
        raise StatisticsError(f"An interval needs at least two patients on the rarer side; given {every.min()}.")
    return every


def _patient_grams(influence: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the patients' covariance [A, A] of the arms' means, and that of one replicate, averaged over them."""
    n_arms, n_replicates, n_groups = influence.shape
    scale = n_groups / (n_groups - 1)
    mean = influence.mean(axis=1, dtype=np.float64)
    mean -= mean.mean(axis=1, keepdims=True)
    persistent = scale * (mean @ mean.T)
    single = np.zeros((n_arms, n_arms))
    for replicate in range(n_replicates):
        row = influence[:, replicate].astype(np.float64)
        row -= row.mean(axis=1, keepdims=True)
        single += row @ row.T
    single *= scale / n_replicates
    missing = np.flatnonzero(~np.isfinite(np.diag(single)))
    if missing.size:
        raise StatisticsError(
            f"Influence is NaN or infinite in arms {first_offenders(missing)}: "
            "give every arm and replicate, or leave the arm out."
        )
    return persistent, single


def _covariance(theta: np.ndarray, persistent: np.ndarray, single: np.ndarray) -> Covariance:
    n_arms, n_replicates = theta.shape
    if n_replicates == 1:
        return Covariance(np.zeros((n_arms, n_arms)), persistent, persistent)
    replicates = np.atleast_2d(np.cov(theta)) / n_replicates
    values, vectors = np.linalg.eigh(persistent - (single - persistent) / (n_replicates - 1))
    patients = (vectors * np.maximum(values, 0.0)) @ vectors.T
    return Covariance(replicates, patients, replicates + patients)


def _components(
    theta: np.ndarray, influence: np.ndarray, contrasts: np.ndarray, persistent: np.ndarray, single: np.ndarray
) -> list[Components]:
    """Return the two parts of each contrast's variance, from the A x A matrices where they keep enough digits."""
    n_replicates = theta.shape[1]
    of_mean = ((contrasts @ persistent) * contrasts).sum(axis=1)
    of_one = ((contrasts @ single) * contrasts).sum(axis=1)
    if n_replicates == 1:
        replicates, patients = np.zeros(len(contrasts)), of_mean
    else:
        replicates = (contrasts @ theta).var(axis=1, ddof=1) / n_replicates
        patients = of_mean - (of_one - of_mean) / (n_replicates - 1)
    parts = [Components(float(r), max(float(p), 0.0)) for r, p in zip(replicates, patients, strict=True)]
    cancels = np.minimum(of_mean, of_one) < CANCELLATION * (contrasts**2 @ np.diag(single))
    for m in np.flatnonzero(cancels):
        involved = np.flatnonzero(contrasts[m])
        differences = sum(contrasts[m, arm] * theta[arm] for arm in involved)
        of_patients = sum(contrasts[m, arm] * influence[arm].astype(np.float64) for arm in involved)
        parts[m] = variance_components(differences, of_patients)
    return parts
