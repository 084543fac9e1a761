"""From the names of generators on the command line to what the plan needs to know of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from importlib.metadata import entry_points
from pathlib import Path

from qaugbench import definitions
from qaugbench.datasets.manifest import source_manifest
from qaugbench.datasets.prepared import open_prepared
from qaugbench.errors import DefinitionError, near_names
from qaugbench.experiment.plan import GeneratorChoice
from qaugbench.experiment.source import source_name
from qaugbench.task import Task, Track

FOLDER = "folder"


def choose_generators(names: Sequence[str], task: Task, track: Track) -> tuple[GeneratorChoice, ...]:
    """Return the generators of a run, each once, in the order given; all their controls come with them.

    ``qldm:twin`` chooses ``qldm``, since a quantum row is never without its controls; ``folder:PATH`` chooses images that
    something else made. An unknown name or control is answered with near ones.
    """
    if not names:
        raise DefinitionError(f"A run needs at least one generator.{near_names('', definitions.generator_names())}")
    chosen: dict[str, GeneratorChoice] = {}
    for name in names:
        kind, _, rest = name.partition(":")
        choice = _folder(rest, task) if kind == FOLDER else _model(kind, rest)
        choice.card.settings(track.name)
        chosen.setdefault(choice.card.id, choice)
    return tuple(chosen.values())


def _model(generator: str, control: str) -> GeneratorChoice:
    card = definitions.generator_card(generator)
    if control and control not in card.controls:
        raise DefinitionError(
            f"Generator {generator!r} has no control {control!r}.{near_names(control, card.controls)}"
        )
    registered = {point.name: point.module for point in entry_points(group=definitions.ENTRY_POINT_GROUP)}
    module = registered.get(generator, f"qaugbench.generators.{generator}")
    return GeneratorChoice(card, generator, module, identity={}, locator={})


def _folder(path: str, task: Task) -> GeneratorChoice:
    if not path:
        raise DefinitionError(
            "'folder' needs the images to score: --generator folder:PATH, a folder or .zip in the prepared form."
        )
    prepared = open_prepared(Path(path), task.labels)
    content = source_manifest(prepared, task.id)["content_sha256"]
    card = replace(definitions.generator_card(FOLDER), id=f"{FOLDER}:{source_name(Path(path).stem)}")
    locator = {"hyper": {"path": str(Path(path).absolute()), "label_space": task.labels}}
    return GeneratorChoice(card, FOLDER, "qaugbench.generators.folder", identity={"content": content}, locator=locator)
