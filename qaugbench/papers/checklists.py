"""Reporting checklists filled in from a record: REFORMS, CLAIM 2024 and TRIPOD+AI, item by item."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib import resources

from qaugbench.errors import EntryError, near_names
from qaugbench.formatting import markdown_table
from qaugbench.papers.facts import facts
from qaugbench.record import Record

HEADER = ("item", "about", "answer")
OPEN = "For the authors:"
NOT_APPLICABLE = "Not applicable:"


@dataclass(frozen=True)
class Item:
    """An item of a checklist; of ``answer`` (a template), ``authors`` and ``na`` one is given."""

    id: str
    topic: str
    answer: str = ""
    authors: str = ""
    na: str = ""

    def filled(self, known: dict[str, str]) -> str:
        """Return what is said of the item."""
        if self.authors:
            return f"{OPEN} {self.authors}."
        if self.na:
            return f"{NOT_APPLICABLE} {self.na}."
        return " ".join(self.answer.format_map(known).split())


@dataclass(frozen=True)
class ReportingChecklist:
    """A published checklist: its title, its citation and its items in order."""

    name: str
    title: str
    citation: str
    items: tuple[Item, ...]


@cache
def checklists() -> dict[str, ReportingChecklist]:
    """Return every checklist by name, from ``checklists.toml``."""
    table = tomllib.loads(resources.files(__package__).joinpath("checklists.toml").read_text(encoding="utf-8"))
    return {
        name: ReportingChecklist(name, one["title"], one["citation"], tuple(Item(**item) for item in one["items"]))
        for name, one in table.items()
    }


def filled_checklist(name: str, record: Record) -> str:
    """Return the checklist called ``name``, filled in from a record, as Markdown; an unknown name raises EntryError."""
    if name not in checklists():
        raise EntryError(f"There is no checklist {name!r}.{near_names(name, checklists())}")
    one, known = checklists()[name], facts(record)
    rows = [(item.id, item.topic, item.filled(known)) for item in one.items]
    n_open = sum(bool(item.authors) for item in one.items)
    said = (
        f"Filled in from the record `{record.id}` ({record.board}); {n_open} of {len(rows)} items are for the authors of a paper. "
        f"Items are summarised; the instrument is: {one.citation}"
    )
    return f"# {one.title}\n\n{said}\n\n{markdown_table(HEADER, rows, words=len(HEADER) - 1)}\n"
