"""Entries in the JSON form of Every Eval Ever (schema 0.3.0, github.com/evaleval/every_eval_ever), one file per generator.

That schema is made for language models that answer questions; ``NOT_MAPPED`` says what of an entry has no place in it.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

from qaugbench.board.cite import BENCHMARK_AUTHORS, generator_key
from qaugbench.board.comparable import why_off_board
from qaugbench.board.result_folders import entry_paths
from qaugbench.board.verified import verified
from qaugbench.errors import EntryError, shown
from qaugbench.files import json_text, write_folder
from qaugbench.predictions import ArmInfo
from qaugbench.record import FractionFacts, Record
from qaugbench.stats.results import ArmScore, Contrast, EndpointScore
from qaugbench.untrusted import exists

SCHEMA = "0.3.0"
LIBRARY = "qaugbench"
LOWEST = {"qwk": -1.0}
"""The smallest possible value of an endpoint by kind; of others it is 0."""
NOT_MAPPED = """\
# What the schema has no place for

One file describes one generator of one entry. Its `evaluation_results` are the score of the classifier trained with its images, and
its difference from R*, the best training with the same real images alone. Not in it:

- pairing: arms share seeds and test patients; intervals of differences cannot be made from those of scores;
- the controls of a quantum generator and the attribution of a gain (names of controls and the verdict are in `details`, as text);
- possible ranks and adjusted p-values, which belong to a board and not to an entry;
- intention to treat: failed replicates that were filled in (their number is in `details`);
- predictions: they are `predictions.npz` of the entry, by image, not a file of the schema's instance level;
- whether weights are public: a generator is fitted anew in every replicate and not kept (`model_availability` is `unknown`);
- the uncertainty of a learning curve, of real-image equivalents, of classes, calibration and groups of people.

