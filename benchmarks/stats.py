"""Time and peak memory of a full board's statistics, compared with other packages for intervals of an AUROC.

    OMP_NUM_THREADS=1 python benchmarks/stats.py [--arms 30] [--images 22000] [--draws 3] [--bootstrap 2000]

Ours: all influence arrays, then every pair of arms with its interval, adjusted p-values and rank sets (max-T, 100,000
draws); and ``score`` in full. The target is 10 s and 2 GB for the first, data included. For comparison, each timed on a
few calls and extrapolated: the bootstrap that many papers use, which resamples test patients and recomputes each
macro-AUROC (scikit-learn's roc_auc_score); DeLong intervals of one label of one model (confidenceinterval); DeLong
tests of one label of two models (MLstatkit). The last two need a separate environment with this package: ``pip install
confidenceinterval MLstatkit``. Every part runs in a fresh process, for its own peak memory; the scores are simulated.
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")

import argparse
import importlib.util
import math
import multiprocessing
import resource
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy import stats

from qaugbench.predictions import ArmInfo, FractionPredictions, PredictionSet
from qaugbench.stats.covariance import contrast_covariance
from qaugbench.stats.families import DRAWS, simultaneous
from qaugbench.stats.influence import Patients, auroc_influence_many, binary_influence
from qaugbench.stats.mrmc import interval
from qaugbench.stats.ranks import pairs, rank_sets
from qaugbench.stats.score import score
from qaugbench.task import Endpoint

N_LABELS = 14
NAMES = tuple(f"finding-{k:02d}" for k in range(N_LABELS))
AGES, SEXES = ("20 to 39", "40 to 59", "60 to 79", "80 and over"), ("female", "male")
AGREEMENT = 1e-3  # confidenceinterval ranks in single precision, and DeLong's divisors are each side's own


@dataclass(frozen=True)
class Size:
    """The size of what is scored."""

    arms: int
    replicates: int
    images: int
    patients: int

    @property
    def pairs(self) -> int:
        """Pairs of arms."""
        return self.arms * (self.arms - 1) // 2


@dataclass(frozen=True)
class Spent:
    """Processor and wall-clock seconds, and the peak memory of the process so far in MB (2^20 bytes)."""

    cpu_s: float
    wall_s: float
    peak_mb: float


def workload(size: Size) -> PredictionSet:
    """Return drawn float32 logits whose labels are as unevenly frequent as chest findings (0.2 % to 18 %)."""
    random = np.random.default_rng(0)
    labels = (random.random((size.images, N_LABELS)) < np.geomspace(0.002, 0.18, N_LABELS)).astype(np.uint8)
    groups = random.integers(0, size.patients, size.images)
    logits = np.empty((size.arms, size.replicates, size.images, N_LABELS), dtype=np.float32)
    for arm in range(size.arms):
        logits[arm] = random.standard_normal(logits.shape[1:], dtype=np.float32)
        logits[arm] += labels
    few = slice(0, 500)
    people = {"age": random.choice(AGES, size.images), "sex": random.choice(SEXES, size.images)}
    ids = np.arange(size.images).astype(np.str_)
    return PredictionSet(
        arms=tuple(arm.id for arm in arm_infos(size.arms)),
        test_ids=ids,
        test_labels=labels,
        test_groups=groups,
        val_ids=ids[few],
        val_labels=labels[few],
        val_groups=groups[few],
        fractions={"10%": FractionPredictions(logits, logits[:, :, few])},
        test_subgroups=people,
        val_subgroups={column: names[few] for column, names in people.items()},
    )


def arm_infos(n_arms: int) -> list[ArmInfo]:
    """Return the reference, the compute-matched arm, and generators in pairs with a control."""
    arms = [ArmInfo(id="R+", role="augmented"), ArmInfo(id="R+cm", role="compute-matched")]
    for i in range((n_arms - 2 + 1) // 2):
        kind = "classical" if i % 2 else "quantum"
        arms.append(ArmInfo(id=f"g{i}", role="synthetic", generator=f"g{i}", control="none", kind=kind))
        arms.append(ArmInfo(id=f"g{i}:twin", role="control", generator=f"g{i}", control="twin", kind="classical"))
    return arms[:n_arms]


def inference(size: Size) -> dict[str, Spent]:
    """Return the cost of every step from logits to ranks."""
    predictions = workload(size)
    found = {"data": spent(lambda: None)}
    logits = predictions.fractions["10%"].test_logits
    arrays: list[np.ndarray] = []
    found["influence arrays"] = spent(
        lambda: arrays.extend(auroc_influence_many(logits, predictions.test_labels, predictions.test_groups))
    )
    theta, influence = arrays
    n_groups = influence.shape[2]
    first, second = pairs(size.arms)
    contrasts = np.eye(size.arms)[first] - np.eye(size.arms)[second]
    found[f"{size.pairs} pairs with max-T"] = spent(
        lambda: simultaneous(contrast_covariance(theta, influence, contrasts, n_groups))
    )
    found["rank sets, max-T again"] = spent(lambda: rank_sets(theta, influence, n_groups))
    return found


def scoring(size: Size) -> dict[str, Spent]:
    """Return the cost of ``score``: four endpoints, every class, every contrast, calibration, recalls, four ages and two sexes."""
    predictions = workload(size)
    groups = {"macro_auroc": NAMES, "tail": NAMES[:5], "medium": NAMES[5:10], "head": NAMES[10:]}
    endpoints = [Endpoint(id, id, "macro_auroc", names) for id, names in groups.items()]
    arms, counts = arm_infos(size.arms), dict.fromkeys(NAMES, 500)
    call = lambda: score(predictions, arms, endpoints, "multilabel", NAMES, training_counts=counts)  # noqa: E731
    return {"score() in full": spent(call)}


def bootstrap(size: Size, draws: int) -> float:
    """Return CPU seconds of one bootstrap draw of one arm's replicate: images redrawn, scikit-learn's macro-AUROC."""
    from sklearn.metrics import roc_auc_score

    predictions = workload(size)
    random = np.random.default_rng(1)
    logits, labels = predictions.fractions["10%"].test_logits[0, 0], predictions.test_labels

    def draw() -> None:
        drawn = random.integers(0, len(labels), len(labels))
        roc_auc_score(labels[drawn], logits[drawn])

    return seconds_a_call(draw, draws)


def rival(size: Size, package: str, calls: int) -> float:
    """Return CPU seconds of one DeLong interval or test of ``package``, after checking it against ours."""
    predictions = workload(size)
    truth = predictions.test_labels[:, -1].astype(np.int64)
    one, other = predictions.fractions["10%"].test_logits[:2, 0, :, -1].astype(np.float64)
    values, influence = binary_influence(np.stack([one, other]), truth > 0, Patients.of(np.arange(truth.size)))
    if package == "confidenceinterval":
        from confidenceinterval import roc_auc_score

        _, (low, high) = roc_auc_score(truth, one)
        check(interval(values[:1], influence[:1]).se, (high - low) / 2 / float(stats.norm.ppf(0.975)))
        return seconds_a_call(lambda: roc_auc_score(truth, one), calls)
    from MLstatkit import Delong_test

    z, *_ = Delong_test(truth, one, other)
    ours = interval(values[1:] - values[:1], influence[1:] - influence[:1])
    check(ours.estimate / ours.se, z)
    return seconds_a_call(lambda: Delong_test(truth, one, other), calls)


def spent(call: Callable[[], object]) -> Spent:
    """Return the cost of one call."""
    cpu, wall = time.process_time(), time.perf_counter()
    call()
    cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return Spent(cpu, wall, peak / (2**20 if sys.platform == "darwin" else 2**10))


def seconds_a_call(call: Callable[[], object], calls: int) -> float:
    """Return CPU seconds of one of ``calls`` calls, after one that is not timed."""
    call()
    return spent(lambda: [call() for _ in range(calls)]).cpu_s / calls


def check(ours: float, theirs: float) -> None:
    """Stop unless two numbers agree: only equal results can be compared in speed."""
    if not math.isclose(ours, theirs, rel_tol=AGREEMENT):
        raise SystemExit(f"ours is {ours} and theirs {theirs}: they do not compute the same")


def main() -> None:
    """Print the measurements."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, default in (("arms", 30), ("replicates", 10), ("images", 22_000), ("patients", 22_000)):
        parser.add_argument(f"--{name}", type=int, default=default)
    parser.add_argument("--draws", type=int, default=3, help="calls of the others that are timed")
    parser.add_argument("--bootstrap", type=int, default=2000, help="draws to which the bootstrap is extrapolated")
    given = parser.parse_args()
    size = Size(given.arms, given.replicates, given.images, given.patients)
    fresh = multiprocessing.get_context("spawn").Pool(1, maxtasksperchild=1)

    print(f"{size.arms} arms x {size.replicates} replicates x {size.images} images x {N_LABELS} labels, ", end="")
    print(f"patients drawn from {size.patients}; max-T of {DRAWS} draws")
    print(f"{'':<28}{'CPU s':>8}{'wall s':>8}{'peak MB':>9}")
    with fresh:
        ours = fresh.apply(inference, (size,))
        for name, one in (ours | fresh.apply(scoring, (size,))).items():
            print(f"{name:<28}{one.cpu_s:>8.2f}{one.wall_s:>8.2f}{one.peak_mb:>9.0f}", flush=True)
        total = sum(one.cpu_s for name, one in ours.items() if not name.startswith("rank sets"))
        models = size.arms * size.replicates
        print(f"influence and all pairs     {total:>8.2f}; the others, extrapolated from {given.draws} calls each:")
        one_draw = fresh.apply(bootstrap, (size, given.draws))
        report("scikit-learn bootstrap", one_draw, given.bootstrap * models, "draws of a model", total)
        for package, times, what in (
            ("confidenceinterval", models * N_LABELS, "labels of a model"),
            ("MLstatkit", size.pairs * size.replicates * N_LABELS, "labels of two models"),
        ):
            if importlib.util.find_spec(package) is None:
                print(f"{package:<28}not installed; in a separate environment: pip install {package} and this package")
                continue
            report(package, fresh.apply(rival, (size, package, given.draws)), times, what, total)


def report(name: str, one_call_s: float, times: int, what: str, ours_s: float) -> None:
    """Print the cost of ``times`` calls."""
    whole = one_call_s * times
    print(f"{name:<28}{whole:>8.0f}  ({1e3 * one_call_s:.1f} ms x {times:,} {what}): ", end="")
    print(f"{whole / ours_s:,.0f} times ours", flush=True)


if __name__ == "__main__":
    main()
