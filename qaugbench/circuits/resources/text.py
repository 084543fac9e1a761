"""A resource card as text."""

from __future__ import annotations

from collections.abc import Sequence

from qaugbench.circuits.controls.parameter_counts import aligned
from qaugbench.circuits.resources.card import ResourceCard
from qaugbench.circuits.resources.prices import Price
from qaugbench.circuits.resources.surface_code import Corrected, assumed_qubits
from qaugbench.circuits.resources.training import FEASIBLE_S, TrainingCost

_UNITS = ((365.25 * 86400, "years"), (86400, "days"), (3600, "h"), (60, "min"), (1, "s"), (1e-3, "ms"), (1e-6, "us"))


def card_text(card: ResourceCard) -> str:
    """Return the card as lines of "what  value"."""
    size = f"{card.qubits} qubits" if card.qubits else f"{card.modes} modes, {card.photons} photons"
    lines = [("circuit", f"{card.name}: {size}".removeprefix(": ")), ("as written", str(card.gates))]
    if card.preparation:
        lines.append(("before", card.preparation))
    lines += [
        ("routed", _routed(card)),
        ("parameters", f"{card.parameters:,} in {card.copies} {_plural('copy', card.copies)}"),
        ("readout mode", card.readout_mode),
        ("measurement", f"{card.settings} {_plural('setting', card.settings)} per circuit"),
        (f"{card.images:,} images", f"{card.circuits_per_image:g} circuits per image: {_programs(card)}"),
        ("device time", _time(card.device_s, card.device_reason)),
        *price_lines(card.prices),
        *corrected_lines(card),
        *(training_lines(card.training) if card.training else ()),
        ("claim", card.simulability),
    ]
    return aligned(lines, right=())


def price_lines(listed: Sequence[Price]) -> list[tuple[str, str]]:
    """Return one line per offer."""
    return [("price" if not number else "", f"{price.title}: {_amount(price)}") for number, price in enumerate(listed)]


def corrected_lines(card: ResourceCard) -> list[tuple[str, str]]:
    """Return one line for each kind of error-corrected qubits, and one where another route finds something else."""
    if not card.corrected:
        return [("error-corrected", f"not known: {card.corrected_reason}")]
    target = f"one error in {1 / card.corrected[0].target_error:,.0f} runs"
    lines, formula = [f"{target}; no device has these qubits today"], card.corrected[0]
    for way in card.corrected:
        if way.route == "formula":
            formula = way
            lines.append(f"{assumed_qubits()[way.qubits].title}: {_way(way, card.runs)}")
        elif (way.physical_qubits, way.shot_s) == (formula.physical_qubits, formula.shot_s):
            lines.append(f"{way.route}: the same")
        else:
            lines.append(f"{way.route}: {_way(way, card.runs)}")
    return [("" if number else "error-corrected", line) for number, line in enumerate(lines)]


def _way(way: Corrected, runs: int) -> str:
    factories = f" and {way.factories} T {_plural('factory', way.factories)}" if way.factories else ""
    return (
        f"{way.physical_qubits:,} physical qubits for {way.logical_qubits} logical ones at distance {way.distance}{factories}, "
        f"{duration(way.shot_s)} per run, {duration(way.shot_s * runs)} in all"
    )


def training_lines(cost: TrainingCost) -> list[tuple[str, str]]:
    """Return what training takes, and whether it is feasible."""
    if cost.evaluations is None:
        return [("training", f"not by parameter shift: {cost.reason}")]
    within = f"within {FEASIBLE_S / 3600:g} h"
    verdict = {None: "not known", True: f"yes, {within}", False: f"no, not {within}"}[cost.feasible]
    notes = f" ({cost.reason})" if cost.reason and cost.device_s is not None else ""
    return [
        ("training", f"{cost.evaluations:,} circuit evaluations by parameter shift{notes}"),
        ("", cost.formula),
        ("", f"device time {_time(cost.device_s, cost.reason)}; feasible on hardware: {verdict}"),
    ]


def duration(seconds: float) -> str:
    """Return a time in its largest fitting unit.

    >>> duration(259.0), duration(186_000.0), duration(2.5e-4)
    ('4.32 min', '2.15 days', '250 us')
    """
    size, unit = next(((size, unit) for size, unit in _UNITS if seconds >= size), _UNITS[-1])
    value = seconds / size
    return f"{value:,.0f} {unit}" if value >= 1000 else f"{value:.3g} {unit}"


def _routed(card: ResourceCard) -> str:
    if card.routed is None:
        return f"not known: {card.routed_reason}"
    counts = card.routed
    return (
        f"{counts.gates}; {counts.two_qubit_depth} two-qubit layers, {duration(counts.duration_s)} per shot with readout, on "
        f"{counts.backend} for {card.preset} ({counts.transpiler})"
    )


def _programs(card: ResourceCard) -> str:
    shots = card.programs * card.shots
    return f"{card.programs:,} {_plural('program', card.programs)} x {card.shots:,} shots = {shots:,} shots"


def _time(seconds: float | None, reason: str) -> str:
    return f"not known: {reason}" if seconds is None else duration(seconds)


def _amount(price: Price) -> str:
    if price.amount is None:
        return f"not known: {price.reason}"
    return f"{price.amount:,.{0 if price.amount >= 100 else 2}f} {price.currency} ({price.date})"


def _plural(noun: str, count: int) -> str:
    return noun if count == 1 else f"{noun[:-1]}ies" if noun.endswith("y") else f"{noun}s"
