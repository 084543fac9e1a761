"""What a name is that was given where it does not belong, and the command that answers what was meant. Imports nothing heavy."""

from __future__ import annotations

from qaugbench import definitions
from qaugbench.datasets.sources import sources
from qaugbench.errors import DefinitionError, near_names
from qaugbench.kinds import may_run_circuits

LISTS = ("task", "generator", "classifier", "arm", "source", "track", "preset", "run")
WORDS = {"device": "presets", "dataset": "sources", "image": "sources", "model": "generators", "board": "runs"}
"""Other words for what can be listed, in the singular."""


def list_called(word: str) -> str | None:
    """Return the list that a word in the singular or plural means, None if it means none.

    >>> list_called("task"), list_called("devices"), list_called("qldm")
    ('tasks', 'presets', None)
    """
    single = word.lower().removesuffix("s")
    return f"{single}s" if single in LISTS else WORDS.get(single)


def other_kind(name: str) -> str | None:
    """Return a sentence on what ``name`` is, where it is no task, generator or result, with the command about it."""
    generator, rest = definitions.split_name(name)
    if generator != name and generator in definitions.generator_names():
        return _with_more(name, generator, rest)
    if list_called(name):
        return f"{name!r} is no name of its own. 'qaugbench list {list_called(name)}' lists them; 'qaugbench show NAME' shows one."
    if name in sources():
        return f"{name!r} is a source of images: 'qaugbench data info {name}' says where they come from."
    found = {"a track": _tracks, "a control": _controls, "a device preset": _presets, "an arm": _arms}
    lists = {"a track": "tracks", "a control": "generators", "a device preset": "presets", "an arm": "arms"}
    return next(
        (
            f"{name!r} is {kind}: see 'qaugbench list {lists[kind]}'."
            for kind, names in found.items()
            if name in names()
        ),
        None,
    )


def check_has_circuits(name: str) -> None:
    """Raise DefinitionError unless ``name`` is that of a generator that may run circuits; before anything is built."""
    generator, rest = definitions.split_name(name)
    if generator not in definitions.generator_names():
        raise definitions.unknown_generator(name)
    card = definitions.generator_card(generator)
    if not may_run_circuits(card.kind):
        raise DefinitionError(
            f"The generator {name!r} is {card.kind} and runs no circuit. Those of the kinds quantum and hybrid in "
            "'qaugbench list generators' do."
        )
    if generator != name and not card.pretrained:
        raise DefinitionError(_with_more(name, generator, rest))


def _with_more(name: str, generator: str, rest: str) -> str:
    """Return what a generator's name with something after the colon means, where only generators are taken."""
    card = definitions.generator_card(generator)
    if card.pretrained or card.kind == "external":
        return (
            f"{name!r} is the generator {generator!r} with a folder: 'qaugbench show {generator}' shows the generator."
        )
    if rest not in card.controls:
        known = (*card.controls, *card.variants)
        what = "control or variant" if card.variants else "control"
        return f"The generator {generator!r} has no {what} {rest!r}.{near_names(rest, known)}"
    return (
        f"{name!r} is the generator {generator!r} under a control. 'qaugbench show {generator}' shows the generator, and "
        f"'qaugbench show controls {generator}' compares it with its controls."
    )


def _tracks() -> set[str]:
    return {track for name in definitions.names("tasks") for track in definitions.task(name).tracks}


def _controls() -> set[str]:
    return {control for card in definitions.usable_cards() for control in card.controls}


def _presets() -> list[str]:
    from qaugbench.circuits.noise.presets import names

    return list(names())


def _arms() -> list[str]:
    from qaugbench.experiment.arm_choice import optional_arms

    return [arm.name for arm in optional_arms()]
