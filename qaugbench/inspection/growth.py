"""What drawing images of other sizes would need: how the circuits of a generator grow with the image.

A generator is made again at each size, as its file makes it, and its circuit runs are counted while it draws an image. Where
points are codes of a fixed length, nothing grows. Where they are pixels, the generator can also be run as it is, side by side,
once for each part of the image.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from torch import nn

from qaugbench import definitions
from qaugbench.circuits.resources.card import ResourceCard, resource_card
from qaugbench.circuits.resources.surface_code import TARGET_ERROR, assumed_qubits
from qaugbench.circuits.resources.text import duration
from qaugbench.errors import CircuitError, DefinitionError
from qaugbench.generators.shared.model import Model
from qaugbench.inspection.build import fit_space_without_training, images_needed, new_model
from qaugbench.inspection.trial_fit import BATCH, counted_runs, random_images
from qaugbench.text_table import aligned

SIZES = (28, 64, 128, 224)
SAME, MADE, TILED = "same", "made", "tiled"
RULES = {
    SAME: "its points are codes of fixed length that a decoder turns into an image of any size: the same circuits",
    MADE: "as its file makes it for images of this size",
    TILED: "as on its track, side by side, once for each part of the image",
}
SHOWN = "superconducting_4"
"""The kind of error-corrected qubits in the table; all are in the JSON."""
PAINTED = ("pixels", "patches")
"""Spaces whose points are the pixels themselves."""


@dataclass(frozen=True)
class Needs:
    """What ``images`` images of a ``size`` in pixels take under one of ``RULES``; ``reason`` says why nothing is known.

    Over all circuits: ``qubits`` of the largest, ``runs_per_image``, ``device_s`` on the preset, ``prices`` by offer, and on
    error-corrected computers the physical qubits of the largest and the time of all, by kind of qubits.
    """

    size: int
    rule: str
    images: int
    circuits: tuple[ResourceCard, ...]
    reason: str = ""

    @property
    def qubits(self) -> int | None:
        """Qubits of the largest circuit; None for photons."""
        found = [card.qubits for card in self.circuits]
        return None if None in found or not found else max(filter(None, found))

    @property
    def runs_per_image(self) -> float:
        """Runs of all circuits for an image, without repetition for shots."""
        return sum(card.circuits_per_image for card in self.circuits)

    @property
    def shots(self) -> int:
        """Repetitions of all circuits for all images."""
        return sum(card.runs for card in self.circuits)

    @property
    def device_s(self) -> float | None:
        """Seconds on the preset."""
        found = [card.device_s for card in self.circuits]
        return None if None in found or not found else sum(filter(None, found))

    @property
    def prices(self) -> dict[str, tuple[float, str]]:
        """Amount and currency of each offer that has a price for every circuit."""
        found: dict[str, tuple[float, str]] = {}
        for offer in {price.offer for card in self.circuits for price in card.prices}:
            amounts = [price for card in self.circuits for price in card.prices if price.offer == offer]
            if len(amounts) == len(self.circuits) and all(price.amount is not None for price in amounts):
                found[offer] = sum(price.amount or 0.0 for price in amounts), amounts[0].currency
        return found

    @property
    def corrected(self) -> dict[str, tuple[int, float]]:
        """Physical qubits and seconds by kind of error-corrected qubits, by formula."""
        found = {}
        for name in assumed_qubits():
            ways = [(card, way) for card in self.circuits for way in card.corrected if way.qubits == name]
            ways = [(card, way) for card, way in ways if way.route == "formula"]
            if ways and len(ways) == len(self.circuits):
                found[name] = max(way.physical_qubits for _, way in ways), sum(way.shot_s * c.runs for c, way in ways)
        return found

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON form."""
        return {
            "size": self.size,
            "rule": self.rule,
            "images": self.images,
            "reason": self.reason,
            "qubits": self.qubits,
            "runs_per_image": self.runs_per_image,
            "shots": self.shots,
            "device_s": self.device_s,
            "prices": {offer: {"amount": price, "currency": unit} for offer, (price, unit) in self.prices.items()},
            "corrected": {
                name: {"physical_qubits": qubits, "seconds": seconds}
                for name, (qubits, seconds) in self.corrected.items()
            },
            "circuits": [card.to_dict() for card in self.circuits],
        }


