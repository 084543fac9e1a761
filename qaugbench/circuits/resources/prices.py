"""The price of running circuits on commercially available devices, from dated price lists."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from qaugbench.circuits.resources.counts import GateCounts


@dataclass(frozen=True)
class Offer:
    """The price list of one device; ``unknown`` says why there is none."""

    id: str
    title: str
    currency: str
    source: str
    date: str
    per_task: float = 0.0
    per_shot: float = 0.0
    per_one_qubit_gate_shot: float = 0.0
    per_two_qubit_gate_shot: float = 0.0
    qubits: int | None = None
    unknown: str = ""


@dataclass(frozen=True)
class Price:
    """What a run costs under one offer; without an ``amount``, ``reason`` says why."""

    offer: str
    title: str
    amount: float | None
    currency: str
    reason: str
    source: str
    date: str


@cache
def offers() -> tuple[Offer, ...]:
    """Return every offer of ``prices.toml``."""
    listed = tomllib.loads((Path(__file__).parent / "prices.toml").read_text(encoding="utf-8"))
    return tuple(Offer(**offer) for offer in listed["offer"])


def prices(programs: int, shots: int, qubits: int, gates: GateCounts) -> tuple[Price, ...]:
    """Return what ``programs`` of ``shots`` each cost on every offer, each on ``qubits`` with ``gates`` as submitted."""
    return tuple(_price(offer, programs, shots, qubits, gates) for offer in offers())


def _price(offer: Offer, programs: int, shots: int, qubits: int, gates: GateCounts) -> Price:
    reason = offer.unknown
    if offer.qubits is not None and qubits > offer.qubits:
        reason = f"it has {offer.qubits} qubits, {qubits} are needed"
    gate_shot = gates.one_qubit * offer.per_one_qubit_gate_shot + gates.two_qubit * offer.per_two_qubit_gate_shot
    amount = programs * (offer.per_task + shots * (offer.per_shot + gate_shot))
    return Price(offer.id, offer.title, None if reason else amount, offer.currency, reason, offer.source, offer.date)
