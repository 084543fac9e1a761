"""Checks of what a generator's file states: its facts, its settings on every track, and what of it is tuned."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

from qaugbench.cards import GeneratorCard
from qaugbench.errors import DefinitionError
from qaugbench.generators.contract import Generator
from qaugbench.generators.shared.binding import bound, check_facts
from qaugbench.inspection.settings_check import TRACKS, settings_faults, taken_by_class
from qaugbench.kinds import OF_A_PAPER, Fidelity
from qaugbench.search_space import search_space
from qaugbench.testing.verdict import About, CheckFailed, CheckResult, DoesNotApply, does_not_apply, require

CHANGED: tuple[Fidelity, ...] = ("structure", "reconstruction")
BELOW_ONE = 1 - 1e-9
"""The end of the unit interval, at which a range has its highest value."""


def card_results(card: GeneratorCard, kind: type[Generator], weights: Path | None) -> Iterator[CheckResult]:
    """Yield the results of the checks of a generator's file against its class; nothing is built or fitted."""
    checks: tuple[tuple[About, str, Callable[[], str]], ...] = (
        ("facts", "The file can be read, and it is called after the generator.", lambda: card.origin),
        ("facts", "Facts and class agree on the kind, and the controls exist.", lambda: _kind(card, kind)),
        ("paper", "A method that is somebody's names the paper.", lambda: _paper(card)),
        ("paper", "A method that differs from its paper says how.", lambda: _deviations(card)),
        ("settings", "The class takes the settings of every track.", lambda: _settings(card, weights)),
    )
    results = [_result(card, *check) for check in checks]
    yield from results
    promise = "What [tune] states can be tuned on every track, and the class takes the ends of every range."
    if results[-1].fails:
        yield CheckResult(card.id, promise, "does not apply", "the settings themselves are not taken yet", "tuning")
    else:
        yield _result(card, "tuning", promise, lambda: _tunable(card, kind, weights))


def _result(card: GeneratorCard, about: About, promise: str, check: Callable[[], str]) -> CheckResult:
    try:
        return CheckResult(card.id, promise, "passes", check(), about)
    except DoesNotApply as reason:
        return CheckResult(card.id, promise, "does not apply", str(reason), about)
    except (CheckFailed, DefinitionError) as error:
        return CheckResult(card.id, promise, "fails", str(error), about)


def _kind(card: GeneratorCard, kind: type[Generator]) -> str:
    check_facts(card, kind)
    controls = f"controls {', '.join(card.controls)}" if card.controls else "no controls"
    return f"{card.kind}, {controls}"


def _paper(card: GeneratorCard) -> str:
    if card.citation is not None:
        return card.citation.text.removesuffix(".")
    if card.fidelity not in OF_A_PAPER:
        does_not_apply(f"fidelity {card.fidelity!r} names no paper")
    raise CheckFailed(
        f"{card.origin}: fidelity {card.fidelity!r} is a statement about a paper, but none is named. Add a table [citation] with "
        "authors, title and year, or write fidelity = 'original', 'standard' or 'unknown'."
    )


def _deviations(card: GeneratorCard) -> str:
    if card.fidelity not in CHANGED:
        does_not_apply(f"fidelity {card.fidelity!r}")
    require(
        card.deviations,
        f"{card.origin}: fidelity {card.fidelity!r} means that something differs from the paper. List it as 'deviations', one "
        "sentence per difference, above the first table.",
    )
    return f"deviations {len(card.deviations)}"


def _settings(card: GeneratorCard, weights: Path | None) -> str:
    faults = settings_faults(card, taken_by_class(card, weights))
    require(not faults, " ".join(faults))
    return ", ".join(TRACKS)


def _tunable(card: GeneratorCard, kind: type[Generator], weights: Path | None) -> str:
    if not card.tune:
        does_not_apply("its file has no table [tune]")
    for track in TRACKS:
        space = search_space(card, track)
        for unit in (0.0, BELOW_ONE):
            settings = {**card.settings(track), **space.at([unit] * len(space.dimensions))}
            bound(replace(card, hyper=settings, tracks={}), kind, track, weights=weights)
    return f"{', '.join(sorted(card.tune))}: {space.size}"
