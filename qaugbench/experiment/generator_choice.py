"""From the names of generators on the command line to what the plan needs to know of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from qaugbench import definitions
from qaugbench.cards import GeneratorCard
from qaugbench.datasets.manifest import source_manifest
from qaugbench.datasets.own.images import data_name, open_own
from qaugbench.errors import DefinitionError, QaugbenchError
from qaugbench.experiment.arms import GeneratorChoice, SpaceChoice
from qaugbench.experiment.check_request import FOLDER, check_generators
from qaugbench.experiment.source_names import source_name
from qaugbench.task import Task, Track

if TYPE_CHECKING:
    from qaugbench.generators.shared.model import Recipe
    from qaugbench.generators.spaces.space import Space


def choose_generators(names: Sequence[str], task: Task, track: Track) -> tuple[GeneratorChoice, ...]:
    """Return the generators of a run, each once, in the order given; all their controls come with them.

    ``qldm:twin`` chooses ``qldm``, since a quantum row is never without its controls; ``qldm:fourier`` adds a control that
    does not come along by itself. A variant that a file states, such as ``name:as-released``, is a generator of its own, and
    its controls are ``name:as-released:twin`` and so on. ``folder:PATH`` chooses images that something else made, and
    ``finetune:PATH`` (or a hub id) the pretrained weights to start from. An unknown name or control is answered with near
    ones, and so is a hyper-parameter that the class does not take: everything is bound before data are opened.
    """
    check_generators(names)
    chosen: dict[str, GeneratorChoice] = {}
    for name in names:
        generator, rest = definitions.split_name(name)
        choice = _folder(rest, task) if generator == FOLDER else bind(_model(generator, rest), task, track)
        seen = chosen.setdefault(choice.card.id, choice)
        if seen.identity != choice.identity:
            raise DefinitionError(f"Two different generators would be called {choice.card.id!r}; rename a folder.")
        chosen[choice.card.id] = _with_controls(seen, choice.card.controls)
    return tuple(chosen.values())


def _model(generator: str, control: str) -> GeneratorChoice:
    card = definitions.generator_card(generator)
    if card.pretrained:
        return _from_weights(card, control)
    choice = GeneratorChoice(card, generator, definitions.generator_module(generator), identity={})
    return _with_controls(choice, (control,)) if control else choice


def _from_weights(card: GeneratorCard, asked: str) -> GeneratorChoice:
    """Return the generator of ``card`` starting from the weights ``asked``, a folder or hub id; their hash is its identity."""
    from qaugbench.generators.shared.pretrained import require_pretrained, with_disclosure

    weights = require_pretrained(card, asked)
    named = replace(with_disclosure(card, weights), id=f"{card.id}:{source_name(Path(weights.name).name)}")
    module, identity = definitions.generator_module(card.id), {"weights": weights.sha256}
    return GeneratorChoice(named, card.id, module, identity, weights=weights.folder)


def bind(choice: GeneratorChoice, task: Task, track: Track) -> GeneratorChoice:
    """Return ``choice`` with the space it learns in; raise DefinitionError unless its class can be built with its settings."""
    from qaugbench.generators.shared.binding import bound, check_facts, check_labels
    from qaugbench.generators.shared.discovery import generator_class
    from qaugbench.generators.spaces.named import new_space

    card, kind = choice.card, generator_class(choice.generator)
    check_facts(card, kind)
    check_labels(card, kind, task.labels.kind)
    settings = definitions.space_of(card, task.id, track.name)
    image_shape = (track.image_size, track.image_size, task.channels)
    space, _ = new_space(card.space, image_shape, settings, origin=f"{card.origin}, space {card.space!r}")
    _build(bound(card, kind, track.name, weights=choice.weights), space, len(task.labels))
    told = not card.own_space or bool(card.space_twin_of)  # the title of a space with circuits tells their control
    title = space.title if told else f"{space.title}-{card.variant}"
    return replace(choice, space=SpaceChoice(card.space, settings, title, space.is_identity))


def _build(recipe: Recipe, space: Space, n_labels: int) -> None:
    """Build a generator once, so that what it cannot be built with is said before anything is computed."""
    from qaugbench.generators.shared.author_code import described
    from qaugbench.generators.shared.model import Model

    try:
        Model(recipe, space, n_labels)
    except QaugbenchError:
        raise
    except Exception as error:  # the class may be another package's, and raise anything
        raise DefinitionError(
            f"The generator class {recipe.kind.__name__} cannot be built for points of the shape {list(space.shape)} and "
            f"{n_labels} labels: {described(error, recipe.kind.__module__)}"
        ) from error


def _with_controls(choice: GeneratorChoice, controls: Sequence[str]) -> GeneratorChoice:
    """Return ``choice`` with ``controls`` after its own."""
    joined = tuple(dict.fromkeys((*choice.card.controls, *controls)))
    return replace(choice, card=replace(choice.card, controls=joined))


def _folder(path: str, task: Task) -> GeneratorChoice:
    prepared = open_own(Path(path), task.labels)
    source_manifest(prepared, task.id)  # raises where an image is not the one that its manifest names
    card = replace(definitions.generator_card(FOLDER), id=f"{FOLDER}:{source_name(data_name(Path(path)))}")
    rows = {"rows": prepared.identity.rows_sha256}
    return GeneratorChoice(
        card, FOLDER, "qaugbench.generators.folder", identity=rows, images=prepared.path.absolute(), folder=Path(path)
    )
