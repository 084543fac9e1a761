"""The card of a set of synthetic images, in the seven criteria of Zamzmi et al. (Commun Eng 2025, 4:130): a page, or Markdown."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from qaugbench.errors import EntryError, shown
from qaugbench.files import write_whole
from qaugbench.formatting import markdown_table
from qaugbench.image_facts import SECTIONS, Appraisal, measure_info
from qaugbench.predictions import ArmInfo
from qaugbench.record import Record
from qaugbench.report.appraisal_page import asked
from qaugbench.report.appraisal_rows import HEADER, READING
from qaugbench.report.appraisal_text import appraisal_markdown
from qaugbench.report.asked_file import check_asked_file, write_asked_file
from qaugbench.report.geometry_rows import geometry_words
from qaugbench.untrusted import MIB, exists, read_bytes

CARDS = "cards"
OPTION = "--card"
MOST_CARD_BYTES = 4 * MIB
CARD_HEADER = ("criterion", "asks", "found")
SOURCE = "Criteria after Zamzmi et al. 2025, Commun Eng 4:130, doi:10.1038/s44172-025-00450-1."


@dataclass(frozen=True)
class Criterion:
    """One of the seven: what it asks of a set of images, and the measures that answer; ``otherwise`` where none of them can."""

    name: str
    asks: str
    measures: tuple[str, ...]
    otherwise: str = ""


CRITERIA = (
    Criterion(
        "congruence",
        "Are the synthetic images distributed as real ones are?",
        ("fidelity/kid", "fidelity/pca_fid", "fidelity/precision", "fidelity/c2st", "fidelity/fine_detail"),
    ),
    Criterion(
        "coverage",
        "Do they show the variety of real images?",
        ("fidelity/recall", "fidelity/coverage", "collapse/vendi", "collapse/ssim", "collapse/lpips", "collapse/modes"),
    ),
    Criterion(
        "constraint",
        "Do they keep to what is possible?",
        ("labels/consistency", "labels/skill", "labels/judge", "labels/judged", "fidelity/checkerboard"),
        "No rule of anatomy or of the scanner was checked.",
    ),
    Criterion(
        "completeness",
        "Do they come with all that their use needs?",
        (),
        "Age, sex, site and other facts of a patient are not generated.",
    ),
    Criterion(
        "compliance",
        "Do they keep patients private?",
        ("copies/excess", "copies/excess_pixels", "copies/membership_auc", "copies/membership_tpr"),
        "Consent, licence and law are for people to judge.",
    ),
    Criterion("comprehension", "Is it said how they were made?", ()),
    Criterion(
        "consistency",
        "Do they agree with each other over time, and when made again?",
        (),
        "Each image stands alone: there is no course over time.",
    ),
)


def card_rows(appraisal: Appraisal, made: Mapping[str, str]) -> list[tuple[str, str, str]]:
    """Return the seven rows of a card; ``made`` says by words how the images were made, empty where that is unknown."""
    return [(one.name, one.asks, _found(one, appraisal, made)) for one in CRITERIA]


def card_markdown(appraisal: Appraisal, *, title: str, made: Mapping[str, str] | None = None) -> str:
    """Return the card in Markdown."""
    rows = card_rows(appraisal, made or {})
    states = ", ".join(f"{section}: {appraisal.states[section]}" for section in SECTIONS if section in appraisal.states)
    parts = [
        f"# {title}",
        states + ".",
        markdown_table(CARD_HEADER, rows, words=2),
        SOURCE,
        appraisal_markdown(appraisal),
    ]
    return "\n\n".join(parts)


def card_html(appraisal: Appraisal, *, title: str, made: Mapping[str, str] | None = None) -> str:
    """Return the card as a page without scripts or outside requests."""
    from qaugbench.report.html import page_environment

    template = page_environment().get_template("card.html.j2")
    return template.render(
        title=title,
        appraisal=appraisal,
        header=CARD_HEADER,
        rows=card_rows(appraisal, made or {}),
        questions=SECTIONS,
        measure_header=HEADER,
        **asked(appraisal),
        reading=READING,
        source=SOURCE,
    )


MAKERS = {".html": card_html, ".md": card_markdown}
"""What makes a card, by the ending of its file."""


def check_card_path(path: Path) -> None:
    """Raise DataError for a card that could not be written."""
    check_asked_file(path, OPTION, MAKERS)


def write_card(path: Path, appraisal: Appraisal, *, title: str, made: Mapping[str, str] | None = None) -> Path:
    """Write the card to ``path``, a .html or .md file, whole or not at all, and return the path."""
    check_card_path(path)
    return write_asked_file(path, MAKERS[path.suffix.lower()](appraisal, title=title, made=made), OPTION)


def write_cards(folder: Path, record: Record) -> list[Path]:
    """Write the card of every generator variant of the first fraction into ``cards`` of a run's folder, as page and Markdown."""
    cards = _cards(folder, record)
    for path, text in cards.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, text)
    return list(cards)


