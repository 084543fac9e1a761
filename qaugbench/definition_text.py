"""A task, a generator or a classifier as readable text."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from qaugbench.cards import Citation, GeneratorCard
from qaugbench.classifier_cards import ClassifierCard
from qaugbench.errors import DefinitionError
from qaugbench.formatting import NONE, WIDTH, share, unsigned
from qaugbench.kinds import FIDELITY_WORDS
from qaugbench.search_space import search_space
from qaugbench.task import Endpoint, Task, Track
from qaugbench.text_table import Layout, laid_out, wrapped

NAMES = {
    "steps": "training steps",
    "average": "decay of the weight average",
    "warm_up": "share of the steps for warming up",
    "schedule": "schedule of the learning rate",
}
"""Settings whose name in a file says too little."""


def task_text(task: Task, width: int = WIDTH) -> str:
    """Return a task's question, classes, endpoints and tracks as text, and the commands that go on from it."""
    blocks = [
        [f"{task.name}: {task.title}"],
        [task.question],
        [*_facts({"default source": task.default_source, "labels": task.labels.kind, "classes": _classes(task)})],
        ["Endpoints (the first decides)", *(f"- {_endpoint(one)}" for one in task.endpoints)],
        ["Tracks", *(f"- {_track(track)}" for track in task.tracks.values())],
    ]
    optional = [f"- {line}" for line in _optional(task)]
    blocks += [["Settings of optional arms", *optional]] if optional else []
    following = {
        f"qaugbench data info {task.default_source}": "where its images come from",
        f"qaugbench run --task {task.id} --source phantom --track smoke --generator qldm": "try it out, without data",
    }
    return "\n\n".join([*(_block(lines, width) for lines in blocks), next_commands(following, width)])


def generator_text(
    card: GeneratorCard, defaults: Mapping[str, Any], space: Mapping[str, Mapping[str, Any]], width: int = WIDTH
) -> str:
    """Return a generator's kind, paper, deviations from it, settings on each track and what is tuned, as text.

    ``defaults`` are the hyper-parameters that its file does not state, ``space`` the settings of its space by track. The commands
    that go on from it are at the end.
    """
    facts = {
        "kind": card.kind,
        "fidelity to its paper": f"{card.fidelity} ({FIDELITY_WORDS[card.fidelity]})",
        "data space": card.space,
        "controls": ", ".join(card.controls) or "none",
    }
    facts |= {"variants": ", ".join(f"{card.id}:{one}" for one in card.variants)} if card.variants else {}
    blocks = [[f"{card.id}: {card.title}"], [*_facts(facts)]]
    blocks += [_paper(card.citation)] if card.citation is not None else []
    blocks += [[f"Defect of the published code, kept: {card.defect}"]] if card.defect else []
    blocks += [["Deviations from the paper", *(f"- {one}" for one in card.deviations)]] if card.deviations else []
    parts = [_block(lines, width) for lines in blocks]
    parts += ["\n".join(["Settings on each track", *settings_table(card, width)])] if card.hyper or card.tracks else []
    parts += (
        [wrapped(f"Not stated in its file, so as its code has them: {_settings(defaults)}.", width=width)]
        if defaults
        else []
    )
    if any(space.values()):
        parts.append("\n".join([f"Settings of its space, {card.space}, on each track", *_by_track(space, width)]))
    parts += [] if card.kind == "external" else [search_text(card, width)]
    return "\n\n".join([*parts, next_commands(_after_generator(card), width)])


def classifier_text(card: ClassifierCard, width: int = WIDTH) -> str:
    """Return a classifier's kind, paper, deviations from it and settings on each track as text, and the command that tries it."""
    facts = {
        "kind": card.kind,
        "fidelity to its paper": f"{card.fidelity} ({FIDELITY_WORDS[card.fidelity]})",
        "controls": ", ".join(card.controls) or "none",
    }
    facts |= {"variants": ", ".join(f"{card.id}:{one}" for one in card.variants)} if card.variants else {}
    blocks = [[f"{card.id}: {card.title}"], [*_facts(facts)]]
    blocks += [_paper(card.citation)] if card.citation is not None else []
    blocks += [[f"Defect of the published code, kept: {card.defect}"]] if card.defect else []
    blocks += [["Deviations from the paper", *(f"- {one}" for one in card.deviations)]] if card.deviations else []
    parts = [_block(lines, width) for lines in blocks]
    tracks = {"every track": card.settings("")} if not card.tracks else {"other tracks": card.settings("")}
    settings = {**tracks, **{track: card.settings(track) for track in card.tracks}}
    if any(settings.values()):
        title = "Settings, where they are not the recipe's of the track"
        parts.append("\n".join([title, *_by_track(settings, width)]))
    run = f"qaugbench run --task brainmri --source phantom --track smoke --classifier {card.id}"
    return "\n\n".join(
        [*parts, next_commands({run: "compare it with its controls and the recipe, without data"}, width)]
    )


def _paper(citation: Citation) -> list[str]:
    stated = {"Its claim": citation.claim, "On what data": citation.data, "With how many seeds": citation.seeds}
    return [f"Paper: {citation.text}", *(f"{what}: {said}" for what, said in stated.items() if said)]


