"""The claims page: what papers of quantum generators and classifiers say, and what was found of them here, from records alone."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any, ClassVar

from qaugbench.board.board_table import Row, difference_cell, rows_of, verdict_cell
from qaugbench.board.circuit_influence import influence_cell, influence_of
from qaugbench.board.comparable import Submitted, why_off_board
from qaugbench.cards import Citation, GeneratorCard
from qaugbench.classifier_cards import ClassifierCard
from qaugbench.formatting import NONE, WIDTH, count, fraction_words, markdown_table
from qaugbench.kinds import OF_A_PAPER, TIERS, may_run_circuits
from qaugbench.stats.decide import LISTED_REPLICATES
from qaugbench.text_table import wrapped

UNKNOWN = "not stated in its file"
NOT_RUN = "not run"
HEADER = (
    "system",
    "tier",
    "the paper says",
    "on what data",
    "with how many seeds",
    "what ran here",
    "what was found",
    "verdict",
)
INTRODUCTION = (
    "One row per published generator or classifier with circuits. The first columns are the paper's, as far as it could be read; "
    "what is not known is said to be so. The others are from records alone: what ran (as the paper means it and, where that "
    "differs, as its authors released it), the differences that adding its images made to what decides the task (from R*, the best "
    "arm of real images, and from each control, with 95 % intervals), and how much of its images changes when the outputs of its "
    "circuits are replaced. Of a classifier they are its score on test images, the differences from its controls, how fast it "
    "learned, how much less sure it is where it is wrong, and how many parameters were trained above the recipe's network. "
    "Comparisons of classifiers (`run --classifier`) are exploratory and give no verdict. Most papers report how alike images are, "
    f"and no classifier: a verdict here need not contradict a claim. Verdicts from fewer than {LISTED_REPLICATES} replicates are "
    "provisional. `qaugbench list claims --format markdown` writes this page."
)


@dataclass(frozen=True)
class Finding:
    """What one run or entry found of a generator, or of its variant, at one fraction; differences are in words.

    ``off_board`` says why no board lists the record, where none does; ``other_settings`` whether the generator's file has other
    settings now than the record (a variant's are not compared).
    """

    is_entry: ClassVar[bool] = True
    generator: str
    controls: tuple[str, ...]
    record: str
    board: str
    fraction: str
    replicates: int
    off_board: str | None
    other_settings: bool
    difference: str
    over_controls: tuple[str, ...]
    influence: str
    verdict: str

    @property
    def where(self) -> str:
        """What ran, where, and how often."""
        name = f"{self.generator} and its controls {', '.join(self.controls)}" if self.controls else self.generator
        return f"{name}: {self.board} at {fraction_words(self.fraction)}, {count(self.replicates, 'replicate')}"

    @property
    def aside(self) -> str:
        """What is to be written after the name of the record: why no board lists it, and whether settings have changed since."""
        off = f"; on no board: {self.off_board}" if self.off_board else ""
        return f"{off}; with other settings than its file states now" if self.other_settings else off

    @property
    def ran(self) -> str:
        """What ran, where, how often, and the record of it."""
        return f"{self.where} (`{self.record}`{self.aside})"

    @property
    def found(self) -> str:
        """The differences from R* and from each control, and the circuits' influence on the images."""
        parts = [f"{self.difference} from R*", *self.over_controls]
        return "; ".join([*parts, f"influence of the circuits {self.influence}"])


@dataclass(frozen=True)
class ClassifierFinding:
    """What one comparison found of a classifier, or of its variant, at one fraction; numbers and differences are in words.

    ``differences`` are those from its controls and from its variants. ``aside`` is to be written after the name of the record.
    """

    is_entry: ClassVar[bool] = False
    generator: str
    controls: tuple[str, ...]
    record: str
    board: str
    fraction: str
    replicates: int
    folds: int
    score: str
    differences: tuple[str, ...]
    learned: str
    uncertainty: str
    parameters: str
    aside: str = ""
    verdict: str = "none (exploratory)"

    @property
    def where(self) -> str:
        """What ran, where, and how often."""
        name = f"{self.generator} and its controls {', '.join(self.controls)}" if self.controls else self.generator
        often = f"{count(self.folds, 'fold')}, " if self.folds > 1 else ""
        often += count(self.replicates, "replicate")
        return f"{name}: {self.board} at {fraction_words(self.fraction)}, {often}"

    @property
    def ran(self) -> str:
        """What ran, where, how often, and the name of the comparison."""
        return f"{self.where} (`{self.record}`{self.aside})"

    @property
    def found(self) -> str:
        """Everything that was found, in one line."""
        parts = (self.score, *self.differences, self.learned, self.uncertainty, self.parameters)
        return "; ".join(part for part in parts if part)


@dataclass(frozen=True)
class Claim:
    """A published generator or classifier, what its paper claims, and what was found of it.

    ``not_run`` names variants without a finding.
    """

    generator: str
    title: str
    tier: str
    paper: str
    claim: str
    data: str
    seeds: str
    findings: tuple[Finding | ClassifierFinding, ...]
    not_run: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON form."""
        return asdict(self)


def claims(
    cards: Iterable[GeneratorCard | ClassifierCard],
    results: Sequence[Submitted],
    compared: Sequence[ClassifierFinding] = (),
) -> list[Claim]:
    """Return one claim per published generator or classifier with circuits among ``cards``.

    With it stands what ``results`` found of it, or the comparisons of classifiers that ``compared`` is from.
    """
    return [
        _claim(card, card.citation, results, compared)
        for card in cards
        if card.citation is not None and is_published(card)
    ]


def is_published(card: GeneratorCard | ClassifierCard) -> bool:
    """Return whether a generator or classifier is a paper's and has circuits, or something in their place."""
    return card.fidelity in OF_A_PAPER and may_run_circuits(card.kind)


def claims_markdown(found: Sequence[Claim]) -> str:
    """Return the page as Markdown."""
    rows = [_cells(claim) for claim in found]
    return "\n\n".join(["# Claims", INTRODUCTION, markdown_table(HEADER, rows, words=len(HEADER) - 1)]) + "\n"


def claims_text(found: Sequence[Claim], width: int = WIDTH) -> str:
    """Return the claims as text for a terminal, one block per generator."""
    return "\n\n".join("\n".join(_lines(claim, width)) for claim in found)


def _claim(
    card: GeneratorCard | ClassifierCard,
    cited: Citation,
    results: Sequence[Submitted],
    compared: Sequence[ClassifierFinding],
) -> Claim:
    names = (card.id, *(f"{card.id}:{variant}" for variant in card.variants))
    findings: list[Finding | ClassifierFinding] = [
        finding for result in results for finding in _findings(names, result, card)
    ]
    findings += [finding for name in names for finding in compared if finding.generator == name]
    ran = {finding.generator for finding in findings}
    return Claim(
        generator=card.id,
        title=card.title,
        tier=TIERS[card.fidelity],
        paper=cited.text,
        claim=cited.claim or UNKNOWN,
        data=cited.data or UNKNOWN,
        seeds=cited.seeds or UNKNOWN,
        findings=tuple(findings),
        not_run=tuple(name for name in names if name not in ran),
    )


def _findings(names: Sequence[str], result: Submitted, card: GeneratorCard | ClassifierCard) -> list[Finding]:
    present = {arm.generator for arm in result.record.arms}
    return [
        _finding(row, card)
        for name in names
        if name in present
        for fraction in result.record.fractions
        for row in rows_of(result, fraction.key)
        if row.arm.generator == name
    ]


def _finding(row: Row, card: GeneratorCard | ClassifierCard) -> Finding:
    record, key = row.record, row.place.fraction
    track = record.board.track
    ran_with = [one.settings for one in record.generators if (one.id, one.control) == (row.arm.generator, "none")]
    compared = row.arm.generator == card.id and track in card.tracks
    controls = {str(control.arm.control): control.over_control for control in row.controls}
    return Finding(
        generator=row.arm.id,
        controls=tuple(controls),
        record=record.id,
        board=str(record.board),
        fraction=key,
        replicates=record.replicates,
        off_board=why_off_board(record),
        other_settings=compared and ran_with != [_plain(card.settings(track))],
        difference=difference_cell(row.difference),
        over_controls=tuple(f"{difference_cell(found)} from {name}" for name, found in controls.items()),
        influence=influence_cell(influence_of(record, key, row.arm.generator)),
        verdict=verdict_cell(row),
    )


def _plain(settings: dict[str, Any]) -> dict[str, Any]:
    """Return settings as a record has them: tuples are lists."""
    return {name: list(value) if isinstance(value, tuple) else value for name, value in settings.items()}


def _cells(claim: Claim) -> tuple[str, ...]:
    said = [*((one.ran, one.found, one.verdict) for one in claim.findings)]
    said += [(f"{name}: {NOT_RUN}", NONE, NONE) for name in claim.not_run]
    ran, found, verdict = (" <br> ".join(cells) for cells in zip(*said, strict=True))
    name = f"{claim.title} (`{claim.generator}`). {claim.paper}"
    return name, claim.tier, claim.claim, claim.data, claim.seeds, ran, found, verdict


def _lines(claim: Claim, width: int) -> list[str]:
    lines = [f"{claim.generator}: {claim.title}, tier {claim.tier}. {claim.paper}"]
    lines += [f"  says: {claim.claim}", f"  on: {claim.data}", f"  seeds: {claim.seeds}"]
    lines += [f"  ran here: {one.ran}. Found: {one.found}. Verdict: {one.verdict}." for one in claim.findings]
    lines += [f"  {NOT_RUN}: {', '.join(claim.not_run)}"] if claim.not_run else []
    return [wrapped(line.strip(), "  " if line.startswith(" ") else "", width) for line in lines]
