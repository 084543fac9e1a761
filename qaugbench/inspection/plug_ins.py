"""What keeps a generator from being used: its facts, its code and its settings, each fault once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TypeVar

from qaugbench import definitions, plugins
from qaugbench.cards import GeneratorCard
from qaugbench.errors import DefinitionError, QaugbenchError
from qaugbench.inspection.settings_check import ANY_TASK, own_tracks, settings_faults, taken_by_class
from qaugbench.inspection.written_hyper import taken_as_written

Found = TypeVar("Found")


def plug_in_faults(name: str) -> list[str]:
    """Return what is wrong with a generator that another package registers; nothing if it can be built as a run does.

    Its facts and its code are looked at independently, its settings on every track once both can be read.
    """
    card, faults = _tried(lambda: definitions.generator_card(name))
    if card is None:
        return list(dict.fromkeys([*faults, *_import_faults(name)]))
    return _faults(card, taken_by_class) or list(_building_faults(card))


def baseline_faults(name: str) -> list[str]:
    """Return what is wrong with the file of one of our own generators, without importing its class."""
    card, faults = _tried(lambda: definitions.generator_card(name))
    return faults if card is None or card.kind == "external" else _faults(card, taken_as_written)


def _faults(card: GeneratorCard, taken: Callable[[GeneratorCard], Callable[[str], object]]) -> list[str]:
    """Return the faults of a generator's code and settings, and those of its variants, each once."""
    variants = [definitions.generator_card(f"{card.id}:{variant}") for variant in card.variants]
    return list(dict.fromkeys(fault for one in (card, *variants) for fault in own_faults(one, taken)))


def own_faults(card: GeneratorCard, taken: Callable[[GeneratorCard], Callable[[str], object]]) -> list[str]:
    """Return the faults of a generator's code and settings; ``taken`` returns what raises for a track's settings."""
    take, faults = _tried(lambda: taken(card))
    return faults if take is None else settings_faults(card, take, own_tracks(card))


def _import_faults(name: str) -> list[str]:
    """Return why the class cannot be used, unless its module is not there at all, which the facts' fault says."""
    from qaugbench.generators.shared.discovery import generator_class

    points = plugins.registered()[name]
    if all(plugins.module_path(point.module) is None for point in points if point.value):
        return []
    return _tried(lambda: generator_class(name))[1]


def _building_faults(card: GeneratorCard) -> Iterator[str]:
    """Yield why a run could not build the generator on a task; nothing for one that needs weights to start from."""
    from qaugbench.experiment.generator_choice import choose_generators

    task = definitions.task(ANY_TASK)
    track = next((track for track in task.tracks if track in own_tracks(card)), None)
    if track is not None and not card.pretrained:
        try:
            choose_generators((card.id,), task, task.tracks[track])
        except QaugbenchError as error:
            yield str(error)


def _tried(make: Callable[[], Found]) -> tuple[Found | None, list[str]]:
    """Return what ``make`` returns, or None and why it cannot."""
    try:
        return make(), []
    except DefinitionError as error:
        return None, [str(error)]
