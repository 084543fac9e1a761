"""The resource card of a generator: every circuit that it runs, for 1,000 images and for its training."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from qaugbench import definitions
from qaugbench.cards import split_settings
from qaugbench.circuits.resources.card import ResourceCard, resource_card
from qaugbench.circuits.resources.surface_code import TARGET_ERROR
from qaugbench.circuits.resources.text import card_text
from qaugbench.circuits.resources.training import Training
from qaugbench.inspection.trial_fit import circuit_uses


@dataclass(frozen=True)
class GeneratorResources:
    """One card for each distinct circuit, and their total ``device_s`` (None if one is unknown)."""

    generator: str
    track: str
    task: str
    circuits: tuple[ResourceCard, ...]
    device_s: float | None

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON form."""
        return asdict(self)


def generator_resources(
    name: str,
    *,
    track: str = "lite",
    task: str = "brainmri",
    preset: str | None = None,
    shots: int = 1024,
    images: int = 1000,
    target_error: float = TARGET_ERROR,
    with_qdk: bool = False,
) -> GeneratorResources:
    """Return what the generator called ``name`` would need on hardware; its circuit runs are counted.

    Raises:
        DefinitionError: an unknown generator, track or task, or a generator without circuits.
        CircuitError: an unknown preset, a target error that is no probability, or fewer than one shot or image.
        MissingPackageError: qdk is asked for and not installed.
    """
    budget, _ = split_settings(definitions.generator_card(name).settings(track))
    cards = tuple(
        resource_card(
            use.circuit,
            name=f"{name}, circuit {number}",
            copies=use.copies,
            circuits_per_image=use.per_image,
            images=images,
            shots=shots,
            preset=preset,
            target_error=target_error,
            with_qdk=with_qdk,
            training=None
            if budget.epochs
            else Training(  # how many updates an epoch has depends on the images
                steps=budget.steps,
                batch_size=budget.batch_size,
                circuits_per_sample=use.per_sample,
                shifted_per_sample=use.shifted_per_sample,
                differentiates_inputs=use.differentiates_inputs,
            ),
        )
        for number, use in enumerate(circuit_uses(name, track=track, task=task), start=1)
    )
    times = [card.device_s for card in cards]
    return GeneratorResources(name, track, task, cards, None if None in times else sum(filter(None, times)))


def resources_text(resources: GeneratorResources) -> str:
    """Return the cards as text, one below the other."""
    head = f"{resources.generator}, track {resources.track} of {resources.task}"
    return "\n\n".join([head, *(card_text(card) for card in resources.circuits)])
