"""The page of one run: a single file without scripts or outside requests."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jinja2

from qaugbench.board.cite import bibtex, references
from qaugbench.errors import EntryError
from qaugbench.files import write_whole
from qaugbench.record import Record, read_record
from qaugbench.report import circuit_influence, claims, figures, tables
from qaugbench.report import record_views as rows
from qaugbench.report.figures import Curve, Interval, Panel
from qaugbench.report.identity import Look, looks
from qaugbench.report.numbers import interval, signed
from qaugbench.report.pictures import data_uri, strips_by_class

REPORT_FILE = "report.html"
TEMPLATES = Path(__file__).parent / "templates"
REAL_ARMS_PANEL = "Real-data arms"


@dataclass(frozen=True)
class Picture:
    """A figure of the page: what it shows, in words for those who do not see it, and the image itself."""

    caption: str
    alt: str
    data_uri: str


def write_report(run_folder: Path) -> Path:
    """Write ``report.html`` into the run folder and return its path; equal runs give equal pages.

    Curves and pictures are left out when their files are missing. Raises EntryError for a missing or damaged file.
    """
    run_folder = Path(run_folder)
    page = render(read_record(run_folder), read_curves(run_folder / "curves.json"), run_folder / "samples.npz")
    target = run_folder / REPORT_FILE
    write_whole(target, page)
    return target


def read_curves(path: Path) -> dict[str, list[dict[str, Any]]]:
    """Return the training curves in ``curves.json``; empty without the file."""
    if not path.is_file():
        return {"classifier": [], "generator": []}
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        return {part: list(found[part]) for part in ("classifier", "generator")}
    except (ValueError, KeyError, TypeError) as error:
        raise EntryError(f"{path} is not a usable file of curves: {error!r}. Run again, or remove it.") from error


def render(record: Record, curves: Mapping[str, list[dict[str, Any]]], samples: Path) -> str:
    """Return the page as text."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["sentence"] = lambda text: f"{text.rstrip('. ')}."
    drawn = looks(record.arms)
    return environment.get_template("report.html.j2").render(
        record=record,
        looks=drawn,
        banner=rows.banner(record),
        verdicts=rows.verdict_sentences(record),
        claims_header=claims.CLAIMS_HEADER,
        adjusted=claims.adjusted_rows(record),
        adjusted_header=claims.ADJUSTED_HEADER,
        confirmatory=record.scores.get("confirmatory", {}),
        notes=rows.notes(record),
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
    scored = rows.endpoint_scores(record, key, primary)
    return {
        "facts": facts,
        "sizes": scored,
        "forest": _forest(record, key, drawn),
        "header": tables.reference_header(record),
        "endpoints": [
            (endpoint, rows.endpoint_scores(record, key, endpoint.id), tables.reference_rows(record, key, endpoint.id))
            for endpoint in record.endpoints
        ],
        "difference_header": tables.DIFFERENCE_HEADER,
        "differences": tables.other_families(record, key),
        "influence": circuit_influence.fraction_rows(record, key),
        "influence_header": circuit_influence.HEADER,
        "influence_scales": circuit_influence.scale_sentences(record, key),
        "claims": [
            (
                arm,
                claims.claims_table(found["ladder"]),
                claims.untested(found["ladder"]),
                claims.posterior_sentence(found, record.endpoints[0].margin),
            )
            for arm, found in rows.verdicts(record, key, primary).items()
        ],
        "ranks": claims.ranks_sentence(record, key),
        "metrics": claims.metrics_table(record, key),
        "exploratory": claims.exploratory_rows(record, key),
        "exploratory_header": claims.EXPLORATORY_HEADER,
        "classes": _classes(record, key, drawn),
        "class_rows": rows.fraction_scores(record, key).get("classes", {}),
    }


def _forest(record: Record, key: str, drawn: Mapping[str, Look]) -> Picture | None:
    primary = record.endpoints[0]
    against_reference = rows.contrasts(record, key, primary.id, "reference")
    panels = [Panel(f"against {tables.reference_arm(record)}", [_row(entry, drawn) for entry in against_reference])]
    for family, title in (("best-classical", "against the best classical arm"), ("control", "against its controls")):
        found = rows.contrasts(record, key, primary.id, family)
        panels.append(Panel(title, [_row(entry, drawn, pair=True) for entry in found]))
    if not any(panel.rows for panel in panels):
        return None
    svg = figures.forest(panels, unit=primary.title, margin=primary.margin)
    listed = "; ".join(f"{entry['arm']} {signed(entry['estimate'])} {interval(entry)}" for entry in against_reference)
    caption = f"Differences in {primary.title} at {key} of the training patients, with 95 % intervals."
    if primary.margin is not None:
        caption += f" Grey: differences below {primary.margin:g}, too small to matter."
    return Picture(caption, f"{caption} Against the reference: {listed}.", _svg_uri(svg))


def _row(entry: rows.Facts, drawn: Mapping[str, Look], *, pair: bool = False) -> Interval:
    label = f"{entry['arm']} − {entry['against']}" if pair else entry["arm"]
    look = drawn[entry["against"]] if pair and entry["family"] == "control" else drawn[entry["arm"]]
    return Interval(label, entry["estimate"], entry["ci_low"], entry["ci_high"], look)


def _classes(record: Record, key: str, drawn: Mapping[str, Look]) -> Picture | None:
    titles = dict(zip(record.labels.names, record.labels.titles, strict=True))
    scored = rows.fraction_scores(record, key).get("classes", {})
    order = [arm.id for arm in record.arms]
    values = {
        f"{titles[name]} ({scored[name]['n_positive']})": {
            arm: scored[name]["arms"][arm]["mean"] for arm in order if arm in scored[name]["arms"]
        }
        for name in record.labels.names
        if scored.get(name, {}).get("arms")
    }
    if not values:
        return None
    svg = figures.per_class(values, drawn, xlabel="AUROC against the rest, mean over replicates")
    caption = (
        f"AUROC of each class against the rest at {key}; in brackets the number of positive test images. Exploratory."
    )
    return Picture(caption, caption, _svg_uri(svg))


def _curve_pictures(
    record: Record, curves: Mapping[str, list[dict[str, Any]]], drawn: Mapping[str, Look]
) -> list[Picture]:
    found = []
    for fraction in record.fractions:
        own = {part: [entry for entry in curves[part] if entry["fraction"] == fraction.key] for part in curves}
        wanted = (
            ("classifier", "arm", "val_metric", "validation metric", "Classifier, metric on real validation images"),
            ("classifier", "arm", "train_loss", "training loss", "Classifier, training loss"),
            ("generator", "variant", "loss", "training loss", "Generators, training loss"),
        )
        for part, name, value, ylabel, title in wanted:
            drawable = [curve for entry in own[part] for curve in _curve(entry, name, value) if curve.method in drawn]
            if drawable:
                svg = figures.curves(_by_generator(record, drawable), drawn, ylabel=ylabel)
                caption = f"{title}, at {fraction.key}: replicates thin, their mean thick."
                found.append(Picture(caption, caption, _svg_uri(svg)))
    return found


def _curve(entry: Mapping[str, Any], name: str, value: str) -> list[Curve]:
    """Return the curve of one value, or nothing when no point has it."""
    points = [(point["step"], point[value]) for point in entry["points"] if point.get(value) is not None]
    return [Curve(entry[name], [step for step, _ in points], [number for _, number in points])] if points else []


def _by_generator(record: Record, found: Iterable[Curve]) -> dict[str, list[Curve]]:
    """Return the curves by panel: the real-data arms, then each generator with its controls beside the reference."""
    by_arm: dict[str, list[Curve]] = {}
    for curve in found:
        by_arm.setdefault(curve.method, []).append(curve)
    reference = by_arm.get(str(tables.reference_arm(record)), [])
    panels: dict[str, list[Curve]] = {REAL_ARMS_PANEL: []}
    for arm in record.arms:
        own = by_arm.get(arm.id, [])
        panel = REAL_ARMS_PANEL if arm.generator is None else arm.generator
        if panel not in panels and own:
            panels[panel] = list(reference)
        if own:
            panels[panel] += own
    return panels


def _generator_rows(record: Record) -> list[dict[str, Any]]:
    """Return a row a generator: its facts and the parameter counts of all its variants side by side."""
    found: dict[str, dict[str, Any]] = {}
    for facts in record.generators:
        row = found.setdefault(facts.id, {"facts": facts, "variants": []})
        if facts.control == "none":
            row["facts"] = facts
        row["variants"].append((facts.control, facts.parameters))
    return list(found.values())


def _svg_uri(svg: str) -> str:
    return data_uri(svg.encode(), "image/svg+xml")
