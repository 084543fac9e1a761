"""The pages of the site as text: one function per kind of page, each filling in one template."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import jinja2

from qaugbench import __version__
from qaugbench.board.board_table import on_disagreement, ties, what_reference
from qaugbench.board.bundle import entry_folder
from qaugbench.board.check_arms import HEADER as CHECK_HEADER
from qaugbench.board.check_arms import TITLE as CHECK_TITLE
from qaugbench.board.check_arms import check_rows
from qaugbench.board.cite import bibtex, references
from qaugbench.board.claims_page import Claim, Finding
from qaugbench.board.comparable import Submitted
from qaugbench.board.gains import Measured, Place
from qaugbench.board.leaderboard import INTRODUCTION, NO_ENTRY, on_the_family
from qaugbench.board.noise_places import NOT_RECOMPUTED
from qaugbench.board.pinned import classifier_of
from qaugbench.board.plateau_notes import plateau_notes
from qaugbench.board.pooled_table import HEADER as POOLED_HEADER
from qaugbench.board.pooled_table import INTRODUCTION as POOLED_INTRODUCTION
from qaugbench.board.pooled_table import pooled_tables
from qaugbench.board.protocol import own_prefix
from qaugbench.board.standings import Section, Standings
from qaugbench.board.trust import LEVELS, MEANINGS, STATED
from qaugbench.formatting import count, fraction_words, unsigned
from qaugbench.kinds import FIDELITY_WORDS
from qaugbench.record import Board, Record
from qaugbench.report import record_views as views
from qaugbench.report import tables
from qaugbench.report.answers import both_answers, further_notes
from qaugbench.report.checklist import checks
from qaugbench.report.html import deviations, generator_rows, page_environment
from qaugbench.report.identity import looks
from qaugbench.report.notes import banner
from qaugbench.site.charts import COSTS_HEADER, Chart, cost_rows, learning_chart, pareto_charts
from qaugbench.site.data_cards import DataCard
from qaugbench.site.file_names import safe
from qaugbench.site.rows import Gates, Scale, ShownRow, shown_rows
from qaugbench.site.studies import ShownStudy
from qaugbench.stats.decide import LISTED_REPLICATES

TEMPLATES = Path(__file__).parent / "templates"
TOP_ROWS = 3
TRUST = {"levels": LEVELS, "meanings": MEANINGS, "stated": STATED}


@dataclass(frozen=True)
class ShownSection:
    """A board at one fraction, as it is shown: sentences, rows with the scale of their drawings, and plots."""

    key: str
    share: str
    sentences: tuple[str, ...]
    tied: str
    separable: str | None
    scale: Scale
    rows: tuple[ShownRow, ...]
    costs: tuple[tuple[str, ...], ...]
    checks: tuple[tuple[str, ...], ...]
    charts: tuple[Chart, ...]


@dataclass(frozen=True)
class ShownBoard:
    """A board with everything that its page and the first page say of it."""

    slug: str
    measured: Measured
    sections: tuple[ShownSection, ...]
    charts: tuple[Chart, ...]
    notes: tuple[str, ...]

    @property
    def record(self) -> Record:
        """The first entry's record, for what all entries have in common."""
        return self.measured.record

    @property
    def kinds(self) -> list[str]:
        """The kinds of generators on the board, sorted."""
        return sorted({str(shown.row.arm.kind) for section in self.sections for shown in section.rows})

    @property
    def tiers(self) -> list[str]:
        """The tiers of generators on the board, sorted."""
        return sorted({shown.tier for section in self.sections for shown in section.rows})

    @property
    def chart_files(self) -> dict[str, Chart]:
        """The plots by the names of their files."""
        own = {self.chart_file(chart): chart for chart in self.charts}
        return own | {self.chart_file(chart, one.key): chart for one in self.sections for chart in one.charts}

    def chart_file(self, chart: Chart, key: str = "") -> str:
        """Return the name of the file of a plot, one of a fraction if ``key`` names it."""
        return f"{'-'.join(filter(None, (self.slug, safe(key), chart.name)))}.svg"

    @property
    def separable(self) -> str | None:
        """The smallest difference between two rows that can be told apart at any fraction."""
        return min((one.separable for one in self.sections if one.separable is not None), default=None)

    @property
    def has_controls(self) -> bool:
        """Whether any row has controls to be folded."""
        return any(shown.controls for section in self.sections for shown in section.rows)

    @property
    def owner(self) -> str | None:
        """Under whose name the images are, where they are a submitter's own."""
        return None if self.record.data.phantom else own_prefix(self.record.board.source)

    @property
    def provisional(self) -> bool:
        """Whether the board has too few replicates for its rows to be confirmatory."""
        return self.record.replicates < LISTED_REPLICATES


