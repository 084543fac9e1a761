"""Time and peak memory of the distances between two sets of features, compared with torch-fidelity and prdc.

    OMP_NUM_THREADS=1 python benchmarks/metrics.py [--images 5000] [--width 2048] [--pairs 10000] [--pairs-width 768]

FID and KID of ``--images`` drawn features of each set; precision, recall, density and coverage (k = 5) of ``--pairs``. The
targets are 2 s for FID on one core, and 20 s and 3 GB for the four of 10,000 x 10,000 x 768. Both sides start from the same
single-precision features and must agree before they are compared. Ours squares and sums KID in double precision and adds its
standard error; torch-fidelity's is of one subset with all images, without one, and it has precision and recall only. Every
part runs in a fresh process with one thread. Memory is what the call adds to the peak of its process, beyond the features and
the imports; the last two columns are multiples of ours.
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")

import argparse
import contextlib
import importlib.util
import io
import math
import multiprocessing
import resource
import sys
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from qaugbench.metrics.frechet import frechet_distance
from qaugbench.metrics.kernel_distance import kernel_distance
from qaugbench.metrics.manifold import overlap

K = 5
Sets = tuple[np.ndarray, np.ndarray]
Values = dict[str, float]


@dataclass(frozen=True)
class Spent:
    """What a call returned, its processor and wall-clock seconds, and the memory that it added, in MB (2^20 bytes)."""

    values: Values
    cpu_s: float
    wall_s: float
    memory_mb: float


def features(n: int, width: int) -> Sets:
    """Return two drawn sets whose variances fall as those of an image encoder do, the second shifted and a little narrower."""
    random = np.random.default_rng(0)
    scales = (1 / np.sqrt(np.arange(1, width + 1))).astype(np.float32)
    real, synthetic = (random.standard_normal((n, width), np.float32) * scales for _ in range(2))
    return real, 0.9 * synthetic + 0.2 * scales


def our_fid(real: np.ndarray, synthetic: np.ndarray) -> Values:
    return {"FID": frechet_distance(real, synthetic).value}


def our_kid(real: np.ndarray, synthetic: np.ndarray) -> Values:
    return {"KID": kernel_distance(real, synthetic, np.random.default_rng(0)).value}


def our_overlap(real: np.ndarray, synthetic: np.ndarray) -> Values:
    found = overlap(real, synthetic, K)
    return {name: getattr(found, name) for name in ("precision", "recall", "density", "coverage")}


def torch_fidelity_fid(real: np.ndarray, synthetic: np.ndarray) -> Values:
    from torch_fidelity.metric_fid import fid_features_to_statistics, fid_statistics_to_metric

    sides = [fid_features_to_statistics(rows) for rows in _tensors(real, synthetic)]
    return {"FID": fid_statistics_to_metric(*sides, verbose=False)["frechet_inception_distance"]}


def torch_fidelity_kid(real: np.ndarray, synthetic: np.ndarray) -> Values:
    from torch_fidelity.metric_kid import kid_features_to_metric

    first, second = _tensors(real, synthetic)
    found = kid_features_to_metric(second, first, kid_subsets=1, kid_subset_size=len(first), verbose=False)
    return {"KID": found["kernel_inception_distance_mean"]}


def torch_fidelity_prc(real: np.ndarray, synthetic: np.ndarray) -> Values:
    from torch_fidelity.metric_prc import prc_features_to_metric

    first, second = _tensors(real, synthetic)
    found = prc_features_to_metric(second, first, prc_neighborhood=K, save_cpu_ram=False, verbose=False)
    return {name: found[name] for name in ("precision", "recall")}


def prdc(real: np.ndarray, synthetic: np.ndarray) -> Values:
    from prdc import compute_prdc

    with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
        warnings.simplefilter("ignore")  # it asks for eight processes, which a process of a pool does not get
        found = compute_prdc(real, synthetic, nearest_k=K)
    return {name: float(value) for name, value in found.items()}


def _tensors(real: np.ndarray, synthetic: np.ndarray) -> tuple:
    import torch

    torch.set_num_threads(1)
    return torch.from_numpy(real), torch.from_numpy(synthetic)


def spent(call: Callable[[np.ndarray, np.ndarray], Values], n: int, width: int) -> Spent:
    """Return the cost of one call, after one with 100 images that loads what it needs."""
    real, synthetic = features(n, width)
    call(real[:100, :2].copy(), synthetic[:100, :2].copy())
    before, cpu, wall = peak_mb(), time.process_time(), time.perf_counter()
    values = call(real, synthetic)
    cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    return Spent(values, cpu, wall, peak_mb() - before)


def peak_mb() -> float:
    """Return the peak memory of this process so far."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (2**20 if sys.platform == "darwin" else 2**10)


def check(ours: Values, theirs: Values, tolerance: float) -> None:
    """Stop unless all numbers agree: only equal results can be compared in speed."""
    for name, value in theirs.items():
        if not math.isclose(ours[name], value, rel_tol=tolerance):
            raise SystemExit(f"{name}: ours is {ours[name]} and theirs {value}: they do not compute the same")


def main() -> None:
    """Print one row per package and metric."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, default in (("images", 5000), ("width", 2048), ("pairs", 10_000), ("pairs-width", 768)):
        parser.add_argument(f"--{name}", type=int, default=default)
    given = parser.parse_args()
    gaussian, manifold = (given.images, given.width), (given.pairs, given.pairs_width)
    fidelity = "torch_fidelity"
    compared = (
        ("FID", our_fid, [(fidelity, torch_fidelity_fid)], gaussian, 1e-4),
        # Theirs cubes and sums in single precision, which shows where the distance is small.
        ("KID", our_kid, [(fidelity, torch_fidelity_kid)], gaussian, 1e-3),
        ("PRDC", our_overlap, [(fidelity, torch_fidelity_prc), ("prdc", prdc)], manifold, 1e-3),
    )
    fresh = multiprocessing.get_context("spawn").Pool(1, maxtasksperchild=1)
    print(f"{'':<28}{'n':>8}{'d':>6}{'CPU s':>8}{'wall s':>8}{'MB':>9}{'time':>8}{'memory':>8}")
    with fresh:
        for metric, ours, others, size, tolerance in compared:
            own = fresh.apply(spent, (ours, *size))
            row(f"{metric} ours", size, own, own)
            for package, theirs in others:
                if importlib.util.find_spec(package) is None:
                    print(f"{metric} {package:<24}not installed: pip install {package.replace('_', '-')}")
                    continue
                one = fresh.apply(spent, (theirs, *size))
                check(own.values, one.values, tolerance)
                row(f"{metric} {package}", size, one, own)


def row(name: str, size: tuple[int, int], one: Spent, own: Spent) -> None:
    """Print one measurement, with its time and memory as multiples of ours."""
    ratios = f"{one.cpu_s / own.cpu_s:>7.1f}x{one.memory_mb / max(own.memory_mb, 1):>7.1f}x"
    print(
        f"{name:<28}{size[0]:>8}{size[1]:>6}{one.cpu_s:>8.2f}{one.wall_s:>8.2f}{one.memory_mb:>9.0f}{ratios}",
        flush=True,
    )


if __name__ == "__main__":
    main()
