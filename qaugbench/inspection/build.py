"""A generator by its name, as a track configures it: not fitted, for inspecting its circuits."""

from __future__ import annotations

from qaugbench import definitions
from qaugbench.cards import split_settings
from qaugbench.circuits.block import QuantumBlock
from qaugbench.errors import DefinitionError
from qaugbench.generators.contract import Generator
from qaugbench.generators.shared.discovery import generator_class


def new_generator(
    name: str,
    *,
    control: str = "none",
    track: str = "lite",
    image_shape: tuple[int, int, int] = (64, 64, 1),
    n_labels: int = 4,
    device: str = "cpu",
) -> Generator:
    """Return the generator called ``name`` with its hyper-parameters of ``track``; an unknown name raises with near names."""
    _, hyper = split_settings(definitions.generator_card(name).settings(track))
    return generator_class(name)(image_shape, n_labels, control=control, device=device, **hyper)


def quantum_generator(name: str, *, track: str = "lite") -> Generator:
    """Return the generator called ``name``, or raise DefinitionError if it runs no circuit."""
    generator = new_generator(name, track=track)
    if not generator.circuits:
        raise DefinitionError(
            f"The generator {name!r} is {generator.kind} and runs no circuit; 'qaugbench list' shows more."
        )
    return generator


def distinct_blocks(generator: Generator) -> list[tuple[int, QuantumBlock]]:
    """Return the blocks of ``generator`` that differ in their circuit, each with how many blocks run that circuit."""
    found: dict[object, list[QuantumBlock]] = {}
    for block in generator.circuits:
        found.setdefault((block.circuit, block.copies, block.share_inputs), []).append(block)
    return [(len(blocks), blocks[0]) for blocks in found.values()]
