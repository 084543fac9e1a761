"""The influence of a generator's circuits on its images, as the terminal shows it."""

from __future__ import annotations

from qaugbench.circuits.controls.parameter_counts import aligned
from qaugbench.record import BlockInfluence
from qaugbench.report.circuit_influence import HEADER, influence_rows, scale_sentence, small_influence


def influence_text(name: str, found: BlockInfluence, made: str) -> str:
    """Return the influence of the circuits of the generator called ``name``; ``made`` says how it was measured."""
    table = aligned([HEADER, *influence_rows(name, found)], right=(2,))
    lines = [f"How far the circuits reach the images: {made}", table, scale_sentence(name, found)]
    return "\n".join([*lines, *filter(None, [small_influence(name, found)])])