def check_cards(folder: Path, record: Record) -> None:
    """Raise EntryError for a card in the folder of a run that says otherwise than its record."""
    for path, text in _cards(folder, record).items() if exists(folder / CARDS) else ():
        if exists(path) and read_bytes(path, MOST_CARD_BYTES) != text.encode():
            raise EntryError(
                f"{shown(path, None)} is not the card of this record: it was changed, or another version wrote it. "
                f"'qaugbench report {shown(folder, None)}' writes it again."
            )


def _cards(folder: Path, record: Record) -> dict[Path, str]:
    """Return the text of every card of a run by the file that holds it."""
    found = record.appraisals.get(record.fractions[0].key, {})
    texts = {}
    for arm in record.arms:
        if arm.generator is not None and arm.id in found:
            facts: dict[str, Any] = {"title": f"{arm.id}, {record.board}", "made": made_how(record, arm)}
            for ending, make in MAKERS.items():
                texts[folder / CARDS / f"{arm.id.replace(':', '-')}{ending}"] = make(found[arm.id], **facts)
    return texts


def made_how(record: Record, arm: ArmInfo) -> dict[str, str]:
    """Return in words how the images of a generator variant were made."""
    facts = next((one for one in record.generators if (one.id, one.control) == (arm.generator, arm.control)), None)
    if facts is None:
        return {}
    made = {
        "generator": f"{arm.id} ({facts.kind}, {facts.fidelity})",
        "learned from": ""
        if facts.kind == "external"
        else f"{record.fractions[0].n_real:,} images of {record.board.source}",
        "parameters": f"{facts.parameters['total']:,} trained" if "total" in facts.parameters else "",
        "circuits drawn on": record.executions[arm.execution].title if arm.execution in record.executions else "",
        "after": facts.citation,
        "departs from it": " ".join(facts.deviations),
        "latent geometry": geometry_words(record.geometry.get(record.fractions[0].key, {}).get(arm.id)),
        "command": record.command or "",
        "with": f"qaugbench {record.environment.qaugbench}",
    }
    return {name: value for name, value in made.items() if value}


def _found(criterion: Criterion, appraisal: Appraisal, made: Mapping[str, str]) -> str:
    if criterion.name == "comprehension":
        said = "; ".join(f"{name}: {value}" for name, value in made.items())
        return said or "Unknown: the images came as files."
    found = [text for name in criterion.measures for text in _measured(appraisal, name)]
    sentences = ["; ".join(found) + "."] if found else []
    return " ".join([*sentences, *([criterion.otherwise] if criterion.otherwise else [])]) or "Not measured."


def _measured(appraisal: Appraisal, name: str) -> list[str]:
    """Return a measure in words; of one that is per class or per factor, the smallest and the largest."""
    info, found = measure_info(name), appraisal.measures
    parts = {key.removeprefix(f"{name}/"): one for key, one in found.items() if key.startswith(f"{name}/")}
    known = {"": found[name]} if name in found else parts
    values = {part: one.value for part, one in known.items() if one.value is not None}
    if len(values) == 1:
        ((part, value),) = values.items()
        real = known[part].real
        beside = "" if real is None else f" (real {real:.{info.digits}f})"
        return [f"{info.title}{part and f', {part}'} {value:.{info.digits}f}{beside}"]
    low, high = min(values.values(), default=0.0), max(values.values(), default=0.0)
    each = "factor" if name == "collapse/modes" else "class"
    return [f"{info.title} {low:.{info.digits}f} to {high:.{info.digits}f} by {each}"] if values else []