def shown_boards(found: Standings, gates: Gates) -> list[ShownBoard]:
    """Return every board as it is shown."""
    listed = zip(found.boards, found.sections, strict=True)
    return [_shown_board(board, sections, found, gates) for board, sections in listed]


def slug_of(board: Measured) -> str:
    """Return the file name of a board's page, which depends on what makes entries comparable and on nothing else."""
    record = board.record
    facts = (record.task_sha256, classifier_of(record), record.data.manifest_sha256, record.data.split_sha256)
    identity = hashlib.sha256("/".join(map(str, (*facts, record.replicates))).encode()).hexdigest()[:8]
    return f"{safe(str(record.board))}-{identity}"


def entry_file(record: Record) -> str:
    """Return the name of an entry's page, which no entry of another board or id has."""
    return _entry_file(record.board, record.id)


def finding_file(finding: Finding) -> str:
    """Return the name of the page of the entry that a finding is from."""
    task, source, track = finding.board.split("/")
    return _entry_file(Board(task=task, source=source, track=track), finding.record)


def _entry_file(board: Board, entry: str) -> str:
    place = entry_folder(board, entry).as_posix()
    return f"{safe(entry)}-{hashlib.sha256(place.encode()).hexdigest()[:6]}.html"


def index_page(
    boards: Sequence[ShownBoard],
    found: Standings,
    off_board: Sequence[Submitted],
    studies: Sequence[ShownStudy] = (),
) -> str:
    """Return the first page: every board with its leading rows, and how many studies of noise there are."""
    off = [(entry.record, found.off_board[entry.path]) for entry in off_board]
    pooled = pooled_tables(found.pooled, found.family, found.boards)
    return _render(
        "index.html.j2",
        "",
        boards=boards,
        no_entry=NO_ENTRY,
        top_rows=TOP_ROWS,
        tasks=sorted({board.record.board.task for board in boards}),
        tracks=sorted({board.record.board.track for board in boards}),
        kinds=sorted({kind for board in boards for kind in board.kinds}),
        tiers=sorted({tier for board in boards for tier in board.tiers}),
        off_board=off,
        studies=studies,
        pooled=pooled,
        pooled_header=POOLED_HEADER,
        pooled_introduction=POOLED_INTRODUCTION,
    )


def board_page(board: ShownBoard, found: Standings, studies: Sequence[ShownStudy] = ()) -> str:
    """Return the page of a board, with the studies of noise beside its entries."""
    return _render(
        "board.html.j2",
        "../",
        board=board,
        record=board.record,
        classifier=classifier_of(board.record),
        unit=f"{board.record.data.grouped_by}s",
        family=on_the_family(found.family),
        listed_replicates=LISTED_REPLICATES,
        costs_header=COSTS_HEADER,
        check_title=CHECK_TITLE,
        check_header=(*CHECK_HEADER, "entry"),
        entry_links={one.record.id: f"../entries/{entry_file(one.record)}" for one in board.measured.entries},
        studies=studies,
    )


def entry_page(
    entry: Submitted,
    *,
    board: ShownBoard | None,
    why_off: str | None,
    place: str,
    sheet: str | None,
    studies: Sequence[ShownStudy] = (),
) -> str:
    """Return the page of an entry: what was found, on what, with what, and how to repeat it.

    ``place`` is its folder below that of all entries; ``sheet`` the address of its synthetic pictures, if it has any; ``studies``
    are those of noise of its generators.
    """
    record = entry.record
    return _render(
        "entry.html.j2",
        "../",
        record=record,
        board=board,
        why_off=why_off,
        place=place,
        sheet=sheet,
        studies=studies,
        trust=entry.trust,
        warnings=entry.warnings,
        command=record.command,
        banner=banner(record),
        answers=[
            {"share": views.share_words(record, one.key), "both": both_answers(record, one.key)}
            for one in record.fractions
        ],
        notes=further_notes(record),
        header=tables.main_header(),
        tables=[
            (views.share_words(record, one.key), scored.title, tables.main_rows(record, one.key, endpoint))
            for one in record.fractions
            for endpoint, scored in tables.scored_endpoints(record, one.key)
        ],
        checks=list(checks(record)),
        looks=looks(record.arms),
        grouping=views.grouping(record),
        generator_rows=generator_rows(record),
        deviations=deviations(record),
        class_titles=dict(zip(record.labels.names, record.labels.titles, strict=True)),
        references=references(record),
        bibtex=bibtex(record),
    )


