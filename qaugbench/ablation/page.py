"""The page of a study of noise: a single file without scripts or outside requests."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from matplotlib.figure import Figure

import qaugbench
from qaugbench.ablation.findings import Findings
from qaugbench.ablation.levels import Sweep
from qaugbench.ablation.needed import LOSE_LITTLE
from qaugbench.ablation.plot import sweep_figure
from qaugbench.ablation.study import RECIPE, StudyResult, shown_measures
from qaugbench.ablation.text import (
    COLLAPSE_TITLE,
    MODES,
    NEEDED_HEADER,
    NEEDED_TITLE,
    collapse_lines,
    counted_words,
    header,
    needed_notes,
    needed_rows,
    remarks,
    rows,
    sweep_notes,
    tolerance_lines,
)
from qaugbench.ablation.tolerance import LOST, LOST_QUESTION, TWIN_QUESTION, titles
from qaugbench.formatting import PHANTOM_BANNER, count, duration, fraction_words, unsigned
from qaugbench.report.drawing import svg
from qaugbench.report.html import Picture, page_environment
from qaugbench.report.pictures import data_uri
from qaugbench.stats.decide import too_few_replicates
from qaugbench.stats.thresholds import NO_ADVANTAGE

NOT_ESTIMABLE, AT_LEAST = "not estimable: ", "at least "


Drawn = Callable[[Sweep, Figure, Figure], tuple[str, str]]
"""What is made of a sweep's figure, wide and for a telephone: the addresses of both."""


def noise_page(found: StudyResult, concluded: Findings) -> str:
    """Return the page of as many levels as are done; equal results give equal pages."""
    study = found.study
    return (
        page_environment()
        .get_template("noise_study.html.j2")
        .render(
            **study_facts(found, concluded, _inline),
            board=f"{study.task} / {study.source} / {study.track}",
            banner=[PHANTOM_BANNER] if study.phantom else [],
            version=qaugbench.__version__,
        )
    )


def study_facts(found: StudyResult, concluded: Findings, drawn: Drawn) -> dict[str, Any]:
    """Return everything that a page says of a study, for ``noise_body.html.j2``; ``drawn`` keeps the figures."""
    study, shown = found.study, shown_measures(found.levels)
    sweeps = [_sweep(found, sweep, concluded, drawn) for sweep in study.sweeps if found.of(sweep)]
    needed, collapse = needed_rows(concluded.needs), collapse_lines(concluded)
    sections = [
        *((sweep["anchor"], sweep["title"], True) for sweep in sweeps),
        ("needed", NEEDED_TITLE, bool(needed)),
        ("collapse", COLLAPSE_TITLE, bool(collapse)),
        ("reading", "How to read it", True),
        ("ran", "What ran", True),
    ]
    how = [f"{one.title} ({one.better} is better): {one.how}." for one in shown if one.how]
    return {
        "title": f"{study.generator} under noise",
        "question": f"What does the noise of hardware cost {study.generator}, and how little would it have to be?",
        "headlines": list(headlines(found, concluded)),
        "why_nothing": _why_nothing(found),
        "contents": [(anchor, name) for anchor, name, present in sections if present],
        "sweeps": sweeps,
        "needed_title": NEEDED_TITLE,
        "needed_header": NEEDED_HEADER,
        "needed_rows": needed,
        "needed_notes": needed_notes(found, concluded) if needed else [],
        "collapse_title": COLLAPSE_TITLE,
        "collapse": collapse,
        "reading": [*how, *remarks(found)],
        "facts": _facts(found),
    }


def _inline(sweep: Sweep, wide: Figure, narrow: Figure) -> tuple[str, str]:
    """Return figures as addresses that hold them."""
    first, second = (data_uri(svg(figure).encode(), "image/svg+xml") for figure in (wide, narrow))
    return first, second


def _sweep(found: StudyResult, sweep: Sweep, concluded: Findings, drawn: Drawn) -> dict[str, Any]:
    shown, replicates = shown_measures(found.of(sweep)), count(found.study.replicates, "replicate")
    ends = "; ".join(f"{one.title} {_written(found, sweep, one.name)}" for one in shown)
    caption = (
        f"{found.study.generator} against {sweep.title} ({sweep.unit}); without noise stands at the left edge. Bands are 95 % "
        f"intervals of means over {replicates}; dotted verticals are what dated facts say of devices."
    )
    wide, narrow = (sweep_figure(found, sweep, narrow=narrow) for narrow in (False, True))
    addresses = drawn(sweep, wide, narrow)
    return {
        "anchor": f"sweep-{found.study.sweeps.index(sweep) + 1}",
        "title": f"{sweep.title[0].upper()}{sweep.title[1:]}",
        "picture": Picture(caption, f"Plot, without noise and with most of it: {ends or 'no values'}.", *addresses),
        "header": header(found, shown),
        "rows": rows(found, sweep, shown),
        "notes": sweep_notes(found, sweep),
        "answers": tolerance_lines(found, concluded, sweep),
    }


