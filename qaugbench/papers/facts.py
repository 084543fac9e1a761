"""The facts of a record in sentences, by the names that the methods paragraph and the reporting checklists ask for."""

from __future__ import annotations

from typing import Any

from qaugbench.board.cite import generator_key
from qaugbench.formatting import count, duration, fraction_words, unsigned
from qaugbench.record import Record
from qaugbench.report.failures import failed_words
from qaugbench.report.notes import interval_words
from qaugbench.report.record_views import grouping, reference_sentence
from qaugbench.stats.decide import LISTED_REPLICATES
from qaugbench.stats.wording import listed

UNSTATED = "not stated"


def facts(record: Record) -> dict[str, str]:
    """Return every fact by its name; what a record does not state is said to be not stated.

    Papers of generators are cited by their keys in references.bib, as ``[@key]``.
    """
    data, made = record.data, record.environment
    commit = f", commit {made.commit}" if made.commit else ""
    return {
        "title": record.title,
        "question": record.question,
        "source": data.source,
        "citation": _sentence(data.citation or UNSTATED),
        "licence": data.licence or UNSTATED,
        "description": _sentence(data.description),
        "notes": " ".join(map(_sentence, data.notes)),
        "classes": _classes(record),
        "sizes": _sizes(record),
        "split": f"The split: {_sentence(data.split_how)}",
        "disjoint": _disjoint(record),
        "exclusions": "None beyond what the conversion of the source leaves out, which its manifest states.",
        "fractions": _fractions(record),
        "image_size": str(record.image_size),
        "classifier": _classifier(record),
        "augmentation": _settings(record.recipe.get("augment")),
        "initialisation": f"Pretrained weights: {record.recipe.get('pretrained') or 'none, drawn anew in every replicate'}.",
        "generators": _generators(record),
        "settings": "generators ran with the settings of their files; the records state these and every deviation from a paper.",
        "baselines": _baselines(record),
        "reference": " ".join(reference_sentence(record, one.key) for one in record.fractions),
        "replication": _replication(record),
        "endpoint": _endpoint(record),
        "intervals": f"95 % {_sentence(interval_words(record))} Method: docs/statistics.md.",
        "tests": "Claims are decided in order, each only if the weaker ones hold; p-values of a board are single-step max-T.",
        "power": _power(record),
        "people": _people(record),
        "failures": _sentence(failed_words(record.failures)) if record.failures else "No step failed.",
        "limits": "One classifier, one source, simulated circuits; a wide interval is no evidence of no effect.",
        "machine": f"{made.processor}, {count(made.cores, 'core')}, accelerator {made.accelerator}, {made.platform}",
        "packages": f"Python {made.python}, {', '.join(f'{name} {found}' for name, found in made.packages.items())}",
        "cpu_time": duration(sum(stage.cpu_s for stage in record.cost.values())),
        "software": f"qaugbench {made.qaugbench}{commit}",
        "version": made.qaugbench,
        "command": record.command or "The command is not stated by the version that made this run.",
        "data_sha256": data.manifest_sha256,
        "code_sha256": made.code_sha256,
        "recipe_sha256": record.recipe_sha256 or UNSTATED,
        "task_sha256": record.task_sha256,
        "predictions_sha256": record.predictions_sha256,
    }


def _sentence(text: str) -> str:
    return f"{text.rstrip('. ')}."


def _classes(record: Record) -> str:
    counts = record.data.class_counts
    named = zip(record.labels.names, record.labels.titles, strict=True)
    found = [(title, counts[name]) for name, title in named]
    parts = ("train", "val", "test")
    return "; ".join(f"{title} {' / '.join(f'{one[part]:,}' for part in parts)}" for title, one in found) + (
        " (training / validation / test images)"
    )


def _sizes(record: Record) -> str:
    images, groups = record.data.n_images, record.data.n_groups
    parts = (("training", "train"), ("validation", "val"), ("test", "test"))
    return (
        f"{listed([f'{images[part]:,} {name} images of {groups[part]:,} {grouping(record)}' for name, part in parts])}."
    )


def _disjoint(record: Record) -> str:
    if record.data.leaky:
        return "The split leaks: patients are on both sides of it."
    if record.data.patients_known:
        return "No patient is in two parts of the split."
    return f"No {record.data.grouped_by} is in two parts of the split; patients are not known."


def _fractions(record: Record) -> str:
    return " ".join(
        f"At {fraction_words(one.key)} of the training {grouping(record)}: {one.n_real:,} real images, {one.n_fill:,} in the "
        "synthetic slots."
        for one in record.fractions
    )


def _classifier(record: Record) -> str:
    recipe = record.recipe
    forms = {
        "steps": "{} steps",
        "batch_real": "{} real images per batch",
        "optimizer": "{}",
        "learning_rate": "learning rate {}",
    }
    stated = [form.format(recipe[name]) for name, form in forms.items() if name in recipe]
    return f"The classifier is {recipe.get('model', UNSTATED)} ({', '.join(stated)}), the same in every arm."


def _settings(found: Any) -> str:
    if not isinstance(found, dict):
        return UNSTATED
    return ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in sorted(found.items()))


def _generators(record: Record) -> str:
    own = [one for one in record.generators if one.control == "none"]
    said = [
        f"{one.id} ({one.kind}, {one.fidelity}){f' [@{generator_key(one.id)}]' * bool(one.citation)}" for one in own
    ]
    return f"Generators: {listed(said)}." if said else "No generator was run."


def _baselines(record: Record) -> str:
    controls = [arm.id for arm in record.arms if arm.role == "control"]
    beside = f" Quantum generators ran beside {listed(controls)}." if controls else ""
    return f"They are compared with the best of the arms on real images alone, at equal computing, and with one another.{beside}"


def _replication(record: Record) -> str:
    return (
        f"{count(record.replicates, 'replicate')}, each with its own subset of {grouping(record)}, generator fit, synthetic images "
        "and classifier; all seeds follow from the task, the content of the data, fraction and replicate."
    )


def _endpoint(record: Record) -> str:
    primary = record.endpoints[0]
    margin = "" if primary.margin is None else f"; differences within {unsigned(primary.margin)} do not matter"
    return f"{primary.title} on test images{margin}"


def _power(record: Record) -> str:
    primary = record.endpoints[0].id
    generators = {arm.id for arm in record.arms if arm.role == "synthetic"}
    found = [
        one.mde
        for fraction in record.scores.fractions.values()
        if primary in fraction.endpoints
        for one in fraction.endpoints[primary].contrasts
        if one.family == "reference" and one.arm in generators and one.mde is not None
    ]
    if not found:
        return f"Too few replicates to say what could have been detected; a listed result needs {LISTED_REPLICATES}."
    return f"Differences of {unsigned(min(found))} to {unsigned(max(found))} would have been detected with 80 % power."


def _people(record: Record) -> str:
    columns = record.data.subgroups
    return (
        f"Scores by {listed(list(columns))} are in the records."
        if columns
        else "The source states no age, sex or site."
    )
