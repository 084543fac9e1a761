"""What must not change a result, and does not: each on simulated predictions with ties and several images per patient."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from qaugbench.stats.ladder import Competitors, climb
from qaugbench.stats.metric_on_images import Images, MetricOnImages
from qaugbench.stats.mrmc import compare
from qaugbench.stats.selftest.cell import Finding, Judge, Outcomes, within

ROUNDING = 1e-12
N_PATIENTS, IMAGES_EACH, N_CLASSES, REPLICATES = 40, 2, 4, 3
KINDS = {"macro_auroc": "multilabel", "macro_ap": "multilabel", "brier": "multilabel", "qwk": "ordinal"}
RANKED = ("macro_auroc", "macro_ap")


@dataclass(frozen=True)
class Data:
    """Logits [A, R, N, K] of two arms, labels [N, K] and patients [N]."""

    kind: str
    logits: np.ndarray
    labels: np.ndarray
    groups: np.ndarray


@dataclass(frozen=True)
class Invariance:
    """The largest change that ``change`` makes to any number, over ``kinds`` of endpoint."""

    change: Callable[[Data, np.random.Generator], float]
    kinds: tuple[str, ...] = tuple(KINDS)

    @property
    def stream(self) -> str:
        """Names the stream of random numbers."""
        return "invariances"

    def simulate(self, random: np.random.Generator, n: int) -> Outcomes:
        """Return the largest change [n]."""
        return {
            "change": np.array(
                [max(self.change(_drawn(kind, random), random) for kind in self.kinds) for _ in range(n)]
            )
        }


def unchanged(exactly: float = ROUNDING) -> Judge:
    """Return a judge of the largest change, which is at most ``exactly``."""

    def judge(outcomes: Outcomes) -> Finding:
        return within(float(outcomes["change"].max()), 0.0, exactly, "largest change")

    return judge


def patients_permuted(data: Data, random: np.random.Generator) -> float:
    """Return the change when images come in another order and patients under other codes."""
    order = random.permutation(len(data.groups))
    code = random.permutation(N_PATIENTS)
    moved = Data(data.kind, data.logits[:, :, order], data.labels[order], code[data.groups][order])
    return _change(_numbers(data), _numbers(moved))


def classes_permuted(data: Data, random: np.random.Generator) -> float:
    """Return the change when classes come in another order; grades are turned round, best to worst."""
    order = np.arange(N_CLASSES)[::-1] if KINDS[data.kind] == "ordinal" else random.permutation(N_CLASSES)
    moved = Data(data.kind, data.logits[..., order], data.labels[:, order], data.groups)
    return _change(_numbers(data), _numbers(moved))


def replicates_permuted(data: Data, random: np.random.Generator) -> float:
    """Return the change when the replicates, paired over the arms, come in another order."""
    moved = Data(data.kind, data.logits[:, random.permutation(REPLICATES)], data.labels, data.groups)
    return _change(_numbers(data), _numbers(moved))


def arms_swapped(data: Data, random: np.random.Generator) -> float:
    """Return how far the swapped comparison is from the first with its sign turned."""
    estimate, se, df, low, high, p_value = _numbers(data)
    swapped = _numbers(Data(data.kind, data.logits[::-1], data.labels, data.groups))
    return _change(np.array([-estimate, se, df, -high, -low, p_value]), swapped)


def arm_duplicated(data: Data, random: np.random.Generator) -> float:
    """Return how far the comparison of an arm with itself is from difference 0, standard error 0, p 1."""
    twice = _numbers(Data(data.kind, np.stack([data.logits[0]] * 2), data.labels, data.groups))
    return _change(np.array([0.0, 0.0, 1.0]), twice[[0, 1, 5]])


def scores_transformed(data: Data, random: np.random.Generator) -> float:
    """Return the change when all scores pass through a strictly increasing function."""
    moved = Data(data.kind, np.exp(0.5 * data.logits) - 3, data.labels, data.groups)
    return _change(_numbers(data), _numbers(moved))


def arms_renamed(data: Data, random: np.random.Generator) -> float:
    """Return the change of a ladder's numbers when its arms have other names and come in another order."""
    measurements = _measurements(data)
    third = (measurements[0][0][::-1], measurements[0][1][::-1])
    n_eff = measurements[0][1].shape[1]
    found = []
    for names in (("a", "b", "c"), ("z", "y", "x")):
        named = dict(sorted(zip(names, (*measurements, third), strict=True)))
        ladder = climb(
            names[0], Competitors(names[1], names[2], None, {}, quantum=True), named, n_eff=n_eff, margin=0.02
        )
        found.append([number for rung in ladder.rungs for number in (rung.estimate, rung.ci_low, rung.p_value)])
    return _change(np.array(found[0]), np.array(found[1]))


def _drawn(kind: str, random: np.random.Generator) -> Data:
    n_images = N_PATIENTS * IMAGES_EACH
    groups = np.repeat(np.arange(N_PATIENTS), IMAGES_EACH)
    if KINDS[kind] == "ordinal":
        labels = np.eye(N_CLASSES, dtype=np.uint8)[random.permutation(np.arange(n_images) % N_CLASSES)]
    else:
        labels = (random.random((n_images, N_CLASSES)) < 0.3).astype(np.uint8)
        labels[0], labels[1] = 0, 1  # every class has a negative and a positive image
    logits = 1.5 * labels + random.standard_normal((2, REPLICATES, n_images, N_CLASSES))
    # Between equal logits the first class is called, so only what ranks images may have ties.
    return Data(kind, logits if KINDS[kind] == "ordinal" else logits.round(1), labels, groups)


def _measurements(data: Data) -> list[tuple[np.ndarray, np.ndarray]]:
    names = tuple(f"class {k}" for k in range(N_CLASSES))
    images = Images(data.labels, data.groups, names, KINDS[data.kind])
    metric = MetricOnImages.of(data.kind, range(N_CLASSES), images)
    return [metric.evaluate(logits, {}) for logits in data.logits]


def _numbers(data: Data) -> np.ndarray:
    """Return estimate, se, df, interval and p-value [6] of the first arm minus the second."""
    theta, influence = (np.stack(part) for part in zip(*_measurements(data), strict=True))
    found = compare(theta, influence, np.array([1.0, -1.0]), influence.shape[2])
    return np.array([found.estimate, found.se, found.df, found.ci_low, found.ci_high, found.p_value])


def _change(before: np.ndarray, after: np.ndarray) -> float:
    """Return the largest difference, relative where a number is above 1."""
    return float((np.abs(after - before) / np.maximum(np.abs(before), 1.0)).max())
