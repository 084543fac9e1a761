"""From the names of generators on the command line to what the plan needs to know of them."""

from __future__ import annotations

from collections.abc import Sequence

from qaugbench import definitions
from qaugbench.errors import DefinitionError, near_names
from qaugbench.experiment.plan import GeneratorChoice
from qaugbench.task import LabelSpace


def choose_generators(names: Sequence[str], track: str, labels: LabelSpace) -> tuple[GeneratorChoice, ...]:
    """Return the generators of a run, each once, in the order given; all their controls come with them.

    ``qldm:twin`` chooses ``qldm``, since a quantum row is never without its controls. An unknown name or control is answered
    with near ones.
    """
    if not names:
        raise DefinitionError(f"A run needs at least one generator.{near_names('', definitions.names('baselines'))}")
    chosen: dict[str, GeneratorChoice] = {}
    for name in names:
        choice = _choice(name, labels)
        choice.card.settings(track)
        chosen.setdefault(choice.name, choice)
    return tuple(chosen.values())


def _choice(name: str, labels: LabelSpace) -> GeneratorChoice:
    generator, _, control = name.partition(":")
    card = definitions.generator_card(generator)
    if control and control not in card.controls:
        raise DefinitionError(
            f"Generator {generator!r} has no control {control!r}.{near_names(control, card.controls)}"
        )
    return GeneratorChoice(
        card=card, name=generator, module=f"qaugbench.generators.{generator}", identity={}, locator={}
    )
