"""The page of one run: a single file without scripts or outside requests."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jinja2
from markupsafe import Markup, escape
from matplotlib.figure import Figure

from qaugbench.board import circuit_influence, fit_notes
from qaugbench.board.appraisal_notes import worst_notes
from qaugbench.board.changed import changed_words
from qaugbench.board.check_arms import HEADER as CHECK_HEADER
from qaugbench.board.check_arms import TITLE, check_rows
from qaugbench.board.cite import bibtex, references
from qaugbench.board.reader import check_folder, is_entry, record_of
from qaugbench.board.short_fits import TOO_SHORT
from qaugbench.files import write_whole
from qaugbench.formatting import NONE, change, count, duration, fraction_words, unsigned
from qaugbench.record import Record
from qaugbench.report import answers, claims, plots, tables
from qaugbench.report import record_views as views
from qaugbench.report.appraisal_page import images_section
from qaugbench.report.appraisal_summary import SUMMARY_TITLE
from qaugbench.report.curves import CurveFile, read_curves
from qaugbench.report.drawing import svg
from qaugbench.report.identity import looks
from qaugbench.report.key import key as mark_key
from qaugbench.report.noise_rows import HEADER as NOISE_HEADER
from qaugbench.report.noise_rows import LEGEND as NOISE_LEGEND
from qaugbench.report.noise_rows import TITLE as NOISE_TITLE
from qaugbench.report.noise_rows import devices, noise_rows, noise_sentences
from qaugbench.report.notes import banner
from qaugbench.report.pictures import data_uri, pair_sheets, strips_by_class
from qaugbench.report.profile_rows import TITLE as PROFILE_TITLE
from qaugbench.report.profile_rows import (
    group_tables,
    profile_header,
    profile_legend,
    profile_of,
    profile_rows,
    shown_arms,
)
from qaugbench.report.run_list import begun_in
from qaugbench.report.two_by_two_rows import EFFECTS_HEADER, LEGEND, MEANS_HEADER, two_by_two_tables
from qaugbench.stats.wording import listed

REPORT_FILE = "report.html"
TEMPLATES = Path(__file__).parent / "templates"
PERCENT = re.compile(r"(?<=\d) %")
CODE = re.compile(r"`([^`]+)`")
CURVE_TITLES = {
    "val_metric": "Classifier, metric on real validation images",
    "train_loss": "Classifier, training loss",
    "loss": "Generators, training loss",
}
FIT_WORDS = (
    "The word at the end is for the fit of the first replicate: undertrained, what it draws still came nearer to real images over "
    "the last quarter; unstable, it went away from them, or the loss had been clearly lower before; converged, neither. The "
    "difference is one for equal labels and seeds, which varies less than either distance."
)


@dataclass(frozen=True)
class Picture:
    """A figure of the page: a caption, what it shows in words for those who do not see it, and the image, wide and narrow."""

    caption: str
    alt: str
    wide: str
    narrow: str


def write_report(folder: Path, out: Path | None = None) -> Path:
    """Write the page of a run or an entry and return its path; equal results give equal pages.

    A run's is ``report.html`` in its folder, and shows the command with its paths as they were typed. Nothing is added to an entry:
    its page, and any with ``out``, is named after the folder of the result and written into ``out`` or the present folder. Curves
    and pictures are left out when their files are missing. Raises EntryError for a missing or damaged file.
    """
    folder = Path(folder)
    check_folder(folder)
    record = record_of(folder)
    changed = changed_words(folder, record, folder.resolve().name)
    curves, samples, pairs = (folder / name for name in ("curves.json", "samples.npz", "pairs.npz"))
    begun = begun_in(folder)
    typed = begun.command if begun and not is_entry(folder) else None
    page = render(record, read_curves(curves), samples, pairs=pairs, changed=changed, typed=typed)
    own = out is None and not is_entry(folder)
    target = folder / REPORT_FILE if own else (out or Path()) / f"{folder.resolve().name}.html"
    write_whole(target, page)
    return target


def render(
    record: Record,
    curves: CurveFile,
    samples: Path,
    *,
    pairs: Path | None = None,
    changed: str | None = None,
    typed: str | None = None,
) -> str:
    """Return the page as text; ``changed`` warns at its head that the record is not the one that was written.

    ``typed`` is the command with its paths, in place of the record's, which has only their last parts.

    ``samples`` and ``pairs`` are files of pictures, which may be missing.
    """
    answered = [_answer(record, fraction.key) for fraction in record.fractions]
    pictures = strips_by_class(samples, record)
    drawn = _curve_pictures(record, curves)
    return (
        page_environment()
        .get_template("report.html.j2")
        .render(
            record=record,
            command=typed or record.command,
            looks=looks(record.arms),
            grouping=views.grouping(record),
            banner=[*([f"CHANGED RECORD: {changed}"] if changed else []), *banner(record)],
            answers=answered,
            claims_header=claims.CLAIMS_HEADER,
            adjusted=claims.adjusted_rows(record),
            adjusted_title=claims.adjusted_title(record),
            adjusted_header=claims.ADJUSTED_HEADER,
            confirmatory=record.scores.confirmatory,
            notes=answers.further_notes(record),
            fractions=[_fraction(record, fraction.key) for fraction in record.fractions],
            deviations=deviations(record),
            generator_rows=generator_rows(record),
            class_titles=dict(zip(record.labels.names, record.labels.titles, strict=True)),
            pictures=pictures,
            images=images_section(record, pair_sheets(pairs)),
            noise=_noise(record),
            curves=drawn,
            references=references(record),
            bibtex=bibtex(record),
            contents=_contents(record, bool(pictures), bool(drawn)),
        )
    )


def short_page(record: Record) -> str:
    """Return the answers of a record with their pictures and its main table as a piece of HTML, for a notebook."""
    return (
        page_environment()
        .get_template("notebook.html.j2")
        .render(
            record=record,
            banner=banner(record),
            answers=[_answer(record, fraction.key) for fraction in record.fractions],
            header=tables.main_header(),
            rows={
                views.share_words(record, fraction.key): tables.main_rows(record, fraction.key, record.endpoints[0].id)
                for fraction in record.fractions
            },
        )
    )


def page_environment() -> jinja2.Environment:
    """Return what fills in the templates of pages."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["sentence"] = lambda text: f"{text.rstrip('. ')}."
    environment.filters["duration"] = duration
    environment.filters["percent_key"] = fraction_words
    environment.filters["whole"] = lambda number: NONE if number is None else f"{number:,.0f}"
    environment.filters["code"] = code
    environment.filters["key"] = mark_key
    return environment