def settings_table(card: GeneratorCard, width: int = WIDTH) -> list[str]:
    """Return one row per setting of a generator, in words, and one column per track; a dash where a track has none."""
    tracks = tuple(card.tracks) or ("every track",)
    return _by_track({track: card.settings(track if card.tracks else "") for track in tracks}, width)


def _by_track(settings: Mapping[str, Mapping[str, Any]], width: int) -> list[str]:
    """Return one row per setting and one column per track; one column for all where they do not differ."""
    found = list(settings.values())
    alike = all(one == found[0] for one in found)
    settings = {"every track": found[0]} if alike else settings
    names = dict.fromkeys(name for one in found for name in one)
    body = [(_name(name), *(_value(one[name]) if name in one else NONE for one in settings.values())) for name in names]
    return laid_out(("setting", *settings), body, width, Layout(right=frozenset(range(1, len(settings) + 1))))


def search_text(card: GeneratorCard, width: int = WIDTH) -> str:
    """Return what 'qaugbench tune' searches of a generator, between which values, and how large that space is."""
    if not card.tune:
        return wrapped("'qaugbench tune' searches nothing: the file has no table [tune].", width=width)
    try:
        space = search_space(card, next(iter(card.tracks), ""))
    except DefinitionError as error:
        return wrapped(f"'qaugbench tune' cannot be used: {error}", width=width)
    rows = [(_name(name), str(one)) for name, one in space.dimensions.items()]
    title = wrapped(f"Settings that 'qaugbench tune' searches: {space.size}", width=width)
    return "\n".join([title, *laid_out(("setting", "values"), rows, width, Layout(wraps=frozenset({1})))])


def next_commands(commands: Mapping[str, str], width: int = WIDTH) -> str:
    """Return commands as an indented list under "Next", each with what it is for below it; a command is never broken."""
    lines = [line for command, why in commands.items() for line in (f"  {command}", wrapped(why, "      ", width))]
    return "\n".join(["Next", *lines])


def _after_generator(card: GeneratorCard) -> dict[str, str]:
    """Return the commands that somebody who has read about a generator may want, with what each is for."""
    argument = f"{card.id}:PATH" if card.pretrained or card.kind == "external" else card.id
    run = f"qaugbench run --task brainmri --source phantom --track smoke --generator {argument}"
    if card.kind == "external":
        return {run: "score the images in PATH, tried out without data"}
    checks = {f"qaugbench doctor generator {card.id}": "whether it meets every requirement of a run"}
    if not card.controls:
        return {**checks, run: "try it out, without data"}
    circuits = {
        f"qaugbench show circuit {card.id}": "its circuits, drawn",
        f"qaugbench show controls {card.id}": "its parameters under every control",
    }
    return {**circuits, **checks, run: "try it out with its controls, without data"}


def _block(lines: Sequence[str], width: int) -> str:
    """Return lines that fit the width; those of a list are indented below their bullet."""
    return "\n".join(wrapped(line.removeprefix("- "), "- " if line.startswith("- ") else "", width) for line in lines)


def _facts(facts: Mapping[str, str]) -> list[str]:
    return [f"{name}: {value}" for name, value in facts.items()]


def _name(setting: str) -> str:
    """Return a setting in words.

    >>> _name("average"), _name("channels_per_circuit")
    ('decay of the weight average', 'channels per circuit')
    """
    return NAMES.get(setting, setting.replace("_", " "))


def _classes(task: Task) -> str:
    pairs = zip(task.labels.names, task.labels.titles, strict=True)
    return ", ".join(name if name == title else f"{name} ({title})" for name, title in pairs)


def _endpoint(endpoint: Endpoint) -> str:
    restricted = ", among images of these classes only" if endpoint.restrict else ""
    margin = "" if endpoint.margin is None else f"; a difference of {unsigned(endpoint.margin)} matters"
    return f"{endpoint.title} ({', '.join(endpoint.classes)}{restricted}){margin}"


def _track(track: Track) -> str:
    recipe = track.recipe
    fractions = ", ".join(share(fraction) for fraction in track.fractions)
    return (
        f"{track.name}: {track.image_size} pixels, {track.replicates} replicates, {fractions} of the training patients; "
        f"classifier {recipe.model}, {recipe.steps} steps of {recipe.batch_real} real images, learning rate "
        f"{recipe.learning_rate:g}{_recipe_b(track)}"
    )


def _recipe_b(track: Track) -> str:
    other = track.recipe_b
    return "" if other is None else f"; recipe B {other.model}, learning rate {other.learning_rate:g}"


def _optional(task: Task) -> Iterator[str]:
    """Yield the settings that a task has of each optional augmentation and loss, one line each."""
    offered = {**asdict(task.augmentations), **asdict(task.losses)}
    yield from (f"{name}: {_settings(found)}" for name, found in offered.items() if found is not None)


def _settings(settings: Mapping[str, Any]) -> str:
    return ", ".join(f"{_name(name)} {_value(value)}" for name, value in settings.items())


def _value(value: Any) -> str:
    listed = isinstance(value, Sequence) and not isinstance(value, str)
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    return "/".join(map(str, value)) if listed else f"{value:g}" if isinstance(value, float) else str(value)
