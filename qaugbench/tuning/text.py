"""A tuning study in words: what is about to be tried, the table of trials, and the lines to paste into the generator's file."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from qaugbench.formatting import PHANTOM_BANNER, WIDTH, count, duration, fraction_words, signed, unsigned
from qaugbench.text_table import aligned, wrapped
from qaugbench.tuning.study import Study, StudyResult, best_so_far
from qaugbench.tuning.trial_result import TrialResult


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
    if study.replicates == 1:
        lines.append(
            "With one tuning replicate the noise is unknown, so no trial can be recommended over the default: use 2 or more."
        )
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
    """Return the trials as aligned text, and what follows from them (``conclusion``)."""
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
            _remark(result, found),
        )
        for result, best in zip(found.results, best_so_far(found.results), strict=True)
    ]
    phantom = [PHANTOM_BANNER] if found.study.phantom else []
    title = f"{found.study.variant}: validation {found.study.endpoint_title}, no test score"
    return "\n".join(
        [*phantom, wrapped(title, width=width), *aligned(header, rows, width), "", conclusion(found, width)]
    )


def _remark(result: TrialResult, found: StudyResult) -> str:
    """Return what the table says of a trial: that it failed, is best, is chosen."""
    if result.outcome != "ok":
        return result.outcome
    said = {"best": found.best, "chosen": found.chosen}
    return ", ".join(word for word, trial in said.items() if trial is not None and trial.number == result.number)


def conclusion(found: StudyResult, width: int = WIDTH) -> str:
    """Return how large differences are beside the noise, what the best trial was, and what the study recommends: the lines that
    state it in the generator's file, or the untuned default."""
    if not found.results:
        return "No trial is done yet."
    best, default, chosen = found.best, found.results[0], found.chosen
    if best is None or chosen is None:
        return "No trial succeeded, so nothing is chosen."
    lines = noise_sentences(found)
    if best.number == 0:
        lines.append("No trial was better than the untuned default; there is nothing to paste.")
    elif chosen.number == 0:
        lines.append(f"{_best(found)}, which {_within(found)}. Keep the untuned default; there is nothing to paste.")
    else:
        why = "; the untuned default failed" if default.mean is None else ", which is beyond the noise"
        lines.append(f"{_best(found)}{why}. To use it:")
    paste = ["", toml_lines(found.study.track, best.settings)] if chosen.number else []
    return "\n".join([*(wrapped(line, width=width) for line in lines), *paste])


def noise_sentences(found: StudyResult) -> list[str]:
    """Return a sentence on how far the means of trials are apart, beside how far two of them differ by chance."""
    means = [result.mean for result in found.results if result.mean is not None]
    if len(means) < 2:
        return []
    apart = f"The means of {count(len(means), 'trial')} are within {unsigned(max(means) - min(means))} of one another"
    if found.noise is None and found.study.replicates == 1:
        return [f"{apart}; with one tuning replicate, how much of that is noise is unknown."]
    if found.noise is None:
        return []
    error = unsigned(found.noise.standard_error)
    return [f"{apart}; by chance, two differ with a standard error of {error} (paired over the replicates)."]


def _best(found: StudyResult) -> str:
    gain = "" if found.gain is None else f" ({signed(found.gain)} over the default)"
    return f"Trial {found.best.number if found.best else 0} is best{gain}"


def _within(found: StudyResult) -> str:
    """Return why a gain is not enough: its noise is unknown, or larger."""
    noise = found.noise
    if noise is None:
        return "cannot be told from noise: --replicates 2 or more measures it, and what is computed is used again"
    of = f"as the best of {noise.compared}" if noise.compared > 1 else "as one trial"
    return f"is within the noise: {of}, it would have to be over {signed(noise.needed)}"


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