def code(text: str) -> Markup:
    """Return text for a page: what is between backticks as code, and no line ending between a number and its %.

    >>> code("the column `group` & more")
    Markup('the column <code>group</code> &amp; more')
    """
    marked = CODE.sub(r"<code>\1</code>", str(escape(text)))
    return Markup(PERCENT.sub("\N{NO-BREAK SPACE}%", marked))


def _contents(record: Record, pictures: bool, curves: bool) -> list[tuple[str, str]]:
    """Return (anchor, title) of every section after the notes."""
    sections = [
        ("results", "Results", True),
        ("noise", NOISE_TITLE, bool(record.executions)),
        ("images", SUMMARY_TITLE, bool(record.appraisals)),
        ("pictures", "Real beside synthetic images", pictures),
        ("training", "Training", curves),
        ("ran", "What ran", True),
        ("cost", "Cost", True),
        ("failures", "Failed cells", bool(record.failures)),
        ("environment", "Environment", True),
        ("cite", "How to cite", True),
    ]
    return [(anchor, title) for anchor, title, present in sections if present]


def _answer(record: Record, key: str) -> dict[str, Any]:
    """Return what the first screen shows of one fraction: the answers to both questions and their picture."""
    found = views.contrasts(record, key, record.endpoints[0].id, "reference")
    shown = [one for one in found if one.arm in {arm.id for arm in views.generators_first_quantum(record.arms)}]
    caption = _forest_caption(record, key, "What generators change")
    against = "; ".join(f"{one.arm} {change(one.estimate, one.ci_low, one.ci_high)}" for one in shown)
    controls = "; ".join(
        f"{one.arm} minus {one.against} {change(one.estimate, one.ci_low, one.ci_high)}"
        for one in views.contrasts(record, key, record.endpoints[0].id, "control")
    )
    alt = f"Plot of differences. Minus R*: {against or 'none'}. Minus its controls: {controls or 'none'}."
    return {
        "share": views.share_words(record, key),
        "both": answers.both_answers(record, key),
        "faults": worst_notes(record, key),
        "picture": _picture(caption, alt, lambda narrow: plots.answer_figure(record, key, narrow=narrow)),
    }


