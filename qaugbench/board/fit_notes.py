"""Whether the generators of a run were trained long enough, as sentences and as rows of a table."""

from __future__ import annotations

from collections.abc import Iterator

from qaugbench.board.comparable import SMOKE
from qaugbench.board.short_fits import TOO_SHORT
from qaugbench.formatting import NONE, count, fraction_words
from qaugbench.record import FitSummary, LossSummary, Record

GAP = "gap"
NAMES = {"gap": "critic's gap", "loss": "loss", "error": "error", "divergence": "divergence", "penalty": "penalty"}
"""What noted numbers are called that are no loss by their name."""
TRENDS = {
    "falling": "still falling",
    "flat": "no longer falling",
    "rising": "rising",
    "lost": "lost (clearly lower before)",
    "too short": TOO_SHORT,
}
LEGEND = (
    "A loss is no longer falling where, over the last fifth of a fit, it changed by no more than its own noise or than 1 % of "
    "itself; a fit is lost where its one loss was lower before, by more than its noise and 10 %. The losses of adversarial models "
    "do not tell whether one has learned enough."
)
SMOKE_LEGEND = f"The losses of fits on the track {SMOKE} are {TOO_SHORT} whether a generator has learned enough."
HEADER = (
    "generator",
    "CPU time per fit",
    "updates",
    "looks at each image",
    "losses at the end of the fits",
    "largest relative change of weights",
)


def fit_notes(record: Record) -> list[str]:
    """Return which generators lost some of their fits, or were still learning at the end of most, as sentences.

    The losses of adversarial models do not tell, and controls follow their generator, so only other generators are named. Nor
    are those of the track smoke: its fits are too short to tell (``short_fits``).
    """
    if record.board.track == SMOKE:
        return []
    generators = {arm.id for arm in record.arms if arm.role == "synthetic"}
    return [
        f"At {fraction_words(fraction)}, {variant} {said}"
        for fraction, variants in record.fits.items()
        for variant, fit in variants.items()
        if variant in generators and GAP not in fit.losses
        for name, loss in list(fit.losses.items())[:1]
        for said in _ended(_name(name), loss, fit.fits)
    ]


def _ended(name: str, loss: LossSummary, fits: int) -> Iterator[str]:
    """Yield what the course of a loss tells of a generator's fits."""
    falling, lost = loss.words.get("falling", 0), loss.words.get("lost", 0)
    if lost:
        yield (
            f"lost {lost} of {count(fits, 'fit')}: its {name} had been clearly lower before the end. A smaller learning rate may "
            "help."
        )
    if 2 * falling > fits:
        yield f"may be undertrained: its {name} was still falling at the end of {falling} of {count(fits, 'fit')}."


def fit_legend(record: Record) -> str:
    """Return how the words for losses in ``fit_rows`` are to be read."""
    return SMOKE_LEGEND if record.board.track == SMOKE else LEGEND


def fit_rows(record: Record, fraction: str) -> list[tuple[str, ...]]:
    """Return one row per generator and control at a fraction, under ``HEADER``."""
    short = record.board.track == SMOKE
    return [(variant, *_cells(fit, short=short)) for variant, fit in record.fits.get(fraction, {}).items()]


def _cells(fit: FitSummary, *, short: bool) -> tuple[str, ...]:
    if not fit.losses:
        return f"{fit.cpu_s:,.0f} s", "solved at once", "1", NONE, NONE
    part, moved = max(fit.movement.items(), key=lambda item: item[1], default=("", 0.0))
    return (
        f"{fit.cpu_s:,.0f} s",
        f"{fit.updates:,}",
        f"{fit.seen_per_image:.3g}",
        "; ".join(
            f"{_name(name)} {loss.mean:.3g}, {TOO_SHORT if short else _words(loss.words)}"
            for name, loss in fit.losses.items()
        ),
        f"{part}: {moved:.2g}",
    )


def _name(loss: str) -> str:
    return NAMES.get(loss, f"{loss} loss")


def _words(words: dict[str, int]) -> str:
    """Return how the fits of a variant ended: all alike, or how many in which way."""
    said = {TRENDS.get(word, word): n for word, n in words.items()}
    return next(iter(said)) if len(said) == 1 else ", ".join(f"{word} in {count(n, 'fit')}" for word, n in said.items())