def noise_page(studies: Sequence[ShownStudy]) -> str:
    """Return the page that lists the studies of noise, with what each says first."""
    return _render("noise.html.j2", "", studies=studies)


def study_page(study: ShownStudy) -> str:
    """Return the page of a study of noise."""
    return _render("study.html.j2", "../", study=study, not_recomputed=NOT_RECOMPUTED, **study.facts)


def claims_page(claims: Sequence[Claim]) -> str:
    """Return the page that sets what papers say beside what was found, systems with a finding first."""
    first = sorted(claims, key=lambda claim: not claim.findings)
    return _render("claims.html.j2", "", claims=first, listed_replicates=LISTED_REPLICATES)


def data_page(cards: Sequence[DataCard]) -> str:
    """Return the list of data cards."""
    return _render("data.html.j2", "", cards=cards)


def card_page(card: DataCard) -> str:
    """Return one data card."""
    return _render("source.html.j2", "../", card=card)


def method_page(found: Standings) -> str:
    """Return the page that says how a row is made and what it can and cannot say."""
    return _render(
        "method.html.j2",
        "",
        introduction=INTRODUCTION,
        family=on_the_family(found.family),
        fidelities=FIDELITY_WORDS,
        listed_replicates=LISTED_REPLICATES,
    )


def stylesheet() -> str:
    """Return the style of all pages: the reports', and what only the site has."""
    reports = _environment().get_template("style.css").render()
    return f"{reports}\n{(TEMPLATES / 'site.css').read_text(encoding='utf-8')}"


def script() -> str:
    """Return the script of all pages, without which everything is shown and nothing is filtered or sorted."""
    return (TEMPLATES / "site.js").read_text(encoding="utf-8")


def _shown_board(board: Measured, sections: Sequence[Section], found: Standings, gates: Gates) -> ShownBoard:
    learning = learning_chart(board)
    notes = sorted({note for entry in board.entries for note in plateau_notes(entry.record)})
    shown = tuple(_shown_section(one, board, found.family.rows, gates) for one in sections)
    return ShownBoard(slug_of(board), board, shown, () if learning is None else (learning,), tuple(notes))


def _shown_section(section: Section, board: Measured, adjusted: Mapping[Place, float], gates: Gates) -> ShownSection:
    scale, rows = shown_rows(section, adjusted, gates)
    reference = board.references.get(section.key)
    spans, separable = list(section.ranking.spans.values()), section.ranking.separable
    sentences = (
        *(f"{reason.rstrip('.')}." for reason in section.reasons),
        what_reference(reference),
        *on_disagreement(reference),
    )
    return ShownSection(
        key=section.key,
        share=f"{fraction_words(section.key)} of the training {board.record.data.grouped_by}s",
        sentences=sentences,
        tied=ties(spans) if spans else "",
        separable=None if separable is None else unsigned(separable),
        scale=scale,
        rows=tuple(rows),
        costs=tuple(cost_rows(rows)),
        checks=tuple((*row, one.record.id) for one in board.entries for row in check_rows(one.record, section.key)),
        charts=tuple(pareto_charts(rows, board, section.key)),
    )


def _render(template: str, root: str, **facts: Any) -> str:
    """Return a page; ``root`` leads from its folder to that of the first page."""
    return _environment().get_template(template).render(root=root, version=__version__, **TRUST, **facts)


@cache
def _environment() -> jinja2.Environment:
    environment = page_environment()
    environment.auto_reload = False
    own = jinja2.FileSystemLoader(TEMPLATES)
    environment.loader = jinja2.ChoiceLoader([own, environment.loader] if environment.loader else [own])
    environment.filters["counted"] = count
    environment.filters["unsigned"] = unsigned
    environment.filters["file"] = lambda name: f"{safe(name)}.html"
    environment.filters["entry_file"] = entry_file
    environment.filters["finding_file"] = finding_file
    return environment
