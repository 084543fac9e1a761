"""What a machine says of a pull request: whether its entry holds, and the row that it would have on its board."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from qaugbench.board.board_table import Row, difference_cell, rows_of, verdict_cell
from qaugbench.board.bundle import SAMPLES_FILE
from qaugbench.board.changes import Change, changes, extract, proposed_folder
from qaugbench.board.checked import Checked, Checker
from qaugbench.board.comparable import Submitted, by_board, why_off_board
from qaugbench.board.gains import Gains, Place, measure, ranking
from qaugbench.board.leaderboard import page
from qaugbench.board.protocol import check_author
from qaugbench.board.repository import Repository
from qaugbench.board.trust import CLAIM
from qaugbench.board.withdraw import check_withdrawal
from qaugbench.errors import EntryError
from qaugbench.formatting import change, fraction_words, markdown_table, span
from qaugbench.places import RESULTS
from qaugbench.record import Record
from qaugbench.stats.mrmc import compare
from qaugbench.untrusted import exists

HEADER = (
    "fraction",
    "method",
    "Δ vs R* [95 % CI]",
    "possible ranks",
    "Δ over its twin [95 % CI]",
    "Δ to the best other row [95 % CI]",
    "verdict",
)


DOCS = "](../docs/"
"""How Markdown for the folder of the boards leads to the documentation, which a comment on a pull request cannot."""


@dataclass(frozen=True)
class Review:
    """Whether a pull request may be merged as far as a machine can say, and what it says, as Markdown."""

    holds: bool
    text: str


def review(
    repository: Repository, base: str, head: str, author: str | None = None, address: str | None = None
) -> Review:
    """Return the review of what ``head`` changes since it left ``base``; ``author`` is who submits, for sources of one's own.

    ``address`` is that of the repository on the web, to which ids of entries then link.
    """
    try:
        return Review(holds=True, text=_reviewed(repository, base, head, author, address))
    except EntryError as error:
        return Review(holds=False, text=f"## The entry cannot be taken\n\n{error}\n")


def _reviewed(repository: Repository, base: str, head: str, author: str | None, address: str | None) -> str:
    found = changes(repository, base, head)
    entry, is_withdrawal = proposed_folder(found)
    if is_withdrawal:
        return _withdrawal(repository, base, found, entry, author)
    with tempfile.TemporaryDirectory(prefix="qaugbench-review-") as folder:
        place = extract(repository, found, base, entry, Path(folder))
        try:
            checker = Checker()
            checked = checker(place)
            _check_author(checked.record, author)
            others = [checker(path) for path in sorted(place.parent.iterdir()) if path != place]
            text = text_of(checked, others)
            if address is None:
                return text
            docs = f"{address.rstrip('/')}/blob/{repository.commit(base)}/docs/"
            return linked(text.replace(DOCS, f"]({docs}"), _links(address, repository, base, head, place, others))
        except EntryError as error:
            raise EntryError(str(error).replace(f"{folder}/", "")) from error


def _links(
    address: str, repository: Repository, base: str, head: str, place: Path, others: Sequence[Checked]
) -> dict[str, str]:
    """Return where the entry at ``place`` is in the proposed commit, and others of its board in the base, by their ids."""
    board = f"{RESULTS.name}/{place.parents[2].name}/{place.parents[1].name}/entries"
    commits = {**{one.path.name: base for one in others}, place.name: head}
    return {name: f"{address.rstrip('/')}/tree/{repository.commit(of)}/{board}/{name}" for name, of in commits.items()}


def linked(text: str, addresses: Mapping[str, str]) -> str:
    """Return Markdown in which each id that is set as code leads to its address.

    >>> linked("| 1 | `one` |", {"one": "https://example.org/one"})
    '| 1 | [`one`](https://example.org/one) |'
    """
    for name, address in addresses.items():
        text = text.replace(f"`{name}`", f"[`{name}`]({address})")
    return text


def _withdrawal(repository: Repository, base: str, found: Sequence[Change], entry: str, author: str | None) -> str:
    """Return what is said of a withdrawal: that every file of the entry goes, and the note names it."""
    with tempfile.TemporaryDirectory(prefix="qaugbench-review-") as folder:
        try:
            place = extract(repository, [one for one in found if one.status != "D"], base, entry, Path(folder))
            _check_author(check_withdrawal(place, {Path(one.path).name for one in found if one.status == "D"}), author)
        except EntryError as error:
            raise EntryError(str(error).replace(f"{folder}/", "")) from error
    return f"## A withdrawal\n\n`{entry}` is withdrawn. A maintainer has to see that its submitter asks for it.\n"


def _check_author(record: Record, author: str | None) -> None:
    if not record.data.phantom:
        check_author(record.board.source, author, "entry")


def text_of(checked: Checked, others: Sequence[Checked]) -> str:
    """Return what is said of an entry that holds, beside ``others`` of its board, as Markdown."""
    record = checked.record
    trust = "" if checked.trust is None else f" Trust: {checked.trust.words}."
    blocks = [
        f"## Entry `{record.id}`",
        f"It holds on `{record.board}`: {checked.n_numbers:,} numbers were recomputed from {checked.n_logits:,} logits.{trust}",
    ]
    if checked.warnings:
        blocks.append("\n".join(f"- Warning: {warning}" for warning in checked.warnings))
    if exists(checked.path / SAMPLES_FILE):
        blocks.append(f"It has pictures. Look at `{SAMPLES_FILE}` before merging: no check knows what they show.")
    why = why_off_board(record)
    if why is not None:
        return "\n\n".join([*blocks, f"No board lists it: {why}."]) + "\n"
    entries = [Submitted(one.path, one.record, one.trust or CLAIM, one.warnings) for one in (checked, *others)]
    group = next(found for found in by_board(entries) if any(one.path == checked.path for one in found))
    blocks += list(_rows(checked.path, group))
    blocks += [
        "What no check can show is in [docs/trust.md](../docs/trust.md).",
        "<details><summary>The boards with this entry</summary>",
        page(entries).strip(),
        "</details>",
    ]
    return "\n\n".join(blocks) + "\n"


def _rows(path: Path, group: Sequence[Submitted]) -> Iterator[str]:
    board = measure(group)
    own = next(entry for entry in board.entries if entry.path == path)
    cells = []
    for fraction in own.record.fractions:
        ranks = ranking(board.primary, fraction.key).spans
        for row in rows_of(own, fraction.key):
            rank = ranks.get(row.place)
            cells.append(
                (
                    fraction_words(fraction.key),
                    row.arm.id,
                    difference_cell(row.difference),
                    "-" if rank is None else span(*rank),
                    _over_twin(row),
                    "-" if board.primary is None else to_best_other(board.primary, row.place),
                    verdict_cell(row),
                )
            )
    yield markdown_table(HEADER, cells)


def _over_twin(row: Row) -> str:
    twin = next((one for one in row.controls if one.arm.control == "twin"), None)
    return "" if twin is None else difference_cell(twin.over_control)


def to_best_other(gains: Gains, place: Place) -> str:
    """Return the difference of a row from the best other one of its fraction, with its interval; a dash where it is alone."""
    rows = [number for number, one in enumerate(gains.places) if one.fraction == place.fraction]
    own = next((number for number in rows if gains.places[number] == place), None)
    others = [number for number in rows if number != own]
    if own is None or not others:
        return "-"
    best = max(others, key=lambda number: float(gains.theta[number].mean()))
    pair = [own, best]
    found = compare(gains.theta[pair], gains.influence[pair], np.array([1.0, -1.0]), gains.n_eff)
    return f"{change(found.estimate, found.ci_low, found.ci_high)} ({gains.places[best].arm})"
