"""The data card of each source on a board: counts from the records, licence and known problems from the list of sources."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from qaugbench.board.gains import Measured
from qaugbench.datasets.sources import Source, sources
from qaugbench.exports.croissant import croissant
from qaugbench.files import json_text
from qaugbench.record import Record


@dataclass(frozen=True)
class DataCard:
    """One source as one task uses it; ``source`` is None for data that no list of sources names.

    ``versions`` are the data of the boards that use it: the hashes of manifest and split, and how the split was made.
    """

    name: str
    record: Record
    source: Source | None
    versions: tuple[tuple[str, str, str], ...]

    @property
    def croissant(self) -> str | None:
        """The description of the source in Croissant, as JSON-LD; None for one whose files are not known."""
        return json_text(croissant(self.source)) if self.source is not None and self.source.files else None

    @property
    def title(self) -> str:
        """The source's title, else its name."""
        return self.record.data.source if self.source is None else self.source.title

    @property
    def problems(self) -> list[str]:
        """What is known to be wrong with the data, and what the records note of them."""
        return [*(() if self.source is None else self.source.problems), *self.record.data.notes]

    @property
    def rows(self) -> list[tuple[str, str, str, str]]:
        """The images of every class, of all, and the patients or groups, in each part of the split."""
        data, labels = self.record.data, self.record.labels
        counted = [(title, data.class_counts[name]) for name, title in zip(labels.names, labels.titles, strict=True)]
        grouped = f"{data.grouped_by}s{'' if data.patients_known else ' (patients unknown)'}"
        counted += [("all images", data.n_images), (grouped, data.n_groups)]
        return [
            (title, *(f"{counts.get(part, 0):,}" for part in ("train", "val", "test")))  # type: ignore[misc]
            for title, counts in counted
        ]


def data_cards(boards: Sequence[Measured]) -> list[DataCard]:
    """Return one card for each source and task of the boards, sorted by name."""
    found: dict[str, list[Record]] = {}
    for board in boards:
        record = board.record
        found.setdefault(card_name(record), []).append(record)
    return [_card(name, records) for name, records in sorted(found.items())]


def card_name(record: Record) -> str:
    """Return the name of the card of a record's data."""
    return f"{record.board.task_id}-{record.data.source}"


def _card(name: str, records: Sequence[Record]) -> DataCard:
    versions = dict.fromkeys((one.data.manifest_sha256, one.data.split_sha256, one.data.split_how) for one in records)
    return DataCard(name, records[0], sources().get(records[0].data.source), tuple(versions))
