"""Everything that can be run, and what was: tasks, generators, classifiers, arms, sources, tracks, device presets, runs and
studies, as data and as text. Reads definitions and records only."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from qaugbench import definitions
from qaugbench.board.result_folders import run_names
from qaugbench.cards import GeneratorCard
from qaugbench.classifier_cards import ClassifierCard, classifier_card, classifier_names
from qaugbench.datasets.sources import find_prepared, sources
from qaugbench.definition_text import classifier_text, generator_text, task_text
from qaugbench.errors import DefinitionError, near_names
from qaugbench.formatting import WIDTH
from qaugbench.inspection.defaults import hyper_defaults, settings_of_space
from qaugbench.inspection.other_kinds import list_called, other_kind
from qaugbench.inspection.plug_ins import own_faults
from qaugbench.inspection.settings_check import taken_by_class
from qaugbench.inspection.written_hyper import taken_as_written
from qaugbench.places import RUNS
from qaugbench.report.comparison_list import comparison_names, comparisons_text, listed_comparisons
from qaugbench.report.noise_list import listed_noise, noise_names, noise_text
from qaugbench.report.run_list import listed_runs, runs_text
from qaugbench.report.study_list import listed_studies, studies_text, study_names
from qaugbench.task import Task
from qaugbench.text_table import fitted, listed

KINDS = (
    "tasks",
    "generators",
    "classifiers",
    "arms",
    "sources",
    "tracks",
    "presets",
    "runs",
    "studies",
    "noise",
    "comparisons",
)
LISTS = (*KINDS, "claims")
"""Every word that names a list; that of claims is not among all lists, since it reads results."""
RESULTS = {"runs": ("runs", "studies", "noise", "comparisons"), "studies": ("studies", "noise")}
"""What is listed for a word that means results: studies and comparisons of classifiers are listed with runs as well."""
ALWAYS = {
    "R": "real images, no augmentation",
    "R+": "real images with the locked augmentation",
    "R+cm": "R+, its slots for synthetic images filled with repeats",
    "R+os": "R+, filled with real images of the labels generators draw",
    "O-real": "R+, filled with real images of further patients",
}
"""What every run trains on real images, in the words of ``list arms``."""
INDENT = "  "
UNUSABLE = "cannot be used: "
BELOW = "cannot be used, see below"


def catalogue(what: str | None = None, runs: Path = RUNS) -> dict[str, list[dict[str, Any]]]:
    """Return the rows of one kind, or of all; ``runs`` is the folder of the runs."""
    makers = {
        "tasks": _tasks,
        "generators": _generators,
        "classifiers": _classifiers,
        "arms": _arms,
        "sources": _sources,
        "tracks": _tracks,
        "presets": _presets,
        "runs": lambda: [run.to_dict() for run in listed_runs(runs)],
        "studies": lambda: [study.to_dict() for study in listed_studies(runs)],
        "noise": lambda: [study.to_dict() for study in listed_noise(runs)],
        "comparisons": lambda: [one.to_dict() for one in listed_comparisons(runs)],
    }
    return {kind: makers[kind]() for kind in _kinds(what)}


def catalogue_text(what: str | None = None, runs: Path = RUNS, width: int = WIDTH) -> str:
    """Return the catalogue as aligned text at most ``width`` columns wide; without ``what``, results
    only if there are any."""
    parts = []
    for kind in _kinds(what):
        if kind == "runs":
            found = listed_runs(runs)
            parts += [runs_text(found, runs, width)] if found or what else []
        elif kind == "studies":
            studies = listed_studies(runs)
            parts += [studies_text(studies, width)] if studies or what == kind else []
        elif kind == "noise":
            of_noise = listed_noise(runs)
            parts += [noise_text(of_noise, width)] if of_noise or what == kind else []
        elif kind == "comparisons":
            compared = listed_comparisons(runs)
            parts += [comparisons_text(compared, width)] if compared or what == kind else []
        else:
            parts += [_text(kind, rows, width) for rows in catalogue(kind, runs).values() if rows]
    return "\n\n".join(parts)


def _kinds(what: str | None) -> tuple[str, ...]:
    if what is not None and what not in KINDS:
        raise DefinitionError(f"There is nothing called {what!r} to list.{_meant(what)}")
    return KINDS if what is None else RESULTS.get(what, (what,))


def _meant(what: str) -> str:
    """Return what somebody may have meant by a word that names no list."""
    if is_definition(what):
        return f" 'qaugbench show {what}' shows it."
    known = list_called(what)
    return f" Did you mean {known!r}? Known: {', '.join(LISTS)}." if known else near_names(what, LISTS)


def _text(kind: str, rows: Sequence[Mapping[str, Any]], width: int) -> str:
    columns = tuple(rows[0])
    unusable = [row for row in rows if str(row.get("title")).startswith(UNUSABLE)]
    cells = [
        tuple(BELOW if row in unusable and column == "title" else _cell(row[column]) for column in columns)
        for row in rows
    ]
    lines = [f"{INDENT}{line}".rstrip() for line in listed(columns, cells, width - len(INDENT))]
    reasons = [fitted(f"{INDENT}{row['generator']} {row['title']}", width) for row in unusable]
    return "\n".join([kind.upper(), *lines, *reasons])


def _cell(value: object) -> str:
    return f"{value:,}" if isinstance(value, int) else str(value)


def is_definition(name: str) -> bool:
    """Return whether a task, a generator or a classifier is called ``name``, with or without a version."""
    known = (*definitions.names("tasks"), *definitions.generator_names(), *classifier_names())
    return name.partition("@")[0] in known


def definition_facts(name: str) -> dict[str, Any]:
    """Return everything fixed about the task, generator or classifier called ``name`` as plain data."""
    found = _definition(name)
    if isinstance(found, Task | ClassifierCard):
        return asdict(found)
    return {**asdict(found), "defaults": hyper_defaults(found), "settings_of_space": settings_of_space(found)}


def show_definition(name: str, *, width: int = WIDTH) -> str:
    """Return everything fixed about the task, generator or classifier ``name`` as text, and the commands that go on from it."""
    found = _definition(name)
    if isinstance(found, Task):
        return task_text(found, width)
    if isinstance(found, ClassifierCard):
        return classifier_text(found, width)
    return generator_text(found, hyper_defaults(found), settings_of_space(found), width)


def _definition(name: str) -> Task | GeneratorCard | ClassifierCard:
    if not is_definition(name):
        other = other_kind(name)
        if other is not None:
            raise DefinitionError(f"There is no task, generator or result called {name!r}. {other}")
        known = near_names(
            name.partition("@")[0],
            (
                *definitions.names("tasks"),
                *definitions.generator_names(),
                *classifier_names(),
                *run_names(),
                *study_names(),
                *noise_names(),
                *comparison_names(),
            ),
        )
        raise DefinitionError(
            f"There is no task, generator, classifier, run, study, entry or board called {name!r}.{known}"
        )
    bare = name.partition("@")[0]
    if bare in classifier_names():
        return classifier_card(bare)
    return definitions.task(name) if bare in definitions.names("tasks") else definitions.generator_card(name)


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
    return [_generator_row(name, _found(card)) for name, card in _with_variants()]


def _with_variants() -> Iterator[tuple[str, GeneratorCard | DefinitionError]]:
    """Yield each generator, then the variants that its file states."""
    for name, card in definitions.every_card().items():
        yield name, card
        for variant in card.variants if isinstance(card, GeneratorCard) else ():
            yield f"{name}:{variant}", definitions.generator_card(f"{name}:{variant}")


def _found(card: GeneratorCard | DefinitionError) -> GeneratorCard | DefinitionError:
    """Return the card of a generator, or why it cannot be used; only the code of other packages is imported to see that."""
    if isinstance(card, DefinitionError) or card.kind == "external":
        return card
    ours = card.id.partition(":")[0] in definitions.names("baselines")
    faults = own_faults(card, taken_as_written if ours else taken_by_class)
    return DefinitionError(" ".join(faults)) if faults else card


def _generator_row(name: str, found: GeneratorCard | DefinitionError) -> dict[str, Any]:
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


def _classifiers() -> list[dict[str, Any]]:
    """Return the classifiers that ``run --classifier`` takes, each followed by its variants."""
    return [
        {
            "classifier": card.id,
            "kind": card.kind,
            "fidelity": card.fidelity,
            "controls": " ".join(card.controls) or "-",
            "title": card.title,
        }
        for card in map(classifier_card, classifier_names())
    ]


def _arms() -> list[dict[str, Any]]:
    """Return the real-image arms of every run, then the optional ones, which ``run --arm`` adds."""
    from qaugbench.experiment.arm_choice import optional_arms

    return [{"arm": name, "what it is": f"in every run: {words}"} for name, words in ALWAYS.items()] + [
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
