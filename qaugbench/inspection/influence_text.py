"""The influence of a generator's circuits on its images, as the terminal shows it."""

from __future__ import annotations

from qaugbench.board.circuit_influence import HEADER, influence_rows, influence_sentence, scale_sentence
from qaugbench.formatting import WIDTH
from qaugbench.record import BlockInfluence
from qaugbench.text_table import Layout, laid_out, wrapped


def influence_text(name: str, found: BlockInfluence, made: str, width: int = WIDTH) -> str:
    """Return the influence of the circuits of the generator called ``name``; ``made`` says how it was measured."""
    layout = Layout(right=frozenset({2}), wraps=frozenset({1}), rule=False)
    table = laid_out(HEADER, influence_rows(name, found), width, layout)
    heading = f"How far the circuits reach the images: {made}"
    sentences = (scale_sentence(name, found), influence_sentence(name, found))
    return "\n".join([wrapped(heading, width=width), *table, *(wrapped(one, width=width) for one in sentences)])