`standard_deviation` is left out, since the schema means one over samples; ours is over replicates and is in `details`.
"""


def write_export(root: Path, out: Path) -> list[Path]:
    """Write every listed entry below ``root`` into the new folder ``out``, and what was not mapped; return the files' paths.

    Entries are verified first. Raises EntryError for one that does not hold what it claims, and for a folder that is there.
    """
    if exists(out):
        raise EntryError(f"{shown(out, None)} is there already. Give a new folder with --out.")
    files = {"NOT-MAPPED.md": NOT_MAPPED}
    for entry in verified(entry_paths(root)):
        if why_off_board(entry.record) is None:
            files |= exported(entry.record)
    write_folder(out, files)
    return [out / name for name in sorted(files)]


def exported(record: Record) -> dict[str, str]:
    """Return one JSON text per generator and control of an entry, by file name."""
    arms = [arm for arm in record.arms if arm.role in ("synthetic", "control")]
    return {f"{_safe(record.id)}/{_safe(arm.id)}.json": json_text(evaluation(record, arm)) for arm in arms}


def evaluation(record: Record, arm: ArmInfo) -> dict[str, Any]:
    """Return what is known of one generator as an aggregate record of the schema."""
    made = record.environment
    when = str(int(datetime.fromisoformat(made.created).timestamp()))
    model = f"{LIBRARY}/{_safe(arm.id)}"
    return {
        "schema_version": SCHEMA,
        "evaluation_id": f"{LIBRARY}-{record.board.task_id}/{model.replace('/', '_')}/{when}",
        "evaluation_timestamp": made.created,
        "retrieved_timestamp": when,
        "source_metadata": {
            "source_name": f"qaugbench leaderboard {record.board}",
            "source_type": "evaluation_run",
            "source_organization_name": BENCHMARK_AUTHORS,
            "evaluator_relationship": "other",
            "additional_details": _texts(
                entry=record.id,
                task_sha256=record.task_sha256,
                config_sha256=record.config_sha256,
                predictions_sha256=record.predictions_sha256,
            ),
        },
        "eval_library": {
            "name": LIBRARY,
            "version": made.qaugbench,
            "additional_details": _texts(commit=made.commit, code_sha256=made.code_sha256),
        },
        "model_info": {
            "name": arm.id,
            "id": model,
            "additional_details": {
                "deployment_type": "self_deployed",
                "model_availability": "unknown",
                **_texts(kind=arm.kind, fidelity=arm.fidelity, control=arm.control, citation=_citation(record, arm)),
            },
        },
        "evaluation_results": [one for fraction in record.fractions for one in _results(record, arm, fraction)],
    }


def _results(record: Record, arm: ArmInfo, fraction: FractionFacts) -> Iterator[dict[str, Any]]:
    scored = record.scores.fractions.get(fraction.key)
    for endpoint in record.endpoints if scored is not None else ():
        found = scored.endpoints.get(endpoint.id) if scored is not None else None
        value = None if found is None else found.arms.get(arm.id)
        if found is None or value is None:
            continue
        name = f"{record.board.task} at {fraction.key}: {found.title}"
        lowest = LOWEST.get(endpoint.kind, 0.0)
        yield _result(record, fraction, name, found, _score(value), (lowest, 1.0))
        for one in found.contrasts:
            if one.arm == arm.id and one.family == "reference":
                title = f"{name}, difference from R* ({one.against})"
                yield _result(record, fraction, title, found, _difference(one, found), (lowest - 1.0, 1.0 - lowest))


def _result(
    record: Record,
    fraction: FractionFacts,
    name: str,
    found: EndpointScore,
    score: dict[str, Any],
    limits: tuple[float, float],
) -> dict[str, Any]:
    data = record.data
    return {
        "evaluation_name": name,
        "evaluation_timestamp": record.environment.created,
        "source_data": {
            "dataset_name": data.source,
            "source_type": "other",
            "additional_details": _texts(
                manifest_sha256=data.manifest_sha256, split_sha256=data.split_sha256, licence=data.licence
            ),
        },
        "metric_config": {
            "evaluation_description": f"{record.question} {found.unit}",
            "metric_id": f"{LIBRARY}.{found.id}",
            "metric_name": found.title,
            "metric_kind": found.kind,
            "lower_is_better": False,
            "score_type": "continuous",
            "min_score": limits[0],
            "max_score": limits[1],
        },
        "score_details": score,
        "generation_config": {
            "generation_args": {} if record.command is None else {"execution_command": record.command},
            "additional_details": _texts(
                n_real=fraction.n_real,
                n_synthetic=fraction.n_fill,
                replicates=record.replicates,
                classifier=record.recipe.get("model"),
            ),
        },
    }


def _score(value: ArmScore) -> dict[str, Any]:
    details = _texts(sd_over_replicates=value.sd, n_replicates=value.n_replicates, n_filled_in=value.n_flagged)
    uncertainty = _uncertainty(value.se, value.ci_low, value.ci_high, value.method, value.n_images)
    return {"score": value.mean, "details": details, "uncertainty": uncertainty}


def _difference(one: Contrast, found: EndpointScore) -> dict[str, Any]:
    verdict = found.verdicts.get(one.arm)
    details = _texts(
        against=one.against,
        p_value=one.p_value,
        verdict=one.words if verdict is None else verdict.words,
        attribution=None if verdict is None else verdict.ladder.attribution,
        n_replicates=one.n_replicates,
    )
    uncertainty = _uncertainty(one.se, one.ci_low, one.ci_high, one.method, one.n_images)
    return {"score": one.estimate, "details": details, "uncertainty": uncertainty}


def _uncertainty(se: float | None, low: float | None, high: float | None, method: str, n: int) -> dict[str, Any]:
    found: dict[str, Any] = {"num_samples": n}
    if se is not None:
        found["standard_error"] = {"value": se, "method": method}
    if low is not None and high is not None:
        found["confidence_interval"] = {"lower": low, "upper": high, "confidence_level": 0.95, "method": method}
    return found


def _citation(record: Record, arm: ArmInfo) -> str | None:
    return next((one.citation for one in record.generators if one.id == arm.generator and one.citation), None)


def _texts(**facts: object) -> dict[str, str]:
    """Return the facts that are known as texts, which is all that the schema takes beside its own fields."""
    return {name: str(value) for name, value in facts.items() if value is not None}


def _safe(name: str) -> str:
    return generator_key(name).replace(":", "--")
