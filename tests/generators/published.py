"""A published generator as its file states it, built for images of a size."""

from __future__ import annotations

from qaugbench import definitions
from qaugbench.generators.circuit_layers import CircuitLayers
from qaugbench.generators.contract import Generator
from qaugbench.generators.shared.binding import bound
from qaugbench.generators.shared.discovery import generator_class
from qaugbench.generators.spaces.named import new_space
from qaugbench.seeds import torch_seeded


def published(
    name: str, *, track: str = "smoke", channels: int = 1, control: str = "none", n_labels: int = 3
) -> Generator:
    """Return one model of the generator called ``name``, not fitted: of one label, where it has one per label."""
    card = definitions.generator_card(name)
    size = definitions.track(definitions.task("brainmri"), track).image_size
    space, _ = new_space(card.space, (size, size, channels), definitions.space_of(card, "brainmri", track))
    recipe = bound(card, generator_class(name), track)
    with torch_seeded(1):
        return recipe.kind(space.shape, n_labels, recipe.hyper, CircuitLayers(control, 1))
