"""What to cite for a result: the benchmark, the run, the data and the papers of the generators, as lines and as BibTeX."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from qaugbench import __version__
from qaugbench.board.reader import record_of
from qaugbench.definitions import generator_card, generator_module
from qaugbench.plugins import package_of
from qaugbench.record import Record

BENCHMARK_TITLE = "qaugbench: does synthetic data from quantum generative models help medical image classifiers?"
BENCHMARK_AUTHORS = "qaugbench contributors"
BENCHMARK_YEAR = "2026"
"""Of this version, for whoever cites it without a result."""
SOFTWARE, RUN, CODE = "qaugbench", "the run", "the code of"
LINE = re.compile(r"(?P<authors>.+?) \((?P<year>\d{4})\)\. (?P<title>.+?)\.(?: (?P<where>\S.*?)\.?)?")
PERSON = re.compile(r"(?P<name>[^\W\d_][\w'-]*(?: [\w'-]+)*) (?P<initials>[A-Z]\.(?: [A-Z]\.)*)(?P<others> et al\.)?")
"""The first author of a data set's citation, such as "Yang J. et al."."""
YEAR = re.compile(r"\b(?:19|20)\d\d\b")
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
        found += _data(record.data.source, record.data.citation)
    generators = {facts.id: (facts.citation, facts.package) for facts in record.generators}
    return found + [one for name, said in generators.items() for one in _generator(name, *said)]


def generator_references(name: str) -> list[Reference]:
    """Return what to cite for the generator called ``name``: its paper, and of a plug-in the package."""
    card = generator_card(name)
    return _generator(name, card.citation.text if card.citation else "", package_of(generator_module(name)))


def _data(source: str, citation: str) -> list[Reference]:
    """Return the references of a data set; where semicolons part them, each with a person before its first comma is its own."""
    parts: list[str] = []
    for part in citation.split("; "):
        if parts and not PERSON.fullmatch(part.partition(", ")[0]):
            parts[-1] += f"; {part}"
        else:
            parts.append(part)
    keys = [f"data-{source}{f'-{number}' if number > 1 else ''}" for number in range(1, len(parts) + 1)]
    return [Reference(key, f"the data ({source})", part) for key, part in zip(keys, parts, strict=True)]


def _generator(name: str, citation: str, package: str | None) -> list[Reference]:
    key = generator_key(name)
    paper = [Reference(key, f"the generator {name}", citation)] if citation else []
    return [*paper, *([Reference(f"{key}-code", f"{CODE} {name}", package)] if package else [])]


def bibtex(record: Record) -> str:
    """Return BibTeX for everything in ``references``; a citation that cannot be taken apart is kept whole as a note."""
    return "\n".join(_entries(record).values())


def cite(paths: Sequence[Path], generators: Sequence[str] = ()) -> str:
    """Return BibTeX for the entries and run folders in ``paths`` and for ``generators`` by name, each thing once.

    Without any, for the software alone.
    """
    if not paths and not generators:
        return _software(__version__, BENCHMARK_YEAR)
    found = {one.key: _entry(one) for name in generators for one in generator_references(name)}
    for path in paths:
        found |= {key: text for key, text in _entries(record_of(path)).items() if key not in found}
    return "\n".join(found.values())


def _entries(record: Record) -> dict[str, str]:
    made = record.environment
    own = {
        SOFTWARE: lambda _: _software(made.qaugbench, made.created[:4]),
        _run_key(record): lambda one: _run(one, record),
    }
    return {one.key: own.get(one.key, _entry)(one) for one in references(record)}


def _software(version: str, year: str) -> str:
    facts = {"author": f"{{{BENCHMARK_AUTHORS}}}", "title": f"{{{escaped(BENCHMARK_TITLE)}}}"}
    return _formatted("software", SOFTWARE, {**facts, "version": version, "year": year})


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


def _entry(reference: Reference) -> str:
    """Return what is cited with its paper, or a package with its version; a line of an unknown form is kept whole."""
    if reference.used_for.startswith(CODE):
        package, _, version = reference.text.rpartition(" ")
        facts = {"title": f"{{{escaped(package)}}}", "version": escaped(version)}
        return _formatted(
            "software", reference.key, {**facts, "note": escaped(f"{reference.used_for}, a generator for qaugbench")}
        )
    parts = LINE.fullmatch(reference.text.strip())
    if parts is None:
        whole = {"note": escaped(reference.text)}
        return _formatted("misc", reference.key, _data_facts(reference.text) or whole)
    facts = {
        "author": _authors(parts["authors"]),
        "title": f"{{{escaped(parts['title'])}}}",
        "year": parts["year"],
    }
    return _formatted("misc", reference.key, {**facts, **_where(parts["where"] or "")})


def _data_facts(text: str) -> dict[str, str] | None:
    """Return what "Surname I. et al., Title, Place (2020), doi:...; more" says; None for text of another form."""
    first, _, more = text.partition("; ")
    author, title, *where = first.split(", ") if ", " in first else (first, "")
    person = PERSON.fullmatch(author)
    joined, place = ", ".join(where), ", ".join(one for one in where if not (DOI.search(one) or URL.search(one)))
    year = YEAR.findall(place or title)
    if person is None or not year:
        return None
    dated = f" ({year[-1]})"
    found = {
        "author": escaped(f"{person['name']}, {person['initials']}{' and others' if person['others'] else ''}"),
        "title": f"{{{escaped(title.removesuffix(dated))}}}",
        "year": year[-1],
        **({"howpublished": escaped(place.removesuffix(dated))} if place else {}),
        **_where("" if place == joined else joined),
    }
    return {**found, "note": escaped(more)} if more else found


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
