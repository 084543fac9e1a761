"""Seconds and peak memory of scoring a full board, beside a bootstrap of scikit-learn's roc_auc_score.

    OMP_NUM_THREADS=1 python benchmarks/stats.py [--arms 30] [--images 22000] [--draws 3] [--bootstrap 2000]

The bootstrap that many papers use redraws the test patients and recomputes each AUROC. It is timed on ``--draws``
draws of one arm, replicate and all labels, and extrapolated to ``--bootstrap`` draws of every arm and replicate.
Seconds are CPU time of this process; the scores are drawn, not measured on images.
"""

from __future__ import annotations

import argparse
import resource
import sys
import time

import numpy as np
from sklearn.metrics import roc_auc_score

from qaugbench.record import ArmInfo, FractionPredictions, PredictionSet
from qaugbench.stats.influence import auroc_influence_many
from qaugbench.stats.mrmc import compare
from qaugbench.stats.score import score
from qaugbench.task import Endpoint

N_LABELS = 14
NAMES = tuple(f"finding-{k:02d}" for k in range(N_LABELS))


def workload(n_arms: int, n_replicates: int, n_images: int, patients: int) -> PredictionSet:
    """Return drawn float32 logits whose labels are as unevenly frequent as chest findings (0.2 % to 18 %)."""
    random = np.random.default_rng(0)
    labels = (random.random((n_images, N_LABELS)) < np.geomspace(0.002, 0.18, N_LABELS)).astype(np.uint8)
    groups = random.integers(0, patients, n_images)
    logits = np.empty((n_arms, n_replicates, n_images, N_LABELS), dtype=np.float32)
    for arm in range(n_arms):
        logits[arm] = random.standard_normal(logits.shape[1:], dtype=np.float32)
        logits[arm] += labels
    few = slice(0, 500)
    ids = np.arange(n_images).astype(np.str_)
    return PredictionSet(
        arms=tuple(arm.id for arm in arm_infos(n_arms)),
        test_ids=ids,
        test_labels=labels,
        test_groups=groups,
        val_ids=ids[few],
        val_labels=labels[few],
        val_groups=groups[few],
        fractions={"10%": FractionPredictions(logits, logits[:, :, few])},
    )


def arm_infos(n_arms: int) -> list[ArmInfo]:
    """Return the reference, the compute-matched arm, and generators in pairs with a control."""
    arms = [ArmInfo(id="R+", role="reference"), ArmInfo(id="R+cm", role="compute-matched")]
    for i in range((n_arms - 2 + 1) // 2):
        kind = "classical" if i % 2 else "quantum"
        arms.append(ArmInfo(id=f"g{i}", role="synthetic", generator=f"g{i}", control="none", kind=kind))
        arms.append(ArmInfo(id=f"g{i}:twin", role="control", generator=f"g{i}", control="twin", kind="classical"))
    return arms[:n_arms]


def influence_and_comparisons(predictions: PredictionSet) -> tuple[float, float]:
    """Return seconds for all influence arrays, and for comparing every pair of arms with them."""
    logits = predictions.fractions["10%"].test_logits
    start = time.process_time()
    theta, influence = auroc_influence_many(logits, predictions.test_labels, predictions.test_groups)
    middle = time.process_time()
    n_arms, n_groups = theta.shape[0], influence.shape[2]
    for a in range(n_arms):
        for b in range(a):
            contrast = np.zeros(n_arms)
            contrast[a], contrast[b] = 1, -1
            compare(theta, influence, contrast, n_groups)
    return middle - start, time.process_time() - middle


def scoring(predictions: PredictionSet) -> float:
    """Return seconds for ``score``: four endpoints, every class, every contrast."""
    groups = {"macro_auroc": NAMES, "tail": NAMES[:5], "medium": NAMES[5:10], "head": NAMES[10:]}
    endpoints = [Endpoint(id, id, "macro_auroc", names) for id, names in groups.items()]
    start = time.process_time()
    score(predictions, arm_infos(len(predictions.arms)), endpoints, "multilabel", NAMES)
    return time.process_time() - start


def bootstrap(predictions: PredictionSet, draws: int) -> float:
    """Return seconds of one bootstrap draw of one arm's replicate: images redrawn, scikit-learn's macro-AUROC."""
    random = np.random.default_rng(1)
    logits, labels = predictions.fractions["10%"].test_logits[0, 0], predictions.test_labels
    start = time.process_time()
    for _ in range(draws):
        drawn = random.integers(0, len(labels), len(labels))
        roc_auc_score(labels[drawn], logits[drawn])
    return (time.process_time() - start) / draws


def peak_memory_mb() -> float:
    """Return this process's peak resident memory in MB (2^20 bytes)."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (2**20 if sys.platform == "darwin" else 2**10)


def main() -> None:
    """Print the measurements."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, default in (("arms", 30), ("replicates", 10), ("images", 22_000), ("patients", 22_000)):
        parser.add_argument(f"--{name}", type=int, default=default)
    parser.add_argument("--draws", type=int, default=3)
    parser.add_argument("--bootstrap", type=int, default=2000)
    given = parser.parse_args()

    predictions = workload(given.arms, given.replicates, given.images, given.patients)
    n_pairs = given.arms * (given.arms - 1) // 2
    print(f"{given.arms} arms x {given.replicates} replicates x {given.images} images x {N_LABELS} labels, ", end="")
    print(f"{np.unique(predictions.test_groups).size} patients; data {peak_memory_mb():.0f} MB")
    one_draw = bootstrap(predictions, given.draws)
    influence_s, compare_s = influence_and_comparisons(predictions)
    print(f"influence arrays        {influence_s:8.2f} s")
    print(f"{n_pairs} comparisons         {compare_s:8.2f} s")
    print(f"peak memory so far      {peak_memory_mb():8.0f} MB")
    print(f"score() in full         {scoring(predictions):8.2f} s")
    print(f"peak memory             {peak_memory_mb():8.0f} MB")
    total = one_draw * given.bootstrap * given.arms * given.replicates
    ratio = total / (influence_s + compare_s)
    print(f"scikit-learn bootstrap  {total:8.0f} s  (one draw {one_draw:.3f} s over {given.draws} draws, ", end="")
    print(f"extrapolated to {given.bootstrap} draws x {given.arms * given.replicates}): {ratio:.0f} times longer")


if __name__ == "__main__":
    main()