def _fraction(record: Record, key: str) -> dict[str, Any]:
    """Return what the results show of one fraction."""
    facts = next(fraction for fraction in record.fractions if fraction.key == key)
    primary = record.endpoints[0].id
    scored, sizes = record.scores.fractions.get(key), views.endpoint_score(record, key, primary)
    return {
        "facts": facts,
        "share": views.share_words(record, key),
        "sizes": None if sizes is None else views.sizes_words(record, sizes),
        "reference": views.reference_sentence(record, key),
        "forest": _reference_picture(record, key),
        "header": tables.main_header(),
        "endpoints": [
            (one, tables.main_rows(record, key, endpoint)) for endpoint, one in tables.scored_endpoints(record, key)
        ],
        "difference_header": tables.DIFFERENCE_HEADER,
        "differences": [(title, tables.difference_rows(found)) for title, found in tables.other_families(record, key)],
        "no_verdicts": tables.why_no_verdicts(record, key),
        "two_by_two": two_by_two_tables(record, key),
        "means_header": MEANS_HEADER,
        "effects_header": EFFECTS_HEADER,
        "two_by_two_legend": LEGEND,
        "checks_title": TITLE,
        "checks_header": CHECK_HEADER,
        "checks": check_rows(record, key),
        "fits": fit_notes.fit_rows(record, key),
        "fits_header": fit_notes.HEADER,
        "fits_legend": fit_notes.fit_legend(record),
        "influence": circuit_influence.fraction_rows(record, key),
        "influence_header": circuit_influence.HEADER,
        "influence_scales": circuit_influence.scale_sentences(record, key),
        "controls_apart": circuit_influence.CONTROLS_APART,
        "claims": [
            (arm, claims.claims_table(found.ladder), claims.posterior_sentence(found, record.endpoints[0].margin))
            for arm, found in views.verdicts(record, key, primary).items()
            if found.ladder.rungs
        ],
        "untested": _untested(record, key),
        "ranks": claims.ranks_sentence(record, key),
        "metrics": claims.metrics_table(record, key),
        "exploratory": [] if scored is None or scored.too_few_replicates else claims.exploratory_rows(record, key),
        "exploratory_header": claims.EXPLORATORY_HEADER,
        "classes": _class_picture(record, key),
        "profile": _profile(record, key),
    }


def _noise(record: Record) -> dict[str, Any] | None:
    """Return the section on what noise costs; None where nothing was drawn under noise."""
    if not record.executions:
        return None
    return {
        "title": NOISE_TITLE,
        "devices": devices(record),
        "header": NOISE_HEADER,
        "fractions": [
            (views.share_words(record, one.key), noise_sentences(record, one.key), noise_rows(record, one.key))
            for one in record.fractions
        ],
        "legend": NOISE_LEGEND,
    }


def _profile(record: Record, key: str) -> dict[str, Any] | None:
    """Return what is shown of calibration, recall by rarity and scores by group; None where an older version scored."""
    found = profile_of(record, key)
    if found is None:
        return None
    caption = (
        f"How often what the classifiers state about {found.calibration.statements} happens, at {fraction_words(key)}: on the "
        "dashed line as often as stated, below it less often. All replicates together, in bins of equally many. Exploratory."
    )
    errors = ((arm, found.calibration.arms.get(arm)) for arm in shown_arms(record, key))
    said = "; ".join(f"{arm} {unsigned(one.as_trained.mean)}" for arm, one in errors if one is not None)
    return {
        "title": PROFILE_TITLE,
        "header": profile_header(found),
        "rows": profile_rows(record, found),
        "legend": profile_legend(found),
        "picture": _picture(
            caption,
            f"Plot of reliability curves. Calibration errors as trained: {said or 'none'}.",
            lambda narrow: plots.reliability_figure(record, key, narrow=narrow),
        ),
        "groups": group_tables(record, key),
    }


def _untested(record: Record, key: str) -> dict[str, str]:
    """Return which claims were not tested, and why, by the list of generators of which it is true."""
    found = views.verdicts(record, key, record.endpoints[0].id)
    said = {arm: claims.untested_sentences(one.ladder) for arm, one in found.items() if one.ladder.rungs}
    return _together((sentence, arm) for arm, sentences in said.items() for sentence in sentences)


def deviations(record: Record) -> dict[str, str]:
    """Return every deviation from a paper, by the list of generators that have it, but for those that stand beside each."""
    return _together(
        (deviation, facts.id)
        for facts in record.generators
        for deviation in facts.deviations
        if deviation not in facts.on_labels
    )


