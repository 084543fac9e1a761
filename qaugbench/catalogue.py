"""Everything that can be run: tasks, generators, arms, sources, tracks and device presets, as data and as text. Reads
definitions only."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

from qaugbench import definitions
from qaugbench.datasets.sources import find_prepared, sources
from qaugbench.definition_text import generator_text, task_text
from qaugbench.errors import DefinitionError, near_names

KINDS = ("tasks", "generators", "arms", "sources", "tracks", "presets")
WIDEST_CELL = 60
UNUSABLE = "cannot be used: "


def catalogue(what: str | None = None) -> dict[str, list[dict[str, Any]]]:
    """Return the rows of one kind, or of all."""
    if what is not None and what not in KINDS:
        raise DefinitionError(f"There is nothing called {what!r} to list.{near_names(what, KINDS)}")
    makers = {
        "tasks": _tasks,
        "generators": _generators,
        "arms": _arms,
        "sources": _sources,
        "tracks": _tracks,
        "presets": _presets,
    }
    return {kind: makers[kind]() for kind in (KINDS if what is None else (what,))}


def catalogue_text(what: str | None = None) -> str:
    """Return the catalogue as aligned text."""
    parts = []
    for kind, rows in catalogue(what).items():
        if not rows:
            continue
        columns = list(rows[0])
        cells = [tuple(columns), *(tuple(shorten(str(row[column]), WIDEST_CELL) for column in columns) for row in rows)]
        width = [max(len(row[place]) for row in cells) for place in range(len(columns))]
        lines = ["  ".join(cell.ljust(wide) for cell, wide in zip(row, width, strict=True)).rstrip() for row in cells]
        unusable = [f"{row['generator']} {row['title']}" for row in rows if str(row.get("title")).startswith(UNUSABLE)]
        parts.append("\n".join([kind.upper(), *(f"  {line}" for line in lines), *unusable]))
    return "\n\n".join(parts)


def shorten(text: str, width: int) -> str:
    """Return ``text`` cut to ``width`` characters, the last one an ellipsis.

    >>> shorten("abcdef", 4)
    'abc…'
    """
    return text if len(text) <= width else f"{text[: width - 1]}…"


def show_definition(name: str, *, as_json: bool = False) -> str:
    """Return everything fixed about the task or generator called ``name``."""
    tasks, generators = definitions.names("tasks"), definitions.generator_names()
    bare = name.partition("@")[0]
    if bare not in (*tasks, *generators):
        known = near_names(bare, (*tasks, *generators))
        raise DefinitionError(f"There is no task, generator or run folder called {name!r}.{known}")
    if bare in tasks:
        task = definitions.task(name)
        return json.dumps(asdict(task), indent=1) if as_json else task_text(task)
    card = definitions.generator_card(name)
    return json.dumps(asdict(card), indent=1) if as_json else generator_text(card)


def _tasks() -> list[dict[str, Any]]:
    found = [definitions.task(name) for name in definitions.names("tasks")]
    return [
        {
            "task": task.name,
            "classes": len(task.labels),
            "labels": task.labels.kind,
            "source": task.default_source,
            "question": task.question,
        }
        for task in found
    ]


def _generators() -> list[dict[str, Any]]:
    return [_generator_row(name, _found(name, card)) for name, card in definitions.every_card().items()]


def _found(name: str, card: definitions.GeneratorCard | DefinitionError) -> definitions.GeneratorCard | DefinitionError:
    """Return the card of a generator, or why it cannot be used; only the code of other packages is imported to see that."""
    if isinstance(card, DefinitionError) or name in definitions.names("baselines"):
        return card
    from qaugbench.generators.shared.binding import check_facts
    from qaugbench.generators.shared.discovery import generator_class

    try:
        check_facts(card, generator_class(name))
    except DefinitionError as error:
        return error
    return card


def _generator_row(name: str, found: definitions.GeneratorCard | DefinitionError) -> dict[str, Any]:
    """Return the row of a generator; for one that cannot be used, the reason instead of its facts."""
    if isinstance(found, DefinitionError):
        unknown = {"kind": "-", "fidelity": "-", "controls": "-"}
        return {"generator": name, **unknown, "title": f"{UNUSABLE}{' '.join(str(found).split())}"}
    return {
        "generator": name,
        "kind": found.kind,
        "fidelity": found.fidelity,
        "controls": " ".join(found.controls) or "-",
        "title": found.title,
    }


def _arms() -> list[dict[str, Any]]:
    """Return the optional arms, which ``run --arm`` adds to those that every run has."""
    from qaugbench.experiment.arm_choice import optional_arms

    return [
        {"arm": arm.name if arm.argument is None else f"{arm.name}[:{arm.argument}]", "what it is": arm.words}
        for arm in optional_arms()
    ]


def _sources() -> list[dict[str, Any]]:
    rows = []
    for source in sources().values():
        for task in source.tasks:
            state = (
                "drawn"
                if source.obtain == "generated"
                else "prepared"
                if find_prepared(task, source.id)
                else source.obtain
            )
            rows.append(
                {
                    "source": source.id,
                    "task": task,
                    "state": state,
                    "images": source.images or "",
                    "licence": source.licence,
                    "title": source.title,
                }
            )
    return rows


def _tracks() -> list[dict[str, Any]]:
    rows = []
    for name in definitions.names("tasks"):
        for track in definitions.task(name).tracks.values():
            fractions = ", ".join(f"{100 * fraction:g} %" for fraction in track.fractions)
            rows.append(
                {
                    "task": name,
                    "track": track.name,
                    "pixels": track.image_size,
                    "fractions": fractions,
                    "replicates": track.replicates,
                    "classifier": track.recipe.model,
                }
            )
    return rows


def _presets() -> list[dict[str, Any]]:
    from qaugbench.circuits.noise.presets import names, preset

    return [
        {
            "preset": found.name,
            "qubits": found.n_qubits or "",
            "one-qubit error": found.one_qubit_error or "",
            "two-qubit error": found.two_qubit_error or "",
            "readout error": found.readout_error or "",
            "date": found.date,
            "title": found.title,
        }
        for found in map(preset, names())
    ]
