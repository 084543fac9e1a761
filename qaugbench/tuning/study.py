"""A tuning study as data: its design, every trial, and which settings are chosen on validation images."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from math import comb
from typing import Any

from qaugbench.formatting import count
from qaugbench.search_space import SearchSpace
from qaugbench.tuning.noise import LEVEL, Noise, noise_of
from qaugbench.tuning.trial_result import TrialResult

FORMAT_VERSION = 2
"""2: ``chosen`` is the untuned default unless a trial exceeds it by more than the noise; 1: it was the best trial."""


@dataclass(frozen=True)
class Study:
    """What is tuned, on which data, by which score, and with which budget.

    ``endpoint`` is the primary one of the task, measured on ``n_images`` validation images; larger is better.
    ``source`` names the data and ``source_sha256`` their content. ``steps`` are the training steps of every trial, None where
    they are the track's.
    """

    variant: str
    task: str
    source: str
    source_sha256: str
    track: str
    fraction: str
    replicates: int
    trials: int
    steps: int | None
    endpoint: str
    endpoint_title: str
    n_images: int
    phantom: bool
    design_seed: int
    space: SearchSpace

    @property
    def generator(self) -> str:
        """The generator of which ``variant`` is one, as in ``qldm`` of ``qldm:twin``."""
        return self.variant.partition(":")[0]


@dataclass(frozen=True)
class StudyResult:
    """A study and the results of its first trials, in order."""

    study: Study
    results: tuple[TrialResult, ...]

    @property
    def best(self) -> TrialResult | None:
        """The trial with the best mean score, the earliest of equals; None if none succeeded."""
        return best_so_far(self.results)[-1] if self.results else None

    @property
    def noise(self) -> Noise | None:
        """How far the means of two trials differ by chance; None where that is unknown."""
        return noise_of(self.results)

    @property
    def gain(self) -> float | None:
        """The mean of the best trial less that of the untuned default; None where one of them has none."""
        default = self.results[0] if self.results else None
        if self.best is None or self.best.mean is None or default is None or default.mean is None:
            return None
        return self.best.mean - default.mean

    @property
    def chosen(self) -> TrialResult | None:
        """The best trial where it exceeds the untuned default by more than the noise, or where the default failed; otherwise
        the default. None if no trial succeeded.

        With one replicate the noise is unknown, so no trial is known to exceed the default.
        """
        if self.gain is None:
            return self.best
        noise = self.noise
        return self.best if noise is not None and self.gain > noise.needed else self.results[0]

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON form (``tuning.json``)."""
        study = self.study
        rows = zip(self.results, best_so_far(self.results), expected_best(self.results), strict=True)
        return {
            "format": FORMAT_VERSION,
            "generator": study.generator,
            "variant": study.variant,
            "task": study.task,
            "source": study.source,
            "source_sha256": study.source_sha256,
            "phantom": study.phantom,
            "track": study.track,
            "fraction": study.fraction,
            "objective": {
                "endpoint": study.endpoint,
                "title": study.endpoint_title,
                "images": "validation",
                "n_images": study.n_images,
                "direction": "larger is better",
                "mean_over": f"{count(study.replicates, 'tuning replicate')}; no evaluation uses their seeds",
            },
            "design": {
                "method": "the untuned default, then a scrambled Sobol sequence",
                "seed": study.design_seed,
                "space": study.space.to_dict(),
            },
            "budget": {
                "trials": study.trials,
                "steps": study.steps,
                "replicates": study.replicates,
                "trials_done": len(self.results),
                "seconds": round(sum(result.seconds for result in self.results), 3),
            },
            "trials": [_row(result, so_far, expected) for result, so_far, expected in rows],
            "best": _settled(self.best),
            "noise": self._noise(),
            "chosen": _settled(self.chosen),
        }

    def _noise(self) -> dict[str, Any] | None:
        noise = self.noise
        if noise is None:
            return None
        return {**asdict(noise), "level": LEVEL, "gain_of_best": self.gain, "gain_needed": noise.needed}


def _settled(trial: TrialResult | None) -> dict[str, Any] | None:
    return None if trial is None else {"trial": trial.number, "settings": dict(trial.settings)}


def best_so_far(results: Sequence[TrialResult]) -> list[TrialResult | None]:
    """Return, after each trial, the one with the best mean so far (the earliest of equals); None before any succeeds."""
    best: TrialResult | None = None
    found = []
    for result in results:
        if result.mean is not None and (best is None or best.mean is None or result.mean > best.mean):
            best = result
        found.append(best)
    return found


def expected_best(results: Sequence[TrialResult]) -> list[float | None]:
    """Return the best mean to be expected of 1, 2, ... trials drawn from ``results`` without replacement.

    Unlike the course so far it does not depend on the order (Dodge et al., arXiv 1909.03004). A trial that failed counts as
    the worst that succeeded; None where none did.
    """
    finished = [result.mean for result in results if result.mean is not None]
    if not finished:
        return [None] * len(results)
    means = sorted([*finished, *[min(finished)] * (len(results) - len(finished))])
    n = len(means)
    return [
        sum(mean * comb(place, drawn - 1) for place, mean in enumerate(means)) / comb(n, drawn)
        for drawn in range(1, n + 1)
    ]


def _row(result: TrialResult, so_far: TrialResult | None, expected: float | None) -> dict[str, Any]:
    return {
        "trial": result.number,
        "settings": dict(result.settings),
        "outcome": result.outcome,
        "reason": result.reason,
        "scores": list(result.scores),
        "mean": result.mean,
        "best_trial": None if so_far is None else so_far.number,
        "best_so_far": None if so_far is None else so_far.mean,
        "expected_best": expected,
        "seconds": result.seconds,
    }