def needs_by_size(
    name: str,
    sizes: Sequence[int] = SIZES,
    *,
    track: str = "lite",
    task: str = "brainmri",
    preset: str | None = None,
    shots: int = 1024,
    images: int = 1000,
    target_error: float = TARGET_ERROR,
) -> tuple[Needs, ...]:
    """Return what ``images`` images of each of ``sizes`` take, drawn by the generator called ``name`` as on ``track``.

    Raises:
        DefinitionError: an unknown generator, track or task, a size below one, or a generator that runs no circuit.
        CircuitError: an unknown preset, or fewer than one shot or image.
    """
    if min(sizes, default=1) < 1:
        raise DefinitionError(f"An image has at least one pixel on a side, given {min(sizes)}.")
    found = definitions.task(task)
    own_size = definitions.track(found, track).image_size
    card = definitions.generator_card(name)
    known: dict[Use, ResourceCard] = {}

    def made(size: int, **space: int) -> tuple[Use, ...]:
        shape, labels = (size, size, found.channels), len(found.labels)
        return _uses(new_model(name, track=track, image_shape=shape, n_labels=labels, task=task, space_settings=space))

    def of(size: int, rule: str, uses: Sequence[Use]) -> Needs:
        for use in uses:
            if use not in known:
                known[use] = resource_card(
                    use.circuit,
                    name=name,
                    copies=use.copies,
                    circuits_per_image=use.per_image,
                    images=images,
                    shots=shots,
                    preset=preset,
                    target_error=target_error,
                )
        return Needs(size, rule, images, tuple(known[use] for use in uses))

    own = made(own_size)
    if not own:
        raise DefinitionError(f"The generator {name!r} is {card.kind} and runs no circuit.")
    if card.space not in PAINTED and "latent" not in card.space:
        return tuple(of(size, SAME, own) for size in sizes)
    settings = definitions.space_of(card, task, track)
    side = int(settings.get("side", 0)) or own_size
    rows = []
    for size in sizes:
        try:
            rows.append(of(size, MADE, made(size, **({"side": size} if "side" in settings else {}))))
        except (DefinitionError, CircuitError) as error:
            rows.append(Needs(size, MADE, images, (), str(error)))
        if card.space in PAINTED and size > side:
            parts = math.ceil(size / side) ** 2
            rows.append(of(size, TILED, [replace(use, per_image=use.per_image * parts) for use in own]))
    return tuple(rows)


@dataclass(frozen=True)
class Use:
    """How often one circuit, over all blocks and ``copies`` that hold it, is run for an image."""

    circuit: Any
    copies: int
    per_image: float


def _uses(model: Model) -> tuple[Use, ...]:
    """Return the circuit runs of a generator that is made, not fitted, and draws one image with what stands in for circuits."""
    data = random_images(model.space.image_shape, model.n_labels, max(4 * BATCH, images_needed(model)))
    fit_space_without_training(model, data.images)
    model.fit(data, seed=0, training=model.recipe.training.lasting(0, BATCH))
    for block in model.circuits:
        block.exact = _StandIn(block.circuit)
    with counted_runs(apart=model.space.modules()) as drawing:
        model.points(np.eye(1, model.n_labels, dtype=np.float32), seed=0)
    copies = {block.circuit: 0 for block in model.circuits}
    for block in model.circuits:
        copies[block.circuit] += block.copies
    return tuple(Use(circuit, number, float(drawing.runs[circuit])) for circuit, number in copies.items())


class _StandIn(nn.Module):
    """Equal probabilities, or small equal expectations, at no cost: only how often it is called counts."""

    def __init__(self, circuit: Any) -> None:
        super().__init__()
        self.n_outputs = circuit.n_outputs
        self.value = 1 / circuit.n_outputs if circuit.output_kind == "probabilities" else 0.1

    def forward(
        self, inputs: torch.Tensor, weights: torch.Tensor, generator: torch.Generator | None = None
    ) -> torch.Tensor:
        return weights.new_full((len(weights), inputs.shape[1], self.n_outputs), self.value)


def growth_text(needs: Sequence[Needs], preset: str | None, width: int) -> str:
    """Return the needs as a table of at most ``width`` columns, and below it what the columns mean."""
    header = ("size", "rule", "qubits", "runs/image", "shots", "device time", "price", "physical qubits", "time")
    body = [
        (
            f"{one.size} px",
            one.rule,
            _number(one.qubits),
            f"{one.runs_per_image:,.0f}",
            f"{one.shots:,}",
            "-" if one.device_s is None else duration(one.device_s),
            _price(one),
            *_corrected(one),
        )
        if one.circuits
        else (f"{one.size} px", one.rule, *["-"] * 7)
        for one in needs
    ]
    largest = max((card for one in needs for card in one.circuits), key=_extent, default=None)
    notes = [
        *(f"{rule}: {RULES[rule]}." for rule in RULES if any(one.rule == rule for one in needs)),
        *(f"{one.size} px, {one.rule}: {one.reason}" for one in needs if one.reason),
        f"All for {needs[0].images:,} images; device time on {preset or 'no preset (--preset NAME)'}; price: the lowest and the "
        f"highest offer in USD; physical qubits and time: error-corrected, {assumed_qubits()[SHOWN].title}, one run at a time.",
        *([largest.simulability] if largest else []),
    ]
    return "\n".join([*aligned(header, body, width), "", *notes])


def _extent(card: ResourceCard) -> tuple[int, int]:
    return card.qubits or 0, card.modes or 0


def _number(value: int | None) -> str:
    return "-" if value is None else f"{value:,}"


def _price(needs: Needs) -> str:
    found = sorted(amount for amount, currency in needs.prices.values() if currency == "USD")
    return f"{_short(found[0])}-{_short(found[-1])} USD" if found else "-"


def _short(amount: float) -> str:
    return f"{amount:,.0f}" if amount < 1e6 else f"{amount:.1e}".replace("e+0", "e").replace("e+", "e")


def _corrected(needs: Needs) -> tuple[str, str]:
    if SHOWN not in needs.corrected:
        return "-", "-"
    qubits, seconds = needs.corrected[SHOWN]
    return f"{qubits:,}", duration(seconds)
