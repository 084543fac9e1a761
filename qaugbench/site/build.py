"""The whole site, written from the folder of all entries."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from qaugbench import definitions
from qaugbench.board.bundle import LARGEST, SAMPLES_FILE
from qaugbench.board.claims_page import ClassifierFinding, claims
from qaugbench.board.comparable import Submitted
from qaugbench.board.result_folders import entry_paths
from qaugbench.board.standings import Standings, standings
from qaugbench.board.verified import verified
from qaugbench.classifier_cards import usable_classifiers
from qaugbench.errors import EntryError, shown
from qaugbench.files import write_whole
from qaugbench.report.boards import COLUMNS, frame_rows
from qaugbench.report.score_rows import table_csv
from qaugbench.site import pages
from qaugbench.site.data_cards import data_cards
from qaugbench.site.file_names import safe
from qaugbench.site.gates import two_qubit_gates
from qaugbench.site.rows import Gates
from qaugbench.site.studies import ShownStudy, of_board, of_entry, shown_studies
from qaugbench.untrusted import exists, read_bytes

INDEX = "index.html"
MARK = "qaugbench-site.txt"
MARKED = "Made by 'qaugbench leaderboard site', which replaces what is here.\n"


@dataclass(frozen=True)
class Site:
    """What was written: the first page, and how many boards, entries, studies of noise and files."""

    index: Path
    boards: int
    entries: int
    studies: int
    files: int


def write_site(
    root: Path, out: Path, *, gates: Gates = two_qubit_gates, compared: Sequence[ClassifierFinding] = ()
) -> Site:
    """Verify every entry below ``root`` and write the site into the folder ``out``; ``compared`` is for the page of claims.

    Files of an earlier site in ``out`` that no longer belong to it are removed. Equal entries give equal files. Raises EntryError
    for an entry that does not hold what it claims, for entries of one board that cannot be compared, and for a folder that
    holds something else than a site; nothing is then written.
    """
    _check_target(out)
    studies = shown_studies(root)
    entries = verified(entry_paths(root))
    found = standings(entries)
    files = site_files(entries, found, root, gates, studies, compared)
    write_files(files, out)
    return Site(out / INDEX, len(found.boards), len(entries), len(studies), len(files))


def write_files(files: Mapping[str, str | bytes], out: Path) -> None:
    """Write the files of a site into the folder ``out`` and remove pages and pictures that are not among them."""
    _check_target(out)
    for path in _old_files(out, files):
        path.unlink()
    for name, content in files.items():
        write_whole(out / name, content)


def site_files(
    entries: Sequence[Submitted],
    found: Standings,
    root: Path,
    gates: Gates,
    studies: Sequence[ShownStudy] = (),
    compared: Sequence[ClassifierFinding] = (),
) -> dict[str, str | bytes]:
    """Return the content of every file of the site by its path; ``root`` is the folder of all entries.

    ``studies`` are those of noise, whether or not a board has entries beside them, ``compared`` what was found of classifiers.
    """
    boards = pages.shown_boards(found, gates)
    on_board = {entry.path: (entry, board) for board in boards for entry in board.measured.entries}
    off = [entry for entry in entries if entry.path in found.off_board]
    files: dict[str, str | bytes] = {
        MARK: MARKED,
        "style.css": pages.stylesheet(),
        "site.js": pages.script(),
        INDEX: pages.index_page(boards, found, off, studies),
        "method.html": pages.method_page(found),
        "claims.html": pages.claims_page(
            claims([*definitions.usable_cards(), *usable_classifiers()], entries, compared)
        ),
    }
    rows = [{"control_of": None, **row} for row in frame_rows(found)]
    files["all-rows.csv"] = table_csv(COLUMNS, rows)
    for board in boards:
        files[f"boards/{board.slug}.html"] = pages.board_page(board, found, of_board(studies, board.record))
        ids = {(str(entry.record.board), entry.record.id) for entry in board.measured.entries}
        own = [row for row in rows if (row["board"], row["entry"]) in ids]
        files[f"boards/{board.slug}.csv"] = table_csv(COLUMNS, own)
        files |= {f"boards/{name}": chart.svg for name, chart in board.chart_files.items()}
    for entry in entries:
        scored, shown_board = on_board.get(entry.path, (entry, None))
        sheet = _sheet(entry.path)
        name = pages.entry_file(entry.record)
        pictures = f"samples/{name.removesuffix('.html')}.png"
        files |= {} if sheet is None else {pictures: sheet}
        files[f"entries/{name}"] = pages.entry_page(
            scored,
            board=shown_board,
            why_off=found.off_board.get(entry.path),
            place=entry.path.relative_to(root).as_posix(),
            sheet=None if sheet is None else pictures,
            studies=of_entry(studies, entry.record),
        )
    files["noise.html"] = pages.noise_page(studies)
    for study in studies:
        files[f"noise/{study.slug}.html"] = pages.study_page(study)
        files |= {f"noise/{name}": drawn for name, drawn in study.pictures.items()}
    cards = data_cards(found.boards)
    files["data.html"] = pages.data_page(cards)
    for card in cards:
        name = safe(card.name)
        files[f"data/{name}.html"] = pages.card_page(card)
        files |= {} if card.croissant is None else {f"data/{name}.croissant.json": card.croissant}
    return files


def _sheet(entry: Path) -> bytes | None:
    path = entry / SAMPLES_FILE
    return read_bytes(path, LARGEST[SAMPLES_FILE]) if exists(path) else None


def _check_target(out: Path) -> None:
    """Raise EntryError unless ``out`` is missing, empty, or a site that was written before."""
    if exists(out) and not out.is_dir():
        raise EntryError(f"{shown(out, None)} is not a folder. Give one that is new or empty with --out.")
    if out.is_dir() and any(out.iterdir()) and not exists(out / MARK):
        raise EntryError(
            f"{shown(out, None)} holds files that are no site of qaugbench's. Give a folder that is new or empty with --out."
        )


def _old_files(out: Path, files: Mapping[str, str | bytes]) -> list[Path]:
    """Return the pages and pictures in ``out`` of an earlier site that this one does not have."""
    kinds = ("*.html", "*.csv", "*.json", "*.svg", "*.png")
    return [path for kind in kinds for path in sorted(out.rglob(kind)) if path.relative_to(out).as_posix() not in files]
