"""The data card of a source: what it contains, who may use it, and its known problems, in Markdown and HTML."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import jinja2
import numpy as np
import pandas as pd
from markupsafe import Markup, escape

from qaugbench.datasets.audit.leaks import parts_of
from qaugbench.datasets.audit.report import AuditReport
from qaugbench.datasets.prepared import PreparedData
from qaugbench.datasets.sources import sources
from qaugbench.datasets.splits import Split
from qaugbench.formatting import PHANTOM_BANNER
from qaugbench.task import PARTS, Task

TEMPLATES = Path(__file__).parent
UNKNOWN = "not stated"
DEVICE_COLUMNS = frozenset(
    {
        "site",
        "hospital",
        "center",
        "centre",
        "institution",
        "country",
        "manufacturer",
        "vendor",
        "model",
        "device",
        "scanner",
        "camera",
        "modality",
        "sequence",
        "plane",
        "field_strength",
        "view",
        "view_position",
        "position",
        "projection",
        "side",
        "laterality",
        "eye",
    }
)
MOST_VALUES = 12
MISSING = "not given"


@dataclass(frozen=True)
class ClassRow:
    """A class by its title: its images in total and in each part, and its share of all images (0 to 1)."""

    title: str
    counts: Mapping[str, int]
    prevalence: float


@dataclass(frozen=True)
class Card:
    """Everything on a card; the two templates only lay it out."""

    title: str
    source: str
    task: str
    question: str
    phantom: bool
    facts: tuple[tuple[str, str], ...]
    parts: tuple[str, ...]
    images: Mapping[str, int]
    units: Mapping[str, Mapping[str, int]]
    classes: tuple[ClassRow, ...]
    split_how: str
    pictures: tuple[tuple[str, str], ...]
    devices: tuple[tuple[str, str], ...]
    people: tuple[tuple[str, str], ...]
    problems: tuple[str, ...]
    conversions: tuple[str, ...]
    clean: bool
    findings: tuple[Mapping[str, Any], ...]


def card(
    prepared: PreparedData, task: Task, report: AuditReport, *, split: Split | None = None, source: str | None = None
) -> str:
    """Return the data card in Markdown.

    ``report`` is the audit of ``prepared`` for ``task``; ``split`` the split in use, without which only total counts are given;
    ``source`` the named source whose licence and known problems are shown (by default the one with the name of ``prepared``, if
    there is one). File names and patients are never shown; unknown facts are "not stated".
    """
    return _rendered("card.md.j2", card_facts(prepared, task, report, split=split, source=source), autoescape=False)


def card_page(
    prepared: PreparedData, task: Task, report: AuditReport, *, split: Split | None = None, source: str | None = None
) -> str:
    """Return the data card as one HTML page without scripts or outside requests; arguments as ``card``."""
    return _rendered("card.html.j2", card_facts(prepared, task, report, split=split, source=source), autoescape=True)


def card_facts(
    prepared: PreparedData, task: Task, report: AuditReport, *, split: Split | None = None, source: str | None = None
) -> Card:
    """Return the contents of the card; arguments as ``card``."""
    stored = _stored_manifest(prepared)
    named = _named_source(source or prepared.name)
    licence = _first(stored.get("licence"), named.get("licence"), _column(prepared, "licence", "license"))
    use = _first(*(facts.get(key) for facts in (stored, named) for key in ("use", "allowed_use")))
    rows = _part_rows(prepared, split)
    problems = [*_texts(named.get("problems") or named.get("known_problems")), *_texts(stored.get("problems"))]
    patients = _first(named.get("patients"))
    return Card(
        title=_first(stored.get("title"), named.get("title"), stored.get("description"), prepared.name)
        or prepared.name,
        source=prepared.name,
        task=task.name,
        question=task.question,
        phantom=stored.get("phantom") is True,
        facts=(
            ("Licence", licence or UNKNOWN),
            ("Allowed use", use or UNKNOWN),
            ("Cite", _first(stored.get("citation"), named.get("citation"), _column(prepared, "citation")) or UNKNOWN),
            ("From", _first(stored.get("url"), named.get("url")) or UNKNOWN),
            ("Patients", patients or ("named by `patient_id`" if prepared.patients_known else "not named")),
        ),
        parts=tuple(rows),
        images={part: len(index) for part, index in rows.items()},
        units=_units(prepared, rows),
        classes=tuple(_class_row(prepared, k, title, rows) for k, title in enumerate(task.labels.titles)),
        split_how="" if split is None else split.how,
        pictures=_pictures(prepared, report),
        devices=_devices(prepared),
        people=_people(prepared),
        problems=tuple(dict.fromkeys(problems)),
        conversions=tuple(_texts(stored.get("conversions"))),
        clean=report.clean,
        findings=tuple(_finding(found.to_dict()) for found in report.findings),
    )


def _rendered(template: str, facts: Card, *, autoescape: bool) -> str:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        autoescape=autoescape,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["number"] = lambda value: f"{value:,}"
    environment.filters["percent"] = lambda value: f"{100 * value:.1f} %"
    environment.filters["code"] = _code
    environment.filters["cell"] = lambda text: " ".join(str(text).replace("|", "\\|").split())
    return environment.get_template(template).render(card=facts, phantom_banner=PHANTOM_BANNER)


def _code(text: str) -> Markup:
    """Return ``text`` escaped, with text between backticks set as code.

    >>> _code("Column `a<b`")
    Markup('Column <code>a&lt;b</code>')
    """
    return Markup(re.sub(r"`([^`]+)`", r"<code>\1</code>", str(escape(text))))


def _stored_manifest(prepared: PreparedData) -> dict[str, Any]:
    if prepared.archive.problem("manifest.json"):
        return {}
    try:
        stored = json.loads(prepared.archive.read("manifest.json"))
    except ValueError:
        return {}
    return stored if isinstance(stored, dict) else {}


def _named_source(name: str) -> dict[str, Any]:
    known = sources()
    return asdict(known[name]) if name in known else {}


def _first(*values: object) -> str | None:
    return next((str(value).strip() for value in values if value and str(value).strip()), None)


def _texts(value: object) -> list[str]:
    if not value:
        return []
    if isinstance(value, Mapping):
        return [f"{key}: {entry}" for key, entry in value.items()]
    return [str(entry) for entry in value] if isinstance(value, list | tuple) else [str(value)]


def _column(prepared: PreparedData, *columns: str) -> str | None:
    column = next((name for name in columns if name in prepared.table), None)
    return None if column is None else "; ".join(sorted(set(prepared.table[column].str.strip()) - {""}))


def _part_rows(prepared: PreparedData, split: Split | None) -> dict[str, np.ndarray]:
    everything = {"all": np.arange(len(prepared))}
    if split is None:
        return everything
    parts = parts_of(split, len(prepared))
    return everything | {part: np.flatnonzero(parts == part) for part in PARTS}


def _units(prepared: PreparedData, rows: Mapping[str, np.ndarray]) -> dict[str, dict[str, int]]:
    """Return how many patients and how many groups each part has, as far as labels.csv names them."""
    units = {}
    if prepared.patients_known:
        patients = prepared.table["patient_id"].str.strip().to_numpy(dtype="U")
        units["patients"] = {part: len(set(patients[index].tolist()) - {""}) for part, index in rows.items()}
    if prepared.group_column == "group":
        units["groups"] = {part: len(np.unique(prepared.groups[index])) for part, index in rows.items()}
    return units


def _class_row(prepared: PreparedData, k: int, title: str, rows: Mapping[str, np.ndarray]) -> ClassRow:
    positive = prepared.labels[:, k] > 0
    return ClassRow(title, {part: int(positive[index].sum()) for part, index in rows.items()}, float(positive.mean()))


def _pictures(prepared: PreparedData, report: AuditReport) -> tuple[tuple[str, str], ...]:
    """Return formats and sizes as the audit found them, and the native size as labels.csv states it."""
    summary = report.summary
    rows = []
    if summary:
        rows.append(("Files", ", ".join(f"{count:,} {kind}" for kind, count in summary["formats"].items())))
        sides = [(name, summary[name]) for name in ("width", "height")]
        rows += [(name.capitalize(), _spread(facts["min"], facts["median"], facts["max"])) for name, facts in sides]
        rows.append(("Coloured", f"{summary['coloured']:,} of {summary['readable']:,}"))
    for column, name in (("native_w", "Native width"), ("native_h", "Native height")):
        if column in prepared.table and (found := _numbers(prepared.table[column])).size:
            rows.append((name, _spread(found.min(), np.median(found), found.max())))
    return tuple(rows)


def _spread(least: float, middle: float, most: float) -> str:
    return f"{least:g} pixels" if least == most else f"{least:g} to {most:g} pixels, median {middle:g}"


def _devices(prepared: PreparedData) -> tuple[tuple[str, str], ...]:
    found = []
    for column in prepared.table.columns:
        if str(column).casefold().replace(" ", "_") not in DEVICE_COLUMNS:
            continue
        found.append((str(column), _tallied(prepared.table[column])))
    return tuple(found)


def _people(prepared: PreparedData) -> tuple[tuple[str, str], ...]:
    """Return age and sex, counted by image, where labels.csv has them."""
    rows = []
    if "age" in prepared.table:
        ages = _numbers(prepared.table["age"].str.strip().str.rstrip("Yy"))
        given = f"{len(ages):,} of {len(prepared):,} images"
        low, middle, high = np.percentile(ages, (5, 50, 95)) if len(ages) else (0, 0, 0)
        text = f"median {middle:g} years, 5 % to 95 %: {low:.0f} to {high:.0f} ({given})" if len(ages) else MISSING
        rows.append(("Age", text))
    if "sex" in prepared.table:
        rows.append(("Sex", _tallied(prepared.table["sex"])))
    return tuple(rows)


def _tallied(values: pd.Series) -> str:
    counts = values.str.strip().replace("", MISSING).value_counts()
    ranked = sorted(counts.items(), key=lambda item: (-item[1], str(item[0])))
    shown = [f"{value} {count:,}" for value, count in ranked[:MOST_VALUES]]
    rest = len(ranked) - len(shown)
    return ", ".join(shown) + (f" and {rest} other values" if rest else "")


def _numbers(values: pd.Series) -> np.ndarray:
    return pd.to_numeric(values, errors="coerce").dropna().to_numpy(dtype=float)


def _finding(found: Mapping[str, Any]) -> dict[str, Any]:
    """Return a finding without names of files and patients; classes and AUROCs stay."""
    named = found["offenders"] if found["unit"] == "classes" else []
    return {**found, "offenders": list(named)}
