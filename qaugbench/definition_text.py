"""A task or a generator as readable text."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from qaugbench.formatting import share, unsigned, wrapped
from qaugbench.task import Endpoint, Task, Track


def task_text(task: Task) -> str:
    """Return a task's question, classes, endpoints and tracks as text."""
    blocks = [
        f"{task.name}: {task.title}",
        wrapped(task.question),
        _facts({"default source": task.default_source, "labels": task.labels.kind, "classes": _classes(task)}),
        "\n".join(["Endpoints (the first decides)", *(_bullet(_endpoint(one)) for one in task.endpoints)]),
        "\n".join(["Tracks", *(_bullet(_track(track)) for track in task.tracks.values())]),
    ]
    optional = list(_optional(task))
    if optional:
        blocks.append("\n".join(["Settings of optional arms", *map(_bullet, optional)]))
    return "\n\n".join(blocks)


def generator_text(card: Any) -> str:
    """Return a generator's kind, paper, deviations from it, and settings on each track as text."""
    facts = {
        "kind": card.kind,
        "fidelity to its paper": card.fidelity,
        "data space": card.space,
        "controls": ", ".join(card.controls) or "none",
    }
    blocks = [f"{card.id}: {card.title}", _facts(facts)]
    if card.citation is not None:
        blocks.append(wrapped(f"Paper: {card.citation.text}"))
    if card.deviations:
        blocks.append("\n".join(["Deviations from the paper", *map(_bullet, card.deviations)]))
    if card.hyper:
        blocks.append("\n".join(["Settings", _bullet(_settings(card.hyper))]))
    if card.tracks:
        lines = [_bullet(f"{name}: {_settings(own)}") for name, own in card.tracks.items()]
        blocks.append("\n".join(["Settings of each track, which replace those above", *lines]))
    return "\n\n".join(blocks)


def _facts(facts: Mapping[str, str]) -> str:
    return "\n".join(wrapped(f"{name}: {value}") for name, value in facts.items())


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
    return ", ".join(f"{name} {_value(value)}" for name, value in settings.items())


def _value(value: Any) -> str:
    listed = isinstance(value, Sequence) and not isinstance(value, str)
    return "/".join(map(str, value)) if listed else f"{value:g}" if isinstance(value, float) else str(value)


def _bullet(text: str) -> str:
    return wrapped(text, bullet="- ")
