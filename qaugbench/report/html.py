"""The page of one run: a single file without scripts or outside requests."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jinja2

from qaugbench.board import circuit_influence, fit_notes
from qaugbench.board.check_arms import HEADER as CHECK_HEADER
from qaugbench.board.check_arms import TITLE, check_arms, check_rows
from qaugbench.board.cite import bibtex, references
from qaugbench.board.reader import check_folder, is_entry, record_of
from qaugbench.files import write_whole
from qaugbench.formatting import change, duration, fraction_words, unsigned
from qaugbench.predictions import CHECK_ROLES
from qaugbench.record import Record
from qaugbench.report import claims, figures, tables
from qaugbench.report import record_views as views
from qaugbench.report.curves import CurveFile, TrainingCurve, read_curves
from qaugbench.report.figures import Curve, Interval, Panel
from qaugbench.report.identity import Look, looks
from qaugbench.report.notes import banner, missing_words, notes
from qaugbench.report.pictures import data_uri, strips_by_class
from qaugbench.stats.results import Contrast

REPORT_FILE = "report.html"
TEMPLATES = Path(__file__).parent / "templates"
REAL_ARMS_PANEL = "Real-data arms"
CHECKS_PANEL = "Checks"


@dataclass(frozen=True)
class Picture:
    """A figure of the page: what it shows, in words for those who do not see it, and the image itself."""

    caption: str
    alt: str
    data_uri: str


def write_report(folder: Path, out: Path | None = None) -> Path:
    """Write the page of a run or an entry and return its path; equal results give equal pages.

    A run's is ``report.html`` in its folder. Nothing is added to an entry: its page, and any with ``out``, is named after the
    folder of the result and written into ``out`` or the present folder. Curves and pictures are left out when their files are
    missing. Raises EntryError for a missing or damaged file.
    """
    folder = Path(folder)
    check_folder(folder)
    page = render(record_of(folder), read_curves(folder / "curves.json"), folder / "samples.npz")
    own = out is None and not is_entry(folder)
    target = folder / REPORT_FILE if own else (out or Path()) / f"{folder.resolve().name}.html"
    write_whole(target, page)
    return target


def render(record: Record, curves: CurveFile, samples: Path) -> str:
    """Return the page as text."""
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
    drawn = looks(record.arms)
    return environment.get_template("report.html.j2").render(
        record=record,
        looks=drawn,
        banner=banner(record),
        verdicts=views.said(record),
        why_no_verdict=views.why_no_verdict(record),
        claims_header=claims.CLAIMS_HEADER,
        adjusted=claims.adjusted_rows(record),
        adjusted_header=claims.ADJUSTED_HEADER,
        confirmatory=record.scores.confirmatory,
        notes=notes(record),
        fractions=[_fraction(record, fraction.key, drawn) for fraction in record.fractions],
        generator_rows=_generator_rows(record),
        class_titles=dict(zip(record.labels.names, record.labels.titles, strict=True)),
        pictures=strips_by_class(samples, record),
        curves=_curve_pictures(record, curves, drawn),
        references=references(record),
        bibtex=bibtex(record),
        n_failed=len(record.failures),
    )


def _fraction(record: Record, key: str, drawn: Mapping[str, Look]) -> dict[str, Any]:
    """Return what the page shows of one fraction."""
    facts = next(fraction for fraction in record.fractions if fraction.key == key)
    primary = record.endpoints[0].id
    scored = record.scores.fractions.get(key)
    return {
        "facts": facts,
        "sizes": views.endpoint_score(record, key, primary),
        "reference": views.reference_sentence(record, key),
        "too_few": missing_words(record, scored.too_few_replicates) if scored and scored.too_few_replicates else None,
        "forest": _forest(record, key, drawn),
        "header": tables.main_header(),
        "endpoints": [
            (one, tables.main_rows(record, key, endpoint)) for endpoint, one in tables.scored_endpoints(record, key)
        ],
        "difference_header": tables.DIFFERENCE_HEADER,
        "differences": tables.other_families(record, key),
        "checks_title": TITLE,
        "checks_header": CHECK_HEADER,
        "checks": check_rows(record, key),
        "fits": fit_notes.fit_rows(record, key),
        "fits_header": fit_notes.HEADER,
        "influence": circuit_influence.fraction_rows(record, key),
        "influence_header": circuit_influence.HEADER,
        "influence_scales": circuit_influence.scale_sentences(record, key),
        "claims": [
            (
                arm,
                claims.claims_table(found.ladder),
                claims.untested(found.ladder),
                claims.posterior_sentence(found, record.endpoints[0].margin),
            )
            for arm, found in views.verdicts(record, key, primary).items()
            if found.ladder.rungs
        ],
        "ranks": claims.ranks_sentence(record, key),
        "metrics": claims.metrics_table(record, key),
        "exploratory": [] if scored is None or scored.too_few_replicates else claims.exploratory_rows(record, key),
        "exploratory_header": claims.EXPLORATORY_HEADER,
        "classes": _classes(record, key, drawn),
    }


def _forest(record: Record, key: str, drawn: Mapping[str, Look]) -> Picture | None:
    primary = record.endpoints[0]
    titles = {
        "reference": f"against R* ({views.reference_arm(record, key)})",
        "best-classical": "against the best classical arm",
        "control": "against its controls",
    }
    checks = {arm.id for arm in check_arms(record)}
    every = {family: views.contrasts(record, key, primary.id, family) for family in titles}
    found = {family: [one for one in contrasts if one.arm not in checks] for family, contrasts in every.items()}
    panels = [
        Panel(
            title, [row for one in found[family] if (row := _row(one, drawn, pair=family != "reference")) is not None]
        )
        for family, title in titles.items()
    ]
    checked = [row for one in every["reference"] if one.arm in checks and (row := _row(one, drawn)) is not None]
    panels.append(Panel("checks, against R*", checked))
    if not any(panel.rows for panel in panels):
        return None
    svg = figures.forest(panels, unit=primary.title, margin=primary.margin)
    listed = "; ".join(f"{one.arm} {change(one.estimate, one.ci_low, one.ci_high)}" for one in found["reference"])
    caption = f"Differences in {primary.title} at {fraction_words(key)} of the training patients, with 95 % intervals."
    if primary.margin is not None:
        caption += f" Grey: differences below {unsigned(primary.margin)}, too small to matter."
    return Picture(caption, f"{caption} Against R*: {listed}.", _svg_uri(svg))


def _row(found: Contrast, drawn: Mapping[str, Look], *, pair: bool = False) -> Interval | None:
    """Return a row of the forest plot, or None for a difference without an interval."""
    if found.ci_low is None or found.ci_high is None:
        return None
    label = f"{found.arm} − {found.against}" if pair else found.arm
    look = drawn[found.against] if found.family == "control" else drawn[found.arm]
    return Interval(label, found.estimate, found.ci_low, found.ci_high, look)


def _classes(record: Record, key: str, drawn: Mapping[str, Look]) -> Picture | None:
    titles = dict(zip(record.labels.names, record.labels.titles, strict=True))
    fraction = record.scores.fractions.get(key)
    scored = {} if fraction is None else fraction.classes
    order = [arm.id for arm in views.main_arms(record)]
    values = {
        f"{titles[name]} ({scored[name].n_positive})": {
            arm: scored[name].arms[arm].mean for arm in order if arm in scored[name].arms
        }
        for name in record.labels.names
        if name in scored and scored[name].arms
    }
    if not values:
        return None
    svg = figures.per_class(values, drawn, xlabel="AUROC against the rest, mean over replicates")
    caption = (
        f"AUROC of each class against the rest at {fraction_words(key)}; in brackets the number of positive "
        f"{views.scored_part(record)} images. "
        "Exploratory."
    )
    return Picture(caption, caption, _svg_uri(svg))


def _curve_pictures(record: Record, curves: CurveFile, drawn: Mapping[str, Look]) -> list[Picture]:
    found = []
    wanted = (
        (curves.classifier, "val_metric", "validation metric", "Classifier, metric on real validation images"),
        (curves.classifier, "train_loss", "training loss", "Classifier, training loss"),
        (curves.generator, "loss", "training loss", "Generators, training loss"),
    )
    for fraction in record.fractions:
        for every, value, ylabel, title in wanted:
            own = [curve for curve in every if curve.fraction == fraction.key and curve.method in drawn]
            drawable = [shown for curve in own for shown in _curve(curve, value)]
            if drawable:
                panels = _by_generator(record, views.reference_arm(record, fraction.key), drawable)
                svg = figures.curves(panels, drawn, ylabel=ylabel)
                caption = f"{title}, at {fraction_words(fraction.key)}: replicates thin, their mean thick."
                found.append(Picture(caption, caption, _svg_uri(svg)))
    return found


def _curve(curve: TrainingCurve, value: str) -> list[Curve]:
    """Return the curve of one value, or nothing when no point has it."""
    points = [(point.step, number) for point in curve.points if (number := getattr(point, value)) is not None]
    return [Curve(curve.method, [step for step, _ in points], [number for _, number in points])] if points else []


def _by_generator(record: Record, reference: str | None, found: Iterable[Curve]) -> dict[str, list[Curve]]:
    """Return the curves by panel: the real-data arms, then each generator with its controls beside the reference."""
    by_arm: dict[str, list[Curve]] = {}
    for curve in found:
        by_arm.setdefault(curve.method, []).append(curve)
    panels: dict[str, list[Curve]] = {REAL_ARMS_PANEL: []}
    for arm in record.arms:
        own = by_arm.get(arm.id, [])
        panel = CHECKS_PANEL if arm.role in CHECK_ROLES else arm.generator or REAL_ARMS_PANEL
        if panel not in panels and own:
            panels[panel] = list(by_arm.get(str(reference), []))
        if own:
            panels[panel] += own
    return panels


def _generator_rows(record: Record) -> list[dict[str, Any]]:
    """Return one row per generator: its facts and the parameter counts of all its variants side by side."""
    found: dict[str, dict[str, Any]] = {}
    for facts in record.generators:
        row = found.setdefault(facts.id, {"facts": facts, "variants": []})
        if facts.control == "none":
            row["facts"] = facts
        row["variants"].append((facts.control, facts.parameters))
    return list(found.values())


def _svg_uri(svg: str) -> str:
    return data_uri(svg.encode(), "image/svg+xml")