def _together(said: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Return each sentence once with the list of what it is about."""
    about: dict[str, list[str]] = {}
    for sentence, name in said:
        about.setdefault(sentence, []).append(name)
    return {sentence: listed(list(dict.fromkeys(names))) for sentence, names in about.items()}


def _picture(caption: str, alt: str, draw: Callable[[bool], Figure | None]) -> Picture | None:
    """Return a figure drawn for a page and for a telephone, or None where there is nothing to draw."""
    wide, narrow = draw(False), draw(True)
    return None if wide is None or narrow is None else Picture(caption, alt, _svg_uri(wide), _svg_uri(narrow))


def _forest_caption(record: Record, key: str, what: str) -> str:
    primary = record.endpoints[0]
    found = views.contrasts(record, key, primary.id, "reference")
    limits, margin = ", with 95 % intervals", ""
    if not any(one.ci_low is not None for one in found):
        limits = f", without intervals ({count(record.replicates, 'replicate')})"
    elif primary.margin is not None:
        margin = f"; within the dashed lines, at ±{unsigned(primary.margin)}, too little to matter"
    return f"{what}: differences in {primary.title} at {views.share_words(record, key)}{limits}{margin}."


def _reference_picture(record: Record, key: str) -> Picture | None:
    found = views.contrasts(record, key, record.endpoints[0].id, "reference")
    listed = "; ".join(f"{one.arm} {change(one.estimate, one.ci_low, one.ci_high)}" for one in found)
    caption = _forest_caption(record, key, f"All arms against R* ({views.reference_arm(record, key)})")
    draw = lambda narrow: plots.reference_figure(record, key, narrow=narrow)  # noqa: E731
    return _picture(caption, f"Plot of every arm minus R*: {listed}.", draw)


def _class_picture(record: Record, key: str) -> Picture | None:
    rows = plots.class_rows(record, key)
    few = "; classes in italics have too few of them for a verdict" if any(row.few for row in rows) else ""
    caption = (
        f"AUROC of each class against the rest at {fraction_words(key)}, with 95 % intervals where there are any. "
        f"Beneath each class, the number of positive {views.scored_part(record)} images{few}. Exploratory."
    )
    alt = "; ".join(
        f"{row.title}: {', '.join(f'{one.arm} {unsigned(one.mean)}' for one in row.values)}" for row in rows
    )
    return _picture(
        caption, f"Plot of values by class. {alt}.", lambda narrow: plots.class_figure(record, key, narrow=narrow)
    )


def _curve_pictures(record: Record, kept: CurveFile) -> list[Picture]:
    found: Sequence[Picture | None] = [
        drawn
        for fraction in record.fractions
        for drawn in (
            *(_curve_picture(record, kept, fraction.key, value) for value in plots.CURVE_VALUES),
            _milestones_picture(record, fraction.key),
        )
    ]
    return [shown for shown in found if shown is not None]


def _curve_picture(record: Record, kept: CurveFile, key: str, value: str) -> Picture | None:
    caption = f"{CURVE_TITLES[value]}, at {fraction_words(key)}: replicates thin, their mean thick."
    if value == "loss" and _tells_of_fits(record, key):
        caption += f" {FIT_WORDS}"
    alt = f"Curves over training steps of {CURVE_TITLES[value]}, one panel per generator with its controls."
    return _picture(caption, alt, lambda narrow: plots.training_figure(record, kept, key, value, narrow=narrow))


def _tells_of_fits(record: Record, key: str) -> bool:
    """Return whether a word at the end of a curve needs explaining, other than that fits are too short to tell."""
    return bool(set(views.training_words(record, key).values()) - {TOO_SHORT})


def _milestones_picture(record: Record, key: str) -> Picture | None:
    caption = (
        f"Generators, distance of what they draw to real images after a share of the steps, at {fraction_words(key)}: KID on the "
        "judge's features with its 95 % interval, lower is nearer."
    )
    if _tells_of_fits(record, key):
        caption += f" {FIT_WORDS}"
    words = "; ".join(f"{arm} {word}" for arm, word in views.training_words(record, key).items())
    draw = lambda narrow: plots.milestones_figure(record, key, narrow=narrow)  # noqa: E731
    return _picture(caption, f"Plot of distances on the way of each fit: {words}.", draw)


def generator_rows(record: Record) -> list[dict[str, Any]]:
    """Return one row per generator: its facts and the parameter counts of all its variants side by side."""
    found: dict[str, dict[str, Any]] = {}
    for facts in record.generators:
        row = found.setdefault(facts.id, {"facts": facts, "variants": []})
        if facts.control == "none":
            row["facts"] = facts
        row["variants"].append((facts.control, facts.parameters))
    return list(found.values())


def _svg_uri(figure: Figure) -> str:
    return data_uri(svg(figure).encode(), "image/svg+xml")
