"""The influence of a generator's circuits on its images, as the terminal shows it."""

from __future__ import annotations

from qaugbench.board.circuit_influence import HEADER, influence_rows, influence_sentence, scale_sentence
from qaugbench.circuits.controls.parameter_counts import aligned
from qaugbench.record import BlockInfluence


def influence_text(name: str, found: BlockInfluence, made: str) -> str:
    """Return the influence of the circuits of the generator called ``name``; ``made`` says how it was measured."""
    table = aligned([HEADER, *influence_rows(name, found)], right=(2,))
    heading = f"How far the circuits reach the images: {made}"
    return "\n".join([heading, table, scale_sentence(name, found), influence_sentence(name, found)])
