"""A study of noise in words: what is about to be drawn, a line for each level, and the tables of all sweeps."""

from __future__ import annotations

from qaugbench.ablation.levels import Sweep
from qaugbench.ablation.study import LevelResult, MeasureFacts, Side, Study, StudyResult, shown_measures
from qaugbench.ablation.tolerance import answers, titles
from qaugbench.formatting import NONE, PHANTOM_BANNER, WIDTH, Row, count, fraction_words, unsigned
from qaugbench.text_table import aligned, wrapped


def opening(study: Study) -> str:
    """Return what a person is told before anything is drawn."""
    lines = [
        f"Noise of {study.generator} on {study.task} / {study.source} / {study.track} at {fraction_words(study.fraction)}: "
        f"{count(study.n_drawn, 'image')} a level in {count(study.replicates, 'replicate')}, drawn from stored fits.",
        *(f"Circuit: {words}." for words in study.circuits),
        *(f"  {_planned(sweep)}" for sweep in study.sweeps),
    ]
    if study.twin is not None:
        lines.append(f"No twin to compare with: {study.twin}.")
    if study.replicates == 1:
        lines.append("With one replicate the spread between fits is unknown: use 2 or more.")
    lines.append("Interrupt at any time: the same command resumes.")
    return "\n".join(lines)


def _planned(sweep: Sweep) -> str:
    of = f", times of {sweep.reference}" if sweep.reference and sweep.kind == "axis" else ""
    return f"{sweep.name}: {sweep.title} ({sweep.unit}{of}): {', '.join(f'{level.value:g}' for level in sweep.levels)}"


def level_line(result: StudyResult) -> str:
    """Return the line that a person reads when a level is done."""
    done = result.levels[-1]
    planned = sum(len(sweep.levels) for sweep in result.study.sweeps)
    if done.generator.outcome != "ok":
        return f"{done.level.label}: {done.generator.outcome.upper()}: {done.generator.reason}"
    shown = shown_measures([done])
    told = ", ".join(f"{one.title} {_with_error(done.generator, one)}" for one in shown)
    return f"{done.level.label}: {told}; {len(result.levels)} of {planned} done"


def table(found: StudyResult, width: int = WIDTH) -> str:
    """Return the sweeps as aligned text, each with the generator, and below it its twin with noise as strong."""
    study, shown = found.study, shown_measures(found.levels)
    if not found.levels:
        return "No level is done yet."
    phantom = [PHANTOM_BANNER] if study.phantom else []
    title = (
        f"{study.generator} under noise: {study.task} / {study.source} / {study.track}, {fraction_words(study.fraction)}, "
        f"{count(study.replicates, 'replicate')}; mean and, with two replicates or more, its standard error"
    )
    lines = [*phantom, wrapped(title, width=width)]
    for sweep in study.sweeps:
        if found.of(sweep):
            lines += [
                "",
                wrapped(f"{sweep.title} ({sweep.unit}){_reference(sweep)}", width=width),
                *_rows(found, sweep, shown, width),
            ]
    lines += [
        "",
        *(wrapped(f"{one.title} ({one.better} is better): {one.how}.", width=width) for one in shown if one.how),
    ]
    said = [*remarks(found), *_tolerance(found)]
    return "\n".join([*lines, *(wrapped(line, width=width) for line in said)])


def _tolerance(found: StudyResult) -> list[str]:
    """Return how much noise each sweep says that the generator stands, a line for each question."""
    names, sweeps = titles(), {sweep.name: sweep for sweep in found.study.sweeps}
    lines = [
        f"{one.sweep}, {names[one.measure]}: {one.question}: {one.words}{_counted(sweeps[one.sweep])}."
        for one in answers(found)
    ]
    return ["", "How much noise it stands", *lines] if lines else []


def _counted(sweep: Sweep) -> str:
    """Return what a threshold counts where that is not the value of a level."""
    return "" if all(level.strength == level.value for level in sweep.levels) else " (counted in strength of noise)"


def _reference(sweep: Sweep) -> str:
    return f", times of {sweep.reference}" if sweep.reference and sweep.kind == "axis" else ""


def _rows(found: StudyResult, sweep: Sweep, shown: tuple[MeasureFacts, ...], width: int) -> list[str]:
    header: Row = ("level", "images of", "errors", "deviation", *(one.title for one in shown), "")
    body: list[Row] = []
    for result in found.of(sweep):
        cells = [_with_error(result.generator, one) for one in shown]
        value = _value(result)
        body.append(
            (
                value,
                found.study.generator,
                _errors(result),
                _number(result.deviation),
                *cells,
                _remark(result.generator),
            )
        )
        twin = found.twin if result.level.is_clean else result.twin_with_noise
        if twin is not None:
            name = "twin" if result.level.is_clean else "twin, equal noise"
            body.append(("", name, "", "", *(_with_error(twin, one) for one in shown), _remark(twin)))
    if found.real_only is not None:
        body.append(("", "real images alone", "", "", *(_with_error(found.real_only, one) for one in shown), ""))
    return aligned(header, body, width)


def remarks(found: StudyResult) -> list[str]:
    """Return what has to be said of the tables: what is missing, and what the columns without a measure are."""
    said = [
        "errors: the expected number of errors in one run of the circuit, the largest of several circuits; deviation: the root "
        "mean square by which the circuits' outputs missed the ideal ones while drawing."
    ]
    if found.study.twin is not None:
        said.append(f"No twin: {found.study.twin}.")
    sides = [(one.level.label, side) for one in found.levels for side in (one.generator, one.twin_with_noise) if side]
    failed = dict.fromkeys(f"{label}: {side.outcome}: {side.reason}" for label, side in sides if side.outcome != "ok")
    return [*said, *failed]


def _value(result: LevelResult) -> str:
    return f"{result.level.value:g}"


def _errors(result: LevelResult) -> str:
    return NONE if not result.expected_errors else _number(max(result.expected_errors))


def _with_error(side: Side, measure: MeasureFacts) -> str:
    write = unsigned if measure.is_score else _number
    mean, error = side.mean(measure.name), side.error(measure.name)
    return write(mean) if error is None else f"{write(mean)} ({write(error)})"


def _number(value: float | None) -> str:
    """Return a number with three digits that count.

    >>> _number(0.012345), _number(12.3456), _number(None), _number(0.0)
    ('0.0123', '12.3', '-', '0')
    """
    return NONE if value is None else f"{value:.3g}"


def _remark(side: Side) -> str:
    return "" if side.outcome == "ok" else side.outcome
