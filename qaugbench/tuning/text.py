"""A tuning study in words: what is about to be tried, the table of trials, and the lines to paste into the generator's file."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from qaugbench.formatting import PHANTOM_BANNER, WIDTH, count, duration, fraction_words, signed, unsigned
from qaugbench.text_table import aligned, wrapped
from qaugbench.tuning.study import Study, StudyResult, best_so_far
from qaugbench.tuning.trial import TrialResult


def opening(study: Study) -> str:
    """Return what a person is told before the first trial."""
    lines = [
        f"Tuning {study.variant} on {study.task} / {study.source} / {study.track} at {fraction_words(study.fraction)}.",
        f"Objective: mean {study.endpoint_title} on {count(study.n_images, 'validation image')} over "
        f"{count(study.replicates, 'tuning replicate')}; test images are not read.",
        f"Search space: {study.space.size}.",
        *(
            f"  {name}: {one}; untuned {json.dumps(study.space.default[name])}"
            for name, one in study.space.dimensions.items()
        ),
        f"{count(study.trials, 'trial')}, the first being the untuned default. Interrupt at any time: the same command resumes.",
    ]
    if study.steps is not None:
        lines.append(f"Every trial trains for {count(study.steps, 'step')}, instead of as many as the track has.")
    if not study.space.n_continuous and study.space.combinations < study.trials:
        lines.append(f"The space has only {study.space.combinations} settings, so some are tried again and counted.")
    return "\n".join(lines)


def trial_line(result: TrialResult, best: TrialResult | None, trials: int) -> str:
    """Return the line that a person reads when a trial is done."""
    found = unsigned(result.mean) if result.mean is not None else f"{result.outcome.upper()}: {result.reason}"
    so_far = "no trial has succeeded" if best is None else f"best {unsigned(best.mean)} (trial {best.number})"
    name = f"Trial {result.number}" if result.number else "The untuned default (trial 0)"
    return f"{name} [{_settings(result.settings)}]: {found}; {so_far}; {result.number + 1} of {trials} done"


def table(found: StudyResult, width: int = WIDTH) -> str:
    """Return the trials as aligned text, and the lines to paste where a trial beat the untuned default."""
    space = found.study.space
    header = ("trial", *space.dimensions, "mean", "replicates", "best", "time", "")
    rows = [
        (
            "default" if result.number == 0 else str(result.number),
            *(json.dumps(result.settings[name]) for name in space.dimensions),
            unsigned(result.mean),
            " ".join(map(unsigned, result.scores)),
            unsigned(None if best is None else best.mean),
            duration(result.seconds),
            "" if result.outcome == "ok" else result.outcome,
        )
        for result, best in zip(found.results, best_so_far(found.results), strict=True)
    ]
    phantom = [PHANTOM_BANNER] if found.study.phantom else []
    title = f"{found.study.variant}: validation {found.study.endpoint_title}, no test score"
    return "\n".join([*phantom, wrapped(title, width=width), *aligned(header, rows, width), "", conclusion(found)])


def conclusion(found: StudyResult) -> str:
    """Return what the study chose, and the lines that state it in the generator's file."""
    best, default = found.best, found.results[0]
    if best is None:
        return "No trial succeeded, so nothing is chosen."
    if best.number == 0:
        return "No trial was better than the untuned default; there is nothing to paste."
    gain = (
        "" if default.mean is None or best.mean is None else f" ({signed(best.mean - default.mean)} over the default)"
    )
    return f"Trial {best.number} is best{gain}. To use it:\n\n{toml_lines(found.study.track, best.settings)}"


def toml_lines(track: str, settings: Mapping[str, Any]) -> str:
    """Return settings as the lines of a track in a generator's file.

    >>> print(toml_lines("lite", {"learning_rate": 0.002, "channels": [16, 32], "flip": False}))
    [track.lite]
    learning_rate = 0.002
    channels = [16, 32]
    flip = false
    """
    # JSON writes numbers, strings, lists and truth values as TOML does
    return "\n".join([f"[track.{track}]", *(f"{name} = {json.dumps(value)}" for name, value in settings.items())])


def _settings(settings: Mapping[str, Any]) -> str:
    return ", ".join(f"{name} {json.dumps(value)}" for name, value in settings.items())
