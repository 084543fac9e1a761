"""What to cite for a result: the benchmark, the run, the data and the papers of the generators, as lines and as BibTeX."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from qaugbench import __version__
from qaugbench.board.reader import record_of
from qaugbench.record import Record

BENCHMARK_TITLE = "qaugbench: does synthetic data from quantum generative models help medical image classifiers?"
BENCHMARK_AUTHORS = "qaugbench contributors"
SOFTWARE, RUN = "qaugbench", "the run"
LINE = re.compile(r"(?P<authors>.+?) \((?P<year>\d{4})\)\. (?P<title>.+?)\.(?: (?P<where>\S.*?)\.?)?")
ARXIV = re.compile(r"arXiv[:.]\s?(\d{4}\.\d{4,5})", re.IGNORECASE)
DOI = re.compile(r"\b(10\.\d{4,9}/[^\s,;]+)")
URL = re.compile(r"https?://[^\s,;]+")
SPECIAL = {
    "&": r"\&",
    "%": r"\%",
    "#": r"\#",
    "_": r"\_",
    "$": r"\$",
    "{": r"\{",
    "}": r"\}",
    "~": r"\~{}",
    "^": r"\^{}",
}


@dataclass(frozen=True)
class Reference:
    """One thing to cite: a BibTeX key, what it was used for, and the citation as one line."""

    key: str
    used_for: str
    text: str


def references(record: Record) -> list[Reference]:
    """Return what to cite for a record, each once: the benchmark, the run, the data (none for a phantom), the generators."""
    year = record.environment.created[:4]
    benchmark = f"{BENCHMARK_AUTHORS} ({year}). {BENCHMARK_TITLE} Version {record.environment.qaugbench}."
    found = [Reference(SOFTWARE, "the benchmark", benchmark), Reference(_run_key(record), RUN, _run_line(record))]
    if record.data.citation and not record.data.phantom:
        found.append(Reference(f"data-{record.data.source}", f"the data ({record.data.source})", record.data.citation))
    cited = {facts.id: facts.citation for facts in record.generators if facts.citation}
    return found + [Reference(generator_key(name), f"the generator {name}", text) for name, text in cited.items()]


def bibtex(record: Record) -> str:
    """Return BibTeX for everything in ``references``; a citation that cannot be taken apart is kept whole as a note."""
    return "\n".join(_entries(record).values())


def cite(paths: Sequence[Path]) -> str:
    """Return BibTeX for the entries and run folders in ``paths``, each thing once; without any for the software alone."""
    if not paths:
        return _software(__version__)
    found: dict[str, str] = {}
    for path in paths:
        found |= {key: text for key, text in _entries(record_of(path)).items() if key not in found}
    return "\n".join(found.values())


def _entries(record: Record) -> dict[str, str]:
    return {reference.key: _entry(reference, record) for reference in references(record)}


def _software(version: str, year: str | None = None) -> str:
    facts = {"author": f"{{{BENCHMARK_AUTHORS}}}", "title": f"{{{escaped(BENCHMARK_TITLE)}}}", "version": version}
    return _formatted("software", SOFTWARE, facts if year is None else {**facts, "year": year})


def generator_key(name: str) -> str:
    """Return the BibTeX key of a generator's paper.

    >>> generator_key("qldm:as-released"), generator_key("a}b c")
    ('qldm:as-released', 'a-b-c')
    """
    return re.sub(r"[^A-Za-z0-9.:+-]", "-", name)


def _run_key(record: Record) -> str:
    return re.sub(r"[^A-Za-z0-9.+-]", "-", record.id)


def _run_line(record: Record) -> str:
    """Return the run in one line: name, date, task, source and track, and with which version it was made."""
    made, board = record.environment, record.board
    version = f"qaugbench {made.qaugbench}{f', commit {made.commit}' if made.commit else ''}"
    return f"Run {record.id} ({made.created[:10]}). Task {board.task} on {board.source}, track {board.track}; made with {version}."


def _run(reference: Reference, record: Record) -> str:
    board = record.board
    repeated = f" Command: {record.command}" if record.command else ""
    facts = {
        "title": f"{{{escaped(f'{record.title}: a run of qaugbench, task {board.task} on {board.source}, track {board.track}')}}}",
        "year": record.environment.created[:4],
        "note": escaped(f"{reference.text} Predictions: SHA-256 {record.predictions_sha256}.{repeated}"),
    }
    return _formatted("misc", reference.key, facts)


def _entry(reference: Reference, record: Record) -> str:
    if reference.key == SOFTWARE:
        return _software(record.environment.qaugbench, record.environment.created[:4])
    if reference.used_for == RUN:
        return _run(reference, record)
    parts = LINE.fullmatch(reference.text.strip())
    if parts is None:
        return _formatted("misc", reference.key, {"note": escaped(reference.text)})
    facts = {
        "author": _authors(parts["authors"]),
        "title": f"{{{escaped(parts['title'])}}}",
        "year": parts["year"],
    }
    return _formatted("misc", reference.key, {**facts, **_where(parts["where"] or "")})


def _authors(text: str) -> str:
    """Return full names joined by "and"; a list of another form (surnames with initials) stays in one piece."""
    names = [name.strip() for name in re.split(r", and |, | and ", text)]
    whole = all(" " in name for name in names)
    return " and ".join(map(escaped, names)) if whole else f"{{{escaped(text)}}}"


def _where(text: str) -> dict[str, str]:
    arxiv, doi, url = ARXIV.search(text), DOI.search(text), URL.search(text)
    found = {"eprint": arxiv[1], "archiveprefix": "arXiv"} if arxiv else {}
    found |= {"doi": doi[1]} if doi else {}
    found |= {"url": url[0]} if url else {}
    return found or ({"note": escaped(text)} if text else {})


def _formatted(kind: str, key: str, facts: dict[str, str]) -> str:
    lines = "".join(f"  {name} = {{{value}}},\n" for name, value in facts.items())
    return f"@{kind}{{{key},\n{lines}}}\n"


def escaped(text: str) -> str:
    r"""Return text with BibTeX's special characters escaped.

    >>> escaped("R&D in 5 %")
    'R\\&D in 5 \\%'
    """
    return "".join(SPECIAL.get(letter, letter) for letter in text)
