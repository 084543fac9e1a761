"""Arms that are equally good but disagree on patients: the engine keeps its 5 %, the tempting shortcuts do not."""

from __future__ import annotations

import numpy as np
from scipy import stats

from qaugbench.stats.influence import Patients, binary_influence
from qaugbench.stats.mrmc import interval

N_SIMULATIONS = 400
SEPARATION = 1.466  # binormal AUROC .85


def _two_equal_arms(
    random: np.random.Generator, positive: np.ndarray, patient: np.ndarray, replicates: int
) -> np.ndarray:
    """Return scores [2, R, N]: a patient effect shared by the arms, one that each arm keeps, and noise a replicate.

    All effects but the noise are the same for the images of a ``patient`` [N].
    """
    n_patients = int(patient.max()) + 1
    shared = random.normal(size=n_patients)[patient]
    own = random.normal(size=(2, 1, n_patients))[:, :, patient]
    noise = random.normal(size=(2, replicates, positive.size))
    return SEPARATION * positive + np.sqrt(0.5) * shared + np.sqrt(0.15) * own + np.sqrt(0.35) * noise


def _rejections(
    positive: np.ndarray, patient: np.ndarray, groups: np.ndarray, replicates: int = 5
) -> tuple[float, float]:
    """Return the shares of null comparisons that the engine, and a paired t-test over replicates, call significant."""
    random = np.random.default_rng(20_260_918)
    patients = Patients.of(groups)
    n_eff = min(np.unique(groups[positive]).size, np.unique(groups[~positive]).size)
    engine, seeds_only = 0, 0
    for _ in range(N_SIMULATIONS):
        scores = _two_equal_arms(random, positive, patient, replicates)
        value, influence = binary_influence(scores.reshape(2 * replicates, -1), positive, patients)
        a, b = slice(0, replicates), slice(replicates, None)
        engine += interval(value[a] - value[b], influence[a] - influence[b], n_eff).p_value < 0.05
        seeds_only += stats.ttest_rel(value[a], value[b]).pvalue < 0.05
    return engine / N_SIMULATIONS, seeds_only / N_SIMULATIONS


def test_seeds_only_test_fails_where_the_engine_holds() -> None:
    images = np.arange(1000)
    engine, seeds_only = _rejections(positive=images < 100, patient=images, groups=images)
    assert engine <= 0.08
    assert seeds_only > 0.10


def test_ignoring_that_images_share_a_patient_fails_where_the_engine_holds() -> None:
    patient = np.repeat(np.arange(150), 4)
    positive = patient < 50
    by_patient, _ = _rejections(positive, patient, groups=patient)
    by_image, _ = _rejections(positive, patient, groups=np.arange(patient.size))
    assert by_patient <= 0.08
    assert by_image > by_patient + 0.03