def _written(found: StudyResult, sweep: Sweep, measure: str) -> str:
    ends = [found.of(sweep)[place].generator.mean(measure) for place in (0, -1)]
    return " to ".join("unknown" if mean is None else f"{mean:.3g}" for mean in ends)


def headlines(found: StudyResult, concluded: Findings) -> Iterator[str]:
    """Yield what matters most: the noise that costs a little of the classifier's score, else of the probe's, and who needs what."""
    names = titles()
    yield from _advantage(concluded)
    for sweep in found.study.sweeps:
        asked = [one for one in concluded.answers if one.sweep == sweep.name and one.question == LOST_QUESTION]
        measured = [one for one in asked if one.measure == RECIPE] or asked
        for one in measured:
            mended = one.mitigation and f", with {one.mitigation}"
            lost = f"{unsigned(LOST)} of the {names[one.measure]}"
            if one.words.startswith(NOT_ESTIMABLE):
                why = one.words.removeprefix(NOT_ESTIMABLE)
                yield f"{sweep.title}{mended}: what noise costs {lost} cannot be said: {why}."
            elif one.words.startswith(AT_LEAST):
                noise = f"{one.words}{counted_words(sweep)}"
                yield f"{sweep.title}{mended}: by their means no level costs {lost}; that would take noise of {noise}."
            else:
                yield f"{sweep.title}{mended}: {lost} is lost with noise of {one.words}{counted_words(sweep)}."
    for need in concluded.needs:
        if need.target == LOSE_LITTLE and need.improvements:
            together = need.improvements[-1].words
            wanted = f"needs all errors {together}"
            if need.improvements[-1].measured:
                wanted = "is good enough already, as measured,"
            elif together == "reached already":
                wanted = "is good enough already"
            yield f"{need.device} {wanted} to lose under {unsigned(LOST)} of the {names[need.measure]}."


def _advantage(concluded: Findings) -> Iterator[str]:
    """Yield whether there is an advantage over the clean twin that noise could take, by the classifier, else by the probe."""
    asked = [one for one in concluded.answers if one.question == TWIN_QUESTION and not one.mitigation]
    about = {one.measure: one for one in reversed(asked)}  # of the first sweep
    measure = next((name for name in (RECIPE, "probe") if name in about), None)
    if measure is None:
        return
    title, words = titles()[measure], about[measure].words
    if words.startswith(NOT_ESTIMABLE):
        why = words.removeprefix(NOT_ESTIMABLE).removeprefix(f"{NO_ADVANTAGE}: ")
        yield f"No advantage over the clean twin in {title} was shown that noise could take: {why}."
    else:
        yield f"{about[measure].sweep}: the advantage over the clean twin in {title} is gone with noise of {words}."


def _why_nothing(found: StudyResult) -> str | None:
    """Return why nothing is concluded, or None where something is."""
    planned = sum(len(sweep.levels) for sweep in found.study.sweeps)
    if len(found.levels) < planned:
        return f"{len(found.levels)} of {planned} levels are done; what follows from them is said once all are"
    few = too_few_replicates(found.study.replicates)
    return f"Nothing is concluded: {few}" if few else None


def _facts(found: StudyResult) -> list[tuple[str, str]]:
    study = found.study
    planned = sum(len(sweep.levels) for sweep in study.sweeps)
    return [
        ("generator", f"{study.generator}, {MODES[study.mode]}"),
        *((f"circuit {number}", words) for number, words in enumerate(study.circuits, start=1)),
        (
            "data",
            f"{study.task}, source {study.source}, track {study.track}, {fraction_words(study.fraction)} of patients",
        ),
        ("replicates", f"{study.replicates}, each of {count(study.n_drawn, 'image')} a level"),
        ("mitigation", ", ".join(study.mitigations) or "none"),
        ("levels", f"{len(found.levels)} of {planned}"),
        ("classifier", f"{study.endpoint_title} on test images, at some levels" if found.real_only else "not trained"),
        ("computing time of the levels", duration(sum(one.seconds for one in found.levels))),
        ("content of the data", study.source_sha256),
    ]
