"""A study of noise in words: what is about to be drawn, a line for each level, and the tables of all sweeps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from qaugbench.ablation.axes import AXES
from qaugbench.ablation.findings import Findings, findings
from qaugbench.ablation.levels import Sweep
from qaugbench.ablation.needed import Need, device_errors
from qaugbench.ablation.study import (
    MEASURES,
    Charge,
    LevelResult,
    MeasureFacts,
    Side,
    Study,
    StudyResult,
    shown_measures,
)
from qaugbench.ablation.tolerance import Answer, titles
from qaugbench.formatting import NONE, PHANTOM_BANNER, WIDTH, Row, count, fraction_words, share, unsigned
from qaugbench.stats.wording import listed
from qaugbench.text_table import aligned, wrapped

ERRORS, DEVIATION, YIELD, SHOTS = "errors", "deviation", "yield", "shots"
TOLERANCE_TITLE = "How much noise it stands"
COLLAPSE_TITLE = "The expected number of errors as one axis for all kinds of noise"
NEEDED_TITLE = "What devices would need"
NEEDED_HEADER: Row = ("device", "measure", "to", "errors of", "would have to be")
NEEDED_LEGEND = (
    "Each cause alone, all others staying as they are, then all of them together. A score is lost from the own one without noise; "
    "R+ trains on real images alone."
)
MODES = {
    "sample": "drawn from stored fits",
    "both": "fitted and drawn under its noise",
    "train": "fitted under its noise and drawn without",
}


def opening(study: Study) -> str:
    """Return what a person is told before anything is drawn."""
    lines = [
        f"Noise of {study.generator} on {study.task} / {study.source} / {study.track} at {fraction_words(study.fraction)}: "
        f"{count(study.n_drawn, 'image')} a level in {count(study.replicates, 'replicate')}, {MODES[study.mode]}.",
        *(f"Circuit: {words}." for words in study.circuits),
        *(f"  {_planned(sweep)}" for sweep in study.sweeps),
    ]
    if study.mitigations:
        lines.append(f"Each level also with {listed(list(study.mitigations))}.")
    if study.twin is not None:
        lines.append(f"No twin to compare with: {study.twin}.")
    if study.equal_noise is not None:
        lines.append(f"No twin with noise as strong: {study.equal_noise}.")
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


def table(found: StudyResult, width: int = WIDTH, concluded: Findings | None = None) -> str:
    """Return the sweeps as aligned text, each with the generator, and below it its twin with noise as strong.

    What is ``concluded`` is computed unless it is given.
    """
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
                *_rows(found, sweep, shown_measures(found.of(sweep)), width),
                *(wrapped(line, width=width) for line in sweep_notes(found, sweep)),
            ]
    lines += [
        "",
        *(wrapped(f"{one.title} ({one.better} is better): {one.how}.", width=width) for one in shown if one.how),
    ]
    concluded = findings(found) if concluded is None else concluded
    said = remarks(found)
    for title, told in (
        (TOLERANCE_TITLE, tolerance_lines(found, concluded)),
        (COLLAPSE_TITLE, collapse_lines(concluded)),
    ):
        said += ["", title, *told] if told else []
    lines += [wrapped(line, width=width) for line in said]
    if concluded.needs:
        lines += ["", NEEDED_TITLE, *aligned(NEEDED_HEADER, needed_rows(concluded.needs), width)]
        lines += [wrapped(line, width=width) for line in needed_notes(found, concluded)]
    return "\n".join(lines)


def tolerance_lines(found: StudyResult, concluded: Findings, of: Sweep | None = None) -> list[str]:
    """Return the answer to each question that can be asked of a finished study, or of one sweep of it, in a sentence."""
    names, sweeps = titles(), {sweep.name: sweep for sweep in found.study.sweeps}

    def line(one: Answer) -> str:
        about = f"{names[one.measure]}{one.mitigation and f' with {one.mitigation}'}"
        said = f"{about}: {one.question}: {one.words}{counted_words(sweeps[one.sweep])}."
        return said if of is not None else f"{one.sweep}, {said}"

    return [line(one) for one in concluded.answers if of is None or one.sweep == of.name]


def collapse_lines(concluded: Findings) -> list[str]:
    """Return for each measure whether the expected errors foretell a sweep from the others better than the two-qubit error."""
    names = titles()
    return [f"{names[measure]}: {one.words}." for measure, one in concluded.collapses.items()]


def needed_rows(needed: Sequence[Need]) -> list[Row]:
    """Return a row for each cause of errors of each device and target, one alone where the device is good enough."""
    names = titles()
    body: list[Row] = []
    for one in needed:
        about = (one.device, names[one.measure], one.target)
        if not one.improvements:
            body.append((*about, NONE, f"by no device: {one.reason}"))
        elif all(improvement.factor == 1 for improvement in one.improvements):
            body.append((*about, "all", one.improvements[-1].words))
        else:
            rest = [(improvement.what, improvement.words) for improvement in one.improvements]
            body += [(*about, *rest[0]), *(("", "", "", *row) for row in rest[1:])]
    return body


def needed_notes(found: StudyResult, concluded: Findings) -> list[str]:
    """Return what the errors of each device are, off which sweep it was read how many are tolerated, and what the table says."""
    said = []
    for device in dict.fromkeys(one.device for one in concluded.needs):
        parts = device_errors(found, device)
        each = ", ".join(f"{what} {_number(errors)}" for what, errors in parts.items())
        curves = listed(list(dict.fromkeys(one.curve for one in concluded.needs if one.device == device)))
        said.append(
            f"{device} makes {_number(sum(parts.values()))} errors in one run of the circuit ({each}); how many are tolerated was "
            f"read off {curves}."
        )
    return [*said, NEEDED_LEGEND]


def counted_words(sweep: Sweep) -> str:
    """Return what a threshold counts where that is not the value of a level."""
    if all(level.strength == level.value for level in sweep.levels):
        return ""
    return f" (counted as {AXES[sweep.name].counted})" if sweep.name in AXES else " (counted in strength of noise)"


def _reference(sweep: Sweep) -> str:
    return f", times of {sweep.reference}" if sweep.reference and sweep.kind == "axis" else ""


def _rows(found: StudyResult, sweep: Sweep, shown: tuple[MeasureFacts, ...], width: int) -> list[str]:
    return aligned(header(found, shown), rows(found, sweep, shown), width)


def header(found: StudyResult, shown: tuple[MeasureFacts, ...]) -> Row:
    """Return the header of the table of a sweep."""
    return ("level", "images of", *_told_of(found), *(one.title for one in shown), "")


def rows(found: StudyResult, sweep: Sweep, shown: tuple[MeasureFacts, ...]) -> list[Row]:
    """Return the table of a sweep: at each level the generator, with each mitigation, and its twin with noise as strong."""
    columns = _told_of(found)

    def row(value: str, of: str, side: Side | None, facts: Mapping[str, str], remark: str = "") -> Row:
        told = [facts.get(name, "") for name in columns]
        cells = [NONE if side is None else _with_error(side, one) for one in shown]
        return (value, of, *told, *cells, (_remark(side) if side is not None else "") or remark)

    body: list[Row] = []
    for result in found.of(sweep):
        facts = {ERRORS: _errors(result), **_told(result.deviation, result.charge)}
        if result.photon_yield is not None:
            facts[YIELD] = share(result.photon_yield, 1)
        body.append(row(_value(result), found.study.generator, result.generator, facts, _longer(found, result)))
        for one in result.mitigated:
            body.append(row("", f"with {one.name}", one.generator, _told(one.deviation, one.charge)))
        twin = found.twin if result.level.is_clean else result.twin_with_noise
        if twin is not None:
            body.append(row("", "twin" if result.level.is_clean else "twin, equal noise", twin, {}))
    if found.real_only is not None:
        body.append(row("", "real images alone", found.real_only, {}))
    return body


def sweep_notes(found: StudyResult, sweep: Sweep) -> list[str]:
    """Return what has to be said of mitigation along a sweep: where it does not apply, and what it had to cut off."""
    why: dict[tuple[str, str], list[str]] = {}
    cut: dict[str, list[Charge]] = {}
    for result in found.of(sweep):
        for one in result.mitigated:
            if one.generator is None:
                why.setdefault((one.name, one.reason), []).append(_value(result))
            elif one.charge is not None:
                cut.setdefault(one.name, []).append(one.charge)
    reasons = [f"with {name} at {listed(at)}: not applicable: {reason}." for (name, reason), at in why.items()]
    return [*reasons, *(f"with {name}: {words}." for name, charges in cut.items() for words in _cut_words(charges))]


def _cut_words(charges: Sequence[Charge]) -> list[str]:
    clipped = max(one.clipped or 0.0 for one in charges)
    not_fitted = max(one.not_fitted or 0.0 for one in charges)
    masses = [one.negative_mass for one in charges if one.negative_mass is not None]
    said = [f"up to {share(clipped, 1)} of outputs were outside [-1, 1] and clipped"] if clipped else []
    said += (
        [f"up to {share(not_fitted, 1)} of outputs had no exponential fit and stayed as measured"] if not_fitted else []
    )
    return [*said, *([f"up to {_number(max(masses))} of a distribution was negative and cut off"] if masses else [])]


def _told(deviation: float | None, charge: Charge | None) -> dict[str, str]:
    return {DEVIATION: _number(deviation), SHOTS: "" if charge is None else f"{charge.per_image:,.0f}"}


def _told_of(found: StudyResult) -> tuple[str, ...]:
    """Return the columns before those of the measures, of which only the deviation is in every study."""
    counts = any(one.expected_errors for one in found.levels)
    return (
        *([ERRORS] if counts else []),
        DEVIATION,
        *([YIELD] if _has_yield(found) else []),
        *([SHOTS] if found.study.mitigations else []),
    )


def _longer(found: StudyResult, result: LevelResult) -> str:
    """Return how many more runs of the circuit give as many counts as without noise; nothing where that is not known."""
    clean = found.clean.photon_yield if found.clean is not None else None
    if not clean or not result.photon_yield or result.level.is_clean:
        return ""
    times = f"{clean / result.photon_yield:.3g}"
    return "" if times == "1" else f"{times} times the runs"


def _has_yield(found: StudyResult) -> bool:
    return any(one.photon_yield is not None for one in found.levels)


def remarks(found: StudyResult) -> list[str]:
    """Return what has to be said of the tables: what is missing, and what the columns without a measure are."""
    errors = "errors: the expected number of errors in one run of the circuit, the largest of several circuits; "
    said = [
        f"{errors if ERRORS in _told_of(found) else ''}deviation: the root mean square by which the circuits' outputs missed the "
        "ideal ones while drawing."
    ]
    said += _unmeasured(found)
    if found.study.twin is not None:
        said.append(f"No twin: {found.study.twin}.")
    if found.study.equal_noise is not None:
        said.append(f"No twin with noise as strong: {found.study.equal_noise}.")
    if _has_yield(found):
        said.append(
            "yield: the share of runs whose detected pattern is one that the circuit's readout counts; all others are thrown away."
        )
    charged = [one.charge for one in found.levels if one.charge is not None]
    if found.study.mitigations and charged:
        said.append(_charged_words(charged[0], found.study.n_drawn))
    sides = [
        (one.level.label, side)
        for one in found.levels
        for side in (one.generator, *(mended.generator for mended in one.mitigated), one.twin_with_noise)
        if side
    ]
    failed = dict.fromkeys(f"{label}: {side.outcome}: {side.reason}" for label, side in sides if side.outcome != "ok")
    return [*said, *failed]


def _unmeasured(found: StudyResult) -> list[str]:
    """Return why a measure has no value at any level, where that was noted."""
    said = []
    for measure in MEASURES:
        rows = [row.get(measure.name, {}) for one in found.levels for row in one.generator.measures]
        reasons = [row["reason"] for row in rows if row.get("reason")]
        if reasons and all(row.get("value") is None for row in rows):
            said.append(f"No {measure.title}: {reasons[0].rstrip('.')}.")
    return said


def _charged_words(charge: Charge, images: int) -> str:
    each = f"{charge.each:,} shots of each measurement setting"
    how = f"values are exact, and counted is what {each} would be" if charge.assumed else f"with {each}"
    shared = f"Calibration is shared by the {count(images, 'image')} of a drawing."
    return f"shots: those of one image; {how}. {shared} What mitigation adds to the spread of counted values is not in exact ones."


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
