"""A snapshot of all boards that can be published and cited: entries, pages and tables with their checksums."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from qaugbench import __version__
from qaugbench.board.bundle import LARGEST, MANIFEST_FILE
from qaugbench.board.cite import BENCHMARK_AUTHORS, BENCHMARK_TITLE
from qaugbench.board.comparable import Submitted
from qaugbench.board.leaderboard import page
from qaugbench.board.noise_places import LARGEST_STUDY, study_paths
from qaugbench.board.reader import entry_contents
from qaugbench.board.result_folders import entry_paths
from qaugbench.board.standings import Standings, standings
from qaugbench.board.verified import verified
from qaugbench.errors import EntryError, shown
from qaugbench.files import write_folder
from qaugbench.formatting import count
from qaugbench.papers.board_tables import as_text
from qaugbench.places import NOISE_FILE
from qaugbench.untrusted import exists, read_bytes

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
DOI = re.compile(r"10\.\d{4,9}/[-._;()/:A-Za-z0-9]+")
CHECKSUMS = "SHA256SUMS"
CITATION = "CITATION.cff"
ENTRIES = "results"


@dataclass(frozen=True)
class Frozen:
    """A snapshot: its folder, what it holds, and the hash of its list of checksums, which names all of its bytes.

    ``entries`` are those that its boards list, ``off_board`` the others.
    """

    path: Path
    boards: int
    entries: int
    off_board: int
    files: int
    sha256: str


def freeze(name: str, root: Path, out: Path, *, doi: str | None = None) -> Frozen:
    """Write the snapshot called ``name`` of all entries below ``root`` into the new folder ``out / name``.

    It holds the entries, verified, and the studies of noise beside them; the boards as Markdown and CSV; CITATION.cff, with the
    ``doi`` if one is given, else with the place for it; and the SHA-256 of every file. Equal entries give equal bytes. Raises
    EntryError for a name or DOI that is none, a folder that is there already, and an entry or study that does not hold what it
    claims; nothing is then left behind.
    """
    if not NAME.fullmatch(name):
        raise EntryError(f"{shown(name)!r} cannot name a snapshot: use letters, digits, . _ and -, such as v1.")
    if doi is not None and not DOI.fullmatch(doi):
        raise EntryError(f"{shown(doi)!r} is not a DOI; one looks like 10.5281/zenodo.1234567.")
    target = out / name
    if exists(target):
        raise EntryError(f"{shown(target, None)} is there already; a snapshot is never changed. Give another name.")
    entries = verified(entry_paths(root))
    check_studies(study_paths(root))
    if not entries:
        raise EntryError(f"There is no entry below {shown(root, None)}. Submit a run first.")
    found = standings(entries)
    files = frozen_files(name, entries, found, root, doi)
    sums = checksums(files)
    write_folder(target, {**files, CHECKSUMS: sums})
    listed, off = len(entries) - len(found.off_board), len(found.off_board)
    return Frozen(target, len(found.boards), listed, off, len(files) + 1, hashlib.sha256(sums.encode()).hexdigest())


def check_studies(paths: Sequence[Path]) -> None:
    """Raise EntryError for a study of noise that cannot be what it says."""
    if paths:
        from qaugbench.ablation.study_checks import check_study

        for path in paths:
            check_study(path)


def frozen_files(
    name: str, entries: Sequence[Submitted], found: Standings, root: Path, doi: str | None
) -> dict[str, bytes]:
    """Return the content of every file of a snapshot but its list of checksums, by path."""
    files: dict[str, bytes] = {}
    for entry in entries:
        place = entry.path.relative_to(root).as_posix()
        manifest = read_bytes(entry.path / MANIFEST_FILE, LARGEST[MANIFEST_FILE])
        contents = {**entry_contents(entry.path), MANIFEST_FILE: manifest}
        files |= {f"{ENTRIES}/{place}/{file}": content for file, content in contents.items()}
    for study in study_paths(root):
        place = study.relative_to(root).as_posix()
        files[f"{ENTRIES}/{place}/{NOISE_FILE}"] = read_bytes(study / NOISE_FILE, LARGEST_STUDY)
    files["README.md"] = page(entries).encode()
    files["boards.csv"] = as_text(found, "csv").encode()
    files[CITATION] = citation(name, entries, found, doi).encode()
    return files


def checksums(files: dict[str, bytes]) -> str:
    """Return the list that ``sha256sum --check`` reads."""
    return "".join(f"{hashlib.sha256(files[name]).hexdigest()}  {name}\n" for name in sorted(files))


def citation(name: str, entries: Sequence[Submitted], found: Standings, doi: str | None) -> str:
    """Return CITATION.cff of a snapshot; its date is that of its newest entry."""
    off = len(found.off_board)
    listed = f"{count(len(entries) - off, 'entry', 'entries')} on {count(len(found.boards), 'board')}"
    newest = max(entry.record.environment.created for entry in entries)[:10]
    identifier = f"doi: {doi}\n" if doi else "# doi: set here once the snapshot has one\n"
    return (
        "cff-version: 1.2.0\n"
        "message: If you use these results, please cite them, the data sets and the papers of the generators.\n"
        f'title: "{BENCHMARK_TITLE.rstrip("?")}: leaderboards {name}"\n'
        "type: dataset\n"
        "authors:\n"
        f"  - name: {BENCHMARK_AUTHORS}\n"
        f'version: "{name}"\n'
        f"date-released: {newest}\n"
        f"{identifier}"
        "license: Apache-2.0\n"
        f'abstract: "{listed}{f" and {off} on none" if off else ""}, of qaugbench {__version__}; SHA256SUMS names every byte."\n'
    )
